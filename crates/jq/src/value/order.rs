//! jq's order of all values: null, false, true, numbers, strings, arrays, objects.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Object, Val};

fn rank(value: &Val) -> u8 {
    match value {
        Val::Null => 0,
        Val::Bool(false) => 1,
        Val::Bool(true) => 2,
        Val::Number(_) => 3,
        Val::Text(_) => 4,
        Val::List(_) => 5,
        Val::Object(_) => 6,
    }
}

/// How two values compare. What is not a number is less than every number, itself included.
pub(crate) fn compare(a: &Val, b: &Val) -> Ordering {
    ordered(a, b, Ordering::Less)
}

/// The same as an order that a sort can rely on: what is not a number is equal to itself.
pub(crate) fn sorting(a: &Val, b: &Val) -> Ordering {
    ordered(a, b, Ordering::Equal)
}

/// Whether `==` holds.
pub(crate) fn equal(a: &Val, b: &Val) -> bool {
    compare(a, b).is_eq()
}

/// `nans`: how what is not a number compares with itself.
fn ordered(a: &Val, b: &Val, nans: Ordering) -> Ordering {
    match (a, b) {
        (Val::Number(a), Val::Number(b)) => a.partial_cmp(b).unwrap_or(match (a.is_nan(), b.is_nan()) {
            (true, true) => nans,
            (true, false) => Ordering::Less,
            _ => Ordering::Greater,
        }),
        (Val::Text(a), Val::Text(b)) => a.cmp(b),
        (Val::List(a), Val::List(b)) => {
            let pairs = a.items.iter().zip(&b.items);
            let differing = pairs.map(|(a, b)| ordered(a, b, nans)).find(|order| order.is_ne());
            differing.unwrap_or_else(|| a.items.len().cmp(&b.items.len()))
        }
        (Val::Object(a), Val::Object(b)) => objects(a, b, nans),
        _ => rank(a).cmp(&rank(b)),
    }
}

/// First by the names of the members in their order, then by their values.
fn objects(a: &Object, b: &Object, nans: Ordering) -> Ordering {
    let sorted = |object: &Object| {
        let mut names: Vec<Arc<str>> = object.members.keys().cloned().collect();
        names.sort_unstable();
        names
    };
    let (names, others) = (sorted(a), sorted(b));
    names.cmp(&others).then_with(|| {
        let orders = names.iter().map(|name| match (a.members.get(name), b.members.get(name)) {
            (Some(a), Some(b)) => ordered(a, b, nans),
            _ => Ordering::Equal,
        });
        orders.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    })
}

/// Whether two values are one and the same, as far as jq can tell without looking into them.
pub(crate) fn identical(a: &Val, b: &Val) -> bool {
    match (a, b) {
        (Val::Null, Val::Null) => true,
        (Val::Bool(a), Val::Bool(b)) => a == b,
        (Val::Number(a), Val::Number(b)) => a.to_bits() == b.to_bits(),
        (Val::Text(a), Val::Text(b)) => Arc::ptr_eq(a, b),
        (Val::List(a), Val::List(b)) => Arc::ptr_eq(a, b),
        (Val::Object(a), Val::Object(b)) => Arc::ptr_eq(a, b),
        _ => false,
    }
}
