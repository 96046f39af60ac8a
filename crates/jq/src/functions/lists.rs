//! Functions of lists, and those that treat lists, texts and objects alike.

use serde_json::Value;

use super::expect::{float, list};
use crate::ast::Operator;
use crate::error::{Stop, fail};
use crate::value::{arithmetic, compare, described, number};

/// Characters of a text, items of a list, members of an object; a number's absolute value.
pub(super) fn length(input: &Value) -> Result<Value, Stop> {
    Ok(match input {
        Value::Null => 0.into(),
        Value::Bool(_) => return fail(format!("{} has no length", described(input))),
        Value::Number(_) => number(float(input)?.abs()),
        Value::String(s) => s.chars().count().into(),
        Value::Array(list) => list.len().into(),
        Value::Object(map) => map.len().into(),
    })
}

pub(super) fn add(input: &Value) -> Result<Value, Stop> {
    let mut parts = match input {
        Value::Array(list) => list.iter().collect::<Vec<_>>(),
        Value::Object(map) => map.values().collect(),
        other => return fail(format!("Cannot iterate over {}", described(other))),
    }
    .into_iter();
    let start = parts.next().cloned().unwrap_or_default();
    parts.try_fold(start, |sum, part| arithmetic(Operator::Add, sum, part))
}

pub(super) fn least(list: &[Value]) -> Value {
    list.iter().min_by(|a, b| compare(a, b)).cloned().unwrap_or_default()
}

pub(super) fn greatest(list: &[Value]) -> Value {
    list.iter().max_by(|a, b| compare(a, b)).cloned().unwrap_or_default()
}

pub(super) fn sort(input: &Value) -> Result<Vec<Value>, Stop> {
    match input {
        Value::Array(list) => {
            let mut list = list.clone();
            list.sort_by(compare);
            Ok(list)
        }
        other => fail(format!("{} cannot be sorted, as it is not an array", described(other))),
    }
}

pub(super) fn unique(input: &Value) -> Result<Value, Stop> {
    let mut list = sort(input)?;
    list.dedup_by(|a, b| compare(a, b).is_eq());
    Ok(list.into())
}

pub(super) fn reverse(input: &Value) -> Result<Value, Stop> {
    match input {
        Value::Null => Ok(Value::Array(Vec::new())),
        _ => Ok(list(input)?.iter().rev().cloned().collect::<Vec<_>>().into()),
    }
}

/// The items, those of the lists inside in their place.
pub(super) fn flatten(list: &[Value]) -> Value {
    fn spread(list: &[Value], out: &mut Vec<Value>) {
        for value in list {
            match value {
                Value::Array(inner) => spread(inner, out),
                other => out.push(other.clone()),
            }
        }
    }
    let mut flat = Vec::new();
    spread(list, &mut flat);
    flat.into()
}

/// Where a part begins in a text, in characters, or where an item lies in a list; null if nowhere.
pub(super) fn index(input: &Value, part: &Value) -> Value {
    match (input, part) {
        (Value::String(s), Value::String(part)) if !part.is_empty() => {
            s.find(&**part).map_or(Value::Null, |at| s[..at].chars().count().into())
        }
        (Value::Array(list), wanted) => {
            list.iter().position(|v| compare(v, wanted).is_eq()).map_or(Value::Null, Value::from)
        }
        _ => Value::Null,
    }
}
