//! Nulls, which no template may have.

use std::borrow::Cow;

use serde_json::Value;

use crate::error::{Invalid, Result};

/// Refuses a null anywhere, with its path. Of a resource's properties AWS says `Type` where `Properties` stands
/// (aws-cloudformation/cfn-lint, issue 38: `[/Resources/myInstance/Type/EbsOptimized]`).
pub(crate) fn refuse(tree: &Value) -> Result<()> {
    let mut path = Vec::new();
    if !null_in(tree, &mut path) {
        return Ok(());
    }
    if path.len() > 3 && path[0] == "Resources" && path[2] == "Properties" {
        path[2] = "Type".into();
    }
    Err(Invalid::new(format!("[/{}] 'null' values are not allowed in templates", path.join("/"))))
}

/// Whether there is a null inside a value, and the path of the first.
fn null_in<'a>(value: &'a Value, path: &mut Vec<Cow<'a, str>>) -> bool {
    let mut member = |key: Cow<'a, str>, value: &'a Value| {
        path.push(key);
        let found = null_in(value, path);
        if !found {
            path.pop();
        }
        found
    };
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().enumerate().any(|(at, item)| member(at.to_string().into(), item)),
        Value::Object(members) => members.iter().any(|(key, value)| member(key.into(), value)),
        _ => false,
    }
}
