//! Patterns with `*` for any run of characters, also none, and `?` for any one character.
//!
//! A pattern is cut at its stars. Each part is searched from the left and never again once found, so that a pattern of many
//! stars costs no more than one pass over the text; only a part with `?` in it may be tried at each place of the text.

use memchr::memmem;

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct Glob {
    prefix: Part,
    middle: Vec<Part>,
    /// `None`: there is no star, the prefix is the whole text.
    suffix: Option<Part>,
}

/// What stands between two stars.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    Literal(Box<str>),
    Pieces(Box<[Piece]>),
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Literal(Box<str>),
    /// Any one character.
    Any,
}

impl Glob {
    /// Compiles a pattern in which `*` and `?` are special.
    pub fn parse(pattern: &str) -> Self {
        let mut builder = Builder::default();
        for c in pattern.chars() {
            match c {
                '*' => builder.star(),
                '?' => builder.any(),
                c => builder.char(c),
            }
        }
        builder.build()
    }

    /// Compiles a pattern in which only `*` is special.
    pub fn parse_stars(pattern: &str) -> Self {
        let mut builder = Builder::default();
        for (number, part) in pattern.split('*').enumerate() {
            if number > 0 {
                builder.star();
            }
            builder.text(part);
        }
        builder.build()
    }

    /// Whether the whole text fits.
    pub fn matches(&self, text: &str) -> bool {
        let Some(mut rest) = self.prefix.strip_start(text.as_bytes()) else { return false };
        let Some(suffix) = &self.suffix else { return rest.is_empty() };
        for part in &self.middle {
            match part.find(rest) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        suffix.is_end_of(rest)
    }
}

/// Makes a pattern of its pieces, for those that write `*` and `?` otherwise.
#[derive(Debug, Default)]
pub struct Builder {
    /// The parts before the last star.
    parts: Vec<Part>,
    /// The part behind it.
    pieces: Vec<Piece>,
    literal: String,
}

impl Builder {
    /// Adds a character that stands for itself.
    pub fn char(&mut self, c: char) {
        self.literal.push(c);
    }

    /// Adds a text that stands for itself.
    pub fn text(&mut self, text: &str) {
        self.literal.push_str(text);
    }

    /// Adds what stands for any one character.
    pub fn any(&mut self) {
        self.end_literal();
        self.pieces.push(Piece::Any);
    }

    /// Adds what stands for any run of characters; several of them in a row are one.
    pub fn star(&mut self) {
        let part = self.end_part();
        // The first part may be empty; between stars there is something.
        if self.parts.is_empty() || !part.is_empty() {
            self.parts.push(part);
        }
    }

    /// The pattern.
    pub fn build(mut self) -> Glob {
        let last = self.end_part();
        let mut parts = self.parts.into_iter();
        match parts.next() {
            Some(prefix) => Glob { prefix, middle: parts.collect(), suffix: Some(last) },
            None => Glob { prefix: last, middle: Vec::new(), suffix: None },
        }
    }

    fn end_literal(&mut self) {
        if !self.literal.is_empty() {
            self.pieces.push(Piece::Literal(std::mem::take(&mut self.literal).into()));
        }
    }

    fn end_part(&mut self) -> Part {
        if self.pieces.is_empty() {
            return Part::Literal(std::mem::take(&mut self.literal).into());
        }
        self.end_literal();
        Part::Pieces(std::mem::take(&mut self.pieces).into())
    }
}

impl Part {
    fn is_empty(&self) -> bool {
        matches!(self, Part::Literal(literal) if literal.is_empty())
    }

    /// What follows this part, if the text starts with it.
    fn strip_start<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        match self {
            Part::Literal(literal) => text.strip_prefix(literal.as_bytes()),
            Part::Pieces(pieces) => pieces.iter().try_fold(text, |text, piece| match piece {
                Piece::Literal(literal) => text.strip_prefix(literal.as_bytes()),
                Piece::Any => text.get(first_character(text)?..),
            }),
        }
    }

    fn is_end_of(&self, text: &[u8]) -> bool {
        match self {
            Part::Literal(literal) => text.ends_with(literal.as_bytes()),
            Part::Pieces(pieces) => {
                let before = pieces.iter().rev().try_fold(text, |text, piece| match piece {
                    Piece::Literal(literal) => text.strip_suffix(literal.as_bytes()),
                    Piece::Any => text.get(..text.iter().rposition(|byte| begins_character(*byte))?),
                });
                before.is_some()
            }
        }
    }

    /// What follows this part's first occurrence.
    fn find<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        match self {
            Part::Literal(literal) => memmem::find(text, literal.as_bytes()).map(|at| &text[at + literal.len()..]),
            Part::Pieces(_) => {
                let mut places = (0..text.len()).filter(|at| begins_character(text[*at]));
                places.find_map(|at| self.strip_start(&text[at..]))
            }
        }
    }
}

/// Whether a byte of UTF-8 begins a character.
fn begins_character(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

/// Bytes of a text's first character; `None` if there is none.
fn first_character(text: &[u8]) -> Option<usize> {
    let (_, rest) = text.split_first()?;
    Some(1 + rest.iter().position(|byte| begins_character(*byte)).unwrap_or(rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wildcards() {
        let cases = [
            ("arn:aws:sqs:*:1:q", "arn:aws:sqs:eu-west-1:1:q", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("**", "x", true),
            ("a*?b*", "axbbq", true),
            ("ab*ba", "aba", false),
            ("\u{e9}?", "\u{e9}\u{fc}", true),
            ("*?", "\u{fc}", true),
            ("*?", "", false),
            ("?*\u{fc}?\u{fc}*", "\u{e9}\u{fc}\u{e9}\u{fc}", true),
            ("*\u{fc}?*\u{e9}", "\u{fc}\u{e9}", false),
        ];
        for (pattern, text, fits) in cases {
            assert_eq!(Glob::parse(pattern).matches(text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_question_mark_may_be_one() {
        assert!(Glob::parse_stars("https://*.example/?").matches("https://a.example/?"));
        assert!(!Glob::parse_stars("a?*").matches("abc"));
        assert!(Glob::parse_stars("a").matches("a") && !Glob::parse_stars("a").matches("ab"));
    }

    #[test]
    fn a_hostile_pattern_is_cheap() {
        // A backtracking matcher would not end: 20,000 stars over 256 KB.
        let pattern = Glob::parse(&"a*".repeat(20_000));
        assert!(!pattern.matches(&format!("{}b", "a".repeat(19_999))));
        assert!(pattern.matches(&"a".repeat(256 * 1024)));
    }

    /// Wildcards as the textbook has them: exponential, obviously right.
    fn model(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, rest) => rest.is_none(),
            (Some(('*', p)), None) => model(p, text),
            (Some(('*', p)), Some((_, t))) => model(p, text) || model(pattern, t),
            (Some(('?', p)), Some((_, t))) => model(p, t),
            (Some((a, p)), Some((b, t))) => a == b && model(p, t),
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_model(pattern in "[ab*?\u{e9}]{0,8}", text in "[ab\u{e9}]{0,10}") {
            let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(Glob::parse(&pattern).matches(&text), model(&p, &t));
            if !pattern.contains('?') {
                prop_assert_eq!(Glob::parse_stars(&pattern), Glob::parse(&pattern));
            }
        }
    }
}
