//! Events of the user's own: each a line of JSON, published as it stands there, or with what SNS takes beside a message.

use serde::de::IgnoredAny;
use serde_json::{Deserializer, Value};

use super::envelope::Attribute;

/// A message has at most so many bytes, its attributes included (API reference of SNS, Publish: 256 KiB).
pub(crate) const MAX_MESSAGE: usize = 256 * 1024;
/// The name of an attribute has at most so many characters ("Amazon SNS message attributes", developer guide of SNS, as are the other
/// rules of its name, type and value).
const MAX_NAME: usize = 256;
/// What no name may begin with, whatever the case of its letters (ibid.).
const RESERVED: [&str; 2] = ["aws.", "amazon."];
/// The type of an attribute that is a list.
const LIST: &str = "String.Array";
/// What may stand beside a `message`.
const BESIDE: [&str; 4] = ["attributes", "subject", "group", "dedup"];

/// An event that the user wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Own {
    /// The line it stands in, from 1.
    pub line: u64,
    pub message: String,
    pub attributes: Vec<Attribute>,
    pub subject: Option<String>,
    /// The message group.
    pub group: Option<String>,
    /// The deduplication id.
    pub dedup: Option<String>,
}

/// What holds for all lines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Common {
    /// Attributes of every message; a line's own of the same name wins.
    pub attributes: Vec<Attribute>,
    /// Each message needs a group: the topic is FIFO.
    pub fifo: bool,
}

impl Own {
    /// Reads a line; the error says what is wrong with it.
    pub(crate) fn read(line: u64, text: &str, common: &Common) -> Result<Self, String> {
        serde_json::from_str::<IgnoredAny>(text).map_err(|error| format!("not JSON: {}", told(&error)))?;
        let mut own = Self {
            line,
            message: text.to_owned(),
            attributes: common.attributes.clone(),
            subject: None,
            group: None,
            dedup: None,
        };
        if let Some(members) = members(text).filter(|members| is_envelope(members)) {
            for (name, value) in members {
                own.take(&name, value)?;
            }
        }
        own.check(common)?;
        Ok(own)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        let parsed: Value = serde_json::from_str(value).map_err(|error| told(&error))?;
        match (name, parsed) {
            ("message", Value::String(text)) => self.message = text,
            // As it stands there: no number changes on the way.
            ("message", _) => value.clone_into(&mut self.message),
            ("attributes", Value::Object(given)) => {
                for (name, value) in &given {
                    let attribute = attribute(name, value)?;
                    self.attributes.retain(|known| known.name != attribute.name);
                    self.attributes.push(attribute);
                }
            }
            ("attributes", _) => return Err("its \"attributes\" are no object".into()),
            ("subject", Value::String(text)) => self.subject = Some(text),
            ("group", Value::String(text)) => self.group = Some(text),
            ("dedup", Value::String(text)) => self.dedup = Some(text),
            (name, _) => return Err(format!("its {name:?} is no text")),
        }
        Ok(())
    }

    fn check(&self, common: &Common) -> Result<(), String> {
        if self.message.is_empty() {
            return Err("its message is empty".into());
        }
        let bytes = self.message.len() + self.attributes.iter().map(Attribute::size).sum::<usize>();
        if bytes > MAX_MESSAGE {
            return Err(format!("it has {bytes} bytes with its attributes, SNS takes {MAX_MESSAGE}"));
        }
        if common.fifo && self.group.is_none() {
            return Err("it has no group, and the topic is FIFO: {\"message\": .., \"group\": \"..\"}".into());
        }
        Ok(())
    }
}

/// A line is an envelope if it is an object of a message, something of what stands beside one, and nothing else. An event that
/// has a `message` of its own is none.
fn is_envelope(members: &[(String, &str)]) -> bool {
    let has_message = members.iter().any(|(name, _)| name == "message");
    let others = members.iter().filter(|(name, _)| name != "message");
    has_message && members.len() > 1 && others.clone().all(|(name, _)| BESIDE.contains(&name.as_str()))
}

/// The members of an object, each value as it is written; none of what isn't an object.
fn members(text: &str) -> Option<Vec<(String, &str)>> {
    let mut rest = text.trim_start().strip_prefix('{')?.trim_start();
    let mut members = Vec::new();
    while !rest.starts_with('}') {
        let (name, behind) = value(rest)?;
        let (written, behind) = value(behind.trim_start().strip_prefix(':')?.trim_start())?;
        members.push((serde_json::from_str(name).ok()?, written));
        let behind = behind.trim_start();
        rest = behind.strip_prefix(',').unwrap_or(behind).trim_start();
    }
    Some(members)
}

/// The value that a text begins with, and what follows it.
fn value(text: &str) -> Option<(&str, &str)> {
    let mut values = Deserializer::from_str(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(text.split_at(values.byte_offset()))
}

/// An attribute as a line gives it: a text, a number, a list, or `{"type": .., "value": ..}`.
pub(crate) fn attribute(name: &str, value: &Value) -> Result<Attribute, String> {
    let (data_type, value) = match value {
        Value::String(text) => ("String".to_owned(), text.clone()),
        Value::Number(number) => ("Number".to_owned(), number.to_string()),
        Value::Array(_) => (LIST.to_owned(), value.to_string()),
        Value::Object(given) => match (given.get("type"), given.get("value"), given.len()) {
            (Some(Value::String(kind)), Some(Value::String(text)), 2) => (kind.clone(), text.clone()),
            (Some(Value::String(kind)), Some(Value::Number(number)), 2) => (kind.clone(), number.to_string()),
            _ => return Err(format!("its attribute {name:?} isn't {{\"type\": \"..\", \"value\": \"..\"}}")),
        },
        Value::Bool(_) | Value::Null => {
            return Err(format!("its attribute {name:?} is neither a text, a number nor a list"));
        }
    };
    typed(name, &data_type, value).map_err(|why| format!("its attribute {name:?} {why}"))
}

/// An attribute of a type that can be sent as text, as SNS takes it.
fn typed(name: &str, data_type: &str, value: String) -> Result<Attribute, String> {
    check_name(name)?;
    let (kind, own) = data_type.split_once('.').unwrap_or((data_type, "none"));
    if !["String", "Number"].contains(&kind) || own.is_empty() {
        return Err(format!("is of the type {data_type:?}: String or Number is needed, Binary isn't sent from here"));
    }
    if value.is_empty() {
        return Err("is empty, and SNS takes no such value".into());
    }
    if kind == "Number" && !value.trim().parse::<f64>().is_ok_and(f64::is_finite) {
        return Err(format!("is to be a number, and {value} is none"));
    }
    if data_type == LIST && !is_list(&value) {
        return Err(format!(
            "is to be a list of texts, numbers, true, false and null as JSON, like [\"a\", 7], and {value} is none"
        ));
    }
    Ok(Attribute { name: name.to_owned().into(), data_type: data_type.to_owned().into(), value })
}

/// Refuses a name that SNS refuses.
fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(format!("has a name of {} bytes: from 1 to {MAX_NAME} are needed", name.len()));
    }
    if let Some(c) = name.chars().find(|c| !c.is_ascii_alphanumeric() && !"_-.".contains(*c)) {
        return Err(format!("has {c:?} in its name, where letters without accents, digits, _, - and . may stand"));
    }
    if name.starts_with('.') || name.ends_with('.') || name.contains("..") {
        return Err("has a name that begins or ends with a dot, or has two of them in a row".into());
    }
    let lower = name.to_ascii_lowercase();
    if RESERVED.iter().any(|reserved| lower.starts_with(reserved)) {
        return Err("has a name that begins with AWS. or Amazon., which only AWS may use".into());
    }
    Ok(())
}

/// Whether a text is JSON of a list, as SNS wants it.
fn is_list(text: &str) -> bool {
    let values: Result<Vec<Value>, _> = serde_json::from_str(text);
    values.is_ok_and(|values| values.iter().all(|value| !value.is_array() && !value.is_object()))
}

/// `name=value`, or `name:Type=value`: an attribute of every message.
pub(crate) fn common_attribute(text: &str) -> Result<Attribute, String> {
    let wrong = || "name=value or name:Number=value is needed".to_owned();
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    let (name, kind) = name.split_once(':').unwrap_or((name, "String"));
    if name.trim().is_empty() || value.is_empty() {
        return Err(wrong());
    }
    typed(name.trim(), kind.trim(), value.to_owned()).map_err(|why| format!("{} {why}", name.trim()))
}

/// An error of one line, which names no line itself.
fn told(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.replacen(" at line 1 column ", ", at column ", 1)
}

/// Whether a body is JSON that claims to be no CloudEvent: an event of somebody's own.
pub(crate) fn is_own(body: &str) -> bool {
    match members(body) {
        Some(members) => members.iter().all(|(name, _)| name != "specversion"),
        None => serde_json::from_str::<IgnoredAny>(body).is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Own, String> {
        Own::read(7, text, &Common::default())
    }

    fn attributes(own: &Own) -> Vec<(&str, &str, &str)> {
        own.attributes.iter().map(|it| (&*it.name, &*it.data_type, &*it.value)).collect()
    }

    #[test]
    fn a_line_is_sent_as_it_stands_there() {
        let lines = [
            r#"{"id": 1.0, "big": 123456789012345678901234567890}"#,
            r#"{"message": "hi"}"#,
            r#"{"message": "hi", "level": "info"}"#,
            r#"{"message": "hi", "subject": "s", "level": 1}"#,
            r#"{"attributes": {}, "group": "g"}"#,
            "\"text\"",
            "7",
            "[1, 2]",
            "{}",
        ];
        for line in lines {
            let own = read(line).unwrap();
            assert_eq!((&*own.message, own.line, own.attributes.len()), (line, 7, 0));
        }
    }

    #[test]
    fn an_envelope_says_what_stands_beside_a_message() {
        let own = read(
            r#" { "message" : {"n": 1.0, "big": 12345678901234567890123} , "attributes": {"kind": "order", "amount": 1.50,
                "tags": ["a", "b"], "v": {"type": "Number.int", "value": "7"}}, "subject": "s", "group": "g", "dedup": "d" }"#,
        )
        .unwrap();
        assert_eq!(own.message, r#"{"n": 1.0, "big": 12345678901234567890123}"#);
        let all = [
            ("kind", "String", "order"),
            ("amount", "Number", "1.5"),
            ("tags", "String.Array", r#"["a","b"]"#),
            ("v", "Number.int", "7"),
        ];
        assert_eq!(attributes(&own), all);
        assert_eq!([own.subject, own.group, own.dedup].map(Option::unwrap), ["s", "g", "d"]);
        assert_eq!(read(r#"{"message":"text","attributes":{}}"#).unwrap().message, "text");
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        for (line, why) in [
            ("hello", "not JSON: expected value, at column 1"),
            ("{\"a\":1", "not JSON: EOF while parsing an object, at column 6"),
            ("{} {}", "not JSON: trailing characters, at column 4"),
            (r#"{"message":"","subject":"s"}"#, "its message is empty"),
            (r#"{"message":"x","attributes":[]}"#, "its \"attributes\" are no object"),
            (r#"{"message":"x","group":7}"#, "its \"group\" is no text"),
            (
                r#"{"message":"x","attributes":{"a":true}}"#,
                "its attribute \"a\" is neither a text, a number nor a list",
            ),
            (
                r#"{"message":"x","attributes":{"a":{"type":"Binary","value":"eA=="}}}"#,
                "its attribute \"a\" is of the type",
            ),
        ] {
            let error = read(line).unwrap_err();
            assert!(error.starts_with(why), "{line}: {error}");
        }
        // Such attributes were sent, and SNS refused the event, or no filter took it.
        for (attributes, why) in [
            (r#"{"a b":"x"}"#, "has ' ' in its name"),
            (r#"{"é":"x"}"#, "has 'é' in its name"),
            (r#"{"":"x"}"#, "has a name of 0 bytes"),
            (r#"{".a":"x"}"#, "has a name that begins or ends with a dot"),
            (r#"{"a..b":"x"}"#, "or has two of them in a row"),
            (r#"{"aws.x":"x"}"#, "only AWS may use"),
            (r#"{"AMAZON.x":"x"}"#, "only AWS may use"),
            (r#"{"a":""}"#, "is empty"),
            (r#"{"a":[["x"]]}"#, "is to be a list"),
            (r#"{"a":{"type":"String.Array","value":"[\"x\""}}"#, "is to be a list"),
            (r#"{"a":{"type":"Number","value":"x"}}"#, "is to be a number"),
            (r#"{"a":{"type":"Number.","value":"7"}}"#, "is of the type"),
        ] {
            let error = read(&format!(r#"{{"message":"x","attributes":{attributes}}}"#)).unwrap_err();
            assert!(error.contains(why), "{attributes}: {error}");
        }
        let long = "x".repeat(MAX_NAME);
        assert!(read(&format!(r#"{{"message":"x","attributes":{{"{long}":"x"}}}}"#)).is_ok());
        assert!(read(&format!(r#"{{"message":"x","attributes":{{"{long}x":"x"}}}}"#)).is_err());
        assert!(read(r#"{"message":"x","attributes":{"Aws":"x","a.-_9":["x",1,null,true]}}"#).is_ok());
        let fits = "x".repeat(MAX_MESSAGE - 2);
        assert!(read(&format!("\"{fits}\"")).is_ok());
        assert!(read(&format!("\"{fits}x\"")).unwrap_err().starts_with("it has 262145 bytes"));
        let fifo = Common { fifo: true, ..Common::default() };
        assert!(Own::read(1, "{}", &fifo).unwrap_err().contains("no group"));
    }

    #[test]
    fn a_lines_attribute_wins_over_that_of_all() {
        let all = ["kind=order", "n:Number=7", "empty:String.x=a=b"].map(|it| common_attribute(it).unwrap());
        let common = Common { attributes: all.to_vec(), fifo: false };
        let own = Own::read(1, r#"{"message":"x","attributes":{"kind":"payment"}}"#, &common).unwrap();
        let all = [("n", "Number", "7"), ("empty", "String.x", "a=b"), ("kind", "String", "payment")];
        assert_eq!(attributes(&own), all);
        for wrong in ["kind", "=x", "a=", "a:Binary=x", ":Number=1", "a b=x", "a:String.Array=[", "n:Number.int=x"] {
            assert!(common_attribute(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_cloud_event_is_not_somebodys_own() {
        for own in ["{}", "[]", "7", "\"x\"", r#"{"a":{"specversion":"1.0"}}"#] {
            assert!(is_own(own), "{own}");
        }
        for other in ["", "hello", "{\"a\":", r#"{"specversion":"1.0"}"#, r#"{"a":1,"specversion":7}"#] {
            assert!(!is_own(other), "{other}");
        }
    }
}
