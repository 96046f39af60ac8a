//! What a template's values refer to, and that it exists.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{Invalid, Result, Template, call, foreach, text};

/// Something that a value refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// `Ref`, or a variable without a dot in `Fn::Sub`: a parameter, a pseudo parameter or a resource.
    Name(&'a str),
    /// `Fn::GetAtt`, or a variable with a dot in `Fn::Sub`.
    Attribute(&'a str, &'a str),
    /// A condition, and the function that names it.
    Condition(&'a str, &'static str),
    /// A mapping named outright in `Fn::FindInMap`.
    Mapping(&'a str),
    /// `Fn::ImportValue`.
    Import,
    /// `Fn::GetAZs`.
    Zones,
}

/// A piece of a text given to `Fn::Sub`.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Text(&'a str),
    /// `${!Name}` stands for the text `${Name}`.
    Literal(&'a str),
    Variable(&'a str),
}

/// Cuts the text of a `Fn::Sub` into pieces.
pub fn pieces(mut rest: &str) -> Result<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        if start > 0 {
            pieces.push(Piece::Text(&rest[..start]));
        }
        let name = &rest[start + 2..start + length];
        pieces.push(match name.strip_prefix('!') {
            Some(literal) => Piece::Literal(literal),
            None => Piece::Variable(variable(name)?),
        });
        rest = &rest[start + length + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

fn variable(name: &str) -> Result<&str> {
    let name = name.trim();
    if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':')) {
        Ok(name)
    } else {
        Err(Invalid::new(
            "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons",
        ))
    }
}

/// The two halves of a `Fn::GetAtt`'s argument, the attribute as written: a string or a function.
pub fn attribute(argument: &Value) -> Result<(&str, Attribute<'_>)> {
    let halves = match argument {
        Value::String(path) => path.split_once('.').map(|(r, a)| (r, Attribute::Named(a))),
        Value::Array(items) => match items.as_slice() {
            [Value::String(resource), Value::String(attribute)] => {
                Some((resource.as_str(), Attribute::Named(attribute)))
            }
            [Value::String(resource), computed @ Value::Object(_)] => {
                Some((resource.as_str(), Attribute::Computed(computed)))
            }
            _ => None,
        },
        _ => None,
    };
    match halves {
        Some((resource, attribute)) if !resource.is_empty() && attribute != Attribute::Named("") => {
            Ok((resource, attribute))
        }
        _ => Err(Invalid::new(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute",
        )),
    }
}

/// The attribute that a `Fn::GetAtt` asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Attribute<'a> {
    Named(&'a str),
    Computed(&'a Value),
}

/// Calls `found` with everything that a value refers to.
///
/// With `conditions`, of a `Fn::If` only the branch taken counts. Dynamic references and functions that don't exist
/// here are errors.
pub fn walk<'a>(
    value: &'a Value,
    conditions: Option<&BTreeMap<String, bool>>,
    found: &mut dyn FnMut(Found<'a>),
) -> Result<()> {
    match value {
        Value::String(text) => no_dynamic_reference(text),
        Value::Array(items) => items.iter().try_for_each(|item| walk(item, conditions, found)),
        Value::Object(members) => {
            if let Some((function, argument)) = call(value) {
                return walk_call(function, argument, conditions, found);
            }
            if let (1, Some(Value::String(name))) = (members.len(), members.get("Condition")) {
                found(Found::Condition(name, "Condition"));
                return Ok(());
            }
            members.values().try_for_each(|member| walk(member, conditions, found))
        }
        _ => Ok(()),
    }
}

/// `{{resolve:ssm:..}}` and its kin are refused by name: there is nothing here to resolve them.
pub fn no_dynamic_reference(text: &str) -> Result<()> {
    match text.find("{{resolve:") {
        Some(start) => {
            let end = text[start..].find("}}").map_or(text.len(), |length| start + length + 2);
            let shown = &text[start..end];
            Err(Invalid::new(format!("Template error: the dynamic reference {shown} is not supported here")))
        }
        None => Ok(()),
    }
}

fn walk_call<'a>(
    function: &'a str,
    argument: &'a Value,
    conditions: Option<&BTreeMap<String, bool>>,
    found: &mut dyn FnMut(Found<'a>),
) -> Result<()> {
    match function {
        "Ref" => match argument {
            Value::String(name) => found(Found::Name(name)),
            // With the language extensions a name may be computed.
            Value::Object(_) => return walk(argument, conditions, found),
            _ => return Err(Invalid::new("Template error: All References must be of type string")),
        },
        "Fn::GetAtt" => match attribute(argument)? {
            (resource, Attribute::Named(attribute)) => found(Found::Attribute(resource, attribute)),
            (resource, Attribute::Computed(computed)) => {
                found(Found::Attribute(resource, ""));
                walk(computed, conditions, found)?;
            }
        },
        "Fn::Sub" => return walk_sub(argument, conditions, found),
        "Fn::If" => {
            let Some([Value::String(name), then, otherwise]) = argument.as_array().map(Vec::as_slice) else {
                return Err(Invalid::new("Template error: Fn::If requires a list argument with three elements"));
            };
            found(Found::Condition(name, "Fn::If"));
            return match conditions.and_then(|c| c.get(name)) {
                Some(true) => walk(then, conditions, found),
                Some(false) => walk(otherwise, conditions, found),
                None => {
                    walk(then, conditions, found)?;
                    walk(otherwise, conditions, found)
                }
            };
        }
        "Fn::FindInMap" => {
            if let Some(Value::String(name)) = argument.get(0) {
                found(Found::Mapping(name));
            }
        }
        "Fn::ImportValue" => found(Found::Import),
        "Fn::GetAZs" => found(Found::Zones),
        "Fn::And" | "Fn::Base64" | "Fn::Cidr" | "Fn::Equals" | "Fn::Join" | "Fn::Length" | "Fn::Not" | "Fn::Or"
        | "Fn::Select" | "Fn::Split" | "Fn::ToJsonString" => {}
        _ => return Err(Invalid::new(format!("Template error: the function {function} is not supported here"))),
    }
    walk(argument, conditions, found)
}

fn walk_sub<'a>(
    argument: &'a Value,
    conditions: Option<&BTreeMap<String, bool>>,
    found: &mut dyn FnMut(Found<'a>),
) -> Result<()> {
    let (text, locals) = sub_arguments(argument)?;
    no_dynamic_reference(text)?;
    for piece in pieces(text)? {
        let Piece::Variable(name) = piece else { continue };
        if locals.is_some_and(|l| l.contains_key(name)) {
            continue;
        }
        found(match name.split_once('.') {
            Some((resource, attribute)) => Found::Attribute(resource, attribute),
            None => Found::Name(name),
        });
    }
    locals.into_iter().flat_map(|l| l.values()).try_for_each(|local| walk(local, conditions, found))
}

/// Text and local variables of a `Fn::Sub`.
pub fn sub_arguments(argument: &Value) -> Result<(&str, Option<&serde_json::Map<String, Value>>)> {
    match argument {
        Value::String(text) => Ok((text, None)),
        Value::Array(items) => match items.as_slice() {
            [Value::String(text)] => Ok((text, None)),
            [Value::String(text), Value::Object(locals)] => Ok((text, Some(locals))),
            _ => Err(bad_sub()),
        },
        _ => Err(bad_sub()),
    }
}

fn bad_sub() -> Invalid {
    Invalid::new(
        "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string",
    )
}

/// Pseudo parameters ("Get AWS values using pseudo parameters").
pub const PSEUDO: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// Checks that all that a template refers to is there.
pub fn check(template: &Template) -> Result<()> {
    let common: Vec<&str> =
        template.parameters.iter().map(|p| p.name.as_str()).filter(|n| template.resources.contains_key(*n)).collect();
    if !common.is_empty() {
        return Err(Invalid::new(format!(
            "Template error: all resources and parameters must have unique names. Common name(s):[{}]",
            common.join(", ")
        )));
    }
    let names: BTreeSet<&str> = template.parameters.iter().map(|p| p.name.as_str()).chain(PSEUDO).collect();
    check_conditions(template, &names)?;
    check_resources(template, &names)?;
    check_outputs(template, &names)
}

/// Gathers a section's mistakes: names of no resource, attributes of no resource, conditions, mappings.
#[derive(Default)]
struct Mistakes<'a> {
    unresolved: BTreeSet<&'a str>,
    first: Option<Invalid>,
    resources: bool,
    foreign: bool,
}

impl<'a> Mistakes<'a> {
    fn gather(&mut self, template: &'a Template, names: &BTreeSet<&str>, value: &'a Value) -> Result<()> {
        walk(value, None, &mut |found| match found {
            Found::Name(name) if names.contains(name) => {}
            Found::Name(name) if template.resources.contains_key(name) => self.resources = true,
            Found::Name(name) => {
                self.unresolved.insert(name);
            }
            Found::Attribute(resource, _) if template.resources.contains_key(resource) => self.resources = true,
            Found::Attribute(resource, _) => self
                .complain(format!("Template error: instance of Fn::GetAtt references undefined resource {resource}")),
            Found::Condition(name, function) if !template.conditions.contains_key(name) => {
                self.complain(format!("Template error: unresolved condition dependency {name} in {function}"));
            }
            Found::Mapping(name) if !template.mappings.contains_key(name) && !template.extended() => {
                self.complain(format!(
                    "Template error: Mapping named '{name}' is not present in the 'Mappings' section of template."
                ));
            }
            Found::Import | Found::Zones => self.foreign = true,
            Found::Condition(..) | Found::Mapping(_) => {}
        })
    }

    fn complain(&mut self, message: String) {
        self.first.get_or_insert(Invalid::new(message));
    }

    fn settle(self, section: &str) -> Result<()> {
        match self.first {
            Some(first) => Err(first),
            None if self.unresolved.is_empty() => Ok(()),
            None => Err(unresolved(&self.unresolved, section)),
        }
    }
}

/// AWS's error for names that no resource has; `section` is `Resources` or `Outputs`.
pub fn unresolved(names: &BTreeSet<&str>, section: &str) -> Invalid {
    let names: Vec<&str> = names.iter().copied().collect();
    Invalid::new(format!(
        "Template format error: Unresolved resource dependencies [{}] in the {section} block of the template",
        names.join(", ")
    ))
}

fn check_conditions(template: &Template, names: &BTreeSet<&str>) -> Result<()> {
    let mut wrong = BTreeSet::new();
    let mut mistakes = Mistakes::default();
    for condition in template.conditions.values() {
        walk(condition, None, &mut |found| match found {
            Found::Name(name) if !names.contains(name) => drop(wrong.insert(name)),
            Found::Attribute(resource, _) => drop(wrong.insert(resource)),
            _ => {}
        })?;
    }
    if !wrong.is_empty() {
        let wrong: Vec<&str> = wrong.into_iter().collect();
        return Err(Invalid::new(format!(
            "Template format error: Unresolved dependencies [{}]. Cannot reference resources in the Conditions block of the template",
            wrong.join(", ")
        )));
    }
    for condition in template.conditions.values() {
        mistakes.gather(template, names, condition)?;
    }
    mistakes.settle("Conditions")
}

fn known_condition(template: &Template, condition: Option<&String>, section: &str) -> Result<()> {
    match condition.filter(|c| !template.conditions.contains_key(c.as_str())) {
        Some(name) => Err(Invalid::new(format!(
            "Template format error: Unresolved condition dependency {name} in the {section} block of the template"
        ))),
        None => Ok(()),
    }
}

fn check_resources(template: &Template, names: &BTreeSet<&str>) -> Result<()> {
    let mut mistakes = Mistakes::default();
    for resource in template.resources.values() {
        known_condition(template, resource.condition.as_ref(), "Resources")?;
        resource.properties.values().chain(&resource.metadata).try_for_each(|v| mistakes.gather(template, names, v))?;
        let absent = resource.depends_on.iter().filter(|d| !template.resources.contains_key(d.as_str()));
        mistakes.unresolved.extend(absent.map(String::as_str));
    }
    mistakes.settle("Resources")
}

fn check_outputs(template: &Template, names: &BTreeSet<&str>) -> Result<()> {
    let mut mistakes = Mistakes::default();
    for (name, output) in &template.outputs {
        known_condition(template, output.condition.as_ref(), "Outputs")?;
        mistakes.gather(template, names, &output.value)?;
        let Some(export) = &output.export else { continue };
        let mut exported = Mistakes::default();
        exported.gather(template, names, export)?;
        if exported.resources || exported.foreign {
            return Err(Invalid::new(format!(
                "Template format error: Output {name} is malformed.  The Name field of Export must not depend on any resources, imported values, or Fn::GetAZs."
            )));
        }
        exported.settle("Outputs")?;
        if export.is_array() || text(export).is_some_and(|t| t.is_empty()) {
            return Err(Invalid::new(format!(
                "Template format error: Output {name} is malformed. The Name field of every Export member must be specified and consist only of alphanumeric characters, colons, or hyphens."
            )));
        }
    }
    mistakes.settle("Outputs")
}

/// The functions that only the transform `AWS::LanguageExtensions` gives.
pub fn needs_extensions(function: &str) -> bool {
    matches!(function, "Fn::Length" | "Fn::ToJsonString") || function.starts_with(foreach::LOOP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> Option<String> {
        Template::read(text).err().map(|e| e.message)
    }

    #[test]
    fn pieces_of_a_sub() {
        use Piece::*;
        let found = pieces("a${B}${!C}${D.E} $x ${AWS::Region}${").unwrap();
        let expected = [
            Text("a"),
            Variable("B"),
            Literal("C"),
            Variable("D.E"),
            Text(" $x "),
            Variable("AWS::Region"),
            Text("${"),
        ];
        assert_eq!(found, expected);
        assert!(pieces("${a-b}").is_err());
    }

    #[test]
    fn what_is_not_there_is_named() {
        let topic = "Resources:\n  T: {Type: 'AWS::SNS::Topic'";
        let cases = [
            (
                ", Properties: {Name: !Ref InvalidRef}}",
                "Template format error: Unresolved resource dependencies [InvalidRef] in the Resources block of the template",
            ),
            (
                ", Properties: {Name: !Sub '${Nope}-x'}}",
                "Template format error: Unresolved resource dependencies [Nope] in the Resources block of the template",
            ),
            (
                ", DependsOn: [Zed]}",
                "Template format error: Unresolved resource dependencies [Zed] in the Resources block of the template",
            ),
            (
                ", Properties: {A: !GetAtt Nope.Arn}}",
                "Template error: instance of Fn::GetAtt references undefined resource Nope",
            ),
            (
                ", Properties: {A: !GetAtt Nope}}",
                "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute",
            ),
            (
                ", Condition: Nope}",
                "Template format error: Unresolved condition dependency Nope in the Resources block of the template",
            ),
            (", Properties: {A: !If [Nope, a, b]}}", "Template error: unresolved condition dependency Nope in Fn::If"),
            (
                ", Properties: {A: !FindInMap [Nope, a, b]}}",
                "Template error: Mapping named 'Nope' is not present in the 'Mappings' section of template.",
            ),
            (
                "}\nConditions: {C: !Equals [!Ref T, x]}",
                "Template format error: Unresolved dependencies [T]. Cannot reference resources in the Conditions block of the template",
            ),
            (
                "}\nOutputs: {O: {Value: !Ref Nope}}",
                "Template format error: Unresolved resource dependencies [Nope] in the Outputs block of the template",
            ),
            (
                "}\nOutputs: {O: {Value: x, Export: {Name: !Sub '${T}-x'}}}",
                "Template format error: Output O is malformed.  The Name field of Export must not depend on any resources, imported values, or Fn::GetAZs.",
            ),
            (
                ", Properties: {A: '{{resolve:ssm:name:1}}'}}",
                "Template error: the dynamic reference {{resolve:ssm:name:1}} is not supported here",
            ),
            (
                ", Properties: {A: {'Fn::Transform': {Name: x}}}}",
                "Template error: the function Fn::Transform is not supported here",
            ),
            (
                "}\nParameters: {T: {Type: String}}",
                "Template error: all resources and parameters must have unique names. Common name(s):[T]",
            ),
        ];
        for (rest, expected) in cases {
            assert_eq!(error(&format!("{topic}{rest}")).as_deref(), Some(expected), "{rest}");
        }
        for fine in [", Properties: {N: !Sub ['${L}-x', {L: y}]}}", ", Properties: {N: !Sub '${!Nope}'}}"] {
            assert_eq!(error(&format!("{topic}{fine}")), None);
        }
    }
}
