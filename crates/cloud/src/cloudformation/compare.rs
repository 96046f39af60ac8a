//! A stack against a new definition: the changes of a change set.

use std::collections::BTreeMap;

use serde_json::Value;

use super::blocking::run_blocking;
use super::error::invalid_template;
use super::plan::{self, Known, Plan, pseudo};
use super::prepare::Prepared;
use super::record::{Definition, Stack};
use super::types;
use super::{store, stored};
use crate::request::Context;
use template::diff::{self, Before, Changes, Deployed};
use template::parameters::Texts;
use template::{Budget, Reference, Template, is_unknown, scalar_text};
use wire::AwsError;

/// What dynamic references stand for in a new definition: what the Parameter Store has now. As long as neither the template nor
/// its parameters differ, AWS doesn't look (aws-cloudformation/cloudformation-coverage-roadmap, issue 844), and they stand for what
/// they stood for.
pub(super) async fn stored(cx: &Context, stack: &Stack, new: &Prepared) -> Result<Texts, AwsError> {
    let (resources, exports) = (store::all_resources(cx, &stack.uuid), plan::exports(&store::all_stacks(cx)));
    let references = plan::references(&new.plan, &Known::new(&resources, &exports));
    if references.is_empty() {
        return Ok(Texts::new());
    }
    let old = &stack.now;
    let old_text = cx.cloud.core.read(|engine, _| store::template(engine, &old.template));
    let same = old_text.is_some_and(|old| old == new.text) && old.texts() == new.definition.texts();
    if same { Ok(old.dynamic.clone()) } else { stored::resolve_some(cx, &references).await }
}

/// What a new definition would change of a stack.
pub(super) async fn changes(cx: &Context, stack: &Stack, plan: &Plan, stored: &Texts) -> Result<Changes, AwsError> {
    let old_text = cx.cloud.core.read(|engine, _| store::template(engine, &stack.now.template));
    let (resources, exports) = (store::all_resources(cx, &stack.uuid), plan::exports(&store::all_stacks(cx)));
    // A stack in review has no template yet.
    let old = match old_text {
        Some(text) => {
            let (parameters, pseudo) = (stack.now.texts(), pseudo(stack, &stack.now.notifications));
            // What is deployed was admitted when it was deployed.
            run_blocking(move || Plan::new(&text, &parameters, pseudo, true).ok()).await?
        }
        None => None,
    };
    let nothing = (Template::default(), BTreeMap::<String, Value>::new());
    let (template, parameters) = old.as_ref().map_or((&nothing.0, &nothing.1), |old| (&old.template, &old.values));
    let deployed = resources.values().filter_map(|resource| {
        let live = resource.live.as_ref()?;
        let deployed = Deployed {
            kind: &resource.kind,
            physical_id: &live.physical_id,
            properties: &live.properties,
            hidden: &live.hidden,
            metadata: live.metadata.as_ref(),
            deletion_policy: live.deletion_policy,
            update_replace_policy: live.update_replace_policy,
        };
        Some((resource.logical_id.as_str(), deployed))
    });
    let before = Before { template, parameters, resources: deployed.collect() };
    let budget = Budget::default();
    let known = Known::new(&resources, &exports);
    let answer = |reference: Reference<'_>| known.answer(reference);
    let look = |reference: &str| stored.get(reference).cloned();
    let (scope, masks) = (&plan.scope(&answer, &look, &budget), plan.masks.as_ref());
    diff::changes(&before, scope, masks, &types::recreation).map_err(invalid_template)
}

/// Whether a new definition changes a stack in any other way: its outputs, its tags, whom it notifies.
pub(super) fn differs(cx: &Context, stack: &Stack, definition: &Definition, plan: &Plan, stored: &Texts) -> bool {
    let old = &stack.now;
    if old.tags != definition.tags || old.notifications != definition.notifications || old.role != definition.role {
        return true;
    }
    let (resources, exports) = (store::all_resources(cx, &stack.uuid), plan::exports(&store::all_stacks(cx)));
    let known = Known::new(&resources, &exports);
    let answer = |reference: Reference<'_>| known.answer(reference);
    let look = |reference: &str| stored.get(reference).cloned();
    let budget = Budget::default();
    let scope = plan.scope(&answer, &look, &budget);
    let outputs: Vec<_> =
        plan.template.outputs.iter().filter(|(_, output)| plan.shows(output.condition.as_ref())).collect();
    let same = |(key, output): &(&String, &template::Output)| {
        let Some(deployed) = old.outputs.iter().find(|o| o.key == **key) else { return false };
        let value = scope.value(&output.value).ok().flatten();
        let export =
            output.export.as_ref().and_then(|name| scope.value(name).ok().flatten()).as_ref().and_then(scalar_text);
        let unchanged =
            value.is_some_and(|value| is_unknown(&value) || scalar_text(&value).as_ref() == Some(&deployed.value));
        unchanged && export == deployed.export && output.description == deployed.description
    };
    outputs.len() != old.outputs.len() || !outputs.iter().all(same)
}
