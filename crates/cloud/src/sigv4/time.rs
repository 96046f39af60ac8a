//! SigV4's dates: ISO 8601 basic format.

use std::time::{Duration, SystemTime};

use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Milliseconds since the epoch of `20260101T000000Z`.
pub(super) fn parse(text: &str) -> Option<u64> {
    let (day, rest) = (text.get(..8)?, text.get(8..)?);
    let clock = rest.strip_prefix('T')?.strip_suffix('Z')?;
    let (hour, minute, second) = (number(clock, 0, 2)?, number(clock, 2, 4)?, number(clock, 4, 6)?);
    if clock.len() != 6 || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let midnight = date_seconds(day)?;
    Some((midnight + hour * 3600 + minute * 60 + second) * 1000)
}

/// Midnight of `20260101`.
pub(super) fn day(text: &str) -> Option<SystemTime> {
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(date_seconds(text)?))
}

/// A time in milliseconds as SigV4 writes it.
pub(super) fn show(millis: u64) -> String {
    let moment = i64::try_from(millis).ok().and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    moment.map(|moment| moment.strftime("%Y%m%dT%H%M%SZ").to_string()).unwrap_or_default()
}

/// A time in milliseconds as S3's errors write it: `2026-01-01T00:00:00Z`.
pub(super) fn iso(millis: u64) -> String {
    let seconds = i64::try_from(millis / 1000).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    seconds.map(|moment| moment.to_string()).unwrap_or_default()
}

fn date_seconds(day: &str) -> Option<u64> {
    if day.len() != 8 {
        return None;
    }
    let date = Date::new(
        number(day, 0, 4)?.try_into().ok()?,
        number(day, 4, 6)?.try_into().ok()?,
        number(day, 6, 8)?.try_into().ok()?,
    )
    .ok()?;
    date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second().try_into().ok()
}

fn number(text: &str, from: usize, to: usize) -> Option<u64> {
    let digits = text.get(from..to)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_shows() {
        assert_eq!(parse("20150830T123600Z"), Some(1_440_938_160_000));
        assert_eq!(show(1_440_938_160_000), "20150830T123600Z");
        for text in ["", "20150830", "20150830T1236Z", "20151330T123600Z", "20150830T+12360Z", "2015083\u{e9}T123600Z"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
