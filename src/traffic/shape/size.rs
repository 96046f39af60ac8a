//! How large events are.

use crate::event::dice::Dice;
use crate::event::own::MAX_MESSAGE;
use crate::traffic::spread::Spread;

/// No body is larger.
const MOST: u64 = MAX_MESSAGE as u64;
/// What a text should look like.
const FORM: &str = "a size like 4KiB, a range like 500B..64KiB, or lognormal(2KiB,2) is needed";

/// How many bytes the body of an event's message has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Size(Spread);

impl Size {
    /// Reads `4KiB`, `500B..64KiB` or `lognormal(2KiB,2)`.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Spread::parse(text, FORM, bytes).map(Self)
    }

    /// The size of the next event.
    pub(super) fn draw(self, dice: &mut Dice) -> u64 {
        self.0.draw(dice).clamp(1, MOST)
    }
}

/// Bytes with a unit; those of a message.
fn bytes(text: &str) -> Result<u64, String> {
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
            ("4KiB", Spread::Uniform { least: 4_096, most: 4_096 }),
            ("500", Spread::Uniform { least: 500, most: 500 }),
            ("500B .. 64 KiB", Spread::Uniform { least: 500, most: 65_536 }),
            ("lognormal(2kB, 1.5)", Spread::Lognormal { median: 2_000, factor: 1.5 }),
        ] {
            assert_eq!(Size::parse(text), Ok(Size(size)));
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
