//! The segments of a parameter's name, and the order of names.

use std::cmp::Ordering;

/// More digits than any index needs.
const MAX_INDEX_DIGITS: usize = 9;

/// Orders paths by segment, numbers by value.
pub(super) fn by_path(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match (is_index(a), is_index(b)) {
                (true, true) => number(a).cmp(&number(b)).then_with(|| a.cmp(b)),
                _ => a.cmp(b),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Whether a segment is an index of a list or a map.
pub(super) fn is_index(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit())
}

/// The number of an index, if it is one that a request can have.
pub(super) fn number(index: &str) -> Option<u32> {
    if index.len() > MAX_INDEX_DIGITS { None } else { index.parse().ok() }
}
