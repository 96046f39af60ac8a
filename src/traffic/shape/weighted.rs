//! Values that are drawn by their weights.

use rand::RngExt;

use crate::event::dice::Dice;

/// Values with weights.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weighted<T> {
    values: Vec<T>,
    /// The weights until each value, added up.
    sums: Vec<f64>,
}

impl<T> Weighted<T> {
    /// Values, each with a weight of more than nothing; none of them is no set to draw from.
    pub(super) fn new(weighted: impl IntoIterator<Item = (T, f64)>) -> Option<Self> {
        let (mut values, mut sums, mut sum) = (Vec::new(), Vec::new(), 0.0);
        for (value, weight) in weighted {
            sum += weight;
            values.push(value);
            sums.push(sum);
        }
        (!values.is_empty()).then_some(Self { values, sums })
    }

    /// The next value.
    pub(super) fn draw(&self, dice: &mut Dice) -> &T {
        let last = self.values.len() - 1;
        let roll = dice.random::<f64>() * self.sums[last];
        &self.values[self.sums.partition_point(|sum| *sum <= roll).min(last)]
    }

    /// The value that there is, if there is but one.
    pub(super) fn only(&self) -> Option<&T> {
        if let [only] = self.values.as_slice() { Some(only) } else { None }
    }
}

/// A weight on the command line.
pub(super) fn weight(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|weight| (1e-9..=1e9).contains(weight))
}
