//! Names that are drawn by their weights: tenants, message groups.

use std::sync::Arc;

use super::weighted::{Weighted, weight};
use crate::event::dice::Dice;

/// No more names than this.
const MAX_NAMES: usize = 100_000;
/// A message group's name is no longer (API reference of SNS, Publish, MessageGroupId).
const MAX_LENGTH: usize = 128;

/// Names with weights.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Names(Weighted<Arc<str>>);

impl Names {
    /// Reads `a=1,b=1,noisy=8`, or `100`, perhaps with `zipf(1.1)`, which are named `prefix` and a number.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub(crate) fn parse(text: &str, prefix: &str) -> Result<Arc<Self>, String> {
        let (mut counted, mut exponent, mut named) = (None, None, Vec::<(Arc<str>, f64)>::new());
        for part in text.split(',').map(str::trim) {
            let wrong = || format!("{part:?}: how many, or names with weights, like 10,noisy=40 or 100,zipf(1.1)");
            if let Some(of) = part.strip_prefix("zipf(").and_then(|of| of.strip_suffix(')')) {
                let of = of.trim().parse::<f64>().ok().filter(|of| (0.0..=10.0).contains(of));
                exponent =
                    Some(of.ok_or_else(|| format!("{part:?}: a number from 0 to 10 is needed, like zipf(1.1)"))?);
            } else if let Some((name, share)) = part.split_once('=') {
                let name = name.trim();
                let weight =
                    weight(share).ok_or_else(|| format!("{part:?}: a weight of more than nothing is needed"))?;
                if name.is_empty() || name.len() > MAX_LENGTH || !name.chars().all(|c| c.is_ascii_graphic()) {
                    return Err(format!("{part:?}: a name of letters, digits and punctuation is needed"));
                }
                if named.iter().any(|(known, _)| **known == *name) {
                    return Err(format!("{name} has two weights"));
                }
                named.push((name.into(), weight));
            } else {
                let n = part.parse::<usize>().ok().filter(|n| *n > 0 && counted.is_none()).ok_or_else(wrong)?;
                if n > MAX_NAMES {
                    return Err(format!("{part:?}: at most 100,000"));
                }
                counted = Some(n);
            }
        }
        if exponent.is_some() && counted.is_none() {
            return Err("zipf is for a number of them, like 100,zipf(1.1)".into());
        }
        let falling = |n: usize| 1.0 / (n as f64).powf(exponent.unwrap_or(0.0));
        let counted = (1..=counted.unwrap_or(0)).map(|n| (format!("{prefix}-{n}").into(), falling(n)));
        let names = Weighted::new(counted.chain(named)).ok_or("a name is needed")?;
        Ok(Arc::new(Self(names)))
    }

    /// The next name.
    pub(super) fn draw(&self, dice: &mut Dice) -> Arc<str> {
        self.0.draw(dice).clone()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::event::dice::dice;

    fn drawn(text: &str) -> BTreeMap<Arc<str>, u32> {
        let (names, mut dice) = (Names::parse(text, "t").unwrap(), dice("t", 1, 0));
        let mut drawn = BTreeMap::new();
        for _ in 0..10_000 {
            *drawn.entry(names.draw(&mut dice)).or_default() += 1;
        }
        drawn
    }

    #[test]
    fn names_are_drawn_by_their_weights() {
        let all = drawn("a=1,b=1,noisy=8");
        assert!(all["noisy"].abs_diff(8_000) < 200 && all["a"].abs_diff(1_000) < 150, "{all:?}");
        let all = drawn("10, noisy=10");
        assert!(all.len() == 11 && all["noisy"].abs_diff(5_000) < 200 && all["t-10"].abs_diff(500) < 100, "{all:?}");
        let all = drawn("100,zipf(1)");
        assert!(all["t-1"] > 15 * all["t-20"] && all["t-1"].abs_diff(1_928) < 200, "{all:?}");
        assert_eq!(drawn("7"), drawn("7"));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, why) in [
            ("", "\"\": how many"),
            ("0", "\"0\": how many"),
            ("3,4", "\"4\": how many"),
            ("many", "\"many\": how many"),
            ("100001", "\"100001\": at most 100,000"),
            ("a=0", "\"a=0\": a weight"),
            ("a=NaN", "\"a=NaN\": a weight"),
            ("=1", "\"=1\": a name"),
            ("a b=1", "\"a b=1\": a name"),
            ("a=1,a=2", "a has two weights"),
            ("a=1,zipf(1)", "zipf is for"),
            ("10,zipf(x)", "\"zipf(x)\": a number"),
        ] {
            let error = Names::parse(text, "t").unwrap_err();
            assert!(error.starts_with(why), "{text}: {error}");
        }
        assert!(Names::parse(&format!("{}=1", "x".repeat(129)), "t").is_err());
    }
}
