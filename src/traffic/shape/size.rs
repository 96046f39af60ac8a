//! How large events are.

use std::f64::consts::TAU;

use rand::RngExt;

use crate::event::dice::Dice;
use crate::event::own::MAX_MESSAGE;

/// No body is larger.
const MOST: u64 = MAX_MESSAGE as u64;
/// What a text should look like.
const FORM: &str = "a size like 4KiB, a range like 500B..64KiB, or lognormal(2KiB,2) is needed";

/// How many bytes the body of an event's message has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Size {
    /// Each size from the one to the other as often.
    Uniform { least: u64, most: u64 },
    /// Half of them are below the median, and two thirds within its `factor`th part and `factor` times it.
    Lognormal { median: u64, factor: f64 },
}

impl Size {
    /// Reads `4KiB`, `500B..64KiB` or `lognormal(2KiB,2)`.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(arguments) = text.strip_prefix("lognormal(") {
            let (median, factor) = arguments.strip_suffix(')').and_then(|it| it.split_once(',')).ok_or(FORM)?;
            let factor = factor.trim().parse::<f64>().ok().filter(|factor| (1.0..=100.0).contains(factor));
            let factor = factor.ok_or("the factor of lognormal(2KiB,2) is a number from 1 to 100")?;
            return Ok(Self::Lognormal { median: bytes(median)?, factor });
        }
        let (least, most) = text.split_once("..").unwrap_or((text, text));
        let (least, most) = (bytes(least)?, bytes(most)?);
        if least > most { Err("the least is more than the most".into()) } else { Ok(Self::Uniform { least, most }) }
    }

    /// The size of the next event.
    pub(super) fn draw(self, dice: &mut Dice) -> u64 {
        match self {
            Self::Uniform { least, most } => dice.random_range(least..=most),
            Self::Lognormal { median, factor } => {
                // Two uniform numbers make a normal one (Box and Muller); the first isn't zero.
                let (one, two) = (1.0 - dice.random::<f64>(), dice.random::<f64>());
                let normal = (-2.0 * one.ln()).sqrt() * (TAU * two).cos();
                let size = median as f64 * (normal * factor.ln()).exp();
                (size.round() as u64).clamp(1, MOST)
            }
        }
    }
}

/// Bytes with a unit; those of a message.
fn bytes(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let unit = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "kB" | "KB" => 1_000,
        "MiB" => 1 << 20,
        _ => return Err(FORM.into()),
    };
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or(FORM)? {
        0 => Err("an event isn't of no size".into()),
        size if size > MOST => Err("SNS takes 256 KiB at most".into()),
        size => Ok(size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::dice::dice;

    #[test]
    fn sizes_are_read_and_what_is_wrong_is_told() {
        for (text, size) in [
            ("4KiB", Size::Uniform { least: 4_096, most: 4_096 }),
            ("500", Size::Uniform { least: 500, most: 500 }),
            ("500B .. 64 KiB", Size::Uniform { least: 500, most: 65_536 }),
            ("lognormal(2kB, 1.5)", Size::Lognormal { median: 2_000, factor: 1.5 }),
        ] {
            assert_eq!(Size::parse(text), Ok(size));
        }
        for (text, why) in [
            ("", "a size like"),
            ("4 parsecs", "a size like"),
            ("-1B", "a size like"),
            ("99999999999999999999999B", "a size like"),
            ("lognormal(2KiB)", "a size like"),
            ("lognormal(2KiB,x)", "the factor"),
            ("lognormal(2KiB,NaN)", "the factor"),
            ("lognormal(2KiB,0.5)", "the factor"),
            ("0B", "an event isn't"),
            ("257KiB", "SNS takes 256 KiB"),
            ("1B..1MiB", "SNS takes 256 KiB"),
            ("2KiB..1KiB", "the least is more"),
        ] {
            let error = Size::parse(text).unwrap_err();
            assert!(error.starts_with(why), "{text}: {error}");
        }
    }

    #[test]
    fn sizes_are_drawn_as_they_are_asked_for() {
        let drawn = |text, seed| {
            let mut dice = dice("t", seed, 0);
            let size = Size::parse(text).unwrap();
            (0..10_000).map(|_| size.draw(&mut dice)).collect::<Vec<_>>()
        };
        assert_eq!(drawn("100B..200B", 1), drawn("100B..200B", 1));
        let all = drawn("100B..200B", 1);
        assert!(all.iter().all(|size| (100..=200).contains(size)) && all.contains(&100) && all.contains(&200));
        let all = drawn("lognormal(2KiB,2)", 1);
        let within = |least, most| all.iter().filter(|size| (least..=most).contains(*size)).count();
        assert!((4_800..5_200).contains(&within(0, 2_048)), "the median: {}", within(0, 2_048));
        assert!((6_600..7_000).contains(&within(1_024, 4_096)), "two thirds: {}", within(1_024, 4_096));
    }
}
