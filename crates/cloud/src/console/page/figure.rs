//! Figures as people read them. The script writes them the same way: what one of both changes, the other changes too.

use super::html::grouped;

/// A count: whole below a hundred thousand, then `123k`, `1.2M`.
pub(super) fn count(n: u64) -> String {
    match n {
        0..100_000 => grouped(n),
        100_000..1_000_000 => format!("{}k", short(n as f64 / 1e3)),
        1_000_000..1_000_000_000 => format!("{}M", short(n as f64 / 1e6)),
        _ => format!("{}G", short(n as f64 / 1e9)),
    }
}

/// So many a second.
pub(super) fn rate(n: f64) -> String {
    if n < 9.95 {
        return format!("{}/s", (n * 10.0).round() / 10.0);
    }
    format!("{}/s", count(n.round() as u64))
}

/// How long, in the largest unit of which there are two; of a second one will do.
pub(super) fn time(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{} s", ms / 1_000),
        120_000..7_200_000 => format!("{} min", ms / 60_000),
        7_200_000..172_800_000 => format!("{} h", ms / 3_600_000),
        _ => format!("{} d", ms / 86_400_000),
    }
}

/// How many bytes.
pub(super) fn bytes(n: u64) -> String {
    match n {
        0..1_024 => format!("{n} B"),
        1_024..1_048_576 => format!("{} KiB", short(n as f64 / 1_024.0)),
        1_048_576..1_073_741_824 => format!("{} MiB", short(n as f64 / 1_048_576.0)),
        _ => format!("{} GiB", short(n as f64 / 1_073_741_824.0)),
    }
}

/// A share.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// What isn't known is a dash.
pub(super) fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}

/// At most one digit behind the point, and none behind three before it.
fn short(n: f64) -> String {
    if n >= 100.0 { format!("{}", n.floor()) } else { format!("{}", (n * 10.0).floor() / 10.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        assert_eq!([0, 99_999, 123_456, 1_234_567, 5_000_000_000].map(count), ["0", "99,999", "123k", "1.2M", "5G"]);
        assert_eq!([0.0, 0.04, 1.55, 9.96, 12_345.6].map(rate), ["0/s", "0/s", "1.6/s", "10/s", "12,346/s"]);
        assert_eq!(
            [0, 999, 119_999, 120_000, 7_200_000, 172_800_000].map(time),
            ["0 ms", "999 ms", "119 s", "2 min", "2 h", "2 d"]
        );
        assert_eq!([1, 1_536, 5 << 20].map(bytes), ["1 B", "1.5 KiB", "5 MiB"]);
        assert_eq!(percent(0.256), "26 %");
    }
}
