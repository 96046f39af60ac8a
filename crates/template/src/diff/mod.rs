//! What an update would do to each resource: the content of a change set.
//!
//! The values that a stack was deployed with are compared with those that the new template gives, as far as they are known.
//! The rules are those of AWS's `DescribeChangeSet`, odd corners included: a value that comes from a parameter gives two
//! details; an attribute of a resource that changes may or may not be different afterwards.

mod change;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::conditions;
use crate::error::{Invalid, Result};
pub use change::{Action, Change, Changes, Detail, Recreation, Replacement};

use crate::evaluate::{Reference, Scope};
use crate::graph;
use crate::hidden::{Masks, told};
use crate::model::{Policy, Resource, Template};
use crate::references::{Found, walk};
use crate::value::{KNOWN_AFTER_APPLY, is_unknown, scalar_text};

/// A resource as it was deployed.
#[derive(Debug, Clone)]
pub struct Deployed<'a> {
    /// Its type, e.g. `AWS::SQS::Queue`.
    pub kind: &'a str,
    /// Its own id.
    pub physical_id: &'a str,
    /// The values that it was made with.
    pub properties: &'a Map<String, Value>,
    /// Where they hold secrets.
    pub hidden: &'a Map<String, Value>,
    /// As declared.
    pub metadata: Option<&'a Value>,
    /// As declared: a declaration of the default differs from none.
    pub deletion_policy: Option<Policy>,
    /// As declared.
    pub update_replace_policy: Option<Policy>,
}

/// The stack before an update.
pub struct Before<'a> {
    /// The template that it was deployed with.
    pub template: &'a Template,
    /// What `Ref` of each parameter gave.
    pub parameters: &'a BTreeMap<String, Value>,
    /// Its resources by logical id.
    pub resources: BTreeMap<&'a str, Deployed<'a>>,
}

/// Whether a change of a property of a type (type first, then property) makes a new resource.
pub type Rules<'a> = &'a dyn Fn(&str, &str) -> Recreation;

/// Compares a stack with a new template. `scope` evaluates the new template; its `known` answers with what live resources are
/// *now* (an error or [`KNOWN_AFTER_APPLY`] for what doesn't exist yet); `masks` are for the new template's secrets.
///
/// # Errors
/// AWS's message: for a circle of resources, a value that can't be evaluated, or a resource whose type changes.
pub fn changes(before: &Before<'_>, scope: &Scope<'_>, masks: Option<&Masks>, rules: Rules<'_>) -> Result<Changes> {
    let needs = graph::needs(scope.template, scope.conditions)?;
    let order = graph::order(&needs)?;
    let (replaced, modified) = (BTreeSet::new(), BTreeSet::new());
    let mut differ = Differ { before, masks, rules, replaced, modified, found: Changes::default() };
    for name in order.iter().flatten() {
        differ.resource(name, scope)?;
    }
    let left: Vec<_> = before.resources.iter().filter(|(name, _)| !needs.contains_key(**name)).collect();
    if !left.is_empty() {
        // What doesn't evaluate any more had none of these conditions.
        let conditions = conditions::evaluate(before.template, before.parameters, scope.pseudo).unwrap_or_default();
        let known = |_: Reference<'_>| Ok(KNOWN_AFTER_APPLY.into());
        let (template, parameters) = (before.template, before.parameters);
        let scope = Scope { template, parameters, conditions: &conditions, known: &known, ..*scope };
        differ.found.changes.extend(left.into_iter().map(|(name, deployed)| removed(name, deployed, &scope)));
    }
    differ.found.changes.sort_by(|a, b| a.logical_id.cmp(&b.logical_id));
    Ok(differ.found)
}

/// Goes through the resources, each after those that it needs.
struct Differ<'a> {
    before: &'a Before<'a>,
    masks: Option<&'a Masks>,
    rules: Rules<'a>,
    /// Logical ids of resources that are new, or will be.
    replaced: BTreeSet<String>,
    /// Logical ids of resources that change, in their place or not.
    modified: BTreeSet<String>,
    found: Changes,
}

/// The properties and the metadata of a resource after a change, and how the properties are told before and after it.
struct Sides {
    after: Map<String, Value>,
    told_before: Map<String, Value>,
    told_after: Map<String, Value>,
    metadata: Option<Value>,
}

/// What of a resource is compared: a property, or its metadata as a whole.
struct Part<'a> {
    attribute: &'static str,
    /// The property's.
    name: Option<&'a str>,
    recreation: Recreation,
    old: Option<&'a Value>,
    new: Option<&'a Value>,
    /// Whether the template says it in other words.
    rewritten: bool,
    /// As the new template has it.
    expression: Option<&'a Value>,
    line_before: Option<String>,
    line_after: Option<String>,
}

/// The line for a resource that leaves the stack. What it had from other resources isn't shown (recorded on AWS): `scope` is that
/// of the old template, in which no resource is known.
fn removed(name: &str, deployed: &Deployed<'_>, scope: &Scope<'_>) -> Change {
    let mut properties = told(deployed.properties, deployed.hidden);
    let declared = scope.template.resources.get(name).map(|resource| &resource.properties);
    for (property, value) in properties.iter_mut() {
        let evaluated = declared.and_then(|declared| declared.get(property)).map(|value| scope.value(value));
        match evaluated {
            Some(Ok(Some(unknown))) if mentions_unknown(&unknown) => *value = unknown,
            Some(Err(error)) if error.premature => *value = KNOWN_AFTER_APPLY.into(),
            _ => {}
        }
    }
    let policy_action =
        if deployed.deletion_policy.unwrap_or(Policy::Delete) == Policy::Delete { "Delete" } else { "Retain" };
    Change {
        action: Action::Remove,
        logical_id: name.to_owned(),
        physical_id: Some(deployed.physical_id.to_owned()),
        kind: deployed.kind.to_owned(),
        replacement: None,
        policy_action: Some(policy_action.to_owned()),
        scope: Vec::new(),
        details: Vec::new(),
        before: Some(context(&properties, deployed.metadata)),
        after: None,
        tentative: false,
    }
}

/// A resource as AWS shows it before and after a change.
fn context(properties: &Map<String, Value>, metadata: Option<&Value>) -> Value {
    let mut context = Map::from_iter([("Properties".to_owned(), shown(&Value::Object(properties.clone())))]);
    if let Some(metadata) = metadata {
        context.insert("Metadata".to_owned(), shown(metadata));
    }
    Value::Object(context)
}

/// A value with every scalar as text, as CloudFormation shows properties.
pub fn shown(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(shown).collect(),
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), shown(value))).collect(),
        scalar => scalar_text(scalar).map_or(Value::Null, Value::String),
    }
}

/// A value on one line: scalars as they are, the rest as JSON.
fn line(value: &Value) -> String {
    scalar_text(value).unwrap_or_else(|| shown(value).to_string())
}

impl Differ<'_> {
    /// Compares one resource of the new template, which is added if it wasn't deployed.
    fn resource(&mut self, name: &str, scope: &Scope<'_>) -> Result<()> {
        let resource = &scope.template.resources[name];
        let deployed = self.before.resources.get(name).filter(|d| d.kind == resource.kind);
        let (after, told_after, metadata) = self.evaluated(name, resource, scope)?;
        let Some(deployed) = deployed else {
            self.replaced.insert(name.to_owned());
            if let Some(other) = self.before.resources.get(name) {
                return Err(Invalid::new(format!(
                    "Update of resource type is not permitted. The new template modifies resource type of the following resources: [{name}]: {} to {}",
                    other.kind, resource.kind
                )));
            }
            self.found.changes.push(Change {
                action: Action::Add,
                logical_id: name.to_owned(),
                physical_id: None,
                kind: resource.kind.clone(),
                replacement: None,
                policy_action: None,
                scope: Vec::new(),
                details: Vec::new(),
                before: None,
                after: Some(context(&told_after, metadata.as_ref())),
                tentative: false,
            });
            return Ok(());
        };
        let mut details = Vec::new();
        let sides = Sides { after, told_before: told(deployed.properties, deployed.hidden), told_after, metadata };
        let names: BTreeSet<&String> = deployed.properties.keys().chain(sides.after.keys()).collect();
        for property in names {
            self.property(name, property, deployed, &sides, scope, &mut details)?;
        }
        self.metadata(name, deployed, &sides, scope, &mut details)?;
        policy_details(resource, deployed, &mut details);
        if details.is_empty() {
            return Ok(());
        }
        let replacement = replacement(&details);
        if replacement == Replacement::True {
            self.replaced.insert(name.to_owned());
        }
        self.modified.insert(name.to_owned());
        let retain = resource.update_replace_policy == Some(Policy::Retain);
        let policy_action = match replacement {
            Replacement::False => None,
            _ if retain => Some("ReplaceAndRetain".to_owned()),
            _ => Some("ReplaceAndDelete".to_owned()),
        };
        let touched: BTreeSet<&str> = details.iter().map(|d| d.attribute.as_str()).collect();
        self.found.changes.push(Change {
            action: Action::Modify,
            logical_id: name.to_owned(),
            physical_id: Some(deployed.physical_id.to_owned()),
            kind: resource.kind.clone(),
            replacement: Some(replacement),
            policy_action,
            scope: touched.into_iter().map(str::to_owned).collect(),
            before: Some(context(&sides.told_before, deployed.metadata)),
            after: Some(context(&sides.told_after, sides.metadata.as_ref())),
            tentative: details.iter().all(|d| d.source == "ResourceAttribute" && !d.certain),
            details,
        });
        Ok(())
    }

    /// The properties as far as they are known, references to what is new or replaced unknown; how they are told; and the metadata.
    fn evaluated(
        &mut self,
        name: &str,
        resource: &Resource,
        scope: &Scope<'_>,
    ) -> Result<(Map<String, Value>, Map<String, Value>, Option<Value>)> {
        let replaced = &self.replaced;
        let known = |reference: Reference<'_>| match reference {
            Reference::Resource(target) | Reference::Attribute(target, _) if replaced.contains(target) => {
                Ok(Value::String(KNOWN_AFTER_APPLY.to_owned()))
            }
            other => (scope.known)(other),
        };
        let scope = Scope { known: &known, ..*scope };
        let warnings = &mut self.found.warnings;
        let mut evaluate = |value: &Value| match scope.value(value) {
            Err(error) if error.premature => {
                warnings.push((name.to_owned(), error.message));
                Ok(Some(KNOWN_AFTER_APPLY.into()))
            }
            evaluated => evaluated,
        };
        let mut evaluated = Map::new();
        for (property, value) in &resource.properties {
            if let Some(value) = evaluate(value)? {
                evaluated.insert(property.clone(), value);
            }
        }
        let metadata = resource.metadata.as_ref().map(&mut evaluate).transpose()?.flatten();
        let hidden = self.masks.map(|masks| masks.hidden(&scope, &resource.properties, &evaluated)).unwrap_or_default();
        let told = told(&evaluated, &hidden);
        Ok((evaluated, told, metadata))
    }

    /// Compares one property of a resource that is deployed.
    fn property(
        &self,
        resource: &str,
        property: &str,
        deployed: &Deployed<'_>,
        sides: &Sides,
        scope: &Scope<'_>,
        details: &mut Vec<Detail>,
    ) -> Result<()> {
        let expression = scope.template.resources[resource].properties.get(property);
        let old = self.before.template.resources.get(resource).and_then(|r| r.properties.get(property));
        let part = Part {
            attribute: "Properties",
            name: Some(property),
            recreation: (self.rules)(deployed.kind, property),
            old: deployed.properties.get(property),
            new: sides.after.get(property),
            rewritten: expression != old,
            expression,
            line_before: sides.told_before.get(property).map(line),
            line_after: sides.told_after.get(property).map(line),
        };
        self.compare(&part, scope, details)
    }

    /// Compares the metadata of a resource that is deployed.
    fn metadata(
        &self,
        resource: &str,
        deployed: &Deployed<'_>,
        sides: &Sides,
        scope: &Scope<'_>,
        details: &mut Vec<Detail>,
    ) -> Result<()> {
        let expression = scope.template.resources[resource].metadata.as_ref();
        let old = self.before.template.resources.get(resource).and_then(|r| r.metadata.as_ref());
        let part = Part {
            attribute: "Metadata",
            name: None,
            recreation: Recreation::Never,
            old: deployed.metadata,
            new: sides.metadata.as_ref(),
            rewritten: expression != old,
            expression,
            line_before: deployed.metadata.map(line),
            line_after: sides.metadata.as_ref().map(line),
        };
        self.compare(&part, scope, details)
    }

    /// Compares one part of a resource that is deployed, and says all that changes it.
    fn compare(&self, part: &Part<'_>, scope: &Scope<'_>, details: &mut Vec<Detail>) -> Result<()> {
        // A detail has both values, and there may be one for each reference.
        let length = |line: &Option<String>| line.as_ref().map_or(0, String::len);
        let bytes = length(&part.line_before) + length(&part.line_after);
        let detail = |source: &str, causing_entity: Option<String>, certain: bool| {
            scope.budget.pay_bytes(bytes)?;
            Ok(Detail {
                source: source.to_owned(),
                causing_entity,
                certain,
                attribute: part.attribute.to_owned(),
                name: part.name.map(str::to_owned),
                recreation: part.recreation,
                before: part.line_before.clone(),
                after: part.line_after.clone(),
                with_values_only: false,
            })
        };
        let mut parameters = BTreeSet::new();
        let mut references = BTreeSet::new();
        let mut attributes = BTreeSet::new();
        if let Some(expression) = part.expression {
            walk(expression, Some(scope.conditions), &mut |found| match found {
                Found::Name(name) if scope.parameters.contains_key(name) => {
                    let changed = self.before.parameters.get(name) != scope.parameters.get(name);
                    parameters.extend(changed.then_some(name));
                }
                Found::Name(name) if self.replaced.contains(name) => drop(references.insert(name)),
                Found::Attribute(name, attribute) if self.modified.contains(name) || self.replaced.contains(name) => {
                    attributes.insert((name, attribute));
                }
                _ => {}
            })?;
        }
        if same(part.old, part.new) {
            // Known to be the same now; an attribute of a resource that changes may differ afterwards.
            for (name, attribute) in attributes {
                details.push(detail("ResourceAttribute", Some(format!("{name}.{attribute}")), false)?);
            }
            return Ok(());
        }
        let caused = !(parameters.is_empty() && references.is_empty() && attributes.is_empty());
        let unknown = part.new.is_some_and(mentions_unknown);
        let direct = |with_values_only| -> Result<Detail> {
            Ok(Detail { with_values_only, ..detail("DirectModification", None, !caused)? })
        };
        if !caused || part.rewritten {
            details.push(direct(false)?);
        } else if unknown && parameters.is_empty() {
            details.push(direct(true)?);
        }
        for name in &parameters {
            details.push(detail("ParameterReference", Some((*name).to_owned()), true)?);
        }
        if caused && !part.rewritten && !parameters.is_empty() {
            details.push(direct(false)?);
        }
        for name in references {
            details.push(detail("ResourceReference", Some(name.to_owned()), true)?);
        }
        for (name, attribute) in attributes {
            let certain = self.replaced.contains(name);
            details.push(detail("ResourceAttribute", Some(format!("{name}.{attribute}")), certain)?);
        }
        Ok(())
    }
}

/// Changes of what becomes of a resource.
fn policy_details(resource: &Resource, deployed: &Deployed<'_>, details: &mut Vec<Detail>) {
    let mut push = |attribute: &str, before: Option<Policy>, after: Option<Policy>| {
        if before != after {
            let name = |policy: Option<Policy>| policy.map(|policy| format!("{policy:?}"));
            details.push(Detail {
                source: "DirectModification".to_owned(),
                causing_entity: None,
                certain: true,
                attribute: attribute.to_owned(),
                name: None,
                recreation: Recreation::Never,
                before: name(before),
                after: name(after),
                with_values_only: false,
            });
        }
    };
    push("DeletionPolicy", deployed.deletion_policy, resource.deletion_policy);
    push("UpdateReplacePolicy", deployed.update_replace_policy, resource.update_replace_policy);
}

/// Equal as CloudFormation sees it: `5` and `"5"` are the same.
fn same(old: Option<&Value>, new: Option<&Value>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => old == new || shown(old) == shown(new),
        (old, new) => old.is_none() && new.is_none(),
    }
}

/// Whether a value, or any value inside it, is known only after a resource exists.
fn mentions_unknown(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(mentions_unknown),
        Value::Object(members) => members.values().any(mentions_unknown),
        scalar => is_unknown(scalar),
    }
}

/// Whether the resource becomes a new one, by all details together.
fn replacement(details: &[Detail]) -> Replacement {
    let always = |d: &&Detail| d.recreation == Recreation::Always;
    if details.iter().filter(always).any(|d| d.certain) {
        Replacement::True
    } else if details.iter().any(|d| d.recreation != Recreation::Never) {
        Replacement::Conditional
    } else {
        Replacement::False
    }
}
