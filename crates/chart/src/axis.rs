//! Axes: from which value to which, where a value lies between them, and which of them are labelled.

use crate::text::{count, latency, share, time};
use crate::{X, Y};

/// One axis.
#[derive(Debug)]
pub(crate) struct Axis {
    from: f64,
    to: f64,
    scale: Scale,
    /// Labelled values, the least first.
    pub(crate) ticks: Vec<(f64, String)>,
}

/// How far apart values are.
#[derive(Debug, Clone, Copy)]
enum Scale {
    Linear,
    Logarithmic,
    /// The logarithm of `1 / (1 - q)`.
    Quantile,
}

impl Scale {
    fn of(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Logarithmic => value.max(f64::MIN_POSITIVE).log10(),
            Self::Quantile => -(1.0 - value).max(1e-12).log10(),
        }
    }
}

/// How many labels an axis has, about.
const LABELS: f64 = 5.0;
/// More orders of magnitude than this between the least and the greatest make an axis logarithmic.
const WIDE: f64 = 100.0;
/// What is larger lies at the edge: no label would tell it.
const LARGEST: f64 = 1e12;
/// Steps of time that people count in, in seconds.
const TIMES: [f64; 22] = [
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0,
    3_600.0, 7_200.0, 21_600.0, 43_200.0,
];

impl Axis {
    /// The lower axis for such values.
    pub(crate) fn lower(x: X, values: impl Iterator<Item = f64>) -> Self {
        let most = greatest(values);
        match x {
            X::Time => {
                let most = if most > 0.0 { most } else { 1.0 };
                let wanted = most / LABELS;
                let days = (wanted / 86_400.0).ceil() * 86_400.0;
                let step = TIMES.into_iter().find(|step| *step >= wanted).unwrap_or(days);
                Self::linear(most, step, time)
            }
            X::Ago => Self::ago(if most > 0.0 { most } else { 1.0 }),
            X::PerSecond => {
                let most = if most > 0.0 { most } else { 1.0 };
                Self::linear(most, step(most), count)
            }
            X::Quantile => {
                let most = most.clamp(0.9, 1.0 - 1e-9);
                let nines = (1..=9).map(|nines| 1.0 - 10_f64.powi(-nines)).filter(|q| *q <= most + 1e-12);
                let ticks = [0.0, 0.5].into_iter().chain(nines).map(|q| (q, share(q))).collect();
                Self { from: 0.0, to: most, scale: Scale::Quantile, ticks }
            }
        }
    }

    /// The left axis for such values; it ends at a label.
    pub(crate) fn left(y: Y, values: impl Iterator<Item = f64> + Clone) -> Self {
        let most = greatest(values.clone());
        let most = if most > 0.0 { most } else { 1.0 };
        let label: fn(f64) -> String = match y {
            Y::Count | Y::PerSecond => count,
            Y::Milliseconds => latency,
            Y::Seconds => time,
        };
        let least = values.filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min).max(1.0 / LARGEST);
        if y == Y::Milliseconds && most / least > WIDE {
            return Self::logarithmic(least, most, label);
        }
        let whole = matches!(y, Y::Count);
        let step = if whole { step(most).max(1.0) } else { step(most) };
        Self::linear((most / step).ceil() * step, step, label)
    }

    fn linear(to: f64, step: f64, label: fn(f64) -> String) -> Self {
        let last = (to / step + 1e-9).floor().min(20.0) as u32;
        let ticks = (0..=last).map(|n| f64::from(n) * step).map(|at| (at, label(at))).collect();
        Self { from: 0.0, to, scale: Scale::Linear, ticks }
    }

    /// Seconds up to now, labelled by how long ago they were.
    fn ago(to: f64) -> Self {
        // A little less than the whole, as of five minutes the last second's beginning, is still five minutes.
        let step = TIMES.into_iter().find(|step| *step >= to / LABELS).unwrap_or(86_400.0);
        let label = |at: f64| if at == 0.0 { "now".to_owned() } else { format!("\u{2212}{}", time(at)) };
        let last = (to / step + 0.02).floor().min(20.0) as u32;
        let ticks = (0..=last).rev().map(|n| f64::from(n) * step).map(|ago| ((to - ago).max(0.0), label(ago)));
        Self { from: 0.0, to, scale: Scale::Linear, ticks: ticks.collect() }
    }

    fn logarithmic(least: f64, most: f64, label: fn(f64) -> String) -> Self {
        let (first, last) = (least.log10().floor() as i32, most.log10().ceil() as i32);
        let every = ((last - first) as f64 / LABELS).ceil().max(1.0) as usize;
        let ticks = (first..=last).step_by(every).map(|n| 10_f64.powi(n)).map(|at| (at, label(at))).collect();
        Self { from: 10_f64.powi(first), to: 10_f64.powi(last), scale: Scale::Logarithmic, ticks }
    }

    /// Where a value lies, from 0 at the beginning to 1 at the end; what is beyond lies at the edge.
    pub(crate) fn place(&self, value: f64) -> f64 {
        let (from, to) = (self.scale.of(self.from), self.scale.of(self.to));
        let place = (self.scale.of(value) - from) / (to - from);
        if place.is_finite() { place.clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// The greatest of those that are numbers; 0 if there are none.
fn greatest(values: impl Iterator<Item = f64>) -> f64 {
    values.filter(|value| value.is_finite()).fold(0.0, f64::max).min(LARGEST)
}

/// A step of 1, 2 or 5 and zeros, of which about as many as there are labels make `most`.
fn step(most: f64) -> f64 {
    let wanted = most / LABELS;
    let power = 10_f64.powf(wanted.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= wanted * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}
