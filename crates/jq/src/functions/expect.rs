//! Values of the kind that a function needs.

use serde_json::Value;

use crate::error::{Stop, fail};
use crate::value::described;

pub(super) fn text(value: &Value) -> Result<&str, Stop> {
    match value {
        Value::String(s) => Ok(s),
        other => fail(format!("{} is not a string", described(other))),
    }
}

pub(super) fn float(value: &Value) -> Result<f64, Stop> {
    match value.as_f64() {
        Some(n) => Ok(n),
        None => fail(format!("{} number required", described(value))),
    }
}

pub(super) fn list(value: &Value) -> Result<&[Value], Stop> {
    match value {
        Value::Array(list) => Ok(list),
        other => fail(format!("{} is not an array", described(other))),
    }
}
