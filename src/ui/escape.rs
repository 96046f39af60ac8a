//! Text from outside, made harmless for a terminal, and the marks by which our own colours are told from it.
//!
//! Clients, servers, templates and files name things, and what they name is printed. A terminal obeys what it gets, so
//! the printer writes every character that a terminal obeys, hides or reorders as `\u{1b}`. Colours of ours are
//! sequences too: [`paint`] marks them with a number that was drawn at start and is never printed, so nobody outside can
//! write one.

use std::borrow::Cow;
use std::fmt::{Display, Write};
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use console::Style;

/// How each sequence of our own begins until it is printed: the introducer and the number.
static MARK: LazyLock<String> =
    LazyLock::new(|| format!("{INTRODUCER}{:010};", RandomState::new().hash_one(0) % 10_000_000_000));
const INTRODUCER: &str = "\x1b[";

/// Whether a terminal obeys a character (control characters, C1 too), shows nothing of it (Unicode's
/// Default_Ignorable_Code_Point, but for the selectors of an emoji's form), or lets it change the order or the lines of
/// others.
pub fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A text in a style of ours. What is harmful in the text itself is escaped.
pub fn paint(style: &Style, text: impl Display) -> String {
    let text = escape(&text.to_string(), is_harmful).into_owned();
    style.apply_to(text).to_string().replace(INTRODUCER, &MARK)
}

/// One line for a terminal: what [`paint`] marked is a style, everything else that is harmful is escaped.
pub fn line(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut pieces = text.split(MARK.as_str());
    out.push_str(&escape(pieces.next().unwrap_or_default(), is_harmful));
    for piece in pieces {
        let style =
            piece.find(|c: char| !(c.is_ascii_digit() || c == ';')).filter(|end| piece[*end..].starts_with('m'));
        // Without an `m` it isn't what paint wrote.
        let style = style.map_or(0, |end| end + 1);
        if style > 0 {
            out.push_str(INTRODUCER);
            out.push_str(&piece[..style]);
        }
        out.push_str(&escape(&piece[style..], is_harmful));
    }
    Cow::Owned(out)
}

/// Text that may have several lines: of errors, which stand in a frame.
pub fn lines(text: &str) -> Cow<'_, str> {
    escape(text, |c| is_harmful(c) && c != '\n')
}

/// JSON whose strings hold nothing harmful: outside of strings there are no such characters.
pub fn json(text: String) -> String {
    if text.bytes().all(|byte| byte.is_ascii() && byte != 0x7f) || !text.contains(is_harmful) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_harmful(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string can't fail.
                _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

fn escape(text: &str, harmful: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&harmful) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if !harmful(c) => out.push(c),
            '\n' | '\r' | '\t' => out.extend(c.escape_default()),
            c => out.extend(c.escape_unicode()),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that a terminal obeys: escape sequences in seven and in eight bits, line breaks, and what turns text around.
    #[test]
    fn what_a_terminal_obeys_is_shown_and_not_done() {
        for (text, shown) in [
            ("aws:\x1b[31mx", "aws:\\u{1b}[31mx"),
            ("\u{9b}31m \u{7f} \u{0}", "\\u{9b}31m \\u{7f} \\u{0}"),
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("\u{202e}txt.exe\u{2066}\u{200f}\u{200b}\u{2028}", "\\u{202e}txt.exe\\u{2066}\\u{200f}\\u{200b}\\u{2028}"),
            ("öß 漢字 ✔ ❤️ ├─", "öß 漢字 ✔ ❤️ ├─"),
        ] {
            assert_eq!(line(text), shown);
            assert_eq!(lines(&text.replace(['\r', '\n', '\t'], "")), shown.replace("\\r\\nb\\t", "b"), "{text:?}");
        }
        assert_eq!(lines("a\nb\x1b"), "a\nb\\u{1b}");
        let json = json(serde_json::to_string("\u{9b}\u{7f}\u{202e}\u{e0001}é").unwrap());
        assert_eq!(json, r#""\u009b\u007f\u202e\udb40\udc01é""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), "\u{9b}\u{7f}\u{202e}\u{e0001}é");
    }

    /// A style passes; what stands in it, and an imitation of it, doesn't.
    #[test]
    fn only_our_own_styles_reach_the_terminal() {
        let red = Style::new().red().bold().force_styling(true);
        assert_eq!(line(&format!("{}!", paint(&red, "a\x1b[8mb"))), "\x1b[31m\x1b[1ma\\u{1b}[8mb\x1b[0m!");
        assert_eq!(line("\x1b[1234567890;31mx"), "\\u{1b}[1234567890;31mx");
        assert_eq!(line(&format!("{}31;x", *MARK)), "31;x");
    }
}
