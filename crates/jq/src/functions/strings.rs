//! Functions of strings.

use serde_json::Value;

use super::expect::text;
use crate::error::{Stop, fail};
use crate::value::{self, described, tostring};

/// `fromjson`
pub(super) fn parse_json(input: &Value) -> Result<Value, Stop> {
    serde_json::from_str(text(input)?).or_else(|error| fail(format!("{error} (while parsing '{}')", tostring(input))))
}

pub(super) fn starts_with(input: &Value, prefix: &Value) -> Result<Value, Stop> {
    match (input, prefix) {
        (Value::String(s), Value::String(prefix)) => Ok(s.starts_with(&**prefix).into()),
        _ => fail("startswith() requires string inputs"),
    }
}

pub(super) fn ends_with(input: &Value, suffix: &Value) -> Result<Value, Stop> {
    match (input, suffix) {
        (Value::String(s), Value::String(suffix)) => Ok(s.ends_with(&**suffix).into()),
        _ => fail("endswith() requires string inputs"),
    }
}

/// `ltrimstr` and `rtrimstr`, as `strip` takes from the one end or the other. What can't be cut stays as it is.
pub(super) fn trim(input: &Value, cut: &Value, strip: for<'t> fn(&'t str, &str) -> Option<&'t str>) -> Value {
    match (input, cut) {
        (Value::String(s), Value::String(cut)) => strip(s, cut).unwrap_or(s).into(),
        _ => input.clone(),
    }
}

pub(super) fn split(input: &Value, separator: &Value) -> Result<Value, Stop> {
    match (input, separator) {
        (Value::String(s), Value::String(separator)) => Ok(value::split(s, separator)),
        _ => fail("split input and separator must be strings"),
    }
}

pub(super) fn join(list: &[Value], separator: &str) -> Result<Value, Stop> {
    let mut parts = Vec::new();
    for part in list {
        match part {
            Value::Null => parts.push(String::new()),
            Value::Array(_) | Value::Object(_) => return fail(format!("Cannot join with {}", described(part))),
            other => parts.push(tostring(other)),
        }
    }
    Ok(parts.join(separator).into())
}
