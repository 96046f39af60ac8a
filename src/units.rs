//! Numbers as people read and write them: counts, durations, bytes.

use std::time::Duration;

use jiff::SignedDuration;

/// A count with thousands separated: `1,234,567`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A duration for people: `850 µs`, `1.4 ms`, `2.31 s`, `4m 05s`.
pub(crate) fn duration(d: Duration) -> String {
    let us = d.as_micros();
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..10_000 => format!("{:.1} ms", us as f64 / 1e3),
        10_000..1_000_000 => format!("{} ms", us / 1_000),
        1_000_000..60_000_000 => format!("{:.2} s", us as f64 / 1e6),
        60_000_000..3_600_000_000 => format!("{}m {:02}s", us / 60_000_000, us / 1_000_000 % 60),
        _ => format!("{}h {:02}m", us / 3_600_000_000, us / 60_000_000 % 60),
    }
}

/// Reads `20ms`, `5s`, `10m`, `1h30m`; zero is allowed. A number alone could be of any unit.
///
/// # Errors
/// What would be right.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    if is_number(text) {
        return Err(format!("{text} of which unit? {text}ms or {text}s"));
    }
    let wrong = || "a duration like 20ms, 5s, 10m or 1h30m is needed".to_owned();
    let signed: SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(signed).map_err(|_| wrong())
}

/// The same for what is counted in seconds: a number alone is that.
///
/// # Errors
/// What would be right.
pub(crate) fn parse_seconds(text: &str) -> Result<Duration, String> {
    if is_number(text) { parse_duration(&format!("{text}s")) } else { parse_duration(text) }
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// How old something is, to the second, in eight characters at most: `0 s`, `59 s`, `2m 05s`, `99h 59m`, `4 d`.
pub(crate) fn age(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..360_000 => duration(Duration::from_secs(seconds)),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// A rate for people, in the unit in which it is at least one: `1,234/s`, `8.3/s`, `3.3/m`, `0.5/h`.
pub(crate) fn rate(per_second: f64) -> String {
    let units = [(1.0, "s"), (60.0, "m"), (3600.0, "h")];
    let (factor, unit) = units.into_iter().find(|(factor, _)| per_second * factor >= 0.95).unwrap_or(units[2]);
    match per_second * factor {
        // What has arrived is counted: a run without anything has no unit.
        0.0 => "0/s".into(),
        n if n >= 10.0 => format!("{}/{unit}", count(n.round() as u64)),
        n if n >= 0.1 => format!("{n:.1}/{unit}"),
        n => format!("{n:.2e}/{unit}"),
    }
}

/// Bytes for people: `512 B`, `1.4 KiB`, `2.0 MiB`.
pub(crate) fn bytes(n: u64) -> String {
    match n {
        0..1024 => format!("{n} B"),
        1024..1_048_576 => format!("{:.1} KiB", n as f64 / 1024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", n as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", n as f64 / 1_073_741_824.0),
    }
}

/// `1 event`, `2 events`.
pub(crate) fn plural(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(count(n), text);
        }
        for (us, text) in [
            (0, "0 µs"),
            (850, "850 µs"),
            (1_400, "1.4 ms"),
            (15_900, "15 ms"),
            (2_310_000, "2.31 s"),
            (245_000_000, "4m 05s"),
            (7_380_000_000, "2h 03m"),
        ] {
            assert_eq!(duration(Duration::from_micros(us)), text);
        }
        for (seconds, text) in [(0, "0 s"), (59, "59 s"), (125, "2m 05s"), (359_999, "99h 59m"), (360_000, "4 d")] {
            assert_eq!(age(Duration::from_secs(seconds)), text);
        }
        assert_eq!(bytes(1434), "1.4 KiB");
        for (per_second, text) in [
            (1234.4, "1,234/s"),
            (8.33, "8.3/s"),
            (1.0, "1.0/s"),
            (200.0 / 3600.0, "3.3/m"),
            (1.0 / 3600.0, "1.0/h"),
            (0.0, "0/s"),
        ] {
            assert_eq!(rate(per_second), text);
        }
    }
}
