//! Numbers of any length, as far as sums need them.

use std::cmp::Ordering;

/// A limb holds so many decimal digits.
const DIGITS: usize = 18;
const BASE: u64 = 1_000_000_000_000_000_000;

/// A sum of numbers of any length. What is below zero is added up apart, so that nothing is ever subtracted but at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Big {
    above: Magnitude,
    below: Magnitude,
}

impl Big {
    /// Adds a number: its decimal digits, and whether it is below zero.
    pub(super) fn add_digits(&mut self, digits: &[u8], is_negative: bool) {
        let side = if is_negative { &mut self.below } else { &mut self.above };
        side.add(digits.rchunks(DIGITS).map(|limb| limb.iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0'))));
    }

    /// Adds a number.
    pub(super) fn add_number(&mut self, number: i128) {
        let side = if number < 0 { &mut self.below } else { &mut self.above };
        let base = u128::from(BASE);
        let rest = number.unsigned_abs();
        // 2^127 has 39 digits: three limbs.
        side.add([rest % base, rest / base % base, rest / base / base].map(|limb| limb as u64).into_iter());
    }

    /// Adds another sum.
    pub(super) fn add(&mut self, other: &Self) {
        self.above.add(other.above.0.iter().copied());
        self.below.add(other.below.0.iter().copied());
    }
}

impl std::fmt::Display for Big {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.above.compare(&self.below) {
            Ordering::Equal => f.write_str("0"),
            Ordering::Greater => write!(f, "{}", self.above.minus(&self.below)),
            Ordering::Less => write!(f, "-{}", self.below.minus(&self.above)),
        }
    }
}

/// A number that isn't below zero: its limbs, the least first; none of them is the last and 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Magnitude(Vec<u64>);

impl Magnitude {
    fn add(&mut self, limbs: impl Iterator<Item = u64>) {
        let mut carry = 0;
        let mut at = 0;
        for limb in limbs {
            carry = self.add_at(at, limb + carry);
            at += 1;
        }
        while carry > 0 {
            carry = self.add_at(at, carry);
            at += 1;
        }
        self.trim();
    }

    /// Adds to a limb, and gives what goes to the next.
    fn add_at(&mut self, at: usize, more: u64) -> u64 {
        if self.0.len() <= at {
            self.0.resize(at + 1, 0);
        }
        let sum = self.0[at] + more;
        self.0[at] = sum % BASE;
        sum / BASE
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    /// The difference to one that isn't greater.
    fn minus(&self, other: &Self) -> Self {
        let mut borrowed = 0;
        let limbs = self.0.iter().enumerate().map(|(at, limb)| {
            let less = other.0.get(at).copied().unwrap_or(0) + borrowed;
            borrowed = u64::from(*limb < less);
            limb + borrowed * BASE - less
        });
        let mut difference = Self(limbs.collect());
        difference.trim();
        difference
    }
}

impl std::fmt::Display for Magnitude {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut limbs = self.0.iter().rev();
        write!(f, "{}", limbs.next().unwrap_or(&0))?;
        limbs.try_for_each(|limb| write!(f, "{limb:018}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn carries_run_through_all_limbs() {
        let mut sum = Big::default();
        sum.add_digits("9".repeat(100).as_bytes(), false);
        sum.add_digits(b"1", false);
        assert_eq!(sum.to_string(), format!("1{}", "0".repeat(100)));
        sum.add_digits(format!("1{}", "0".repeat(100)).as_bytes(), true);
        assert_eq!(sum.to_string(), "0");
        sum.add_number(i128::MIN);
        assert_eq!(sum.to_string(), i128::MIN.to_string());
    }

    proptest! {
        #[test]
        fn sums_are_those_of_i128(numbers in proptest::collection::vec(any::<i64>(), 0..50)) {
            let (mut digits, mut whole) = (Big::default(), Big::default());
            for number in &numbers {
                digits.add_digits(number.unsigned_abs().to_string().as_bytes(), *number < 0);
                whole.add_number(i128::from(*number));
            }
            let expected: i128 = numbers.iter().copied().map(i128::from).sum();
            prop_assert_eq!(digits.to_string(), expected.to_string());
            digits.add(&whole);
            prop_assert_eq!(digits.to_string(), (2 * expected).to_string());
        }
    }
}
