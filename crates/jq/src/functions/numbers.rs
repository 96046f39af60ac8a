//! Functions of numbers.

use serde_json::Value;

use crate::error::{Stop, fail};
use crate::value::{described, number};

/// `tonumber`
pub(super) fn parse(input: &Value) -> Result<Value, Stop> {
    match input {
        Value::Number(_) => Ok(input.clone()),
        Value::String(s) => match s.trim().parse::<f64>() {
            Ok(n) if n.is_finite() => Ok(number(n)),
            _ => fail(format!("Cannot use {} as a number", described(input))),
        },
        other => fail(format!("{} cannot be parsed as a number", described(other))),
    }
}

/// `floor`, `ceil`, `round` and `sqrt`, or else `fabs`.
pub(super) fn calculate(function: &str, n: f64) -> Value {
    number(match function {
        "floor" => n.floor(),
        "ceil" => n.ceil(),
        "round" => n.round(),
        "sqrt" => n.sqrt(),
        _ => n.abs(),
    })
}
