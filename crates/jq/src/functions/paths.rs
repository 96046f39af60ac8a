//! What lies at an index or a path, is set there, or deleted.

use std::sync::Arc;

use super::{Native, both, entry, only};
use crate::budget::Budget;
use crate::error::{Stop, fail};
use crate::value::{List, MAX_DEPTH, Object, Val, equal, sorting};

pub(super) const TABLE: &[Native] = &[
    entry("setpath", 2, |budget, input, arguments| {
        let (path, value) = both(arguments);
        match path {
            Val::List(path) => set_path(budget, input, &path.items, value),
            _ => fail("Path must be specified as an array"),
        }
    }),
    entry("delpaths", 1, |budget, input, arguments| delete_paths(budget, input, &only(arguments))),
];

/// What lies at an index: a member by name, an item by number (from the end if that is negative), a part by its ends, or the
/// places of a list in a list.
pub(crate) fn get(budget: &mut Budget, base: &Val, index: &Val) -> Result<Val, Stop> {
    match (base, index) {
        (Val::Object(object), Val::Text(name)) => Ok(object.members.get(&**name).cloned().unwrap_or_default()),
        (Val::List(list), Val::Number(n)) => Ok(item(list, *n).cloned().unwrap_or_default()),
        (Val::List(list), Val::Object(ends)) => {
            let (from, to) = slice_ends(ends, list.items.len(), "array")?;
            budget.pay((to - from) / 2)?;
            Ok(Val::list(list.items[from..to].to_vec()))
        }
        (Val::Text(text), Val::Object(ends)) => {
            budget.pay_text(text.len())?;
            let (from, to) = slice_ends(ends, text.chars().count(), "string")?;
            Ok(Val::text(text.chars().skip(from).take(to - from).collect::<String>()))
        }
        (Val::List(list), Val::List(part)) => places(budget, list, part),
        (Val::Null, Val::Text(_) | Val::Number(_) | Val::Object(_)) => Ok(Val::Null),
        (base, Val::Text(name)) => fail(format!("Cannot index {} with string \"{name}\"", base.kind())),
        (base, index) => fail(format!("Cannot index {} with {}", base.kind(), index.kind())),
    }
}

/// The item of a number, from the end if it is negative; a number with a fraction has none.
fn item(list: &List, n: f64) -> Option<&Val> {
    if n.fract() != 0.0 || n.is_nan() {
        return None;
    }
    let at = if n < 0.0 { n + list.items.len() as f64 } else { n };
    if at < 0.0 { None } else { list.items.get(at as usize) }
}

/// Where a part begins and ends.
fn slice_ends(ends: &Object, length: usize, of: &str) -> Result<(usize, usize), Stop> {
    let length = length as f64;
    let end = |name: &str, default: f64| match ends.members.get(name) {
        Some(Val::Null) => Ok(default),
        Some(Val::Number(n)) => Ok(if *n < 0.0 { n + length } else { *n }.clamp(0.0, length)),
        _ => fail(format!("Start and end indices of an {of} slice must be numbers")),
    };
    let (from, to) = (end("start", 0.0)?, end("end", length)?);
    let from = if from.is_nan() { 0.0 } else { from };
    let to = if to.is_nan() { length } else { to }.max(from);
    Ok((from.floor() as usize, to.ceil() as usize))
}

/// Where a list lies in another.
fn places(budget: &mut Budget, list: &List, part: &List) -> Result<Val, Stop> {
    budget.pay(1 + list.items.len().saturating_mul(1 + part.items.len()))?;
    if part.items.is_empty() {
        return Ok(Val::list(Vec::new()));
    }
    let windows = list.items.windows(part.items.len()).enumerate();
    let found = windows.filter(|(_, window)| window.iter().zip(&part.items).all(|(a, b)| equal(a, b)));
    Ok(Val::list(found.map(|(at, _)| at.into()).collect()))
}

/// What lies at a path.
pub(crate) fn get_path(budget: &mut Budget, base: &Val, path: &Val) -> Result<Val, Stop> {
    let Val::List(path) = path else { return fail("Path must be specified as an array") };
    let mut value = base.clone();
    for index in &path.items {
        if matches!(value, Val::Null) {
            break;
        }
        budget.pay(1)?;
        value = get(budget, &value, index)?;
    }
    Ok(value)
}

/// A value with another at a path.
fn set_path(budget: &mut Budget, base: Val, path: &[Val], value: Val) -> Result<Val, Stop> {
    let Some((index, rest)) = path.split_first() else { return Ok(value) };
    if path.len() > MAX_DEPTH as usize {
        return Err(Stop::Exhausted);
    }
    budget.pay(1 + base.width() / 4)?;
    let inner = get(budget, &base, index)?;
    let inner = set_path(budget, inner, rest, value)?;
    set(budget, base, index, inner)
}

/// A value with another at an index.
fn set(budget: &mut Budget, base: Val, index: &Val, value: Val) -> Result<Val, Stop> {
    match (base, index) {
        (Val::Null, Val::Text(name)) => Ok(Val::object([(Arc::clone(name), value)].into_iter().collect())),
        (Val::Object(object), Val::Text(name)) => {
            let mut members = Object::taken(object);
            members.insert(Arc::clone(name), value);
            Ok(Val::object(members))
        }
        (base @ (Val::Null | Val::List(_)), Val::Number(n)) => {
            let mut items = items_of(base);
            let at = if *n < 0.0 { n + items.len() as f64 } else { *n };
            if at < 0.0 && at.trunc() < 0.0 {
                return fail("Out of bounds negative array index");
            }
            if at > 536_870_000.0 {
                return fail("Array index too large");
            }
            let at = at as usize;
            budget.pay((at + 1).saturating_sub(items.len()))?;
            if items.len() <= at {
                items.resize(at + 1, Val::Null);
            }
            items[at] = value;
            Ok(Val::list(items))
        }
        (base @ (Val::Null | Val::List(_)), Val::Object(ends)) => {
            let mut items = items_of(base);
            let (from, to) = slice_ends(ends, items.len(), "array")?;
            let Val::List(list) = value else {
                return fail("A slice of an array can only be assigned another array");
            };
            budget.pay(list.items.len())?;
            items.splice(from..to, list.items.iter().cloned());
            Ok(Val::list(items))
        }
        (base, index) => fail(format!("Cannot update field at {} index of {}", index.kind(), base.kind())),
    }
}

fn items_of(base: Val) -> Vec<Val> {
    match base {
        Val::List(list) => List::taken(list),
        _ => Vec::new(),
    }
}

/// A value without what lies at some paths.
fn delete_paths(budget: &mut Budget, base: Val, paths: &Val) -> Result<Val, Stop> {
    let Val::List(paths) = paths else { return fail("Paths must be specified as an array") };
    budget.pay(paths.items.iter().map(Val::size).sum::<usize>())?;
    let mut sorted = paths.items.clone();
    sorted.sort_by(sorting);
    let mut steps: Vec<&[Val]> = Vec::new();
    for path in &sorted {
        match path {
            Val::List(path) if path.items.len() > MAX_DEPTH as usize => return Err(Stop::Exhausted),
            Val::List(path) => steps.push(&path.items),
            other => return fail(format!("Path must be specified as array, not {}", other.kind())),
        }
    }
    delete(budget, base, &steps)
}

/// The same with sorted paths.
fn delete(budget: &mut Budget, mut base: Val, paths: &[&[Val]]) -> Result<Val, Stop> {
    if paths.is_empty() {
        return Ok(base);
    }
    if paths.iter().any(|path| path.is_empty()) {
        return Ok(Val::Null);
    }
    budget.pay(paths.len() + base.width())?;
    let mut keys = Vec::new();
    for group in paths.chunk_by(|a, b| equal(&a[0], &b[0])).rev() {
        let key = &group[0][0];
        if group.iter().any(|path| path.len() == 1) {
            keys.push(key);
            continue;
        }
        let inner = get(budget, &base, key)?;
        if matches!(inner, Val::Null) {
            continue;
        }
        let rest: Vec<&[Val]> = group.iter().map(|path| &path[1..]).collect();
        let inner = delete(budget, inner, &rest)?;
        base = set(budget, base, key, inner)?;
    }
    if keys.is_empty() { Ok(base) } else { delete_keys(base, &keys) }
}

/// A value without some of its members or items.
fn delete_keys(base: Val, keys: &[&Val]) -> Result<Val, Stop> {
    match base {
        Val::Null => Ok(Val::Null),
        Val::Object(object) => {
            let mut members = Object::taken(object);
            for key in keys {
                let Val::Text(name) = key else {
                    return fail(format!("Cannot delete {} field of object", key.kind()));
                };
                members.shift_remove(&**name);
            }
            Ok(Val::object(members))
        }
        Val::List(list) => {
            let length = list.items.len();
            let mut gone = vec![false; length];
            for key in keys {
                match key {
                    Val::Number(n) => {
                        let at = if *n < 0.0 { n + length as f64 } else { *n };
                        if at.trunc() >= 0.0 && (at as usize) < length {
                            gone[at as usize] = true;
                        }
                    }
                    Val::Object(ends) => {
                        let (from, to) = slice_ends(ends, length, "array")?;
                        gone[from..to].fill(true);
                    }
                    other => return fail(format!("Cannot delete {} element of array", other.kind())),
                }
            }
            let kept = List::taken(list).into_iter().zip(gone).filter(|(_, gone)| !gone);
            Ok(Val::list(kept.map(|(item, _)| item).collect()))
        }
        other => fail(format!("Cannot delete fields from {}", other.kind())),
    }
}
