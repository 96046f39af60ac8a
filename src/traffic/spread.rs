//! A number that is drawn: each of a range as often, or around a median. What it counts, bytes or microseconds, its reader says.

use std::f64::consts::TAU;

use rand::RngExt;

use crate::event::dice::Dice;

/// How a number is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Spread {
    /// Each from the one to the other as often.
    Uniform { least: u64, most: u64 },
    /// Half of them are below the median, and two thirds within its `factor`th part and `factor` times it.
    Lognormal { median: u64, factor: f64 },
}

impl Spread {
    /// Reads `N`, `N..M` or `lognormal(N,F)`, each N by `number`; of another text it says which `form` is needed.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub(crate) fn parse(text: &str, form: &str, number: impl Fn(&str) -> Result<u64, String>) -> Result<Self, String> {
        let text = text.trim();
        if let Some(arguments) = text.strip_prefix("lognormal(") {
            let (median, factor) = arguments.strip_suffix(')').and_then(|it| it.split_once(',')).ok_or(form)?;
            let factor = factor.trim().parse::<f64>().ok().filter(|factor| (1.0..=100.0).contains(factor));
            let factor = factor.ok_or("the factor, behind the comma of lognormal(..), is a number from 1 to 100")?;
            return Ok(Self::Lognormal { median: number(median.trim())?, factor });
        }
        let (least, most) = text.split_once("..").unwrap_or((text, text));
        let (least, most) = (number(least.trim())?, number(most.trim())?);
        if least > most { Err("the least is more than the most".into()) } else { Ok(Self::Uniform { least, most }) }
    }

    /// The next one.
    pub(crate) fn draw(self, dice: &mut Dice) -> u64 {
        match self {
            Self::Uniform { least, most } if least == most => least,
            Self::Uniform { least, most } => dice.random_range(least..=most),
            Self::Lognormal { median, factor } => {
                // Two uniform numbers make a normal one (Box and Muller); the first isn't zero.
                let (one, two) = (1.0 - dice.random::<f64>(), dice.random::<f64>());
                let normal = (-2.0 * one.ln()).sqrt() * (TAU * two).cos();
                (median as f64 * (normal * factor.ln()).exp()).round() as u64
            }
        }
    }

    /// What hardly any exceeds: of a lognormal one in forty does.
    pub(crate) fn usually_at_most(self) -> u64 {
        match self {
            Self::Uniform { most, .. } => most,
            Self::Lognormal { median, factor } => (median as f64 * factor * factor) as u64,
        }
    }
}
