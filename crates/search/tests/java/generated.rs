//! Patterns and texts that nobody thought of, from a seed; and every class with characters from all over Unicode.

use crate::Case;

/// Random numbers enough for this.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

const ATOMS: &[&str] = &[
    "a",
    "b",
    "c",
    "A",
    "B",
    "é",
    "É",
    "ß",
    "1",
    "-",
    " ",
    ".",
    ".",
    "\\d",
    "\\w",
    "\\s",
    "\\W",
    "\\D",
    "\\S",
    "\\h",
    "\\v",
    "\\R",
    "^",
    "$",
    "\\b",
    "\\B",
    "\\A",
    "\\z",
    "\\Z",
    "\\G",
    "\\1",
    "\\2",
    "\\Qa.b\\E",
    "\\p{L}",
    "\\p{Lu}",
    "\\P{Ll}",
    "\\p{Alpha}",
    "\\p{IsLatin}",
    "\\p{InGreek}",
    "\\p{javaLowerCase}",
    "\\x41",
    "\\u0062",
    "\\n",
    "\\r",
    "\\.",
    "\\-",
    "ab",
    "abc",
    "\r",
    "\n",
    "ſ",
    "K",
    "σ",
    "ς",
    "\\p{Punct}",
    "\\p{Upper}",
    "😀",
    "\\X",
];
const MEMBERS: &[&str] = &[
    "a", "b", "a-c", "b-d", "A-C", "é", "\\d", "\\w", "\\s", "\\W", "-", "^", "&", "1-3", "\\p{L}", "\\P{Lu}", "\\]",
    "\\-", " ", ".", "ß", "\\n", "k-z", "#", "\\h", "&&",
];
const QUANTIFIERS: &[&str] =
    &["*", "+", "?", "*?", "+?", "??", "*+", "++", "?+", "{2}", "{1,2}", "{0,2}?", "{2,}", "{1,}+", "{0}", "{1,3}+"];
const FLAGS: &[&str] = &["i", "iu", "m", "s", "d", "x", "U", "im", "u", "-i", "is-m", "iU", "md"];
const CHARACTERS: &[&str] = &[
    "a", "a", "b", "c", "A", "B", "é", "É", "ß", "1", "2", "-", " ", ".", "\n", "\r", "\r\n", "\u{85}", "\u{2028}",
    "\t", "α", "Σ", "σ", "ς", "😀", "&", "^", "#", "ſ", "K", "k", "ẞ", "_", "ı", "İ", "i", "I", "e\u{301}", "a.b",
    "abc",
];

fn class(dice: &mut Dice, depth: usize) -> String {
    let mut text = if dice.below(4) == 0 { "[^" } else { "[" }.to_owned();
    for _ in 0..1 + dice.below(3) {
        match dice.below(if depth == 0 { 6 } else { 9 }) {
            0..=5 => text.push_str(dice.of(MEMBERS)),
            6 => text.push_str(&class(dice, depth - 1)),
            7 => text.push_str(&format!("&&{}", class(dice, depth - 1))),
            _ => text.push_str(&format!("{}&&{}", dice.of(MEMBERS), dice.of(MEMBERS))),
        }
    }
    text + "]"
}

fn pattern(dice: &mut Dice, depth: usize) -> String {
    let mut text = String::new();
    for _ in 0..1 + dice.below(3) {
        let atom = match dice.below(if depth == 0 { 10 } else { 22 }) {
            0..=7 => dice.of(ATOMS).to_owned(),
            8 | 9 => class(dice, 2),
            10..=12 => format!("({})", pattern(dice, depth - 1)),
            13 => format!("(?:{})", pattern(dice, depth - 1)),
            14 => format!("(?={})", pattern(dice, depth - 1)),
            15 => format!("(?!{})", pattern(dice, depth - 1)),
            16 => format!("(?<={})", pattern(dice, depth - 1)),
            17 => format!("(?<!{})", pattern(dice, depth - 1)),
            18 => format!("(?>{})", pattern(dice, depth - 1)),
            19 => format!("({}|{})", pattern(dice, depth - 1), pattern(dice, depth - 1)),
            20 => format!("(?{}:{})", dice.of(FLAGS), pattern(dice, depth - 1)),
            _ => format!("(?<n>{})\\k<n>", pattern(dice, depth - 1)),
        };
        text.push_str(&atom);
        if dice.below(3) == 0 {
            text.push_str(dice.of(QUANTIFIERS));
        }
    }
    match dice.below(8) {
        0 => text + "|" + &pattern(dice, depth.saturating_sub(1)),
        1 => format!("(?{}){text}", dice.of(FLAGS)),
        _ => text,
    }
}

/// So many cases of a seed: each pattern with a few texts.
pub(crate) fn cases(seed: u64, count: usize) -> Vec<Case> {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut cases = Vec::new();
    while cases.len() < count {
        let depth = dice.below(4);
        let pattern = pattern(&mut dice, depth);
        for _ in 0..4 {
            let text = (0..dice.below(6)).map(|_| dice.of(CHARACTERS)).collect();
            cases.push((pattern.clone(), text));
        }
    }
    cases
}

/// Classes by name.
const CLASSES: &str = include_str!("classes.txt");

/// Each class with characters from all over Unicode.
pub(crate) fn classes() -> Vec<Case> {
    let mut characters: Vec<char> = ('\0'..='\u{17F}').collect();
    characters.extend(('\u{180}'..'\u{3100}').step_by(13));
    characters.extend(('\u{3100}'..'\u{20000}').step_by(397));
    let special =
        "ſKßẞıİǅǆΣσςΑα٣٠𝟘０Ａａ\u{2028}\u{2029}\u{200D}\u{FEFF}\u{300}\u{E000}\u{FFFE}\u{10FFFF}中あア가Ж\u{1C}\u{1F}";
    characters.extend(special.chars());
    let flags = ["", "(?i)", "(?U)", "(?iu)", "(?iU)"];
    let mut cases = Vec::new();
    for (number, class) in CLASSES.lines().enumerate() {
        for (other, flags) in flags.iter().enumerate() {
            // Each character is asked for by itself, a third of them of each class with each of the flags.
            let some =
                characters.iter().enumerate().filter(|(at, c)| (at + number + other) % 3 == 0 || special.contains(**c));
            cases.extend(some.map(|(_, c)| (format!("{flags}{class}"), c.to_string())));
        }
    }
    cases
}
