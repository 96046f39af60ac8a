//! Checks that everything that a template refers to exists.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::dynamic::{self, MAX_REFERENCES};
use crate::error::{Invalid, Result};
use crate::extensions::failed;
use crate::model::Template;
use crate::pseudo::PSEUDO_PARAMETERS;
use crate::references::{Found, GET_ATT, unresolved, walk};
use crate::rules;
use crate::unresolvable;
use crate::value::scalar_text;

/// Checks that everything that a template refers to exists.
pub(crate) fn check(template: &Template) -> Result<()> {
    let common: Vec<&str> =
        template.parameters.iter().map(|p| p.name.as_str()).filter(|n| template.resources.contains_key(*n)).collect();
    if !common.is_empty() {
        return Err(Invalid::new(format!(
            "Template error: all resources and parameters must have unique names. Common name(s):[{}]",
            common.join(", ")
        )));
    }
    let names: BTreeSet<&str> = template.parameters.iter().map(|p| p.name.as_str()).chain(PSEUDO_PARAMETERS).collect();
    for rule in &template.rules {
        let unknown: BTreeSet<&str> = rules::names(rule).into_iter().filter(|name| !names.contains(name)).collect();
        if !unknown.is_empty() {
            return Err(rules::unresolved(&unknown));
        }
    }
    check_conditions(template, &names)?;
    if template.is_extended() {
        unresolvable::check(template)?;
    }
    let dynamic = check_resources(template, &names)? + check_outputs(template, &names)?;
    if dynamic > MAX_REFERENCES {
        return Err(Invalid::new(format!(
            "Template error: the template has {dynamic} dynamic references, more than {MAX_REFERENCES}"
        )));
    }
    Ok(())
}

/// Gathers the mistakes of a section, since AWS names all unresolved names in one message.
#[derive(Default)]
struct Mistakes<'a> {
    /// Names of no resource and no parameter.
    unresolved: BTreeSet<&'a str>,
    /// The first mistake of another kind: it goes before the names.
    first: Option<Invalid>,
    /// Whether anything refers to a resource.
    resources: bool,
    /// Whether anything refers to another stack's export, or to the region's zones.
    foreign: bool,
    /// Dynamic references.
    dynamic: usize,
}

impl<'a> Mistakes<'a> {
    /// Gathers the mistakes of a value. `names` are the parameters, pseudo parameters included.
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
            Found::Mapping(name) if !template.mappings.contains_key(name) && !template.is_extended() => {
                self.complain(format!(
                    "Template error: Mapping named '{name}' is not present in the 'Mappings' section of template."
                ));
            }
            Found::Computed("Ref") if !template.is_extended() => {
                self.complain("Template error: All References must be of type string".to_owned());
            }
            Found::Computed(_) if !template.is_extended() => self.complain(GET_ATT.to_owned()),
            Found::Computed(_) => {}
            Found::Import | Found::Zones => self.foreign = true,
            Found::Dynamic(_) => self.dynamic += 1,
            Found::Condition(..) | Found::Mapping(_) => {}
        })
    }

    fn complain(&mut self, message: String) {
        self.first.get_or_insert(Invalid::new(message));
    }

    /// The error for what was gathered, if anything was.
    fn settle(self, section: &str) -> Result<()> {
        match self.first {
            Some(first) => Err(first),
            None if self.unresolved.is_empty() => Ok(()),
            None => Err(unresolved(&self.unresolved, section)),
        }
    }
}

/// Conditions can't refer to resources: these have no values yet.
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
        dynamic::refuse(condition, "Conditions")?;
        mistakes.gather(template, names, condition)?;
    }
    mistakes.settle("Conditions")
}

/// Checks that the condition of a resource or an output exists.
fn known_condition(template: &Template, condition: Option<&String>, section: &str) -> Result<()> {
    match condition.filter(|c| !template.conditions.contains_key(c.as_str())) {
        // The transform looks first (measured by ministackorg/ministack, pull request 1739).
        Some(name) if template.is_extended() => Err(failed(format_args!("Key {name} is missing in the map."))),
        Some(name) => Err(Invalid::new(format!(
            "Template format error: Unresolved condition dependency {name} in the {section} block of the template"
        ))),
        None => Ok(()),
    }
}

/// Gives the number of dynamic references.
fn check_resources(template: &Template, names: &BTreeSet<&str>) -> Result<usize> {
    let mut mistakes = Mistakes::default();
    for resource in template.resources.values() {
        known_condition(template, resource.condition.as_ref(), "Resources")?;
        resource.properties.values().chain(&resource.metadata).try_for_each(|v| mistakes.gather(template, names, v))?;
        resource.metadata.iter().try_for_each(|metadata| dynamic::refuse(metadata, "Metadata"))?;
        let absent = resource.depends_on.iter().filter(|d| !template.resources.contains_key(d.as_str()));
        mistakes.unresolved.extend(absent.map(String::as_str));
    }
    let dynamic = mistakes.dynamic;
    mistakes.settle("Resources").map(|()| dynamic)
}

/// Refuses what is exported twice.
///
/// # Errors
/// AWS's, with the names (compose-x/ecs_composex 444, "Duplicate Export Names when using multiple DynamoDb tables").
pub fn one_of_each(exports: impl Iterator<Item = String>) -> Result<()> {
    let mut seen = BTreeSet::new();
    let twice: BTreeSet<_> = exports.filter(|name| !seen.insert(name.clone())).collect();
    if twice.is_empty() {
        return Ok(());
    }
    let names = twice.into_iter().collect::<Vec<_>>().join(", ");
    Err(Invalid::new(format!(
        "Template format error: The Outputs section contains duplicate Export names: [{names}]. Specify a unique name for each export."
    )))
}

/// Gives the number of dynamic references.
fn check_outputs(template: &Template, names: &BTreeSet<&str>) -> Result<usize> {
    let mut mistakes = Mistakes::default();
    // Under conditions only one of two may be there.
    let always = template.outputs.values().filter(|output| output.condition.is_none());
    one_of_each(always.filter_map(|output| scalar_text(output.export.as_ref()?)))?;
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
        if export.is_array() || scalar_text(export).is_some_and(|t| t.is_empty()) {
            return Err(Invalid::new(format!(
                "Template format error: Output {name} is malformed. The Name field of every Export member must be specified and consist only of alphanumeric characters, colons, or hyphens."
            )));
        }
    }
    let dynamic = mistakes.dynamic;
    mistakes.settle("Outputs").map(|()| dynamic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> Option<String> {
        Template::read(text).err().map(|e| e.message)
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
                ", Properties: {A: !GetStackOutput {StackName: s, OutputName: o}}}",
                "Template error: the function Fn::GetStackOutput is not supported here",
            ),
            (
                ", Properties: {A: '{{resolve:secretsmanager:name}}'}}",
                "Template error: the dynamic reference {{resolve:secretsmanager:name}} is not supported here",
            ),
            (
                ", Properties: {A: {'Fn::Transform': {Name: x}}}}",
                "Template error: the function Fn::Transform is not supported here",
            ),
            (
                ", Properties: {A: {'Fn::Foo': x}}}",
                "Template Error: Encountered unsupported function: Fn::Foo Supported functions are: [Fn::Base64, Fn::GetAtt, Fn::GetAZs, Fn::ImportValue, Fn::Join, Fn::Split, Fn::FindInMap, Fn::Select, Ref, Fn::Equals, Fn::If, Fn::Not, Condition, Fn::And, Fn::Or, Fn::Contains, Fn::EachMemberEquals, Fn::EachMemberIn, Fn::ValueOf, Fn::ValueOfAll, Fn::RefAll, Fn::Sub, Fn::Cidr]",
            ),
            (
                "}\nParameters: {T: {Type: String}}",
                "Template error: all resources and parameters must have unique names. Common name(s):[T]",
            ),
        ];
        for (rest, expected) in cases {
            assert_eq!(error(&format!("{topic}{rest}")).as_deref(), Some(expected), "{rest}");
        }
        for fine in [
            ", Properties: {N: !Sub ['${L}-x', {L: y}]}}",
            ", Properties: {N: !Sub '${!Nope}'}}",
            ", Properties: {A: !FindInMap [Nope, a, b, {DefaultValue: c}]}}",
        ] {
            assert_eq!(error(&format!("{topic}{fine}")), None);
        }
    }
}
