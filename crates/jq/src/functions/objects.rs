//! Functions of objects.

use serde_json::{Map, Value, json};

use crate::error::{Stop, fail};
use crate::value::{described, kind, tostring};

/// The names of an object's members, or the indexes of a list.
pub(super) fn keys(input: &Value, sorted: bool) -> Result<Value, Stop> {
    match input {
        Value::Object(map) => {
            let mut keys: Vec<String> = map.keys().cloned().collect();
            if sorted {
                keys.sort_unstable();
            }
            Ok(keys.into())
        }
        Value::Array(list) => Ok((0..list.len()).collect::<Vec<_>>().into()),
        other => fail(format!("{} has no keys", described(other))),
    }
}

/// An object as a list of `{"key": .., "value": ..}`.
pub(super) fn to_entries(input: &Value) -> Result<Value, Stop> {
    match input {
        Value::Object(map) => Ok(map.iter().map(|(k, v)| json!({"key": k, "value": v})).collect::<Vec<_>>().into()),
        other => fail(format!("{} has no keys", described(other))),
    }
}

/// The object of such a list; jq knows several names for key and value.
pub(super) fn from_entries(entries: &[Value]) -> Value {
    let mut map = Map::new();
    for entry in entries {
        let field = |names: &[&str]| names.iter().find_map(|n| entry.get(n)).cloned().unwrap_or_default();
        map.insert(tostring(&field(&["key", "k", "name", "Name", "K", "Key"])), field(&["value", "v", "Value", "V"]));
    }
    map.into()
}

/// Whether an object has a member, or a list an index.
pub(super) fn has(input: &Value, key: &Value) -> Result<Value, Stop> {
    match (input, key) {
        (Value::Object(map), Value::String(key)) => Ok(map.contains_key(key).into()),
        (Value::Array(list), Value::Number(n)) => {
            Ok(n.as_f64().is_some_and(|n| n >= 0.0 && (n as usize) < list.len()).into())
        }
        _ => fail(format!("Cannot check whether {} has a {} key", kind(input), kind(key))),
    }
}
