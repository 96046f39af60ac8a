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
    len: u64,
}

impl Default for Bitmap {
    fn default() -> Self {
        Self { pages: BTreeMap::new(), max_pages: usize::MAX, len: 0 }
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
        self.len += u64::from(new);
        new
    }

    /// Whether a number is there, and not forgotten.
    pub(crate) fn contains(&self, n: u64) -> bool {
        let (page, word, bit) = split(n);
        self.pages.get(&page).is_some_and(|page| page[word] & bit != 0)
    }

    /// How many were added, forgotten ones included.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The numbers of this set that `other` lacks, ascending.
    pub(crate) fn missing_in<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = u64> + 'a {
        self.pages.iter().flat_map(move |(at, page)| {
            let theirs = other.pages.get(at);
            page.iter().enumerate().flat_map(move |(i, word)| {
                let word = word & !theirs.map_or(0, |page| page[i]);
                let base = at * PER_PAGE + i as u64 * 64;
                (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| base + bit)
            })
        })
    }
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
        assert_eq!(set.len(), 6);
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
        assert_eq!(a.missing_in(&b).collect::<Vec<_>>(), [7, 50_007, 100_007, 150_007]);
        assert_eq!(b.missing_in(&a).count(), 0);
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
