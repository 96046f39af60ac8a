//! Values on the command line: durations, rates, shares, `K=V`.

use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use jiff::SignedDuration;

use crate::embedded::Durability;
use crate::traffic::pace::Pace;

/// `20ms`, `5s`, `10m`, `1h30m`; zero is allowed.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a duration like 20ms, 5s, 10m or 1h30m is needed".to_owned();
    let signed: SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(signed).map_err(|_| wrong())
}

/// A duration that isn't zero.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it must be longer than nothing; for full speed say --rate max".into()),
        interval => Ok(interval),
    }
}

/// `200/s`, `30/m`, `5/h`, `200` (a second), `max`.
pub(super) fn rate(text: &str) -> Result<Pace, String> {
    let wrong = || "a rate like 200/s, 30/m or 5/h is needed, or max".to_owned();
    if text.eq_ignore_ascii_case("max") {
        return Ok(Pace::Max);
    }
    let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
    let number: f64 = number.trim().parse().map_err(|_| wrong())?;
    let seconds = match unit.trim() {
        "s" | "sec" | "second" => 1.0,
        "m" | "min" | "minute" => 60.0,
        "h" | "hour" => 3600.0,
        _ => return Err(wrong()),
    };
    let rate = number / seconds;
    // Between once in about three years and a billion a second: beyond, arithmetic ends, not ambition.
    if rate.is_finite() && (1e-8..=1e9).contains(&rate) { Ok(Pace::Rate(rate)) } else { Err(wrong()) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, ms) in [("20ms", 20), ("5s", 5_000), ("10m", 600_000), ("1h30m", 5_400_000), ("0s", 0)] {
            assert_eq!(duration(text).unwrap().as_millis(), ms, "{text}");
        }
        for text in ["5", "", "-5s", "fast", "5 parsecs"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(interval("0s").is_err());
    }

    #[test]
    fn rates() {
        for (text, pace) in [
            ("200/s", Pace::Rate(200.0)),
            ("200", Pace::Rate(200.0)),
            ("30/m", Pace::Rate(0.5)),
            ("0.5/s", Pace::Rate(0.5)),
            ("max", Pace::Max),
        ] {
            assert_eq!(rate(text).unwrap(), pace, "{text}");
        }
        for text in ["0", "0/s", "-1/s", "NaN", "inf", "5/d", "", "/s", "1e300"] {
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
    fn hosts_have_no_port_and_no_scheme() {
        for fine in ["build-host", "cloud", "a.b_c"] {
            assert_eq!(host(fine).as_deref(), Ok(fine));
        }
        for wrong in ["", "build-host:4566", "http://build-host", "a b", "*"] {
            assert!(host(wrong).is_err(), "{wrong}");
        }
    }
}
