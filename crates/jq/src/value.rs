//! JSON values as jq orders, names, counts and adds them; and what they cost.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

use crate::ast::Operator;
use crate::error::{Stop, fail};

/// What lies at an index: a member by name, or an item by number, from the end if that is negative.
pub(crate) fn lookup<'v>(base: &'v Value, index: &Value) -> Option<&'v Value> {
    match (base, index) {
        (Value::Object(map), Value::String(name)) => map.get(name),
        (Value::Array(list), Value::Number(n)) => {
            let at = n.as_f64()?.floor();
            let at = if at < 0.0 { at + list.len() as f64 } else { at };
            if at < 0.0 { None } else { list.get(at as usize) }
        }
        _ => None,
    }
}

/// The items, or characters, from one index up to another; null stands for the one end or the other.
pub(crate) fn slice(base: &Value, from: &Value, to: &Value) -> Result<Value, Stop> {
    let ends = |length: usize| -> Result<(usize, usize), Stop> {
        let end = |value: &Value, default: usize, up: bool| match value {
            Value::Null => Ok(default),
            Value::Number(n) => {
                let at = n.as_f64().unwrap_or_default();
                let at = if at < 0.0 { at + length as f64 } else { at };
                Ok((if up { at.ceil() } else { at.floor() }).clamp(0.0, length as f64) as usize)
            }
            _ => fail("Start and end indices of an array slice must be numbers"),
        };
        let (from, to) = (end(from, 0, false)?, end(to, length, true)?);
        Ok((from, to.max(from)))
    };
    match base {
        Value::Null => Ok(Value::Null),
        Value::Array(list) => {
            let (from, to) = ends(list.len())?;
            Ok(Value::Array(list[from..to].to_vec()))
        }
        Value::String(text) => {
            let (from, to) = ends(text.chars().count())?;
            Ok(Value::String(text.chars().skip(from).take(to - from).collect()))
        }
        other => fail(format!("Cannot index {} with object", kind(other))),
    }
}

/// Whether a condition takes the value for true: all are but null and false.
pub(crate) fn truthy(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}

/// A number as a value. Whole numbers are written without a fraction.
pub(crate) fn number(n: f64) -> Value {
    if n.fract() == 0.0 && n.abs() < 1e17 {
        return Value::Number(Number::from(n as i64));
    }
    // Not a number is null in jq, and the infinite is the largest there is.
    let n = if n.is_infinite() { f64::MAX.copysign(n) } else { n };
    Number::from_f64(n).map_or(Value::Null, Value::Number)
}

/// A string as it is, anything else as JSON.
pub(crate) fn tostring(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

/// The name of a value's type.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A value as jq's errors name it: its kind and the beginning of its text.
pub(crate) fn described(value: &Value) -> String {
    let text = value.to_string();
    let shown: String = text.chars().take(11).collect();
    let dots = if text.chars().nth(11).is_some() { "..." } else { "" };
    match value {
        Value::Null => "null (null)".into(),
        other => format!("{} ({shown}{dots})", kind(other)),
    }
}

/// What a value costs: one step for each of its parts, and one for every 16 bytes of text.
pub(crate) fn size(value: &Value) -> usize {
    match value {
        Value::String(s) => 1 + s.len() / 16,
        Value::Array(list) => list.iter().fold(1, |sum, v| sum + size(v)),
        Value::Object(map) => map.iter().fold(1, |sum, (k, v)| sum + 1 + k.len() / 16 + size(v)),
        _ => 1,
    }
}

/// jq's order of all values: null, false, true, numbers, strings, arrays, objects.
pub(crate) fn compare(a: &Value, b: &Value) -> Ordering {
    fn rank(value: &Value) -> u8 {
        match value {
            Value::Null => 0,
            Value::Bool(false) => 1,
            Value::Bool(true) => 2,
            Value::Number(_) => 3,
            Value::String(_) => 4,
            Value::Array(_) => 5,
            Value::Object(_) => 6,
        }
    }
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => {
            let differing = a.iter().zip(b).map(|(a, b)| compare(a, b)).find(|o| o.is_ne());
            differing.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (Value::Object(a), Value::Object(b)) => {
            let sorted = |map: &Map<String, Value>| {
                let mut keys: Vec<String> = map.keys().cloned().collect();
                keys.sort_unstable();
                keys
            };
            let (keys, others) = (sorted(a), sorted(b));
            keys.cmp(&others).then_with(|| {
                let values = keys.iter().map(|k| match (a.get(k), b.get(k)) {
                    (Some(a), Some(b)) => compare(a, b),
                    _ => Ordering::Equal,
                });
                values.into_iter().find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
            })
        }
        _ => rank(a).cmp(&rank(b)),
    }
}

/// A text cut at a separator; into its characters, if that is empty.
pub(crate) fn split(text: &str, by: &str) -> Value {
    if text.is_empty() {
        return Value::Array(Vec::new());
    }
    if by.is_empty() {
        return text.chars().map(String::from).collect::<Vec<_>>().into();
    }
    text.split(by).map(str::to_owned).collect::<Vec<_>>().into()
}

/// Whether the one value contains the other: a text its part, a list or an object all of the other's members.
pub(crate) fn contains(a: &Value, b: &Value) -> Result<bool, Stop> {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, b) in b {
                match a.get(key) {
                    Some(a) if kind(a) == kind(b) && contains(a, b)? => {}
                    _ => return Ok(false),
                }
            }
            Ok(true)
        }
        (Value::Array(a), Value::Array(b)) => {
            let within = |b: &Value| a.iter().any(|a| kind(a) == kind(b) && contains(a, b).unwrap_or(false));
            Ok(b.iter().all(within))
        }
        (Value::String(a), Value::String(b)) => Ok(a.contains(&**b)),
        _ if kind(a) == kind(b) => Ok(compare(a, b).is_eq()),
        _ => fail(format!("{} and {} cannot have their containment checked", described(a), described(b))),
    }
}

/// Calculates with `+`, `-`, `*`, `/` or `%`.
pub(crate) fn arithmetic(operator: Operator, left: Value, right: &Value) -> Result<Value, Stop> {
    if let (Some(a), Some(b)) = (left.as_f64(), right.as_f64()) {
        return match operator {
            Operator::Add => Ok(number(a + b)),
            Operator::Subtract => Ok(number(a - b)),
            Operator::Multiply => Ok(number(a * b)),
            Operator::Divide if b != 0.0 => Ok(number(a / b)),
            Operator::Modulo if b.trunc() != 0.0 => {
                Ok(number((a as i64).wrapping_rem((b as i64).saturating_abs()) as f64))
            }
            _ => fail(format!(
                "{} and {} cannot be divided because the divisor is zero",
                described(&left),
                described(right)
            )),
        };
    }
    match (operator, left, right) {
        (Operator::Add, Value::Null, right) => Ok(right.clone()),
        (Operator::Add, left, Value::Null) => Ok(left),
        (Operator::Add, Value::String(mut a), Value::String(b)) => {
            a.push_str(b);
            Ok(a.into())
        }
        (Operator::Add, Value::Array(mut a), Value::Array(b)) => {
            a.extend(b.iter().cloned());
            Ok(a.into())
        }
        (Operator::Add, Value::Object(mut a), Value::Object(b)) => {
            a.extend(b.iter().map(|(k, v)| (k.clone(), v.clone())));
            Ok(a.into())
        }
        (Operator::Subtract, Value::Array(mut a), Value::Array(b)) => {
            a.retain(|a| !b.iter().any(|b| compare(a, b).is_eq()));
            Ok(a.into())
        }
        (Operator::Divide, Value::String(a), Value::String(b)) => Ok(split(&a, b)),
        (operator, left, right) => {
            let verb = match operator {
                Operator::Add => "added",
                Operator::Subtract => "subtracted",
                Operator::Multiply => "multiplied",
                _ => "divided",
            };
            fail(format!("{} and {} cannot be {verb}", described(&left), described(right)))
        }
    }
}
