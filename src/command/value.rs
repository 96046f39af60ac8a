//! Values on the command line: durations, rates, shares, `K=V`.

use std::path::Path;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::embedded::{ClockMode, Durability, History};
use crate::exit::Failure;
use crate::report::hlog::HistogramLog;
use crate::traffic::consumer::{Backoff, Jitter};
use crate::traffic::load::{self, Asked, Load};
use crate::units;
use cloud::{FASTEST, LATEST};

pub(super) use crate::units::parse_duration as duration;

/// A duration that isn't zero; a number alone is seconds.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    match units::parse_seconds(text)? {
        Duration::ZERO => Err("it must be longer than nothing; for full speed say --rate max".into()),
        interval => Ok(interval),
    }
}

/// For how long SQS hides a message at most (API reference of SQS, ReceiveMessage).
const LONGEST: Duration = Duration::from_secs(12 * 3_600);
const HIDES: &str = "SQS hides a message for twelve hours at most";

/// A visibility timeout: whole seconds, up to twelve hours (API reference of SQS, ReceiveMessage).
pub(super) fn visibility(text: &str) -> Result<Duration, String> {
    match units::parse_seconds(text)? {
        timeout if timeout > LONGEST => Err(HIDES.into()),
        timeout if timeout.subsec_nanos() > 0 => Err("SQS counts in whole seconds".into()),
        timeout => Ok(timeout),
    }
}

/// When a message that failed comes back: by itself, or after pauses that grow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Retry(pub Option<Backoff>);

/// The log of histograms in a file, if there is to be one.
pub(super) fn histogram_log(path: Option<&Path>) -> Result<Option<HistogramLog>, Failure> {
    let log = path.map(HistogramLog::create).transpose();
    log.map_err(|why| Failure::usage("--hlog has no file").why(why))
}

/// `none`, or `exponential:FIRST..MOST`: pauses that double.
pub(super) fn retry(text: &str) -> Result<Retry, String> {
    let wrong = || "none is needed, or a first and a longest pause like exponential:1s..5m".to_owned();
    if text == "none" {
        return Ok(Retry(None));
    }
    let (first, most) =
        text.strip_prefix("exponential:").and_then(|pauses| pauses.split_once("..")).ok_or_else(wrong)?;
    let pause = |text: &str| units::parse_seconds(text).map_err(|_| wrong());
    let (first, most) = (pause(first)?, pause(most)?);
    match () {
        () if first.is_zero() => Err("the first pause must be longer than nothing".into()),
        () if first > most => Err("the first pause is longer than the last".into()),
        () if most > LONGEST => Err(HIDES.into()),
        () => Ok(Retry(Some(Backoff { first, factor: 2.0, most, jitter: Jitter::Half }))),
    }
}

/// How many: `500`, `1k`, `2M`; at least one.
pub(super) fn count(text: &str) -> Result<u64, String> {
    let wrong = || "a whole number is needed, like 500, 1k or 2M".to_owned();
    let (number, factor) = match text.strip_suffix(['k', 'K']) {
        Some(number) => (number, 1_000),
        None => text.strip_suffix(['m', 'M']).map_or((text, 1), |number| (number, 1_000_000)),
    };
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let number = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    match number {
        Some(0) => Err("it must be at least 1".into()),
        // Budgets count down from it.
        Some(number) if number <= i64::MAX as u64 => Ok(number),
        _ => Err(format!("it must be at most {}", i64::MAX)),
    }
}

/// A whole number from `least` to `most`.
pub(super) fn within<N: TryFrom<u64> + Send + Sync + Clone + 'static>(
    least: u64,
    most: u64,
) -> impl Fn(&str) -> Result<N, String> + Clone + Send + Sync {
    move |text| {
        let number =
            text.parse::<u64>().ok().filter(|number| (least..=most).contains(number) && !text.starts_with('+'));
        let wrong = || match most {
            u64::MAX => format!("a whole number of at least {least} is needed"),
            _ => format!("a whole number from {} to {} is needed", units::count(least), units::count(most)),
        };
        number.and_then(|number| N::try_from(number).ok()).ok_or_else(wrong)
    }
}

/// `200/s`, `30/m`, `5/h`, `200` (a second), `max`.
pub(super) fn rate(text: &str) -> Result<Load, String> {
    if text.eq_ignore_ascii_case("max") {
        return Ok(Load::max());
    }
    load::rate(text).map(Load::rate).map_err(|why| format!("{why}, or max"))
}

/// A profile: `100/s:60s,100/s..1000/s:30s`, a name, `@load.csv`.
pub(super) fn load(text: &str) -> Result<Asked, String> {
    load::parse(text)
}

/// `wall`, `x600` or `frozen`; the last two may say from when on: `frozen@2026-03-29T00:00:00Z`.
pub(super) fn clock(text: &str) -> Result<ClockMode, String> {
    let (mode, from) = text.split_once('@').map_or((text, None), |(mode, from)| (mode, Some(from)));
    let moment = |text: &str| {
        let moment = text.parse::<jiff::Timestamp>().ok().and_then(|at| u64::try_from(at.as_millisecond()).ok());
        moment.filter(|at| *at <= LATEST).ok_or_else(|| {
            format!(
                "{text:?} is no moment from 1970-01-01T00:00:00Z to 9000-01-01T00:00:00Z, like 2026-03-29T00:00:00Z"
            )
        })
    };
    let from = from.map(moment).transpose()?;
    match (mode, mode.strip_prefix('x').and_then(|factor| factor.parse::<u32>().ok())) {
        ("wall", _) if from.is_some() => Err("the wall clock begins at no other time; x1@.. runs as fast as it".into()),
        ("wall", _) => Ok(ClockMode::Wall),
        ("frozen", _) => Ok(ClockMode::Frozen { from }),
        (_, Some(factor)) if (1..=FASTEST).contains(&factor) => Ok(ClockMode::Fast { factor, from }),
        _ => Err(format!(
            "wall, frozen, or how many times as fast as the wall clock, x1 to x{FASTEST}, is needed, like x600"
        )),
    }
}

/// A share between 0 and 1: `0.01` or `1%`.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let wrong = || "a share between 0 and 1 is needed, like 0.01 or 1%".to_owned();
    let (number, unit) = text.strip_suffix('%').map_or((text, 1.0), |percent| (percent, 100.0));
    let share = number.trim().parse::<f64>().map_err(|_| wrong())? / unit;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(wrong()) }
}

/// `Key=Value`; the value may hold further `=`.
pub(super) fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("Key=Value is needed".into()),
    }
}

/// A host's name, without a port.
pub(super) fn host(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match !text.is_empty() && text.chars().all(plain) {
        true => Ok(text.to_owned()),
        false => Err("a host's name is needed, without scheme and port, like build-host".into()),
    }
}

/// `memory`, `process` or `power`: what an acknowledgement promises.
pub(crate) fn durability() -> impl TypedValueParser<Value = Durability> {
    const VALUES: [(&str, Durability, &str); 3] = [
        ("memory", Durability::Memory, "Nothing survives the end of the process; the data folder isn't touched"),
        ("process", Durability::Process, "What was acknowledged survives kill -9"),
        ("power", Durability::Power, "What was acknowledged survives a power cut"),
    ];
    let names = VALUES.map(|(name, _, help)| PossibleValue::new(name).help(help));
    PossibleValuesParser::new(names).try_map(|given| {
        let value = VALUES.into_iter().find(|(name, ..)| *name == given);
        value.map(|(_, durability, _)| durability).ok_or("memory, process or power is needed")
    })
}

/// How much is remembered: a number of messages, a size of memory, or both with a comma. What isn't said is as by default.
pub(crate) fn history(text: &str) -> Result<History, String> {
    const UNITS: [(&str, u64); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    const WRONG: &str = "a number of messages (100000), a size (64MiB), or both with a comma are needed; 0 is nothing";
    let mut history = History::default();
    for part in text.split(',').map(str::trim) {
        let sized = UNITS.iter().find_map(|(unit, bytes)| Some((part.strip_suffix(unit)?, *bytes)));
        let number = |digits: &str| digits.trim().parse::<u64>().map_err(|_| WRONG.to_owned());
        match sized {
            Some((digits, unit)) => match number(digits)?.saturating_mul(unit) {
                bytes @ LEAST_HISTORY..=MOST_HISTORY => history.bytes = bytes,
                _ => return Err("a history takes from 1MiB to 64GiB of memory".into()),
            },
            None => match number(part)? {
                messages @ 0..=MOST_REMEMBERED => history.messages = messages as usize,
                _ => return Err(format!("{MOST_REMEMBERED} messages are the most that are remembered")),
            },
        }
    }
    Ok(history)
}

/// Bytes of a history, and messages that are remembered.
const LEAST_HISTORY: u64 = 1 << 20;
const MOST_HISTORY: u64 = 64 << 30;
const MOST_REMEMBERED: u64 = 100_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries() {
        assert_eq!(retry("none"), Ok(Retry(None)));
        let backoff = retry("exponential:500ms..5m").unwrap().0.unwrap();
        assert_eq!((backoff.first.as_millis(), backoff.most.as_secs(), backoff.factor), (500, 300, 2.0));
        for (text, told) in [
            ("", "exponential:1s..5m"),
            ("exponential", "exponential:1s..5m"),
            ("exponential:1s", "exponential:1s..5m"),
            ("exponential:1s..soon", "exponential:1s..5m"),
            ("exponential:0s..5m", "longer than nothing"),
            ("exponential:6m..5m", "longer than the last"),
            ("exponential:1s..13h", "twelve hours"),
        ] {
            assert!(retry(text).unwrap_err().contains(told), "{text}");
        }
    }

    #[test]
    fn durations() {
        for (text, ms) in [("20ms", 20), ("5s", 5_000), ("10m", 600_000), ("1h30m", 5_400_000), ("0s", 0)] {
            assert_eq!(duration(text).unwrap().as_millis(), ms, "{text}");
        }
        for text in ["5", "", "-5s", "fast", "5 parsecs"] {
            assert!(duration(text).is_err(), "{text}");
        }
        // Of 20 nobody knows whether milliseconds are meant.
        assert_eq!(duration("20"), Err("20 of which unit? 20ms or 20s".into()));
        assert!(interval("0s").is_err() && interval("0").is_err());
        for (text, ms) in [("5", 5_000), ("0.5", 500), ("500ms", 500), ("10m", 600_000)] {
            assert_eq!(interval(text).unwrap().as_millis(), ms, "{text}");
        }
        for text in ["", "-5", "1e3", ".5", "5.5.5", "1_000", "99999999999999999999999"] {
            assert!(interval(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_visibility_timeout_is_one_of_sqs() {
        for (text, s) in [("2s", 2), ("0", 0), ("30", 30), ("12h", 43_200)] {
            assert_eq!(visibility(text).unwrap().as_secs(), s, "{text}");
        }
        for text in ["1.5s", "500ms", "43201", "-1s", "x"] {
            assert!(visibility(text).is_err(), "{text}");
        }
    }

    #[test]
    fn counts() {
        for (text, n) in [("1", 1), ("500", 500), ("1k", 1_000), ("2M", 2_000_000), ("3m", 3_000_000), ("007", 7)] {
            assert_eq!(count(text), Ok(n), "{text}");
        }
        // It said: 0 is not in 1..18446744073709551615, and of 1k: invalid digit found in string.
        assert_eq!(count("0").unwrap_err(), "it must be at least 1");
        for text in ["", "k", "-1", "1.5k", "1kk", "x", "+1", "99999999999999999999", "9223372036854775808"] {
            assert!(count(text).is_err(), "{text}");
        }
    }

    /// It said: 11 is not in 1..=10.
    #[test]
    fn a_range_is_told_in_words() {
        assert_eq!(within::<u32>(1, 1024)("1024"), Ok(1024));
        for text in ["0", "1025", "-1", "+5", "x", "", "1k"] {
            assert_eq!(within::<u32>(1, 1024)(text).unwrap_err(), "a whole number from 1 to 1,024 is needed", "{text}");
        }
        assert_eq!(within::<u64>(0, u64::MAX)("abc").unwrap_err(), "a whole number of at least 0 is needed");
    }

    #[test]
    fn clocks() {
        assert_eq!(clock("wall"), Ok(ClockMode::Wall));
        assert_eq!(clock("x600"), Ok(ClockMode::Fast { factor: 600, from: None }));
        let from = Some(1_774_742_400_000);
        assert_eq!(clock("frozen@2026-03-29T02:00:00+02:00"), Ok(ClockMode::Frozen { from }));
        assert_eq!(clock("x1@2026-03-29T00:00:00Z"), Ok(ClockMode::Fast { factor: 1, from }));
        for (text, told) in [
            ("", "is needed"),
            ("600", "is needed"),
            ("x0", "is needed"),
            ("x1.5", "is needed"),
            ("x1000001", "x1 to x1000000"),
            ("frozen@", "no moment"),
            ("frozen@tomorrow", "no moment"),
            // It said that this was no moment like 2026-03-29T00:00:00Z.
            ("frozen@1960-01-01T00:00:00Z", "from 1970-01-01T00:00:00Z to 9000-01-01T00:00:00Z"),
            ("frozen@9000-01-01T00:00:01Z", "from 1970-01-01T00:00:00Z to 9000-01-01T00:00:00Z"),
            ("wall@2026-03-29T00:00:00Z", "no other time"),
        ] {
            assert!(clock(text).unwrap_err().contains(told), "{text}");
        }
    }

    #[test]
    fn rates() {
        for (text, per_second) in [("200/s", 200.0), ("200", 200.0), ("30/m", 0.5), ("0.5/s", 0.5), ("1k/s", 1000.0)] {
            assert_eq!(rate(text).unwrap(), Load::rate(per_second), "{text}");
        }
        assert_eq!(rate("max").unwrap(), Load::max());
        for text in ["0", "0/s", "-1/s", "NaN", "inf", "5/d", "", "/s", "1e300", "2G"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shares_and_pairs() {
        assert_eq!(share("1%").unwrap(), 0.01);
        assert_eq!(share("0.25").unwrap(), 0.25);
        for text in ["1.5", "-1", "101%", "x", "NaN"] {
            assert!(share(text).is_err(), "{text}");
        }
        assert_eq!(key_value("A=b=c").unwrap(), ("A".into(), "b=c".into()));
        assert!(key_value("=b").is_err() && key_value("a").is_err());
    }

    #[test]
    fn a_durability_has_the_name_that_the_log_gives_it() {
        use std::ffi::OsStr;
        let command = clap::Command::new("c");
        for value in [Durability::Memory, Durability::Process, Durability::Power] {
            let name = value.to_string();
            assert_eq!(durability().parse_ref(&command, None, OsStr::new(&name)).unwrap(), value);
        }
        assert!(durability().parse_ref(&command, None, OsStr::new("none")).is_err());
    }

    #[test]
    fn histories_are_messages_and_bytes() {
        let (of, usual) = (|text: &str| history(text).map(|it| (it.messages, it.bytes)), History::default());
        assert_eq!(of("0"), Ok((0, usual.bytes)));
        assert_eq!(of("64MiB"), Ok((usual.messages, 64 << 20)));
        assert_eq!(of("5, 1GiB"), Ok((5, 1 << 30)));
        for wrong in ["", "many", "-1", "1KiB", "99999999999999999999GiB", "1000000000"] {
            assert!(history(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn hosts_have_no_port_and_no_scheme() {
        for fine in ["build-host", "cloud", "a.b_c"] {
            assert_eq!(host(fine).as_deref(), Ok(fine));
        }
        for wrong in ["", "build-host:4566", "http://build-host", "a b", "*"] {
            assert!(host(wrong).is_err(), "{wrong}");
        }
    }
}
