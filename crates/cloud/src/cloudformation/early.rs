//! What is wrong with a change set as far as that can be seen before it is executed ("Validate stack deployments"): properties that
//! don't fit their schemas, and names that others have.
//!
//! A resource is looked at if all of its values are known: what depends on a resource that isn't there yet is seen when that is.

use serde_json::{Map, Value};

use super::plan::{Evaluated, Known, Plan, evaluated};
use super::record::{Finding, Stack};
use super::types::{self, GeneratedName, ResourceType, Work};
use super::{plan, store};
use crate::request::Context;
use template::parameters::Texts;
use template::{Budget, is_unknown};

/// The validations by the names that events have for them, and those that the reason of a change set has.
const PROPERTIES: (&str, &str) = ("PROPERTY_VALIDATION", "AWS::EarlyValidation::PropertyValidation");
const NAMES: (&str, &str) = ("NAME_CONFLICT_VALIDATION", "AWS::EarlyValidation::ResourceExistenceCheck");

/// All that is wrong with the resources of a plan. `stored` is what its dynamic references stand for.
pub(super) async fn findings(cx: &Context, stack: &Stack, plan: &Plan, stored: &Texts) -> Vec<Finding> {
    let (resources, exports) = (store::all_resources(cx, &stack.uuid), plan::exports(&store::all_stacks(cx)));
    let known = Known::new(&resources, &exports);
    let budget = Budget::default();
    let mut findings = Vec::new();
    for name in plan.order.iter().flatten() {
        let look = |reference: &str| stored.get(reference).cloned();
        let Ok(Evaluated { properties: values, .. }) = evaluated(plan, name, &known, &look, &budget) else { continue };
        if values.values().any(mentions_unknown) {
            continue;
        }
        let declared = &plan.template.resources[name];
        let Some(kind) = types::find(&declared.kind) else { continue };
        let finding = |validation: (&str, _), reason: String, path: String| Finding {
            id: cx.cloud.core.uuid(),
            logical_id: name.clone(),
            kind: declared.kind.clone(),
            validation: validation.0.to_owned(),
            reason,
            path: format!("/Resources/{name}{path}"),
        };
        match kind.conform(&values, true) {
            Err(what) => {
                let (reason, path) = complaint(&what);
                findings.push(finding(PROPERTIES, reason, format!("/Properties{path}")));
            }
            Ok(conformed) => {
                let live = resources.get(name).and_then(|resource| resource.live.as_ref());
                if live.is_some_and(|live| !kind.schema().replaces(&live.properties, &conformed.properties)) {
                    continue;
                }
                if let Some(reason) = conflict(cx, stack, kind, name, &conformed.properties).await {
                    findings.push(finding(NAMES, reason, String::new()));
                }
            }
        }
    }
    findings
}

/// Whether a resource's name is taken.
pub(super) fn is_conflict(finding: &Finding) -> bool {
    finding.validation == NAMES.0
}

/// The reason for which a change set with these findings can't be executed.
pub(super) fn reason(findings: &[Finding]) -> String {
    let failed = [PROPERTIES, NAMES].into_iter().filter(|(name, _)| findings.iter().any(|it| it.validation == *name));
    let failed: Vec<&str> = failed.map(|(_, validation)| validation).collect();
    format!(
        "The following hook(s)/validation failed: [{}]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.",
        failed.join(", ")
    )
}

/// Words and place of what a schema complains of: `[#/Tags/0: required key [Key] not found]`.
fn complaint(what: &str) -> (String, String) {
    let what = what.strip_prefix("[#").and_then(|rest| rest.strip_suffix(']')).unwrap_or(what);
    let (path, words) = what.split_once(": ").unwrap_or(("", what));
    let words = match words.strip_prefix("required key ") {
        Some(key) => format!("Required property {key}"),
        None => words.to_owned(),
    };
    (words, path.to_owned())
}

/// Why a new resource can't have the name that the template gives it.
async fn conflict(
    cx: &Context,
    stack: &Stack,
    kind: &dyn ResourceType,
    logical_id: &str,
    properties: &Map<String, Value>,
) -> Option<String> {
    let work = |random: &'static str| Work {
        cx,
        generated: GeneratedName { stack: &stack.name, logical_id, random },
        stack_id: &stack.id,
        tags: &stack.now.tags,
        tags_before: &stack.now.tags,
    };
    let name = kind.choose_name(&work("AAAAAAAAAAAA"), properties);
    // A name that was generated is another each time.
    if name.is_empty() || name != kind.choose_name(&work("BBBBBBBBBBBB"), properties) {
        return None;
    }
    let error = kind.check_name_is_free(&work("AAAAAAAAAAAA"), &name, properties).await.err()?;
    let words = error.reason.strip_prefix("Resource handler returned message: \"");
    let words = words.and_then(|rest| rest.rsplit_once("\" (HandlerErrorCode: AlreadyExists)"));
    words.map(|(words, _)| words.to_owned())
}

/// Whether a value, or any value inside it, is known only after a resource exists.
fn mentions_unknown(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(mentions_unknown),
        Value::Object(members) => members.values().any(mentions_unknown),
        // A dynamic reference may stand for what the stack itself makes.
        Value::String(text) if text.contains("{{resolve:") => true,
        scalar => is_unknown(scalar),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_have_a_place() {
        let cases = [
            ("[#: required key [Name] not found]", "Required property [Name] not found", ""),
            ("[#/Tags/0: extraneous key [K] is not permitted]", "extraneous key [K] is not permitted", "/Tags/0"),
            ("[#/A: expected type: Integer, found: String]", "expected type: Integer, found: String", "/A"),
        ];
        for (what, words, path) in cases {
            assert_eq!(complaint(what), (words.to_owned(), path.to_owned()));
        }
    }
}
