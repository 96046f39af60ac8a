//! The form of a template: its sections, their members, names and numbers, as AWS checks them before anything else.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::error::{Invalid, Result};
use crate::extensions::{take_globals, transforms};
use crate::model::{Output, Policy, Resource, Rule, Template};
use crate::nulls;
use crate::parameters::Declaration;
use crate::rules;
use crate::value::scalar_text;

/// "AWS CloudFormation quotas": parameters, mappings and outputs a template.
const MAX_PARAMETERS: usize = 200;
const MAX_MAPPINGS: usize = 200;
const MAX_OUTPUTS: usize = 200;
/// "AWS CloudFormation quotas": resources a template.
pub const MAX_RESOURCES: usize = 500;
/// "AWS CloudFormation quotas": characters of a name.
pub const MAX_LOGICAL_ID: usize = 255;
/// "AWS CloudFormation quotas": bytes of the template's description.
const MAX_DESCRIPTION: usize = 1024;

const SECTIONS: [&str; 11] = [
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Hooks",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

fn invalid<T>(message: impl Into<String>) -> Result<T> {
    Err(Invalid::new(message))
}

/// Turns a parsed tree, its loops unrolled, into a template. What that refers to isn't looked up yet.
pub(crate) fn check(tree: Value) -> Result<Template> {
    nulls::refuse(&tree)?;
    let Value::Object(mut sections) = tree else {
        return invalid("Template format error: unsupported structure.");
    };
    let transforms = transforms(sections.get("Transform"))?;
    take_globals(&mut sections, &transforms)?;
    let unknown: Vec<&str> = sections.keys().map(String::as_str).filter(|k| !SECTIONS.contains(k)).collect();
    if !unknown.is_empty() {
        return invalid(format!("Invalid template property or properties [{}]", unknown.join(", ")));
    }
    if sections.contains_key("Hooks") {
        return invalid("Template format error: the Hooks section is not supported here");
    }
    let resources = resources(&mut sections)?;
    Ok(Template {
        version: version(&sections)?,
        description: description(&sections)?,
        metadata: sections.remove("Metadata"),
        transforms,
        rules: rules(&mut sections)?,
        parameters: parameters(&mut sections)?,
        mappings: mappings(&mut sections)?,
        conditions: conditions(&mut sections)?,
        resources,
        outputs: outputs(&mut sections)?,
    })
}

fn version(sections: &Map<String, Value>) -> Result<Option<String>> {
    match sections.get("AWSTemplateFormatVersion") {
        None => Ok(None),
        Some(Value::String(version)) if version == "2010-09-09" => Ok(Some(version.clone())),
        Some(_) => invalid("Template format error: unsupported value for AWSTemplateFormatVersion."),
    }
}

fn description(sections: &Map<String, Value>) -> Result<Option<String>> {
    match sections.get("Description") {
        None => Ok(None),
        Some(value) => match scalar_text(value) {
            Some(text) if text.len() <= MAX_DESCRIPTION => Ok(Some(text)),
            Some(_) => invalid("Template format error: 'Description' length is greater than 1024."),
            None => invalid("Template format error: every Description member must be a string."),
        },
    }
}

/// Whether a section's member may have this name: all are alphanumeric, and published templates have conditions named
/// `create_bucket` and `Is-EC2-VPC`.
fn may_be_named(section: &str, name: &str) -> bool {
    let also: &[u8] = if section == "Conditions" { b"_-&" } else { b"" };
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || also.contains(&b))
}

/// A section that maps names to something.
fn section(sections: &mut Map<String, Value>, name: &str, max: usize) -> Result<Map<String, Value>> {
    let members = match sections.remove(name) {
        None => return Ok(Map::new()),
        Some(Value::Object(members)) => members,
        Some(_) => return invalid(format!("Template format error: Any {name} member must be an object.")),
    };
    if members.len() > max {
        let noun = name.to_ascii_lowercase();
        return invalid(format!(
            "Template format error: Number of {noun}, {}, is greater than maximum allowed, {max}",
            members.len()
        ));
    }
    for member in members.keys() {
        if !may_be_named(name, member) {
            let noun = if name == "Resources" { "Resource" } else { name };
            let quoted = if name == "Resources" { member.clone() } else { format!("'{member}'") };
            return invalid(format!("Template format error: {noun} name {quoted} is non alphanumeric."));
        }
        if member.len() > MAX_LOGICAL_ID {
            return invalid(format!(
                "Template format error: {name} name '{member}' is longer than {MAX_LOGICAL_ID} characters."
            ));
        }
    }
    Ok(members)
}

fn parameters(sections: &mut Map<String, Value>) -> Result<Vec<Declaration>> {
    let members = section(sections, "Parameters", MAX_PARAMETERS)?;
    members.into_iter().map(|(name, value)| Declaration::read(name, &value)).collect()
}

fn rules(sections: &mut Map<String, Value>) -> Result<Vec<Rule>> {
    let members = section(sections, "Rules", usize::MAX)?;
    members.into_iter().map(|(name, value)| rules::read(name, value)).collect()
}

fn mappings(sections: &mut Map<String, Value>) -> Result<Map<String, Value>> {
    let mappings = section(sections, "Mappings", MAX_MAPPINGS)?;
    for (name, mapping) in &mappings {
        let Some(mapping) = mapping.as_object() else {
            return invalid(format!("Template format error: Every Mappings member {name} must be a map"));
        };
        for (key, attributes) in mapping {
            let Some(attributes) = attributes.as_object() else {
                return invalid(format!("Template format error: Every Mappings member {key} must be a map"));
            };
            for (attribute, value) in attributes {
                if attribute.is_empty()
                    || !attribute.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
                {
                    return invalid(format!(
                        "Template format error: Mappings attribute name '{attribute}' must contain only alphanumeric characters."
                    ));
                }
                let is_list = value.as_array().is_some_and(|items| items.iter().all(|i| scalar_text(i).is_some()));
                if scalar_text(value).is_none() && !is_list {
                    return invalid("Template format error: Every Mappings attribute must be a String or a List.");
                }
            }
        }
    }
    Ok(mappings)
}

fn conditions(sections: &mut Map<String, Value>) -> Result<Map<String, Value>> {
    let conditions = section(sections, "Conditions", usize::MAX)?;
    if conditions.values().any(|c| !c.is_object()) {
        return invalid(
            "Template format error: Conditions can only be boolean operations on parameters and other conditions",
        );
    }
    Ok(conditions)
}

fn resources(sections: &mut Map<String, Value>) -> Result<BTreeMap<String, Resource>> {
    let members = section(sections, "Resources", MAX_RESOURCES)?;
    if members.is_empty() {
        return invalid("Template format error: At least one Resources member must be defined.");
    }
    members.into_iter().map(|(name, value)| Ok((name.clone(), resource(&name, value)?))).collect()
}

/// Policies may be computed, see [`Template::settle_names`].
fn resource(name: &str, value: Value) -> Result<Resource> {
    let Value::Object(members) = value else {
        return invalid("Template format error: Any Resources member must be an object.");
    };
    let Some(Value::String(kind)) = members.get("Type") else {
        return invalid(format!(
            "Template format error: [/Resources/{name}] Every Resources object must contain a Type member."
        ));
    };
    let mut resource = Resource { kind: kind.clone(), ..Resource::default() };
    for (member, value) in members {
        match member.as_str() {
            "Type" | "Description" => {}
            "Properties" => match value {
                Value::Object(properties) => resource.properties = properties,
                _ => {
                    return invalid(format!(
                        "Template format error: [/Resources/{name}/Properties] Properties must be an object."
                    ));
                }
            },
            "Condition" => match value {
                Value::String(condition) => resource.condition = Some(condition),
                _ => {
                    return invalid(format!("Template format error: [/Resources/{name}] Condition must be a string"));
                }
            },
            "DependsOn" => resource.depends_on = depends_on(value)?,
            "Metadata" => resource.metadata = Some(value),
            "DeletionPolicy" | "UpdateReplacePolicy" if value == "Snapshot" => {
                resource
                    .unsupported
                    .push(format!("Template error: resource {name} does not support {member} Snapshot"));
            }
            "DeletionPolicy" | "UpdateReplacePolicy" if value.is_object() => {
                resource.computed_policies.insert(member, value);
            }
            "DeletionPolicy" => resource.deletion_policy = Some(policy(name, &member, &value)?),
            "UpdateReplacePolicy" => resource.update_replace_policy = Some(policy(name, &member, &value)?),
            "CreationPolicy" | "UpdatePolicy" => resource.unsupported.push(format!(
                "Template error: resource type {kind} of {name} does not support {member}",
                kind = resource.kind
            )),
            // The version of the handler of a custom resource.
            "Version" if is_custom(&resource.kind) => {}
            _ => return invalid(format!("Invalid template resource property '{member}'")),
        }
    }
    Ok(resource)
}

/// Whether resources of a type are custom ones.
fn is_custom(kind: &str) -> bool {
    kind.starts_with("Custom::") || kind == "AWS::CloudFormation::CustomResource"
}

fn depends_on(value: Value) -> Result<Vec<String>> {
    match value {
        Value::String(one) => Ok(vec![one]),
        Value::Array(many) => many
            .into_iter()
            .map(|item| match item {
                Value::String(name) => Ok(name),
                _ => invalid("Template format error: Every DependsOn value must be a string."),
            })
            .collect(),
        _ => invalid("Template format error: DependsOn must be a string or list of strings."),
    }
}

/// What an attribute says becomes of a resource.
pub(crate) fn policy(resource: &str, attribute: &str, value: &Value) -> Result<Policy> {
    match value.as_str() {
        Some("Delete") => Ok(Policy::Delete),
        Some("Retain") => Ok(Policy::Retain),
        Some("RetainExceptOnCreate") if attribute == "DeletionPolicy" => Ok(Policy::RetainExceptOnCreate),
        other => invalid(format!(
            "Template format error: Unrecognized {attribute} {} for resource {resource}",
            other.unwrap_or("value")
        )),
    }
}

fn outputs(sections: &mut Map<String, Value>) -> Result<BTreeMap<String, Output>> {
    let members = section(sections, "Outputs", MAX_OUTPUTS)?;
    members.into_iter().map(|(name, value)| Ok((name.clone(), output(&name, value)?))).collect()
}

fn output(name: &str, value: Value) -> Result<Output> {
    let Value::Object(mut members) = value else {
        return invalid("Template format error: Any Outputs member must be an object.");
    };
    let malformed = |why: &str| invalid(format!("Template format error: Output {name} is malformed. {why}"));
    let Some(value) = members.remove("Value") else {
        return invalid("Template format error: Every Outputs member must contain a Value object");
    };
    if value.is_array() {
        return invalid(
            "Template format error: The Value field of every Outputs member must evaluate to a String and not a List."
                .to_owned(),
        );
    }
    let mut output = Output { value, description: None, condition: None, export: None };
    for (member, value) in members {
        match (member.as_str(), value) {
            ("Description", value) => match scalar_text(&value) {
                Some(description) => output.description = Some(description),
                None => return malformed("The Description must be a string."),
            },
            ("Condition", Value::String(condition)) => output.condition = Some(condition),
            ("Export", Value::Object(mut export)) if export.len() == 1 => match export.remove("Name") {
                Some(name) => output.export = Some(name),
                None => return malformed("The Name field of every Export member must be specified."),
            },
            ("Condition" | "Export", _) => return malformed(&format!("The {member} field is malformed.")),
            _ => return malformed(&format!("Unknown member {member}.")),
        }
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    fn error(text: &str) -> String {
        check(parse(text).unwrap()).unwrap_err().message
    }

    #[test]
    fn conditions_may_have_names_that_resources_may_not() {
        let template = |name: &str| {
            format!(
                "Conditions: {{{name}: !Equals [a, a]}}\nResources: {{T: {{Type: 'AWS::SNS::Topic', Condition: {name}}}}}"
            )
        };
        for name in ["create_bucket", "Is-EC2-VPC", "A&B"] {
            assert!(check(parse(&template(name)).unwrap()).is_ok(), "{name}");
        }
        assert_eq!(error(&template("a.b")), "Template format error: Conditions name 'a.b' is non alphanumeric.");
    }

    #[test]
    fn malformed_templates_get_awss_errors() {
        let topic = "Resources: {T: {Type: 'AWS::SNS::Topic'}}\n";
        let cases = [
            ("{}", "Template format error: At least one Resources member must be defined."),
            (r#"{"Resources": "", "Outputs": ""}"#, "Template format error: Any Resources member must be an object."),
            ("Resources: {A: x}", "Template format error: Any Resources member must be an object."),
            (
                "Resources: {A: {Properties: {}}}",
                "Template format error: [/Resources/A] Every Resources object must contain a Type member.",
            ),
            ("Resources: {A: {Type: X, Invalid: 10}}", "Invalid template resource property 'Invalid'"),
            ("Resources: {a-b: {Type: X}}", "Template format error: Resource name a-b is non alphanumeric."),
            (&format!("{topic}Foo: 1\nBar: 2"), "Invalid template property or properties [Foo, Bar]"),
            (
                &format!("{topic}Mappings: {{M: {{A: {{S: {{V: x}}}}}}}}"),
                "Template format error: Every Mappings attribute must be a String or a List.",
            ),
            (
                &format!("{topic}Mappings: {{M: {{A: x}}}}"),
                "Template format error: Every Mappings member A must be a map",
            ),
            (
                &format!("{topic}AWSTemplateFormatVersion: '2011'"),
                "Template format error: unsupported value for AWSTemplateFormatVersion.",
            ),
            (
                "Resources: {A: {Type: X, Properties: {P: {Q: [a, null]}}}}",
                "[/Resources/A/Type/P/Q/1] 'null' values are not allowed in templates",
            ),
            (&format!("{topic}Outputs:"), "[/Outputs] 'null' values are not allowed in templates"),
            (
                &format!("{topic}Outputs: {{O: {{Value: null}}}}"),
                "[/Outputs/O/Value] 'null' values are not allowed in templates",
            ),
            (
                &format!("{topic}Outputs: {{O: {{}}}}"),
                "Template format error: Every Outputs member must contain a Value object",
            ),
            (
                &format!("{topic}Outputs: {{my-out: {{Value: x}}}}"),
                "Template format error: Outputs name 'my-out' is non alphanumeric.",
            ),
            (&format!("{topic}Transform: [Mine]"), "Template format error: the transform Mine is not supported here"),
            (&format!("{topic}Transform: {{Name: [x]}}"), "Key Name of transform definition must be a string."),
            (&format!("{topic}Globals: {{Function: {{}}}}"), "Invalid template property or properties [Globals]"),
            (
                &format!("{topic}Transform: AWS::Serverless-2016-10-31\nGlobals: [Function]"),
                "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document. Number of errors found: 1. 'Globals' section is invalid. It must be a non-empty dictionary",
            ),
            (
                &format!("{topic}Transform: AWS::Serverless-2016-10-31\nGlobals: {{Function: 3}}"),
                "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document. Number of errors found: 1. 'Globals' section is invalid. Value of Function must be a dictionary",
            ),
            (
                &format!("{topic}Transform: AWS::Serverless-2016-10-31\nGlobals: {{Fn: {{}}}}"),
                "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document. Number of errors found: 1. 'Globals' section is invalid. 'Fn' is not supported. Must be one of the following values - ['Api', 'CapacityProvider', 'Function', 'HttpApi', 'LayerVersion', 'SimpleTable', 'StateMachine', 'WebSocketApi']",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(error(text), expected, "{text}");
        }
    }

    /// SAM's transform was refused over a template of one queue.
    #[test]
    fn sams_transform_changes_nothing_where_nothing_is_serverless() {
        for transform in [
            "AWS::Serverless-2016-10-31",
            "[AWS::LanguageExtensions, AWS::Serverless-2016-10-31]",
            "{Name: AWS::Serverless-2016-10-31}",
        ] {
            let text =
                format!("Transform: {transform}\nGlobals: {{Function: {{Timeout: 3}}}}\nResources: {{Q: {{Type: X}}}}");
            let template = check(parse(&text).unwrap()).unwrap();
            assert!(template.is_serverless(), "{transform}");
            assert_eq!(template.resources.len(), 1);
        }
    }

    #[test]
    fn too_many_resources() {
        let body: String = (0..501).map(|i| format!("  R{i}: {{Type: X}}\n")).collect();
        assert_eq!(
            error(&format!("Resources:\n{body}")),
            "Template format error: Number of resources, 501, is greater than maximum allowed, 500"
        );
    }
}
