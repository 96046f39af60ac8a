//! Which sequence numbers were seen: a bit each, in pages that exist only where something was.

use std::collections::BTreeMap;

const WORDS: usize = 1024;
/// Sequence numbers a page: 65,536 in 8 KiB.
const PER_PAGE: u64 = WORDS as u64 * 64;

/// A set of sequence numbers.
#[derive(Debug)]
pub(crate) struct Bitmap {
    pages: BTreeMap<u64, Box<[u64; WORDS]>>,
    max_pages: usize,
}

impl Default for Bitmap {
    fn default() -> Self {
        Self { pages: BTreeMap::new(), max_pages: usize::MAX }
    }
}

impl Bitmap {
    /// A set that remembers at most so many pages and forgets the lowest first.
    pub(crate) fn bounded(max_pages: usize) -> Self {
        Self { max_pages, ..Self::default() }
    }

    /// Adds a number; false when it was there already.
    pub(crate) fn insert(&mut self, n: u64) -> bool {
        let (page, word, bit) = split(n);
        if !self.pages.contains_key(&page) && self.pages.len() >= self.max_pages {
            self.pages.pop_first();
        }
        let word = &mut self.pages.entry(page).or_insert_with(|| Box::new([0; WORDS]))[word];
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Whether a number is there, and not forgotten.
    pub(crate) fn contains(&self, n: u64) -> bool {
        let (page, word, bit) = split(n);
        self.pages.get(&page).is_some_and(|page| page[word] & bit != 0)
    }

    /// Finds the numbers of this set that are in all of `with` and in none of `without`, ascending.
    pub(crate) fn each(&self, with: &[Option<&Self>], without: &[Option<&Self>], mut found: impl FnMut(u64)) {
        for (at, page) in &self.pages {
            let (with, without) = (pages(with, *at), pages(without, *at));
            let of = |page: &Option<&[u64; WORDS]>, i: usize| page.map_or(0, |page| page[i]);
            for (i, word) in page.iter().enumerate().filter(|(_, word)| **word != 0) {
                let wanted = with.iter().fold(*word, |word, page| word & of(page, i));
                let mut left = without.iter().fold(wanted, |word, page| word & !of(page, i));
                while left != 0 {
                    found(at * PER_PAGE + i as u64 * 64 + u64::from(left.trailing_zeros()));
                    left &= left - 1;
                }
            }
        }
    }
}

/// The page with a number, of each of the sets.
fn pages<'a>(sets: &[Option<&'a Bitmap>], at: u64) -> Vec<Option<&'a [u64; WORDS]>> {
    sets.iter().map(|set| set.and_then(|set| set.pages.get(&at)).map(AsRef::as_ref)).collect()
}

fn split(n: u64) -> (u64, usize, u64) {
    (n / PER_PAGE, (n % PER_PAGE / 64) as usize, 1 << (n % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_new_once() {
        let mut set = Bitmap::default();
        for n in [0, 63, 64, PER_PAGE - 1, PER_PAGE, u64::MAX] {
            assert!(set.insert(n) && !set.insert(n) && set.contains(n), "{n}");
        }
        assert!(!set.contains(1));
    }

    #[test]
    fn what_is_missing_is_named() {
        let (mut a, mut b) = (Bitmap::default(), Bitmap::default());
        for n in 0..200_000 {
            a.insert(n);
            if n % 50_000 != 7 {
                b.insert(n);
            }
        }
        let found = |with: &[Option<&Bitmap>], without: &[Option<&Bitmap>]| {
            let mut numbers = Vec::new();
            a.each(with, without, |n| numbers.push(n));
            numbers
        };
        let missing = [7, 50_007, 100_007, 150_007];
        assert_eq!(found(&[], &[Some(&b), None]), missing);
        assert_eq!(found(&[Some(&b)], &[]).len(), 200_000 - missing.len());
        assert!(found(&[None], &[]).is_empty());
    }

    #[test]
    fn a_bounded_set_forgets_the_lowest() {
        let mut set = Bitmap::bounded(2);
        for page in 0..5 {
            set.insert(page * PER_PAGE);
        }
        assert_eq!(set.pages.len(), 2);
        assert!(!set.contains(0) && set.contains(4 * PER_PAGE));
    }
}
