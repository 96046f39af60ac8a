//! Java's `DateTimeFormatter` patterns, as the `timestamp` namespace has them, in the locale en-US.

use jiff::Zoned;
use jiff::civil::{Date, Weekday, date};

/// A parsed pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DateTimePattern {
    items: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    Text(String),
    /// A letter and how often it stands there.
    Field(char, usize),
}

impl DateTimePattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, in Java's words.
    pub(crate) fn parse(pattern: &str) -> Result<Self, String> {
        let mut items = Vec::new();
        let mut text = String::new();
        let mut chars = pattern.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                // Two quotes are one, in quotes and out of them.
                '\'' if chars.next_if_eq(&'\'').is_some() => text.push('\''),
                '\'' => loop {
                    match chars.next() {
                        None => return Err(format!("Pattern ends with an incomplete string literal: {pattern}")),
                        Some('\'') if chars.next_if_eq(&'\'').is_some() => text.push('\''),
                        Some('\'') => break,
                        Some(c) => text.push(c),
                    }
                },
                'A'..='Z' | 'a'..='z' => {
                    let mut count = 1;
                    while chars.next_if_eq(&c).is_some() {
                        count += 1;
                    }
                    check(c, count)?;
                    if !text.is_empty() {
                        items.push(Item::Text(std::mem::take(&mut text)));
                    }
                    items.push(Item::Field(c, count));
                }
                // Optional sections mean nothing when formatting.
                '[' | ']' => {}
                '{' | '}' | '#' => return Err(format!("Pattern includes reserved character: '{c}'")),
                c => text.push(c),
            }
        }
        if !text.is_empty() {
            items.push(Item::Text(text));
        }
        Ok(Self { items })
    }

    /// Writes a moment in its own zone.
    pub(crate) fn format(&self, at: &Zoned) -> String {
        let mut out = String::new();
        for item in &self.items {
            match item {
                Item::Text(text) => out.push_str(text),
                Item::Field(letter, count) => out.push_str(&field(*letter, *count, at)),
            }
        }
        out
    }
}

/// Checks a letter: whether Java knows it, and takes so many of it.
fn check(letter: char, count: usize) -> Result<(), String> {
    let max = match letter {
        'y' | 'u' | 'Y' | 'A' | 'n' | 'N' => 19,
        'S' => 9,
        'G' | 'M' | 'L' | 'Q' | 'q' | 'E' | 'X' | 'x' | 'Z' => 5,
        'D' => 3,
        // The full name of a zone (`zzzz`) is in no table here.
        'z' => 3,
        'd' | 'H' | 'h' | 'K' | 'k' | 'm' | 's' | 'w' => 2,
        'e' | 'c' => 2,
        'W' | 'F' | 'a' => 1,
        'V' if count != 2 => return Err("Pattern letter count must be 2: V".into()),
        'V' => 2,
        'O' if count != 1 && count != 4 => return Err("Pattern letter count must be 1 or 4: O".into()),
        'O' => 4,
        _ => return Err(format!("Unknown pattern letter: {letter}")),
    };
    if count > max { Err(format!("Too many pattern letters: {letter}")) } else { Ok(()) }
}

/// What a letter, repeated `count` times, stands for.
fn field(letter: char, count: usize, at: &Zoned) -> String {
    let number = |n: i64| format!("{n:0count$}");
    match letter {
        'y' | 'u' => year(at.year().into(), count),
        'Y' => year(week(at.date()).0.into(), count),
        'G' => match count {
            4 => "Anno Domini",
            5 => "A",
            _ => "AD",
        }
        .into(),
        'M' | 'L' => named(&at.strftime("%B").to_string(), count, at.month().into()),
        'Q' | 'q' => {
            let quarter = i64::from((at.month() - 1) / 3 + 1);
            match count {
                1 | 2 => number(quarter),
                3 => format!("Q{quarter}"),
                4 => format!("{quarter}{} quarter", ["st", "nd", "rd", "th"][(quarter as usize - 1) % 4]),
                _ => quarter.to_string(),
            }
        }
        'E' => {
            let name = weekday_name(at.weekday());
            named(name, count.max(3), 0)
        }
        'e' | 'c' => number(i64::from(at.weekday().to_sunday_one_offset())),
        'D' => number(at.day_of_year().into()),
        'd' => number(at.day().into()),
        'w' => number(week(at.date()).1),
        'W' => number(week_in(at.date(), at.date().first_of_month())),
        'F' => number(i64::from((at.day() - 1) / 7 + 1)),
        'a' => if at.hour() < 12 { "AM" } else { "PM" }.into(),
        'H' => number(at.hour().into()),
        'k' => number(if at.hour() == 0 { 24 } else { at.hour().into() }),
        'K' => number(i64::from(at.hour() % 12)),
        'h' => number(if at.hour() % 12 == 0 { 12 } else { i64::from(at.hour() % 12) }),
        'm' => number(at.minute().into()),
        's' => number(at.second().into()),
        'S' => {
            let digits = format!("{:09}", at.subsec_nanosecond());
            digits.get(..count).unwrap_or(&digits).to_owned()
        }
        'n' => number(at.subsec_nanosecond().into()),
        'A' => number(nanosecond_of_day(at) / 1_000_000),
        'N' => number(nanosecond_of_day(at)),
        'V' => at.time_zone().iana_name().map_or_else(|| offset(at, 3, true), str::to_owned),
        'z' => at.time_zone().to_offset_info(at.timestamp()).abbreviation().to_owned(),
        'O' => localized_offset(at, count == 4),
        'X' => offset(at, count, true),
        'x' => offset(at, count, false),
        'Z' => match count {
            4 => localized_offset(at, true),
            5 => offset(at, 5, true),
            _ => offset(at, 2, false),
        },
        // `check` lets no other letter in.
        _ => String::new(),
    }
}

/// A year. Two letters are its last two digits; any other number of letters is a minimum of digits.
fn year(year: i64, count: usize) -> String {
    if count == 2 { format!("{:02}", year.rem_euclid(100)) } else { format!("{year:0count$}") }
}

/// A month or a weekday: its number, or its name in the length that `count` asks for.
fn named(name: &str, count: usize, number: i64) -> String {
    match count {
        1 | 2 => format!("{number:0count$}"),
        3 => name.get(..3).unwrap_or(name).into(),
        4 => name.into(),
        _ => name.get(..1).unwrap_or(name).into(),
    }
}

fn weekday_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

/// Week-based year and week, as in the US: weeks begin on Sunday, the first one holds January 1st.
fn week(day: Date) -> (i16, i64) {
    let year = day.year();
    if day.month() == 12 && year < Date::MAX.year() {
        let next = i64::from(date(year + 1, 1, 1).weekday().to_sunday_zero_offset());
        if i64::from(day.day()) > 31 - next {
            return (year + 1, 1);
        }
    }
    (year, week_in(day, day.first_of_year()))
}

/// The week, counted from the one in which `first` lies.
fn week_in(day: Date, first: Date) -> i64 {
    let days = i64::from(day.day_of_year() - first.day_of_year());
    (days + i64::from(first.weekday().to_sunday_zero_offset())) / 7 + 1
}

fn nanosecond_of_day(at: &Zoned) -> i64 {
    let seconds = i64::from(at.hour()) * 3600 + i64::from(at.minute()) * 60 + i64::from(at.second());
    seconds * 1_000_000_000 + i64::from(at.subsec_nanosecond())
}

/// An offset from UTC as `+08`, `+0800` or `+08:00`, with seconds where the zone has them. With `zulu`, UTC itself is `Z`.
fn offset(at: &Zoned, count: usize, zulu: bool) -> String {
    let seconds = at.offset().seconds();
    if zulu && seconds == 0 {
        return "Z".into();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let (h, m, s) = (seconds.abs() / 3600, seconds.abs() / 60 % 60, seconds.abs() % 60);
    let colon = if count == 3 || count == 5 { ":" } else { "" };
    let mut out = format!("{sign}{h:02}");
    if count > 1 || m != 0 {
        out.push_str(&format!("{colon}{m:02}"));
    }
    if count > 3 && s != 0 {
        out.push_str(&format!("{colon}{s:02}"));
    }
    out
}

/// An offset as `GMT+8`, or `GMT+08:00` in full.
fn localized_offset(at: &Zoned, full: bool) -> String {
    let seconds = at.offset().seconds();
    if seconds == 0 {
        return "GMT".into();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let (h, m) = (seconds.abs() / 3600, seconds.abs() / 60 % 60);
    match (full, m) {
        (true, _) => format!("GMT{sign}{h:02}:{m:02}"),
        (false, 0) => format!("GMT{sign}{h}"),
        (false, _) => format!("GMT{sign}{h}:{m:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::{Offset, TimeZone};
    use proptest::prelude::*;

    fn at(year: i16, month: i8, day: i8, hour: i8, zone: TimeZone) -> Zoned {
        date(year, month, day).at(hour, 5, 9, 123_000_000).to_zoned(zone).unwrap()
    }

    #[test]
    fn letters() {
        let moment = at(2018, 8, 9, 15, TimeZone::UTC);
        let cases = [
            ("yyyy-MM-dd", "2018-08-09"),
            ("yyyy/MM/dd/HH/", "2018/08/09/15/"),
            ("'year='yyyy'/month='M", "year=2018/month=8"),
            ("yy u y", "18 2018 2018"),
            ("hh a K k H", "03 PM 3 15 15"),
            ("mm:ss.SSS", "05:09.123"),
            ("DDD D Q QQQ QQQQ", "221 221 3 Q3 3rd quarter"),
            ("MMM MMMM MMMMM", "Aug August A"),
            ("E EEEE e", "Thu Thursday 5"),
            ("YYYY ww W F", "2018 32 2 2"),
            ("G n A N", "AD 123000000 54309123 54309123000000"),
            ("VV z O X xxx Z", "UTC UTC GMT Z +00:00 +0000"),
            ("''yyyy'a''b'[HH]", "'2018a'b15"),
        ];
        for (pattern, text) in cases {
            assert_eq!(DateTimePattern::parse(pattern).unwrap().format(&moment), text, "{pattern}");
        }
    }

    #[test]
    fn weeks_at_the_end_of_a_year() {
        let cases = [
            ((2018, 12, 29), "2018 52"),
            ((2018, 12, 30), "2019 01"),
            ((2022, 12, 31), "2022 53"),
            ((2023, 1, 1), "2023 01"),
            ((2027, 1, 2), "2027 01"),
        ];
        for ((year, month, day), text) in cases {
            let moment = at(year, month, day, 0, TimeZone::UTC);
            assert_eq!(DateTimePattern::parse("YYYY ww").unwrap().format(&moment), text, "{year}-{month}-{day}");
        }
    }

    #[test]
    fn offsets() {
        let moment = at(2026, 1, 1, 0, TimeZone::fixed(Offset::from_seconds(-(3 * 3600 + 1800)).unwrap()));
        let cases = [("X", "-0330"), ("XX", "-0330"), ("XXX", "-03:30"), ("O", "GMT-3:30"), ("OOOO", "GMT-03:30")];
        for (pattern, text) in cases {
            assert_eq!(DateTimePattern::parse(pattern).unwrap().format(&moment), text, "{pattern}");
        }
    }

    #[test]
    fn refused_patterns() {
        let cases = [
            ("yyyyb", "Unknown pattern letter: b"),
            ("ddd", "Too many pattern letters: d"),
            ("'open", "Pattern ends with an incomplete string literal: 'open"),
            ("{", "Pattern includes reserved character: '{'"),
            ("V", "Pattern letter count must be 2: V"),
        ];
        for (pattern, error) in cases {
            assert_eq!(DateTimePattern::parse(pattern).unwrap_err(), error, "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(pattern in "[a-zA-Z'/ \\[\\]{é-]{0,16}", seconds in -377_705_023_201i64..253_402_207_200) {
            let moment = jiff::Timestamp::from_second(seconds).unwrap().to_zoned(TimeZone::UTC);
            if let Ok(pattern) = DateTimePattern::parse(&pattern) {
                let _ = pattern.format(&moment);
            }
        }
    }
}
