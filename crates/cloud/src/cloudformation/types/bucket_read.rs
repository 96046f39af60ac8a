//! Members of a property's value, read into S3's shapes.

use serde_json::Value;

use crate::s3::dto;

/// A value that S3 couldn't read.
pub(super) struct Malformed;

/// What was read, if S3 could.
pub(super) type Result<T> = std::result::Result<T, Malformed>;

/// A member that is a text, as a type that texts become.
pub(super) fn text<T: From<String>>(from: &Value, name: &str) -> Option<T> {
    from[name].as_str().map(|text| text.to_owned().into())
}

/// As [`text`], for a member that has to be there.
pub(super) fn required<T: From<String>>(from: &Value, name: &str) -> Result<T> {
    text(from, name).ok_or(Malformed)
}

/// A member that is a number, or a text of one.
pub(super) fn number<T: TryFrom<i64>>(from: &Value, name: &str) -> Result<Option<T>> {
    let number = match &from[name] {
        Value::Null => return Ok(None),
        Value::String(text) => text.parse().ok(),
        number => number.as_i64(),
    };
    number.and_then(|number| number.try_into().ok()).map(Some).ok_or(Malformed)
}

/// A member that is a list. One without entries is none.
pub(super) fn list<T>(from: &Value, name: &str, read: impl FnMut(&Value) -> Result<T>) -> Result<Option<Vec<T>>> {
    let entries = from[name].as_array().into_iter().flatten().map(read).collect::<Result<Vec<T>>>()?;
    Ok(Some(entries).filter(|entries| !entries.is_empty()))
}

/// A member that is a list of texts.
pub(super) fn texts<T: From<String>>(from: &Value, name: &str) -> Result<Option<Vec<T>>> {
    list(from, name, |entry| entry.as_str().map(|text| text.to_owned().into()).ok_or(Malformed))
}

/// A member that is an object.
pub(super) fn object<T>(from: &Value, name: &str, read: impl FnOnce(&Value) -> Result<T>) -> Result<Option<T>> {
    from.get(name).map(read).transpose()
}

/// A tag.
pub(super) fn tag(tag: &Value) -> Result<dto::Tag> {
    Ok(dto::Tag { key: text(tag, "Key"), value: text(tag, "Value") })
}

/// A moment.
pub(super) fn date(from: &Value, name: &str) -> Result<Option<dto::Timestamp>> {
    let date = |date: String| dto::Timestamp::parse(dto::TimestampFormat::DateTime, &date).map_err(|_| Malformed);
    text(from, name).map(date).transpose()
}
