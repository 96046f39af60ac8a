//! The text of a template, JSON or YAML, read into one `serde_json::Value`. Short forms of functions (`!Ref x`) become the
//! long ones (`{"Ref": "x"}`).

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Map, Number, Value};

use crate::error::{Invalid, Result};
use crate::indentation::Indented;

/// How deep collections may be nested. serde_json, which reads JSON, has the same bound.
const MAX_DEPTH: usize = 127;

/// Reads a template's text. What starts with `{` is JSON, everything else YAML.
///
/// # Errors
/// AWS's message, with line and column.
pub fn parse(text: &str) -> Result<Value> {
    let value = if text.trim_start().starts_with('{') { json(text)? } else { yaml(text)? };
    if value.is_object() { Ok(value) } else { Err(Invalid::new("Template format error: unsupported structure.")) }
}

fn json(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| {
        // AWS counts the column behind the offending character.
        let (line, column) = (error.line(), error.column() + 1);
        Invalid::new(format!("Template format error: JSON not well-formed. (line {line}, column {column})"))
    })
}

fn not_well_formed(line: usize, column: usize) -> Invalid {
    Invalid::new(format!("Template format error: YAML not well-formed. (line {line}, column {column})"))
}

/// A collection whose end has not been reached yet.
struct Open {
    collection: Collection,
    tag: Option<String>,
}

enum Collection {
    Sequence(Vec<Value>),
    Mapping { members: Map<String, Value>, key: Option<String> },
}

fn yaml(text: &str) -> Result<Value> {
    let invalid = match read(text, not_well_formed) {
        Ok(value) => return Ok(value),
        Err(invalid) => invalid,
    };
    let Some(indented) = Indented::new(text) else { return Err(invalid) };
    read(&indented.text, |line, column| not_well_formed(line, indented.column(line, column)))
}

/// Reads YAML; what isn't well formed is told by line and column, which count from 1.
fn read(text: &str, not_well_formed: impl Fn(usize, usize) -> Invalid) -> Result<Value> {
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| not_well_formed(e.marker().line(), e.marker().col() + 1))?;
        let here = || not_well_formed(span.start.line(), span.start.col() + 1);
        let complete = match event {
            Event::Alias(_) => {
                return Err(Invalid::new("Template error: YAML aliases are not allowed in CloudFormation templates"));
            }
            Event::DocumentStart(_) if root.is_some() => return Err(here()),
            Event::SequenceStart(_, tag) => {
                push(&mut open, Collection::Sequence(Vec::new()), tag.as_deref()).ok_or_else(here)?;
                None
            }
            Event::MappingStart(_, tag) => {
                let empty = Collection::Mapping { members: Map::new(), key: None };
                push(&mut open, empty, tag.as_deref()).ok_or_else(here)?;
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().and_then(close),
            Event::Scalar(text, style, _, tag) => {
                if let Some(Open { collection: Collection::Mapping { key: key @ None, .. }, .. }) = open.last_mut() {
                    *key = Some(text.into_owned());
                    None
                } else {
                    Some(scalar(&text, style, tag.as_deref()).ok_or_else(here)?)
                }
            }
            _ => None,
        };
        if let Some(value) = complete {
            place(&mut open, &mut root, value).ok_or_else(here)?;
        }
    }
    Ok(root.unwrap_or(Value::Null))
}

/// Whether a text in YAML uses the short form of a function.
pub(crate) fn has_short_forms(text: &str) -> bool {
    let mut events = Parser::new_from_str(text).map_while(std::result::Result::ok);
    events.any(|(event, _)| match event {
        Event::SequenceStart(_, tag) | Event::MappingStart(_, tag) | Event::Scalar(_, _, _, tag) => {
            tag.as_deref().is_some_and(|tag| matches!(function(tag), Some(Some(_))))
        }
        _ => false,
    })
}

/// Opens a collection; `None` if it can't stand here.
fn push(open: &mut Vec<Open>, collection: Collection, tag: Option<&Tag>) -> Option<()> {
    let tag = match tag {
        Some(tag) => function(tag)?,
        None => None,
    };
    // A collection can't be a mapping's key.
    let is_key = matches!(open.last(), Some(Open { collection: Collection::Mapping { key: None, .. }, .. }));
    if is_key || open.len() >= MAX_DEPTH {
        return None;
    }
    open.push(Open { collection, tag });
    Some(())
}

/// A collection that has reached its end, as a value.
fn close(open: Open) -> Option<Value> {
    let value = match open.collection {
        Collection::Sequence(items) => Value::Array(items),
        Collection::Mapping { members, .. } => Value::Object(members),
    };
    Some(wrap(open.tag, value))
}

/// Puts a complete value where it belongs: into the innermost open collection, or at the root.
fn place(open: &mut [Open], root: &mut Option<Value>, value: Value) -> Option<()> {
    match open.last_mut().map(|o| &mut o.collection) {
        None => *root = Some(value),
        Some(Collection::Sequence(items)) => items.push(value),
        Some(Collection::Mapping { members, key }) => {
            members.insert(key.take()?, value);
        }
    }
    Some(())
}

/// The functions that have a short form. `Ref` and `Condition` are spelled without the prefix `Fn::`.
const SHORT_FORMS: [&str; 24] = [
    "And",
    "Base64",
    "Cidr",
    "Condition",
    "Contains",
    "EachMemberEquals",
    "EachMemberIn",
    "Equals",
    "FindInMap",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "Ref",
    "RefAll",
    "Select",
    "Split",
    "Sub",
    "ValueOf",
    "ValueOfAll",
];

/// The long form's key for a tag; `Some(None)` for a plain YAML tag, `None` for one that AWS doesn't know.
fn function(tag: &Tag) -> Option<Option<String>> {
    if tag.is_yaml_core_schema() {
        return matches!(tag.suffix.as_str(), "str" | "int" | "float" | "bool" | "null" | "seq" | "map")
            .then_some(None);
    }
    if tag.handle != "!" {
        return None;
    }
    match tag.suffix.as_str() {
        "Ref" | "Condition" => Some(Some(tag.suffix.clone())),
        name if SHORT_FORMS.contains(&name) || matches!(name, "GetStackOutput" | "Transform" | "ToJsonString") => {
            Some(Some(format!("Fn::{name}")))
        }
        _ => None,
    }
}

/// The call of a function; without one, the argument as it is.
fn wrap(function: Option<String>, argument: Value) -> Value {
    let Some(function) = function else { return argument };
    let argument = match (function.as_str(), &argument) {
        ("Fn::GetAtt", Value::String(path)) => match path.split_once('.') {
            Some((resource, attribute)) => Value::from(vec![resource, attribute]),
            None => argument,
        },
        _ => argument,
    };
    Value::Object(Map::from_iter([(function, argument)]))
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Option<Value> {
    let mut name = None;
    let mut forced_string = false;
    if let Some(tag) = tag {
        name = function(tag)?;
        forced_string = tag.is_yaml_core_schema() && tag.suffix == "str";
    }
    // A function's scalar argument is a name or text, whatever it looks like.
    let is_text = name.is_some() || forced_string || !matches!(style, ScalarStyle::Plain);
    let value = if is_text { Value::String(text.to_owned()) } else { plain(text) };
    Some(wrap(name, value))
}

/// A plain scalar by YAML 1.1's rules, which are CloudFormation's: `yes` is a boolean, `010` is octal.
/// Dates stay text ("AWS CloudFormation template formats": the timestamp tag is not supported).
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Value::Bool(false),
        _ => {}
    }
    number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

/// A number by YAML 1.1's rules.
fn number(text: &str) -> Option<Number> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        b'0'..=b'9' | b'.' => (false, text),
        _ => return None,
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let integer = match digits.as_bytes() {
        [b'0', b'x', ..] => i64::from_str_radix(&digits[2..], 16).ok(),
        [b'0', rest @ ..] if !rest.is_empty() && rest.iter().all(|b| matches!(b, b'0'..=b'7')) => {
            i64::from_str_radix(&digits[1..], 8).ok()
        }
        all if all.iter().all(u8::is_ascii_digit) && !(all.len() > 1 && all[0] == b'0') => digits.parse().ok(),
        _ => None,
    };
    if let Some(integer) = integer {
        return Some(Number::from(if negative { -integer } else { integer }));
    }
    let is_float = digits.contains('.')
        && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    if is_float { text.parse::<f64>().ok().and_then(Number::from_f64) } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn short_tags_become_long_forms() {
        let cases = [
            ("A: !Ref B", json!({"A": {"Ref": "B"}})),
            ("A: !GetAtt B.C.D", json!({"A": {"Fn::GetAtt": ["B", "C.D"]}})),
            ("A: !Sub '${B}-c'", json!({"A": {"Fn::Sub": "${B}-c"}})),
            ("A: !If [C, !Ref B, 2]", json!({"A": {"Fn::If": ["C", {"Ref": "B"}, 2]}})),
            ("A: !Not [!Condition C]", json!({"A": {"Fn::Not": [{"Condition": "C"}]}})),
            ("A: !Join\n  - ','\n  - [a, b]", json!({"A": {"Fn::Join": [",", ["a", "b"]]}})),
            ("A: !Select [1, !GetAZs '']", json!({"A": {"Fn::Select": [1, {"Fn::GetAZs": ""}]}})),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn plain_scalars_follow_yaml_1_1() {
        let cases = [
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("012", json!(10)),
            ("0x1f", json!(31)),
            ("089", json!("089")),
            ("-7", json!(-7)),
            ("1.5", json!(1.5)),
            ("2012-10-17", json!("2012-10-17")),
            ("1.2.3", json!("1.2.3")),
            ("'5'", json!("5")),
            ("", json!(null)),
            ("123456789012345678901", json!("123456789012345678901")),
            ("-", json!([null])),
        ];
        for (text, expected) in cases {
            assert_eq!(
                parse(&format!("A: {}", text)).or_else(|_| parse(&format!("A:\n {text}"))).unwrap()["A"],
                expected
            );
        }
    }

    #[test]
    fn errors_say_where() {
        let cases = [
            ("https://example.com/t.yaml", "Template format error: unsupported structure."),
            ("[1]", "Template format error: unsupported structure."),
            (
                r#"{"this is invalid JSON"="bobbins"}"#,
                "Template format error: JSON not well-formed. (line 1, column 25)",
            ),
            ("A: &x 1\nB: *x", "Template error: YAML aliases are not allowed in CloudFormation templates"),
            ("A: !Foo x", "Template format error: YAML not well-formed. (line 1, column 4)"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).unwrap_err().message, expected, "{text}");
        }
        let bad_indent = "R:\n  B:\n    T: x\n    P:\n        N: t\n      V:\n        S: e\n";
        assert!(
            parse(bad_indent).unwrap_err().message.starts_with("Template format error: YAML not well-formed. (line")
        );
    }

    #[test]
    fn deep_nesting_is_refused() {
        for text in ["- ".repeat(20_000), format!("A: {}", "[".repeat(20_000)), "{\"a\":".repeat(20_000)] {
            assert!(parse(&text).is_err());
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "(?s).{0,200}|([-:?!&*{}\\[\\],#|>%@`'\"\\n a-c0-9.]{0,80})") {
            let _ = parse(&text);
        }
    }
}
