//! The texts of messages and what stands beside them, as they are shown.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::queue::Attribute;
use engine::change::{self, Value};
use wire::Blob;

/// Bytes of a body that are shown in a list, and of one message.
pub(crate) const IN_LIST: usize = 512;
pub(crate) const WHOLE: usize = 256 << 10;

/// The beginning of a text, and whether there is more.
pub(crate) fn cut(text: &str, most: usize) -> (String, bool) {
    let end = text.floor_char_boundary(most);
    (text[..end].to_owned(), end < text.len())
}

/// Message attributes by name.
pub(crate) fn attributes(all: &[change::Attribute<'_>]) -> BTreeMap<String, Attribute> {
    let shown = all.iter().map(|attribute| {
        let value = match attribute.value {
            Value::Text(text) => json!(text),
            Value::Binary(bytes) => json!(Blob(bytes::Bytes::copy_from_slice(bytes))),
        };
        (attribute.name.to_owned(), Attribute { kind: attribute.kind.to_owned(), value })
    });
    shown.collect()
}

/// What lies at a path like `a.b[0]` in a JSON text.
pub(crate) fn at_path(text: &str, path: &str) -> Option<Json> {
    let mut value: Json = serde_json::from_str(text).ok()?;
    for step in path.split('.') {
        let (name, mut rest) = step.split_at(step.find('[').unwrap_or(step.len()));
        if !name.is_empty() {
            value = value.get_mut(name)?.take();
        }
        while let Some((index, more)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            value = value.get_mut(index.parse::<usize>().ok()?)?.take();
            rest = more;
        }
        if !rest.is_empty() {
            return None;
        }
    }
    Some(value)
}

/// Whether a JSON text has a value at a path: JSON, or a text as it is.
pub(crate) fn has_at_path(text: &str, path: &str, wanted: &str) -> bool {
    at_path(text, path).is_some_and(|found| match &found {
        Json::String(found) => found == wanted,
        found => serde_json::from_str::<Json>(wanted).is_ok_and(|wanted| wanted == *found),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_into_json() {
        let text = r#"{"a":{"b":[1,{"c":"x"}]},"d":true}"#;
        for (path, value, has) in [
            ("a.b[0]", "1", true),
            ("a.b[1].c", "x", true),
            ("d", "true", true),
            ("a.b[2]", "1", false),
            ("a.b[0", "1", false),
            ("", "", false),
        ] {
            assert_eq!(has_at_path(text, path, value), has, "{path}");
        }
        assert!(!has_at_path("no json", "a", "1"));
        assert_eq!(cut("äö", 3), ("ä".to_owned(), true));
    }
}
