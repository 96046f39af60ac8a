//! Reads the numbers of a part of a text, as its bytes come.
//!
//! Words are separated by white space, commas and semicolons. A word is a number if it is digits with a sign before them or
//! without one. A word belongs to the part in which it begins: each part is read from the byte before it, to know whether a
//! word begins with it, and beyond its end until its last word is known.

use std::ops::{ControlFlow, Range};

use super::plain::{self, SHORT};
use super::sixteen::is_separator;
use super::tally::Tally;

/// The longest word that is looked at as a number, in bytes: what is longer is reported. Memory is constant because there is
/// such a bound.
pub(super) const MAX_WORD: usize = 4_096;
/// The mark at the begin of a text that says UTF-8, as some editors write it.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The bytes of an object that have to be read for the words that begin in a part of it.
pub(super) fn to_read(part: &Range<u64>, length: u64) -> Range<u64> {
    part.start.saturating_sub(1)..length.min(part.end + MAX_WORD as u64 + 1)
}

enum State {
    /// Among separators.
    Between,
    /// In a word that belongs to another part, or that is known to be none of ours.
    Passing,
    /// In a word that began there; its bytes so far are kept.
    Within { began: u64 },
}

/// Reads the words that begin in a part of a text.
pub(super) struct Parser {
    state: State,
    /// The offset of the next byte.
    at: u64,
    /// Words that begin here or later belong to the next part.
    end: u64,
    word: Vec<u8>,
    tally: Tally,
}

impl Parser {
    /// For a part of the text; it is to be fed from the begin of [`to_read`].
    pub(super) fn new(part: &Range<u64>) -> Self {
        let state = if part.start == 0 { State::Between } else { State::Passing };
        let at = part.start.saturating_sub(1);
        Self { state, at, end: part.end, word: Vec::new(), tally: Tally::default() }
    }

    /// Takes the next bytes; breaks when no more are needed.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> ControlFlow<()> {
        let start = self.at;
        let mut i = 0;
        while i < bytes.len() {
            let offset = start + i as u64;
            match self.state {
                State::Between => {
                    if is_separator(bytes[i]) {
                        i += 1;
                        continue;
                    }
                    if offset >= self.end {
                        return ControlFlow::Break(());
                    }
                    // As far as words are ours, whatever stands there.
                    let until =
                        bytes.len().min(i.saturating_add(usize::try_from(self.end - offset).unwrap_or(usize::MAX)));
                    let plain = plain::add(&mut self.tally, bytes, i, until);
                    if plain > i {
                        i = plain;
                        continue;
                    }
                    self.word.clear();
                    self.state = State::Within { began: offset };
                }
                State::Passing => {
                    let passed = bytes[i..].iter().position(|byte| is_separator(*byte));
                    i += passed.unwrap_or(bytes.len() - i);
                    if start + i as u64 >= self.end {
                        return ControlFlow::Break(());
                    }
                    if passed.is_some() {
                        self.state = State::Between;
                    }
                }
                State::Within { began } => {
                    let room = MAX_WORD + 1 - self.word.len();
                    let rest = &bytes[i..bytes.len().min(i + room)];
                    let ends = rest.iter().position(|byte| is_separator(*byte));
                    let more = ends.unwrap_or(rest.len());
                    self.word.extend_from_slice(&rest[..more]);
                    i += more;
                    if ends.is_some() {
                        self.end_word(began);
                        self.state = State::Between;
                    } else if self.word.len() > MAX_WORD {
                        self.tally.not_a_number(began, &self.word, "is longer than 4096 bytes");
                        self.state = State::Passing;
                    }
                }
            }
        }
        self.at = start + bytes.len() as u64;
        ControlFlow::Continue(())
    }

    /// What the part comes to, once all has been fed.
    pub(super) fn finish(mut self) -> Tally {
        if let State::Within { began } = self.state {
            self.end_word(began);
        }
        self.tally
    }

    /// The word that began there is complete.
    fn end_word(&mut self, mut began: u64) {
        let mut word = self.word.as_slice();
        if began == 0
            && let Some(rest) = word.strip_prefix(MARK)
        {
            began = MARK.len() as u64;
            word = rest;
            if rest.is_empty() {
                return;
            }
        }
        let (digits, is_negative) = match word {
            [b'-', digits @ ..] => (digits, true),
            [b'+', digits @ ..] => (digits, false),
            digits => (digits, false),
        };
        if digits.is_empty() {
            self.tally.not_a_number(began, word, "is a sign without digits");
        } else if !digits.iter().all(u8::is_ascii_digit) {
            self.tally.not_a_number(began, word, "has other characters than digits");
        } else if digits.len() <= SHORT {
            let number = digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
            self.tally.short(number, is_negative);
        } else {
            self.tally.long(digits, is_negative);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tally::Summary;
    use super::*;

    /// The same by the simplest means, for numbers that fit.
    fn simple(text: &[u8]) -> Summary {
        let mut tally = Tally::default();
        let mut begin = 0;
        let text_and_end: Vec<u8> = text.iter().copied().chain([b' ']).collect();
        for (at, byte) in text_and_end.iter().enumerate() {
            if !b" \t\n\r\x0b\x0c,;".contains(byte) {
                continue;
            }
            let (mut word, mut offset) = (&text_and_end[begin..at], begin);
            if offset == 0 && word.starts_with(MARK) {
                (word, offset) = (&word[3..], 3);
            }
            begin = at + 1;
            if word.is_empty() {
                continue;
            }
            let unsigned = word.strip_prefix(b"-").or(word.strip_prefix(b"+")).unwrap_or(word);
            if word.len() > MAX_WORD {
                tally.not_a_number(offset as u64, word, "is longer than 4096 bytes");
            } else if unsigned.is_empty() {
                tally.not_a_number(offset as u64, word, "is a sign without digits");
            } else if !unsigned.iter().all(u8::is_ascii_digit) {
                tally.not_a_number(offset as u64, word, "has other characters than digits");
            } else {
                tally.long(unsigned, word[0] == b'-');
            }
        }
        tally.summary()
    }

    /// The same with the text cut into parts, and each part's bytes into pieces.
    fn cut(text: &[u8], part: usize, piece: usize) -> Summary {
        let length = text.len() as u64;
        let mut all = Tally::default();
        for start in (0..text.len()).step_by(part) {
            let part = start as u64..length.min((start + part) as u64);
            let mut parser = Parser::new(&part);
            let read = to_read(&part, length);
            for bytes in text[read.start as usize..read.end as usize].chunks(piece) {
                if parser.feed(bytes).is_break() {
                    break;
                }
            }
            all.add(&parser.finish());
        }
        all.summary()
    }

    #[test]
    fn every_kind_of_word() {
        let text = "\u{feff}2, -4;+6\r\n7\t1e5 0x10 - + 1.5 \u{b2} -0 00000000000000000000000000000008,,;;\n\0 12\0";
        let summary = cut(text.as_bytes(), usize::MAX >> 1, usize::MAX);
        assert_eq!((summary.sum.as_str(), summary.even, summary.odd, summary.not_numbers), ("12", 5, 1, 8));
        let first = &summary.first_not_numbers[0];
        assert_eq!((first.offset, first.text.as_str()), (15, "1e5"), "{summary:?}");
        assert_eq!(summary.first_not_numbers[7].text, "12\0");
    }

    #[test]
    fn the_sum_does_not_overflow() {
        // Two of them already don't fit 64 bits, and the long ones fit nothing.
        let text = "9999999999999999998 ".repeat(3) + &("4".repeat(60) + "\n" + &"4".repeat(60));
        let summary = cut(text.as_bytes(), 17, 5);
        assert_eq!(summary.sum, format!("{}918888888888888888882", "8".repeat(39)));
        assert_eq!(summary, simple(text.as_bytes()));
    }

    #[test]
    fn a_word_without_end_costs_no_memory() {
        let text = [b"2 ".to_vec(), vec![b'4'; 3 * MAX_WORD], b" 6".to_vec()].concat();
        for part in [100, MAX_WORD, MAX_WORD + 1, text.len()] {
            let summary = cut(&text, part, 1_000);
            assert_eq!((summary.sum.as_str(), summary.not_numbers), ("8", 1), "{part}");
            assert_eq!(summary.first_not_numbers[0].offset, 2);
        }
        let longest = [vec![b'4'; MAX_WORD], b" ".to_vec(), vec![b'4'; MAX_WORD]].concat();
        let summary = cut(&longest, 64, 64);
        assert_eq!((summary.even, summary.not_numbers), (2, 0));
    }

    fn word() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            4 => "[-+]?[0-9]{1,21}".prop_map(String::into_bytes),
            1 => "[0-9]{30,60}".prop_map(String::into_bytes),
            1 => "[-+0-9a.\u{e9}\u{1f600}]{0,6}".prop_map(String::into_bytes),
            1 => proptest::collection::vec(any::<u8>(), 0..4),
        ]
    }

    proptest! {
        #[test]
        fn no_cut_changes_what_comes_out(
            words in proptest::collection::vec((word(), "[ \t\r\n,;]{1,3}"), 0..120),
            mark in any::<bool>(),
            part in prop_oneof![1_usize..80, 80_usize..2_000],
            // Of short ones none has room for a block of plain numbers.
            piece in prop_oneof![1_usize..40, 80_usize..2_000],
        ) {
            let mut text = if mark { MARK.to_vec() } else { Vec::new() };
            for (word, separator) in &words {
                text.extend_from_slice(word);
                text.extend_from_slice(separator.as_bytes());
            }
            let expected = simple(&text);
            prop_assert_eq!(&cut(&text, part, piece), &expected);
            prop_assert_eq!(&cut(&text, text.len().max(1), piece), &expected);
            // Without the last separator.
            text.pop();
            prop_assert_eq!(cut(&text, part, piece), simple(&text));
        }
    }
}
