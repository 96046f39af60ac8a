//! What an action is given: a JSON object, or a form.

use serde_json::{Map, Value as Json, json};

use super::parameters::Kind;
use crate::console::wrong;
use wire::json::Unique;
use wire::{AwsError, Form};

/// Names and values, each once.
pub(crate) struct Input(Map<String, Json>);

impl Input {
    /// Reads a body, which is a form if its type says so, else JSON. `curl` says so of all that it sends: what begins as JSON does is none.
    ///
    /// # Errors
    /// A body that is neither.
    pub(crate) fn read(content_type: &str, body: &[u8]) -> Result<Self, AwsError> {
        let is_json = matches!(body.trim_ascii_start().first(), Some(b'{' | b'['));
        if content_type.starts_with("application/x-www-form-urlencoded") && !is_json {
            let mut given = Map::new();
            for (name, value) in Form::parse(&[body])?.pairs() {
                if given.insert(name.to_owned(), json!(value)).is_some() {
                    let name = name[..name.floor_char_boundary(100)].escape_debug();
                    return Err(wrong(format!("The field {name} stands twice.")));
                }
            }
            return Ok(Self(given));
        }
        let none = |why: String| wrong(format!("The body of an action is a JSON object, or a form: {why}."));
        match serde_json::from_slice(if body.is_empty() { b"{}" } else { body }) {
            Ok(Unique(Json::Object(given))) => Ok(Self(given)),
            Ok(_) => Err(none("it is no object".into())),
            Err(error) => Err(none(error.to_string())),
        }
    }

    /// The same without a field that isn't the action's but the page's.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// Checks that there is nothing but what is taken, and that it is what it should be. What is null is as good as not there.
    ///
    /// # Errors
    /// A field that isn't known, or is something else.
    pub(crate) fn check(&self, takes: &[(&str, Kind)]) -> Result<(), AwsError> {
        let known = || takes.iter().copied().chain([("account", Kind::Text), ("region", Kind::Text)]);
        for (name, value) in self.0.iter().filter(|(_, value)| !value.is_null()) {
            let shown = name[..name.floor_char_boundary(100)].escape_debug();
            let Some((_, kind)) = known().find(|(known, _)| known == name) else {
                let all: Vec<&str> = known().map(|(name, _)| name).collect();
                return Err(wrong(format!("There is no field {shown} here: these are {}.", all.join(", "))));
            };
            match kind {
                Kind::Text if !value.is_string() => return Err(wrong(format!("{shown} is a text."))),
                Kind::Number => _ = self.number(name)?,
                Kind::Attributes => _ = self.attributes()?,
                Kind::Text | Kind::Json => {}
            }
        }
        Ok(())
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// It isn't.
    pub(crate) fn text(&self, name: &str) -> Result<&str, AwsError> {
        self.given(name).ok_or_else(|| wrong(format!("The action needs a text {name}.")))
    }

    /// A text, if there is one.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Json::as_str).filter(|text| !text.is_empty())
    }

    /// A value as it was given.
    pub(crate) fn value(&self, name: &str) -> Option<&Json> {
        self.0.get(name)
    }

    /// A number, if there is one; in a form it is a text.
    ///
    /// # Errors
    /// What is none.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, AwsError> {
        match self.0.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) if text.is_empty() => Ok(None),
            Some(Json::String(text)) => {
                text.parse().map(Some).map_err(|_| wrong(format!("{name} is a number, and not {text:?}.")))
            }
            Some(Json::Number(number)) if number.is_u64() => Ok(number.as_u64()),
            Some(_) => Err(wrong(format!("{name} is a whole number."))),
        }
    }

    /// Message attributes: an object of texts or of `{"type", "value"}`, or lines `name=value` and `name:Type=value`.
    ///
    /// # Errors
    /// What is none of these.
    pub(crate) fn attributes(&self) -> Result<Vec<(String, String, String)>, AwsError> {
        let bad = || wrong("attributes are an object of texts or of {\"type\", \"value\"}, or lines name:Type=value.");
        let read_line = |line: &str| {
            let (name, value) = line.split_once('=').ok_or_else(bad)?;
            let (name, kind) = name.split_once(':').unwrap_or((name, "String"));
            Ok((name.trim().to_owned(), kind.trim().to_owned(), value.trim().to_owned()))
        };
        match self.0.get("attributes") {
            None | Some(Json::Null) => Ok(Vec::new()),
            Some(Json::String(text)) => match serde_json::from_str(text) {
                Ok(Json::Object(object)) => from_object(&object).ok_or_else(bad),
                _ => text.lines().filter(|line| !line.trim().is_empty()).map(read_line).collect(),
            },
            Some(Json::Object(object)) => from_object(object).ok_or_else(bad),
            Some(_) => Err(bad()),
        }
    }
}

fn from_object(object: &Map<String, Json>) -> Option<Vec<(String, String, String)>> {
    let one = |(name, value): (&String, &Json)| match value {
        Json::String(text) => Some((name.clone(), "String".to_owned(), text.clone())),
        Json::Number(number) => Some((name.clone(), "Number".to_owned(), number.to_string())),
        Json::Object(typed) => {
            let kind = typed.get("type").and_then(Json::as_str).unwrap_or("String");
            Some((name.clone(), kind.to_owned(), typed.get("value")?.as_str()?.to_owned()))
        }
        _ => None,
    };
    object.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_have_three_forms() {
        let read = |json: Json| Input(json.as_object().unwrap().clone()).attributes();
        let expected = vec![
            ("a".to_owned(), "Number".to_owned(), "1".to_owned()),
            ("b".to_owned(), "String".to_owned(), "x=y".to_owned()),
        ];
        assert_eq!(read(json!({"attributes": {"a": 1, "b": "x=y"}})).unwrap(), expected);
        assert_eq!(read(json!({"attributes": "a:Number=1\nb=x=y\n"})).unwrap(), expected);
        let typed = json!({"attributes": {"a": {"type": "Number", "value": "1"}, "b": {"value": "x=y"}}});
        assert_eq!(read(typed).unwrap(), expected);
        assert!(read(json!({"attributes": "a"})).is_err() && read(json!({"attributes": [1]})).is_err());
        assert!(Input::read("application/json", b"[]").is_err());
        let form = Input::read("application/x-www-form-urlencoded", b"rate=7").unwrap();
        assert_eq!((form.number("rate").unwrap(), form.text("queue").is_err()), (Some(7), true));
    }
}
