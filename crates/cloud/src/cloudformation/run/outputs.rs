//! The outputs of a stack, and the guards of exports.

use crate::cloudformation::plan::{self, Known, Plan};
use crate::cloudformation::record::{Resources, Stack, StackOutput};
use template::dynamic::Stored;
use template::{Budget, Reference, scalar_text};

/// The outputs with their values and the exports that the stack imports; or why it can't have them.
pub(super) fn evaluate(
    stacks: &[Stack],
    stack: &Stack,
    plan: &Plan,
    resources: &Resources,
    stored: &Stored<'_>,
) -> Result<(Vec<StackOutput>, Vec<String>), String> {
    let exports = plan::exports(stacks);
    let known = Known::new(resources, &exports);
    let answer = |reference: Reference<'_>| known.answer(reference);
    let budget = Budget::default();
    let scope = plan.scope(&answer, stored, &budget);
    let mut outputs = Vec::new();
    for (key, output) in &plan.template.outputs {
        if !plan.shows(output.condition.as_ref()) {
            continue;
        }
        let Some(value) = scope.value(&output.value).map_err(|invalid| invalid.message)? else { continue };
        let value = scalar_text(&value).ok_or(
            "Template format error: The Value field of every Outputs member must evaluate to a String and not a List.",
        )?;
        let export = match &output.export {
            Some(name) => scope.required(name).map_err(|invalid| invalid.message)?.as_str().map(str::to_owned),
            None => None,
        };
        if let Some(other) = export.as_ref().and_then(|name| exports.get(name)).filter(|e| e.stack_id != stack.id) {
            return Err(format!("Export with name {} is already exported by stack {}.", other.name, other.stack_name));
        }
        if export.is_some() {
            check_exported(key, &value)?;
        }
        outputs.push(StackOutput { key: key.clone(), value, description: output.description.clone(), export });
    }
    let exported = outputs.iter().filter_map(|output| output.export.clone());
    template::one_of_each(exported).map_err(|invalid| invalid.message)?;
    // What resources import counts as well; their values were bounded when they were made.
    let budget = Budget::default();
    let scope = plan.scope(&answer, stored, &budget);
    for name in plan.needs.keys() {
        let _ = scope.members(&plan.template.resources[name].properties);
    }
    guard(stacks, stack, &outputs)?;
    let imports = known.imports.into_inner().into_iter().collect();
    Ok((outputs, imports))
}

/// What AWS exports (smoketurner/serverless-vpc-plugin 704, awslabs/goformation 299).
fn check_exported(key: &str, value: &str) -> Result<(), String> {
    const MOST: usize = 1_024;
    let length = value.chars().count();
    if value.trim().is_empty() {
        return Err(format!("Cannot export output {key}. Exported values must not be empty or whitespace-only."));
    }
    if length > MOST {
        return Err(format!("Cannot export output {key} with length {length}. Max length of {MOST} exceeded."));
    }
    Ok(())
}

/// An export that others import can neither change nor go.
fn guard(stacks: &[Stack], stack: &Stack, outputs: &[StackOutput]) -> Result<(), String> {
    let Some(before) = &stack.before else { return Ok(()) };
    for old in &before.outputs {
        let Some(name) = &old.export else { continue };
        let new = outputs.iter().find(|output| output.export.as_ref() == Some(name));
        let verb = match new {
            None => "deleted",
            Some(new) if new.value != old.value => "updated",
            Some(_) => continue,
        };
        let importers = plan::importers(stacks, name);
        if !importers.is_empty() {
            return Err(format!("Export {name} cannot be {verb} as it is in use by {}", importers.join(", ")));
        }
    }
    Ok(())
}
