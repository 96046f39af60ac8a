//! What is written in a chart: escaped, cut, and numbers with their units.

use std::borrow::Cow;

/// A text that stands in HTML or XML, between tags or in an attribute's quotes. What XML can't have at all, and what turns the
/// direction of writing, becomes the sign for that.
pub fn escape(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| matches!(c, '&' | '<' | '>' | '"' | '\'') || is_unfit(c);
    if !text.contains(harmful) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if is_unfit(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out.into()
}

/// What no document has: control characters, non-characters (XML 1.0, `Char`), and marks that turn text around.
fn is_unfit(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// How wide a letter is, about, at the size of labels.
const LETTER: f64 = 6.6;

/// How wide a text is, about.
pub(crate) fn width(text: &str) -> f64 {
    text.chars().map(letters).sum::<f64>() * LETTER
}

/// How many letters of ours are as wide as one.
fn letters(c: char) -> f64 {
    match c {
        // Chinese, Japanese, Korean, and pictures.
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{ffdc}' | '\u{1f000}'.. => 2.0,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 1.4,
        _ => 1.0,
    }
}

/// A text that is so wide at most: what is too long ends with an ellipsis.
pub(crate) fn cut(text: &str, room: f64) -> Cow<'_, str> {
    if width(text) <= room {
        return text.into();
    }
    let mut left = room / LETTER - 1.0;
    let fits = text.char_indices().find(|(_, c)| {
        left -= letters(*c);
        left < 0.0
    });
    let end = fits.map_or(text.len(), |(at, _)| at);
    format!("{}…", &text[..end]).into()
}

/// A name that is so wide at most. Of one that is too long the middle is left out: many names differ at their end alone.
pub(crate) fn shorten(name: &str, room: f64) -> Cow<'_, str> {
    if width(name) <= room {
        return name.into();
    }
    let mut left = room / LETTER - 1.0;
    let half = left / 2.0;
    let mut fits = |c: char, least: f64| {
        left -= letters(c);
        left >= least
    };
    let head = name.char_indices().find(|(_, c)| !fits(*c, half)).map_or(name.len(), |(at, _)| at);
    let tail = name.char_indices().rev().take_while(|(_, c)| fits(*c, 0.0)).last().map_or(name.len(), |(at, _)| at);
    format!("{}…{}", &name[..head], &name[tail..]).into()
}

/// A number with three digits at most behind the first, without needless zeros.
fn plain(n: f64) -> String {
    let text = match n.abs() {
        n if n >= 100.0 => format!("{n:.0}"),
        n if n >= 10.0 => format!("{n:.1}"),
        n if n >= 1.0 => format!("{n:.2}"),
        _ => format!("{n:.4}"),
    };
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A count: `1.5k`, `2M`.
pub(crate) fn count(n: f64) -> String {
    match n.abs() {
        size if size >= 1e9 => format!("{}G", plain(n / 1e9)),
        size if size >= 1e6 => format!("{}M", plain(n / 1e6)),
        size if size >= 1e3 => format!("{}k", plain(n / 1e3)),
        _ => plain(n),
    }
}

/// How long something takes: `250µs`, `5ms`, `1.5s`, `2m`.
pub(crate) fn latency(ms: f64) -> String {
    match ms.abs() {
        0.0 => "0".into(),
        size if size < 1.0 => format!("{}µs", plain(ms * 1e3)),
        size if size < 1e3 => format!("{}ms", plain(ms)),
        _ => time(ms / 1e3),
    }
}

/// A time since the start: `0.5s`, `30s`, `2m30`, `1h`, `1h05`.
pub(crate) fn time(seconds: f64) -> String {
    let whole = seconds.round();
    let (unit, part, of) = match whole {
        _ if seconds < 60.0 => return format!("{}s", plain(seconds)),
        whole if whole < 3_600.0 => ("m", whole % 60.0, whole / 60.0),
        whole => ("h", (whole % 3_600.0) / 60.0, whole / 3_600.0),
    };
    match part.floor() {
        0.0 => format!("{:.0}{unit}", of.floor()),
        part => format!("{:.0}{unit}{part:02.0}", of.floor()),
    }
}

/// A share as a percentage: `99.9%`.
pub(crate) fn share(q: f64) -> String {
    let nines = (1.0 / (1.0 - q)).log10().round().max(0.0) as usize;
    format!("{:.*}%", nines.saturating_sub(2), q * 100.0)
}
