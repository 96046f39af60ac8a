//! Times as AWS writes and reads them. They are milliseconds since 1970 in UTC, unless a function says otherwise.
//!
//! A time beyond the year 9999, which has no text, is written as nothing.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};
use jiff::tz::TimeZone;

/// ISO 8601 to the second: `2026-01-02T03:04:05Z`.
pub fn iso_seconds(millis: u64) -> String {
    moment(millis / 1000 * 1000).map(|moment| moment.to_string()).unwrap_or_default()
}

/// ISO 8601 to the millisecond: `2026-01-02T03:04:05.600Z`.
pub fn iso_millis(millis: u64) -> String {
    moment(millis).map(|moment| format!("{moment:.3}")).unwrap_or_default()
}

/// ISO 8601 without zeros at the end of the fraction: `2026-01-02T03:04:05.6Z`, `2026-01-02T03:04:05Z`.
pub fn iso_shortest(millis: u64) -> String {
    moment(millis).map(|moment| moment.to_string()).unwrap_or_default()
}

/// ISO 8601's basic format, which signatures have: `20260102T030405Z`.
pub fn iso_basic(millis: u64) -> String {
    moment(millis).map(|moment| moment.strftime("%Y%m%dT%H%M%SZ").to_string()).unwrap_or_default()
}

/// As HTTP's headers have it: `Fri, 02 Jan 2026 03:04:05 GMT`.
pub fn http_date(millis: u64) -> String {
    moment(millis)
        .and_then(|moment| DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).ok())
        .unwrap_or_default()
}

/// Reads ISO 8601 with any offset. `None` if the text is none, or a time before 1970.
pub fn parse_iso(text: &str) -> Option<u64> {
    text.parse::<Timestamp>().ok()?.as_millisecond().try_into().ok()
}

/// Reads `20260102T030405Z`. `None` if the text is none, or a time before 1970.
pub fn parse_iso_basic(text: &str) -> Option<u64> {
    let (day, rest) = (text.get(..8)?, text.get(8..)?);
    let clock = rest.strip_prefix('T')?.strip_suffix('Z')?;
    let (hour, minute, second) = (number(clock, 0, 2)?, number(clock, 2, 4)?, number(clock, 4, 6)?);
    // A minute may have a leap second.
    if clock.len() != 6 || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(parse_basic_day(day)? + (hour * 3600 + minute * 60 + second) * 1000)
}

/// Reads a day, `20260102`, as its first millisecond. `None` if the text is none, or a day before 1970.
pub fn parse_basic_day(text: &str) -> Option<u64> {
    if text.len() != 8 {
        return None;
    }
    let (year, month, day) = (number(text, 0, 4)?, number(text, 4, 6)?, number(text, 6, 8)?);
    let date = Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()?;
    date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond().try_into().ok()
}

/// Reads the date of an HTTP header, as seconds since 1970, which may be negative. `None` if the text is none.
pub fn parse_http_date(text: &str) -> Option<i64> {
    DateTimeParser::new().parse_timestamp(text).ok().map(Timestamp::as_second)
}

fn moment(millis: u64) -> Option<Timestamp> {
    Timestamp::from_millisecond(i64::try_from(millis).ok()?).ok()
}

/// The number between two places of a text, all of it digits.
fn number(text: &str, from: usize, to: usize) -> Option<u64> {
    let digits = text.get(from..to)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Friday, 2 January 2026, 03:04:05.600.
    const AT: u64 = 1_767_323_045_600;

    #[test]
    fn each_format() {
        assert_eq!(iso_seconds(AT), "2026-01-02T03:04:05Z");
        assert_eq!(iso_millis(AT), "2026-01-02T03:04:05.600Z");
        assert_eq!(iso_millis(AT / 1000 * 1000), "2026-01-02T03:04:05.000Z");
        assert_eq!(iso_shortest(AT), "2026-01-02T03:04:05.6Z");
        assert_eq!(iso_shortest(AT - 600), "2026-01-02T03:04:05Z");
        assert_eq!(iso_basic(AT), "20260102T030405Z");
        assert_eq!(http_date(AT), "Fri, 02 Jan 2026 03:04:05 GMT");
        assert_eq!(http_date(1_445_412_480_999), "Wed, 21 Oct 2015 07:28:00 GMT");
        assert_eq!(iso_millis(0), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn what_is_beyond_the_calendar_is_written_as_nothing() {
        for format in [iso_seconds, iso_millis, iso_shortest, iso_basic, http_date] {
            assert_eq!(format(u64::MAX), "");
            assert_eq!(format(i64::MAX as u64), "");
        }
    }

    #[test]
    fn reading() {
        assert_eq!(parse_iso(&iso_millis(AT)), Some(AT));
        assert_eq!(parse_iso("2026-01-02T04:04:05.6+01:00"), Some(AT));
        assert_eq!(parse_iso("1969-12-31T00:00:00Z"), None);
        assert_eq!(parse_iso("yesterday"), None);
        assert_eq!(parse_iso_basic("20150830T123600Z"), Some(1_440_938_160_000));
        assert_eq!(parse_iso_basic(&iso_basic(AT)), Some(AT - 600));
        assert_eq!(parse_basic_day("20150830"), Some(1_440_892_800_000));
        for text in ["", "20150830", "20150830T1236Z", "20151330T123600Z", "20150830T+12360Z", "2015083\u{e9}T123600Z"]
        {
            assert_eq!(parse_iso_basic(text), None, "{text}");
        }
        for text in ["", "2015083", "20150832", "2015-8-3", "19691231"] {
            assert_eq!(parse_basic_day(text), None, "{text}");
        }
        assert_eq!(parse_http_date(&http_date(AT)), Some(AT as i64 / 1000));
        assert_eq!(parse_http_date("Wed, 31 Dec 1969 23:59:59 GMT"), Some(-1));
        assert_eq!(parse_http_date("yesterday"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in ".{0,30}") {
            let _ = (parse_iso(&text), parse_iso_basic(&text), parse_basic_day(&text), parse_http_date(&text));
        }
    }
}
