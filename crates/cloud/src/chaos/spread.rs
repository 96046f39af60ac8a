//! How long something takes: a fixed time, or one by chance. Written `20ms`, `uniform(10ms,50ms)` or `lognormal(20ms,2)`.

use std::f64::consts::TAU;

use super::dice::{Dice, SPREAD};
use engine::Millis;

/// A time, or a distribution of times, in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spread {
    shape: Shape,
    /// No time is longer.
    most: f64,
}

#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Fixed(f64),
    Uniform(f64, f64),
    /// Half of the times are shorter than the median; two thirds lie between the median divided by the factor and the median
    /// times the factor.
    Lognormal {
        median: f64,
        factor: f64,
    },
}

/// The largest factor of a lognormal distribution.
const MAX_FACTOR: f64 = 100.0;

impl Spread {
    /// A fixed time of so many milliseconds.
    pub(super) fn fixed(millis: f64, most: Millis) -> Result<Self, String> {
        Ok(Self { shape: Shape::Fixed(within(millis, most)?), most: most as f64 })
    }

    /// Reads a time or a distribution.
    pub(super) fn parse(text: &str, most: Millis) -> Result<Self, String> {
        let unknown =
            || format!("{text:?} is no time: 20ms, 1.5s, 2m, 1h, uniform(10ms,50ms) and lognormal(20ms,2) are some");
        let text = text.trim();
        let shape = match text.split_once('(') {
            None => Shape::Fixed(within(time(text).ok_or_else(unknown)?, most)?),
            Some((name, rest)) => {
                let (first, second) =
                    rest.strip_suffix(')').and_then(|rest| rest.split_once(',')).ok_or_else(unknown)?;
                let first = within(time(first).ok_or_else(unknown)?, most)?;
                match name.trim() {
                    "uniform" => {
                        let second = within(time(second).ok_or_else(unknown)?, most)?;
                        if second < first {
                            return Err(format!("{text:?} ends before it begins"));
                        }
                        Shape::Uniform(first, second)
                    }
                    "lognormal" => {
                        let factor: f64 = second.trim().parse().map_err(|_| unknown())?;
                        if !(1.0..=MAX_FACTOR).contains(&factor) {
                            return Err(format!("the factor of {text:?} must be from 1 to {MAX_FACTOR}"));
                        }
                        Shape::Lognormal { median: first, factor }
                    }
                    _ => return Err(unknown()),
                }
            }
        };
        Ok(Self { shape, most: most as f64 })
    }

    /// No time is longer, or, where chance may make it so, hardly one in ten thousand.
    pub(super) fn usually_at_most(&self) -> Millis {
        let millis = match self.shape {
            Shape::Fixed(millis) | Shape::Uniform(_, millis) => millis,
            // Four standard deviations.
            Shape::Lognormal { median, factor } => median * factor.powi(4),
        };
        millis.min(self.most).round() as Millis
    }

    /// One of the times.
    pub(super) fn sample(&self, dice: Dice) -> Millis {
        let [one, two] = SPREAD.map(|throw| dice.unit(throw));
        let millis = match self.shape {
            Shape::Fixed(millis) => millis,
            Shape::Uniform(from, to) => from + (to - from) * one,
            Shape::Lognormal { median, factor } => {
                // A normal number of two uniform ones (Box and Muller); the logarithm of 0 is avoided.
                let normal = (-2.0 * (1.0 - one).ln()).sqrt() * (TAU * two).cos();
                median * (factor.ln() * normal).exp()
            }
        };
        millis.min(self.most).round() as Millis
    }
}

fn within(millis: f64, most: Millis) -> Result<f64, String> {
    match millis > 0.0 && millis <= most as f64 {
        true => Ok(millis),
        false => Err(format!("it must be more than 0 and at most {} s", most / 1_000)),
    }
}

/// A time with its unit, in milliseconds.
fn time(text: &str) -> Option<f64> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let factor = match unit {
        "ms" => 1.0,
        "s" => 1_000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        _ => return None,
    };
    let number: f64 = number.trim().parse().ok()?;
    Some(number * factor)
}
