//! `strftime`, as the C library of GNU writes dates in the locale C.

use super::{Moment, days_before};
use crate::budget::Budget;
use crate::error::Stop;

pub(super) const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The longest text: jq has a buffer of so many bytes.
const MAX: usize = 4095;

/// How a part is written: what stands before it, how long it is at least, and in which case.
#[derive(Debug, Clone, Copy, Default)]
struct Style {
    pad: Option<char>,
    width: usize,
    upper: bool,
    swapped: bool,
}

/// A date in a format; empty if it is too long for jq.
pub(super) fn text(moment: &Moment, format: &str, budget: &mut Budget) -> Result<String, Stop> {
    budget.pay(1 + format.len())?;
    let mut out = String::new();
    write(moment, format, &mut out);
    Ok(if out.len() > MAX { String::new() } else { out })
}

fn write(moment: &Moment, format: &str, out: &mut String) {
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let (style, len) = style(&rest[at + 1..]);
        let letters = &rest[at + 1 + len..];
        let modified = letters.starts_with(['E', 'O']);
        let letter = letters.chars().nth(usize::from(modified));
        let end = at + 1 + len + usize::from(modified) + letter.map_or(0, char::len_utf8);
        let known = letter.is_some_and(|letter| part(moment, letter, style, out));
        if !known {
            out.push_str(&rest[at..end]);
        }
        rest = &rest[end..];
        if out.len() > MAX {
            return;
        }
    }
    out.push_str(rest);
}

/// The flags and the width after a percent sign, and their length.
fn style(text: &str) -> (Style, usize) {
    let mut style = Style::default();
    let flags = text.find(|c: char| !"_-0^#".contains(c)).unwrap_or(text.len());
    for flag in text[..flags].chars() {
        match flag {
            '^' => style.upper = true,
            '#' => style.swapped = true,
            pad => style.pad = Some(pad),
        }
    }
    let digits = text[flags..].find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len() - flags);
    style.width = text[flags..flags + digits].parse().unwrap_or(if digits > 0 { MAX } else { 0 }).min(MAX + 1);
    (style, flags + digits)
}

/// Writes the part of a letter; false if there is none.
fn part(moment: &Moment, letter: char, style: Style, out: &mut String) -> bool {
    let name = |names: &[&str], at: i64| {
        usize::try_from(at).ok().and_then(|at| names.get(at).copied()).unwrap_or("?").to_owned()
    };
    let short = |text: String| if text == "?" { text } else { text[..3].to_owned() };
    let hour12 = match moment.hour % 12 {
        0 => 12,
        hour => hour,
    };
    let (week_year, week) = iso_week(moment);
    match letter {
        'a' => words(short(name(&DAYS, moment.weekday)), style, style.swapped, out),
        'A' => words(name(&DAYS, moment.weekday), style, style.swapped, out),
        'b' | 'h' => words(short(name(&MONTHS, moment.month)), style, style.swapped, out),
        'B' => words(name(&MONTHS, moment.month), style, style.swapped, out),
        'p' => {
            let half = if moment.hour > 11 { "PM" } else { "AM" };
            words(if style.swapped { half.to_lowercase() } else { half.into() }, style, false, out);
        }
        'P' => words(if moment.hour > 11 { "pm" } else { "am" }.into(), style, false, out),
        'Z' => words(if style.swapped { "utc" } else { "UTC" }.into(), style, false, out),
        'C' => number(moment.year.div_euclid(100), 2, '0', style, out),
        'd' => number(moment.day, 2, '0', style, out),
        'e' => number(moment.day, 2, '_', style, out),
        'g' => number(week_year.rem_euclid(100), 2, '0', style, out),
        'G' => number(week_year, 1, '0', style, out),
        'H' => number(moment.hour, 2, '0', style, out),
        'I' => number(hour12, 2, '0', style, out),
        'j' => number(moment.yearday + 1, 3, '0', style, out),
        'k' => number(moment.hour, 2, '_', style, out),
        'l' => number(hour12, 2, '_', style, out),
        'm' => number(moment.month + 1, 2, '0', style, out),
        'M' => number(moment.minute, 2, '0', style, out),
        's' => number(moment.seconds(), 1, '0', style, out),
        'S' => number(moment.second, 2, '0', style, out),
        'u' => number((moment.weekday - 1).rem_euclid(7) + 1, 1, '0', style, out),
        'U' => number((moment.yearday - moment.weekday + 7) / 7, 2, '0', style, out),
        'V' => number(week, 2, '0', style, out),
        'w' => number(moment.weekday, 1, '0', style, out),
        'W' => number((moment.yearday - (moment.weekday - 1 + 7) % 7 + 7) / 7, 2, '0', style, out),
        'y' => number(moment.year.rem_euclid(100), 2, '0', style, out),
        'Y' => number(moment.year, 1, '0', style, out),
        'n' => words("\n".into(), style, false, out),
        't' => words("\t".into(), style, false, out),
        '%' => words("%".into(), style, false, out),
        'z' => {
            let width = style.width.saturating_sub(1).max(4);
            match style.pad {
                Some('-') => out.push_str("+0"),
                Some('_') => out.push_str(&format!("{:>1$}", "+0", width + 1)),
                _ => out.push_str(&format!("+{:0>width$}", 0)),
            }
        }
        _ => return whole(moment, letter, style, out),
    }
    true
}

/// Writes the parts that consist of others; false if there is none of this letter.
fn whole(moment: &Moment, letter: char, style: Style, out: &mut String) -> bool {
    let format = match letter {
        'c' => "%a %b %e %H:%M:%S %Y",
        'D' | 'x' => "%m/%d/%y",
        'F' => "%Y-%m-%d",
        'r' => "%I:%M:%S %p",
        'R' => "%H:%M",
        'T' | 'X' => "%H:%M:%S",
        _ => return false,
    };
    let mut text = String::new();
    write(moment, format, &mut text);
    words(text, style, false, out);
    true
}

fn words(text: String, style: Style, upper: bool, out: &mut String) {
    let text = if upper || style.upper { text.to_uppercase() } else { text };
    let missing = style.width.saturating_sub(text.len());
    let pad = if style.pad == Some('0') { '0' } else { ' ' };
    if style.pad != Some('-') {
        out.extend(std::iter::repeat_n(pad, missing));
    }
    out.push_str(&text);
}

fn number(n: i64, digits: usize, pad: char, style: Style, out: &mut String) {
    let pad = style.pad.unwrap_or(pad);
    let width = digits.max(style.width);
    let text = n.unsigned_abs().to_string();
    let sign = if n < 0 { "-" } else { "" };
    let missing = width.saturating_sub(text.len() + sign.len());
    match pad {
        '-' => out.push_str(&format!("{sign}{text}")),
        '_' => out.push_str(&format!("{:missing$}{sign}{text}", "")),
        _ => out.push_str(&format!("{sign}{}{text}", "0".repeat(missing))),
    }
}

/// The year and the week that a date belongs to by ISO 8601.
fn iso_week(moment: &Moment) -> (i64, i64) {
    // The Thursday of the week decides.
    let thursday = moment.yearday - (moment.weekday + 6).rem_euclid(7) + 3;
    let length = |year: i64| days_before(year + 1, 0) - days_before(year, 0);
    if thursday < 0 {
        let year = moment.year - 1;
        (year, (thursday + length(year)) / 7 + 1)
    } else if thursday >= length(moment.year) {
        (moment.year + 1, (thursday - length(moment.year)) / 7 + 1)
    } else {
        (moment.year, thursday / 7 + 1)
    }
}
