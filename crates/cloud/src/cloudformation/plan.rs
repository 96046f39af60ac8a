//! A template with its parameters' values: what will exist, after what, with which values.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;
use serde_json::{Map, Value};

use super::named;
use super::record::{Resources, Stack};
use super::stored::Met;
use super::types::{self, Conformed};
use crate::request::Context;
use template::dynamic::Stored;
use template::graph::{self, Needs};
use template::hidden::Masks;
use template::parameters::Texts;
use template::references::{Found, walk};
use template::{Budget, Invalid, KNOWN_AFTER_APPLY, Pseudo, Reference, Result, Scope, Template, conditions};

/// A template, resolved as far as nothing has to exist for it.
pub(super) struct Plan {
    pub template: Template,
    pub values: BTreeMap<String, Value>,
    /// What is told in the place of parameters that are `NoEcho`, if one is.
    pub masks: Option<Masks>,
    pub conditions: BTreeMap<String, bool>,
    pub pseudo: Pseudo,
    pub needs: Needs,
    /// Levels of logical ids, in the order of creation.
    pub order: Vec<Vec<String>>,
    /// What isn't simulated is left out, or placeholders stand for it.
    pub placeholders: bool,
}

/// The pseudo parameters of a stack.
pub(super) fn pseudo(stack: &Stack, notifications: &[String]) -> Pseudo {
    Pseudo {
        region: stack.region.clone(),
        account: stack.account.clone(),
        stack_name: stack.name.clone(),
        stack_id: stack.id.clone(),
        notification_arns: notifications.to_vec(),
    }
}

/// The pseudo parameters of a template that belongs to no stack: where the request was sent.
pub(super) fn pseudo_here(cx: &Context) -> Pseudo {
    Pseudo { region: cx.region.to_string(), account: cx.account.to_string(), ..Pseudo::default() }
}

/// The resource types that can't be in a stack of this cloud's, each once. `placeholders` tells that some may stand for what
/// isn't simulated.
pub(super) fn unknown_types(template: &Template, placeholders: bool) -> Vec<String> {
    let fits = |kind: &str| if placeholders { types::find(kind).is_some() } else { types::simulated(kind).is_some() };
    let kinds: BTreeSet<&String> = template.resources.values().map(|resource| &resource.kind).collect();
    kinds.into_iter().filter(|kind| !fits(kind)).cloned().collect()
}

/// Checks that every resource type is one of this cloud's, or a placeholder may stand for it, and has what only some types
/// have. Without values for the parameters nobody knows which conditions hold, so only resources that have none count;
/// [`Plan::new`] looks at the others.
pub(super) fn check_types(template: &Template, placeholders: bool) -> Result<()> {
    let certain = template.resources.iter().filter(|(_, resource)| resource.condition.is_none());
    settle_types(template, certain.map(|(name, _)| name), placeholders)
}

/// [`check_types`] for the resources of these logical ids.
fn settle_types<'a>(
    template: &'a Template,
    names: impl Iterator<Item = &'a String> + Clone,
    placeholders: bool,
) -> Result<()> {
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in names.clone() {
        kinds.entry(&template.resources[name].kind).or_default().push(name);
    }
    if let Some(refusal) = types::refusal(&kinds, placeholders) {
        return Err(Invalid::new(refusal));
    }
    let resources = names.map(|name| &template.resources[name]);
    let simulated = resources.filter(|resource| types::simulated(&resource.kind).is_some());
    match simulated.flat_map(|resource| &resource.unsupported).next() {
        Some(complaint) => Err(Invalid::new(complaint.clone())),
        None => Ok(()),
    }
}

impl Plan {
    /// Reads a template with the texts of its parameters.
    ///
    /// # Errors
    /// AWS's, for a template that is none or whose resources need each other in a circle.
    pub(super) fn new(text: &str, parameters: &Texts, pseudo: Pseudo, placeholders: bool) -> Result<Self> {
        let template = Template::read_given(text, parameters, &pseudo)?;
        Self::of(template, parameters, pseudo, placeholders)
    }

    /// The same of a template that was read with these texts.
    pub(super) fn of(mut template: Template, parameters: &Texts, pseudo: Pseudo, placeholders: bool) -> Result<Self> {
        let values: BTreeMap<String, Value> = template
            .parameters
            .iter()
            .filter_map(|p| Some((p.name.clone(), p.value(parameters.get(&p.name)?))))
            .collect();
        let conditions = conditions::evaluate(&template, &values, &pseudo)?;
        template.settle_names(&values, &conditions, &pseudo)?;
        let mut needs = graph::needs(&template, &conditions)?;
        let (known, budget) = (|_: Reference<'_>| Ok(KNOWN_AFTER_APPLY.into()), Budget::default());
        let scope = Scope {
            template: &template,
            parameters: &values,
            conditions: &conditions,
            pseudo: &pseudo,
            known: &known,
            stored: &|_| None,
            budget: &budget,
        };
        named::add(&scope, &mut needs);
        // A type that isn't this cloud's may stand behind a condition that is false.
        settle_types(&template, needs.keys(), placeholders)?;
        let order = graph::order(&needs)?;
        let masks = Masks::of(&template, &values);
        Ok(Self { template, values, masks, conditions, pseudo, needs, order, placeholders })
    }

    /// The scope in which its values are evaluated.
    pub(super) fn scope<'a>(
        &'a self,
        known: &'a dyn Fn(Reference<'_>) -> Result<Value>,
        stored: &'a Stored<'a>,
        budget: &'a Budget,
    ) -> Scope<'a> {
        Scope {
            template: &self.template,
            parameters: &self.values,
            conditions: &self.conditions,
            pseudo: &self.pseudo,
            known,
            stored,
            budget,
        }
    }

    /// Whether an output exists.
    pub(super) fn shows(&self, condition: Option<&String>) -> bool {
        condition.is_none_or(|name| self.conditions.get(name).copied().unwrap_or(false))
    }

    /// The first `Fn::GetAtt` of an attribute that its resource's type doesn't have, in words.
    pub(super) fn unsupported_attribute(&self) -> Option<String> {
        let complaint = |value: &Value| {
            let mut wrong = None;
            let _ = walk(value, Some(&self.conditions), &mut |found| {
                let Found::Attribute(resource, attribute) = found else { return };
                let Some(resource) = self.template.resources.get(resource).filter(|_| !attribute.is_empty()) else {
                    return;
                };
                // A placeholder gives of its properties what the template says.
                let given = resource.properties.contains_key(attribute);
                if types::find(&resource.kind).is_some_and(|found| !found.has_attribute(attribute) && !given) {
                    wrong.get_or_insert((resource.kind.clone(), attribute.to_owned()));
                }
            });
            wrong
        };
        let say = |path: String, (kind, attribute): (String, String)| {
            format!("[Error] {path}/Fn::GetAtt: Resource type {kind} does not support attribute {{{attribute}}}")
        };
        for name in self.needs.keys() {
            for (property, value) in &self.template.resources[name].properties {
                if let Some(wrong) = complaint(value) {
                    return Some(say(format!("/Resources/{name}/Properties/{property}"), wrong));
                }
            }
        }
        self.template.outputs.iter().filter(|(_, output)| self.shows(output.condition.as_ref())).find_map(
            |(name, output)| complaint(&output.value).map(|wrong| say(format!("/Outputs/{name}/Value"), wrong)),
        )
    }
}

/// An export of some stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Export {
    pub name: String,
    pub value: String,
    pub stack_id: String,
    pub stack_name: String,
}

/// The exports of stacks, by name.
pub(super) fn exports(stacks: &[Stack]) -> BTreeMap<String, Export> {
    let alive = stacks.iter().filter(|stack| stack.deleted.is_none());
    alive
        .flat_map(|stack| {
            stack.now.outputs.iter().filter_map(|output| {
                let export = Export {
                    name: output.export.clone()?,
                    value: output.value.clone(),
                    stack_id: stack.id.clone(),
                    stack_name: stack.name.clone(),
                };
                Some((export.name.clone(), export))
            })
        })
        .collect()
}

/// The names of the stacks that import an export.
pub(super) fn importers(stacks: &[Stack], export: &str) -> Vec<String> {
    let alive = stacks.iter().filter(|stack| stack.deleted.is_none());
    let importing = alive.filter(|stack| stack.now.imports.iter().any(|name| name == export));
    let mut names: Vec<String> = importing.map(|stack| stack.name.clone()).collect();
    names.sort();
    names
}

/// What is known of the resources of a stack, and of other stacks' exports.
pub(super) struct Known<'a> {
    pub resources: &'a Resources,
    pub exports: &'a BTreeMap<String, Export>,
    /// The exports that were asked for.
    pub imports: Mutex<BTreeSet<String>>,
}

impl<'a> Known<'a> {
    /// These resources and exports, none of which was asked for.
    pub(super) fn new(resources: &'a Resources, exports: &'a BTreeMap<String, Export>) -> Self {
        Self { resources, exports, imports: Mutex::default() }
    }

    /// Answers a reference; what doesn't exist yet is [`KNOWN_AFTER_APPLY`].
    pub(super) fn answer(&self, reference: Reference<'_>) -> Result<Value> {
        let later = || Ok(KNOWN_AFTER_APPLY.into());
        match reference {
            Reference::Export(name) => {
                self.imports.lock().insert(name.to_owned());
                match self.exports.get(name) {
                    Some(export) => Ok(export.value.as_str().into()),
                    None => Err(Invalid::new(format!("No export named {name} found."))),
                }
            }
            Reference::Resource(name) => match self.live(name) {
                Some((_, live)) => Ok(live.physical_id.as_str().into()),
                None => later(),
            },
            Reference::Attribute(name, attribute) => match self.live(name) {
                Some((kind, live)) => match live.attributes.get(attribute).or_else(|| live.properties.get(attribute)) {
                    Some(value) => Ok(value.clone()),
                    // A property that has no value: AWS gives what the service says, which is nothing set.
                    None => Ok(types::foreign_attribute(kind, &live.physical_id, attribute).unwrap_or("".into())),
                },
                None => later(),
            },
        }
    }

    /// What a resource is, with its type.
    fn live(&self, name: &str) -> Option<(&str, &super::record::Live)> {
        self.resources.get(name).and_then(|resource| Some((resource.kind.as_str(), resource.live.as_ref()?)))
    }
}

/// What a template says of a resource, evaluated as far as it is known.
pub(super) struct Evaluated {
    pub properties: Map<String, Value>,
    /// Where secrets are in them.
    pub hidden: Map<String, Value>,
    pub metadata: Option<Value>,
}

/// Evaluates what the template says of a resource.
pub(super) fn evaluated(
    plan: &Plan,
    name: &str,
    known: &Known<'_>,
    stored: &Stored<'_>,
    budget: &Budget,
) -> Result<Evaluated> {
    let answer = |reference: Reference<'_>| known.answer(reference);
    let (resource, scope) = (&plan.template.resources[name], plan.scope(&answer, stored, budget));
    let properties = scope.members(&resource.properties)?;
    let hidden = plan.masks.as_ref().map(|masks| masks.hidden(&scope, &resource.properties, &properties));
    let metadata = resource.metadata.as_ref().map(|metadata| scope.value(metadata)).transpose()?.flatten();
    Ok(Evaluated { properties, hidden: hidden.unwrap_or_default(), metadata })
}

/// The dynamic references in all that a template gives.
pub(super) fn references(plan: &Plan, known: &Known<'_>) -> BTreeSet<String> {
    let answer = |reference: Reference<'_>| known.answer(reference);
    let (met, budget) = (Met::default(), Budget::default());
    let note = |reference: &str| met.note(reference);
    let scope = plan.scope(&answer, &note, &budget);
    let properties = plan.needs.keys().flat_map(|name| plan.template.resources[name].properties.values());
    let outputs = plan.template.outputs.values().filter(|output| plan.shows(output.condition.as_ref()));
    for value in properties.chain(outputs.flat_map(|output| std::iter::once(&output.value).chain(&output.export))) {
        // What is wrong is told where the value is needed.
        let _ = scope.value(value);
    }
    met.all()
}

/// A resource's properties, every value known and in its type's shape.
pub(super) fn conformed(
    plan: &Plan,
    name: &str,
    evaluated: &Map<String, Value>,
) -> std::result::Result<Conformed, String> {
    let resource = &plan.template.resources[name];
    match types::find(&resource.kind) {
        Some(found) => found
            .conform(evaluated, plan.placeholders)
            .map_err(|what| format!("Properties validation failed for resource {name} with message:\n{what}")),
        None => Err(format!("Unrecognized resource type {}", resource.kind)),
    }
}
