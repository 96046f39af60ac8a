//! Functions of lists, and those that treat lists, texts and objects alike.

use std::sync::Arc;

use super::{Native, entry, only};
use crate::budget::Budget;
use crate::error::{Stop, fail};
use crate::value::{List, Val, compare, described, equal, sorting};

pub(super) const TABLE: &[Native] = &[
    entry("length", 0, |budget, input, _| {
        Ok(match &input {
            Val::Null => Val::Number(0.0),
            Val::Bool(_) => return fail(format!("{} has no length", described(&input))),
            Val::Number(n) => Val::Number(n.abs()),
            Val::Text(text) => {
                budget.pay_text(text.len())?;
                text.chars().count().into()
            }
            Val::List(list) => list.items.len().into(),
            Val::Object(object) => object.members.len().into(),
        })
    }),
    entry("keys", 0, |budget, input, _| keys(budget, &input, true)),
    entry("keys_unsorted", 0, |budget, input, _| keys(budget, &input, false)),
    entry("has", 1, |_, input, arguments| match (&input, &only(arguments)) {
        (Val::Object(object), Val::Text(name)) => Ok(object.members.contains_key(&**name).into()),
        (Val::List(list), Val::Number(n)) => Ok((n.trunc() >= 0.0 && n.trunc() < list.items.len() as f64).into()),
        (Val::Null, _) => Ok(false.into()),
        (input, key) => fail(format!("Cannot check whether {} has a {} key", input.kind(), key.kind())),
    }),
    entry("contains", 1, |budget, input, arguments| {
        let part = only(arguments);
        if input.kind() != part.kind() {
            let (input, part) = (described(&input), described(&part));
            return fail(format!("{input} and {part} cannot have their containment checked"));
        }
        budget.pay(input.size() + part.size())?;
        contains(budget, &input, &part).map(Val::Bool)
    }),
    entry("sort", 0, |budget, input, _| {
        let Val::List(list) = input else {
            return fail(format!("{} cannot be sorted, as it is not an array", described(&input)));
        };
        pay_sort(budget, &list.items)?;
        let mut items = List::taken(list);
        items.sort_by(sorting);
        Ok(Val::list(items))
    }),
    entry("_sort_by_impl", 1, |budget, input, arguments| {
        let sorted = keyed(budget, input, only(arguments))?;
        Ok(Val::list(sorted.into_iter().map(|(_, item)| item).collect()))
    }),
    entry("_group_by_impl", 1, |budget, input, arguments| {
        let sorted = keyed(budget, input, only(arguments))?;
        let groups = sorted.chunk_by(|(a, _), (b, _)| equal(a, b));
        Ok(Val::list(groups.map(|group| Val::list(group.iter().map(|(_, item)| item.clone()).collect())).collect()))
    }),
    entry("min", 0, |budget, input, _| extreme(budget, input.clone(), input, true)),
    entry("max", 0, |budget, input, _| extreme(budget, input.clone(), input, false)),
    entry("_min_by_impl", 1, |budget, input, arguments| extreme(budget, input, only(arguments), true)),
    entry("_max_by_impl", 1, |budget, input, arguments| extreme(budget, input, only(arguments), false)),
];

/// Pays for a sort.
fn pay_sort(budget: &mut Budget, items: &[Val]) -> Result<(), Stop> {
    let size: usize = items.iter().map(Val::size).sum();
    let rounds = 1 + items.len().checked_ilog2().unwrap_or_default() as usize;
    budget.pay(1 + size * rounds / 4)
}

/// The items in the order of their keys, each with its key.
fn keyed(budget: &mut Budget, input: Val, keys: Val) -> Result<Vec<(Val, Val)>, Stop> {
    let (Val::List(list), Val::List(keys)) = (&input, &keys) else {
        let (input, keys) = (described(&input), described(&keys));
        return fail(format!("{input} and {keys} cannot be sorted, as they are not both arrays"));
    };
    pay_sort(budget, &keys.items)?;
    let mut pairs: Vec<(Val, Val)> = keys.items.iter().cloned().zip(list.items.iter().cloned()).collect();
    pairs.sort_by(|(a, _), (b, _)| sorting(a, b));
    Ok(pairs)
}

/// The item with the least key, or the greatest: of equals the first, or the last.
fn extreme(budget: &mut Budget, input: Val, keys: Val, least: bool) -> Result<Val, Stop> {
    let (Val::List(list), Val::List(keys)) = (&input, &keys) else {
        return fail(format!("{} and {} cannot be iterated over", described(&input), described(&keys)));
    };
    budget.pay(keys.items.iter().map(Val::size).sum::<usize>() / 2)?;
    let mut found: Option<(&Val, &Val)> = None;
    for (item, key) in list.items.iter().zip(&keys.items) {
        if found.is_none_or(|(_, best)| compare(key, best).is_lt() == least) {
            found = Some((item, key));
        }
    }
    Ok(found.map(|(item, _)| item.clone()).unwrap_or_default())
}

/// The names of an object's members, or the indexes of a list.
fn keys(budget: &mut Budget, input: &Val, sorted: bool) -> Result<Val, Stop> {
    match input {
        Val::Object(object) => {
            budget.pay(object.members.len() * 2)?;
            let mut names: Vec<Arc<str>> = object.members.keys().cloned().collect();
            if sorted {
                names.sort_unstable();
            }
            Ok(Val::list(names.into_iter().map(Val::Text).collect()))
        }
        Val::List(list) => {
            budget.pay(list.items.len())?;
            Ok(Val::list((0..list.items.len()).map(Val::from).collect()))
        }
        other => fail(format!("{} has no keys", described(other))),
    }
}

/// Whether the one value contains the other: a text its part, a list or an object all of the other's members.
fn contains(budget: &mut Budget, a: &Val, b: &Val) -> Result<bool, Stop> {
    match (a, b) {
        (Val::Object(a), Val::Object(b)) => {
            for (name, b) in &b.members {
                match a.members.get(name) {
                    Some(a) if contains(budget, a, b)? => {}
                    _ => return Ok(false),
                }
            }
            Ok(true)
        }
        (Val::List(a), Val::List(b)) => {
            for b in &b.items {
                let mut any = false;
                for a in &a.items {
                    budget.pay(a.size().min(b.size()))?;
                    any = contains(budget, a, b)?;
                    if any {
                        break;
                    }
                }
                if !any {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Val::Text(a), Val::Text(b)) => {
            budget.pay_text(a.len())?;
            Ok(a.contains(&**b))
        }
        (a, b) => Ok(equal(a, b)),
    }
}
