//! The limits of a comparison, as the command line says them.

use crate::report::compare::Allowed;
use crate::units;

/// `+10%`, or a duration like `250ms`.
pub(super) fn allowed(text: &str) -> Result<Allowed, String> {
    if text.ends_with('%') {
        return percent(text).map(Allowed::Percent);
    }
    units::parse_duration(text)
        .map(Allowed::At)
        .map_err(|_| "a share like +10% or a duration like 250ms is needed".into())
}

/// `10%`, or `+10%`.
pub(super) fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').map(|number| number.strip_prefix('+').unwrap_or(number));
    let number = number.filter(|number| number.starts_with(|c: char| c.is_ascii_digit())).and_then(|n| n.parse().ok());
    number.filter(|n: &f64| (0.0..=1e6).contains(n)).ok_or_else(|| "a share like 5% or +10% is needed".into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_limit_is_a_share_or_a_duration() {
        assert_eq!(allowed("+10%"), Ok(Allowed::Percent(10.0)));
        assert_eq!(allowed("0.5%"), Ok(Allowed::Percent(0.5)));
        assert_eq!(allowed("250ms"), Ok(Allowed::At(Duration::from_millis(250))));
        for wrong in ["", "%", "+%", "++1%", "-5%", "nan%", "inf%", "1e9%", "10", "x", "10 %"] {
            assert!(allowed(wrong).is_err(), "{wrong}");
        }
        assert_eq!((percent("5%"), percent("5").is_err()), (Ok(5.0), true));
    }
}
