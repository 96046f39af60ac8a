//! Sizes as people write them.

use std::fmt;
use std::str::FromStr;

/// A number of bytes, as `5GB`, `64MiB` or `1000000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(super) struct Size(pub u64);

/// What a size is written like.
pub(super) const NEEDED: &str = "a size like 5GB, 64MiB or 1000000";

const UNITS: [(&str, u64); 9] = [
    ("KIB", 1 << 10),
    ("MIB", 1 << 20),
    ("GIB", 1 << 30),
    ("TIB", 1 << 40),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("B", 1),
];

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let upper = text.trim().to_ascii_uppercase();
        let unit = UNITS.into_iter().find_map(|(name, unit)| Some((upper.strip_suffix(name)?, unit)));
        let (number, unit) = unit.unwrap_or((&upper, 1));
        let number = number.trim().parse::<u64>().ok();
        let bytes = number.and_then(|number| number.checked_mul(unit));
        bytes.map(Self).ok_or_else(|| format!("{NEEDED} is needed"))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
        match units.into_iter().find(|(_, unit)| self.0 as f64 >= *unit) {
            Some((name, unit)) => write!(f, "{:.1} {name}", self.0 as f64 / unit),
            None => write!(f, "{} B", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown() {
        for (text, bytes) in [("5GB", 5_000_000_000), ("64 mib", 64 << 20), ("7", 7), ("0B", 0), ("2kb", 2_000)] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for wrong in ["", "GB", "-1", "1.5GB", "99999999999TB", "5 XB"] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
        assert_eq!(Size(5_123_000_000).to_string(), "5.1 GB");
        assert_eq!(Size(12).to_string(), "12 B");
    }
}
