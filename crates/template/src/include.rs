//! The transform `AWS::Include`: what lies in S3 is put into a template, before anything else looks at it ("AWS::Include transform").
//!
//! Whoever fetches the files does it between two steps: [`included`] says where they lie, and [`include`] puts them in.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::budget::{Budget, MAX_BYTES, too_large};
use crate::declared::Declared;
use crate::error::{Invalid, Result};
use crate::evaluate::Scope;
use crate::extensions::INCLUDE;
use crate::parameters::Texts;
use crate::parse;
use crate::pseudo::Pseudo;

/// The function that stands for a transform within a section.
const FUNCTION: &str = "Fn::Transform";
/// Files that one template includes. AWS names no number; this is as many as nobody writes.
const MAX_FILES: usize = 100;
/// The sections in which nothing is included: the parameters, and the transforms themselves.
const CLOSED: [&str; 2] = ["Parameters", "Transform"];

/// AWS's error of the transform.
pub fn include_failed(what: impl std::fmt::Display) -> Invalid {
    Invalid::new(format!("Transform {INCLUDE} failed with: {what}"))
}

/// Where the files lie that a template includes: their places in S3, each once. `given` are texts of parameters, since a place may be made
/// of them.
///
/// # Errors
/// AWS's message, for a template that can't be read, or a place that can't be told.
pub fn included(text: &str, given: &Texts, pseudo: &Pseudo) -> Result<Vec<String>> {
    let mut places = Vec::new();
    // Most templates have none, and are read once less.
    if !text.contains("Transform") && !text.contains('\\') {
        return Ok(places);
    }
    let tree = parse::parse(text)?;
    refuse_macros(&tree)?;
    if !has_any(&tree) {
        return Ok(places);
    }
    work(tree, given, pseudo, &mut |place| {
        if !places.iter().any(|known| known == place) {
            places.push(place.to_owned());
        }
        Ok(Map::new())
    })?;
    match places.len() > MAX_FILES {
        true => Err(include_failed(format!("a template includes {MAX_FILES} files at most here."))),
        false => Ok(places),
    }
}

/// The text of the template with `files` put in, as JSON: by their places, those that [`included`] gives.
///
/// # Errors
/// AWS's message, for a file that is no template snippet, or a template that becomes too large.
pub fn include(text: &str, given: &Texts, pseudo: &Pseudo, files: &BTreeMap<String, String>) -> Result<String> {
    let mut size = text.len();
    let tree = work(parse::parse(text)?, given, pseudo, &mut |place| {
        let file = files.get(place).ok_or_else(|| include_failed(format!("nothing lies at {place}")))?;
        size += file.len();
        if size > MAX_BYTES { Err(too_large()) } else { snippet(file) }
    })?;
    Ok(tree.to_string())
}

/// A template of which the included files aren't known: what they would say is missing. Whether something was included.
pub(crate) fn leave_out(tree: &mut Value) -> bool {
    if !has_any(tree) {
        return false;
    }
    strip(tree);
    // What was nothing but a file is nothing.
    if let Some(resources) = tree.get_mut("Resources").and_then(Value::as_object_mut) {
        resources.retain(|_, resource| resource.get("Type").is_some());
    }
    mark(tree);
    true
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.shift_remove(FUNCTION);
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// What a file says: an object, without short forms and without files of its own.
fn snippet(file: &str) -> Result<Map<String, Value>> {
    let wrong = || include_failed("The specified S3 object's content should be valid Yaml/JSON.");
    match parse::parse(file) {
        Ok(Value::Object(members)) if !parse::has_short_forms(file) => {
            let whole = Value::Object(members);
            if has_any(&whole) {
                return Err(wrong());
            }
            match whole {
                Value::Object(members) => Ok(members),
                _ => Err(wrong()),
            }
        }
        _ => Err(wrong()),
    }
}

/// Whether there is something to include.
fn has_any(tree: &Value) -> bool {
    let declared = match tree.get("Transform") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    declared.iter().any(is_include) || has_function(tree)
}

/// A declaration of the transform: by its name alone too, which lacks a place.
fn is_include(declared: &Value) -> bool {
    declared == INCLUDE || declared["Name"] == INCLUDE
}

fn has_function(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, value)| match name.as_str() {
            FUNCTION => calls(value).iter().any(is_include),
            _ => has_function(value),
        }),
        Value::Array(items) => items.iter().any(has_function),
        _ => false,
    }
}

/// # Errors
/// A function calls another transform than this: a macro.
fn refuse_macros(value: &Value) -> Result<()> {
    match value {
        Value::Object(members) => members.iter().try_for_each(|(name, value)| match name.as_str() {
            FUNCTION => match calls(value).iter().find(|it| !is_include(it)) {
                Some(transform) => {
                    let name = transform["Name"].as_str().unwrap_or_default();
                    Err(Invalid::new(format!("Template format error: the transform {name} is not supported here")))
                }
                None => Ok(()),
            },
            _ => refuse_macros(value),
        }),
        Value::Array(items) => items.iter().try_for_each(refuse_macros),
        _ => Ok(()),
    }
}

/// The transforms of a call: one or a list of them.
fn calls(value: &Value) -> &[Value] {
    match value {
        Value::Array(list) => list,
        one => std::slice::from_ref(one),
    }
}

/// Gives the members of a file by its place.
type Fetch<'f> = &'f mut dyn FnMut(&str) -> Result<Map<String, Value>>;

/// Puts the files in, the innermost first, those of the section `Transform` last. That section then says by its name what was done.
fn work(mut tree: Value, given: &Texts, pseudo: &Pseudo, fetch: Fetch<'_>) -> Result<Value> {
    let conditions = tree.get("Conditions").cloned();
    let declared = Declared::read(&tree, given, pseudo, conditions.as_ref())?;
    let budget = Budget::default();
    declared.within(pseudo, &budget, |scope| {
        for (section, value) in tree.as_object_mut().into_iter().flatten() {
            if !CLOSED.contains(&section.as_str()) {
                fill(scope, value, fetch)?;
            }
        }
        let transforms: Vec<Value> = tree.get("Transform").map(calls).unwrap_or_default().to_vec();
        for transform in transforms.iter().filter(|transform| is_include(transform)) {
            let members = fetch(&place(scope, transform)?)?;
            merge(&mut tree, members);
        }
        mark(&mut tree);
        Ok(tree)
    })
}

/// Leaves the transform's name alone in its section, in front of the others.
fn mark(tree: &mut Value) {
    let others = tree.get("Transform").map(calls).unwrap_or_default().iter().filter(|it| !is_include(it)).cloned();
    let all: Vec<Value> = std::iter::once(INCLUDE.into()).chain(others).collect();
    if let Some(sections) = tree.as_object_mut() {
        sections.insert("Transform".to_owned(), all.into());
    }
}

/// Puts files into a value.
fn fill(scope: &Scope<'_>, value: &mut Value, fetch: Fetch<'_>) -> Result<()> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| fill(scope, item, &mut *fetch)),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                if name != FUNCTION {
                    fill(scope, member, &mut *fetch)?;
                }
            }
            let Some(call) = members.get(FUNCTION).filter(|call| calls(call).iter().any(is_include)).cloned() else {
                return Ok(());
            };
            members.shift_remove(FUNCTION);
            for transform in calls(&call) {
                members.extend(fetch(&place(scope, transform)?)?);
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Where a transform's file lies.
fn place(scope: &Scope<'_>, transform: &Value) -> Result<String> {
    let location = &transform["Parameters"]["Location"];
    match if location.is_null() { None } else { scope.value(location)? } {
        Some(Value::String(place)) => Ok(place),
        _ => Err(include_failed("The location parameter is not a valid S3 uri.")),
    }
}

/// Puts the sections of a file beside those of the template; a section that both have gets the members of both.
fn merge(tree: &mut Value, file: Map<String, Value>) {
    let Some(sections) = tree.as_object_mut() else { return };
    for (name, value) in file {
        match (sections.get_mut(&name), value) {
            (Some(Value::Object(present)), Value::Object(more)) => present.extend(more),
            (_, value) => drop(sections.insert(name, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn done(template: &str, files: &[(&str, &str)]) -> std::result::Result<Value, String> {
        let files = files.iter().map(|(place, text)| ((*place).to_owned(), (*text).to_owned())).collect();
        let given = Texts::from([("B".to_owned(), "bucket".to_owned())]);
        let text = include(template, &given, &Pseudo::default(), &files).map_err(|invalid| invalid.message)?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    const TYPED: &str = "Type: AWS::SNS::Topic";

    #[test]
    fn files_are_put_where_the_transform_stands() {
        let property = "Parameters: {B: {Type: String}}\nResources:\n  P:\n    Type: T\n    Properties:\n      A: 1\n      \
                        Fn::Transform: {Name: AWS::Include, Parameters: {Location: !Sub 's3://${B}/f'}}";
        let given = Texts::from([("B".to_owned(), "bucket".to_owned())]);
        assert_eq!(included(property, &given, &Pseudo::default()).unwrap(), ["s3://bucket/f"]);
        let found = done(property, &[("s3://bucket/f", "V: x")]).unwrap();
        assert_eq!(found["Resources"]["P"]["Properties"], json!({"A": 1, "V": "x"}));
        assert_eq!(found["Transform"], json!(["AWS::Include"]));

        let section = r#"{"Resources": {"A": {"Type": "T"}, "Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://b/k"}}}}"#;
        let found = done(section, &[("s3://b/k", r#"{"B": {"Type": "T"}}"#)]).unwrap();
        assert_eq!(found["Resources"], json!({"A": {"Type": "T"}, "B": {"Type": "T"}}));

        let resource = "Resources: {A: {Fn::Transform: [{Name: AWS::Include, Parameters: {Location: s3://b/one}}, \
                        {Name: AWS::Include, Parameters: {Location: s3://b/two}}]}}";
        let found = done(resource, &[("s3://b/one", TYPED), ("s3://b/two", "Properties: {TopicName: n}")]).unwrap();
        assert_eq!(found["Resources"]["A"], json!({"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "n"}}));

        let whole = "Transform: {Name: AWS::Include, Parameters: {Location: s3://b/k}}\nResources: {A: {Type: T}}";
        let found = done(whole, &[("s3://b/k", "Outputs: {O: {Value: {Ref: A}}}\nResources: {B: {Type: T}}")]).unwrap();
        assert_eq!(found["Outputs"]["O"]["Value"], json!({"Ref": "A"}));
        assert_eq!(found["Resources"], json!({"A": {"Type": "T"}, "B": {"Type": "T"}}));
    }

    #[test]
    fn what_cant_be_included_is_told_in_awss_words() {
        let with = |location: &str| format!("Resources: {{A: {{Fn::Transform: {{Name: AWS::Include{location}}}}}}}");
        let here = with(", Parameters: {Location: s3://b/k}");
        for (template, file, words) in [
            (with(""), TYPED, "Transform AWS::Include failed with: The location parameter is not a valid S3 uri."),
            (with(", Parameters: {Location: [x]}"), TYPED, "The location parameter is not a valid S3 uri."),
            (
                "Transform: AWS::Include\nResources: {}".to_owned(),
                TYPED,
                "The location parameter is not a valid S3 uri.",
            ),
            (here.clone(), "[1]", "content should be valid Yaml/JSON."),
            (here.clone(), "{", "content should be valid Yaml/JSON."),
            // Neither short forms nor files within files.
            (here.clone(), "V: !Ref A", "content should be valid Yaml/JSON."),
            (here.clone(), &here, "content should be valid Yaml/JSON."),
            (here.replace("AWS::Include,", "Mine,"), TYPED, ""),
        ] {
            match done(&template, &[("s3://b/k", file)]) {
                Err(message) => assert!(message.contains(words), "{template}: {message}"),
                Ok(found) => assert!(words.is_empty(), "{template}: {found}"),
            }
        }
        // A macro below the top level was an extraneous key, or a name with colons.
        for macros in [
            here.replace("AWS::Include,", "Mine,"),
            "Resources: {Fn::Transform: {Name: Mine}}".to_owned(),
            "Resources: {A: {Type: T, Properties: {L: [{\"Fn::\\u0054ransform\": [{Name: AWS::Include}, {Name: Mine}]}]}}}".to_owned(),
        ] {
            let message = included(&macros, &Texts::new(), &Pseudo::default()).unwrap_err().message;
            assert_eq!(message, "Template format error: the transform Mine is not supported here", "{macros}");
        }
        let large = format!("V: {}", "x".repeat(MAX_BYTES));
        assert!(done(&here, &[("s3://b/k", &large)]).is_err());
        let many: Vec<String> = (0..=MAX_FILES)
            .map(|n| format!("R{n}: {{Fn::Transform: {{Name: AWS::Include, Parameters: {{Location: s3://b/{n}}}}}}}"))
            .collect();
        let many = format!("Resources: {{{}}}", many.join(", "));
        let message = included(&many, &Texts::new(), &Pseudo::default()).unwrap_err().message;
        assert!(message.contains("100 files at most"), "{message}");
    }
}
