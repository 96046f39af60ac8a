//! What the numbers of a text come to.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::big::Big;

/// So many of what is no number are named; all are counted.
const NAMED: usize = 10;
/// So many bytes of them are shown.
const SHOWN: usize = 40;

/// Something between two separators that is no number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(in crate::tasks) struct NotANumber {
    /// Where it begins, in bytes from the begin of the text.
    #[schema(example = 4711)]
    pub(in crate::tasks) offset: u64,
    /// Its begin; what isn't UTF-8 is shown as U+FFFD.
    #[schema(example = "12a")]
    pub(in crate::tasks) text: String,
    /// What is wrong with it.
    #[schema(example = "has other characters than digits")]
    pub(in crate::tasks) reason: String,
}

/// What a text of numbers came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(in crate::tasks) struct Summary {
    /// The sum of the even numbers, in decimal. It is text: JSON's readers round what is longer than 15 digits.
    #[schema(example = "9007199254740994", pattern = "^-?[0-9]+$")]
    pub(in crate::tasks) sum: String,
    /// How many even numbers there are.
    #[schema(example = 3)]
    pub(in crate::tasks) even: u64,
    /// How many odd numbers there are.
    #[schema(example = 2)]
    pub(in crate::tasks) odd: u64,
    /// How many words are no numbers; they are in neither count, nor in the sum.
    #[schema(example = 1)]
    pub(in crate::tasks) not_numbers: u64,
    /// The first ten of them.
    pub(in crate::tasks) first_not_numbers: Vec<NotANumber>,
}

/// What the numbers of a part of a text come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// The sum of what is short. Numbers of 19 digits at most: there would have to be 2^63 of them for an overflow.
    short: i128,
    /// The sum of what is longer.
    long: Big,
    even: u64,
    odd: u64,
    not_numbers: u64,
    first: Vec<NotANumber>,
}

impl Tally {
    /// A number of 19 digits at most.
    #[inline]
    pub(super) fn short(&mut self, number: u64, is_negative: bool) {
        // Without a branch: a processor can't guess which numbers are even, nor which are below zero.
        let is_odd = number & 1;
        self.odd += is_odd;
        self.even += 1 - is_odd;
        let counted = i128::from(number & is_odd.wrapping_sub(1));
        let negated = -i128::from(is_negative);
        self.short += (counted ^ negated) - negated;
    }

    /// A number by its digits, at least one.
    pub(super) fn long(&mut self, digits: &[u8], is_negative: bool) {
        if digits.last().is_some_and(|digit| digit % 2 == 0) {
            self.even += 1;
            self.long.add_digits(digits, is_negative);
        } else {
            self.odd += 1;
        }
    }

    /// Something that is no number.
    pub(super) fn not_a_number(&mut self, offset: u64, text: &[u8], reason: &str) {
        self.not_numbers += 1;
        if self.first.len() < NAMED {
            let text = String::from_utf8_lossy(&text[..text.len().min(SHOWN)]).into_owned();
            self.first.push(NotANumber { offset, text, reason: reason.to_owned() });
        }
    }

    /// Adds what a later part of the text comes to.
    pub(super) fn add(&mut self, later: &Self) {
        // The sum of two that are far from an overflow.
        self.short += later.short;
        self.long.add(&later.long);
        self.even += later.even;
        self.odd += later.odd;
        self.not_numbers += later.not_numbers;
        let room = NAMED.saturating_sub(self.first.len());
        self.first.extend(later.first.iter().take(room).cloned());
    }

    pub(super) fn summary(mut self) -> Summary {
        self.long.add_number(self.short);
        Summary {
            sum: self.long.to_string(),
            even: self.even,
            odd: self.odd,
            not_numbers: self.not_numbers,
            first_not_numbers: self.first,
        }
    }
}
