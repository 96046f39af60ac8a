//! DescribeChangeSet.

use serde::Serialize;

use super::change_sets::{ChangeSetInput, execution, find, status};
use super::describe_stacks::{ParameterView, RollbackConfiguration, shown};
use super::page::page;
use super::place::Place;
use super::record::{ChangeSet, OnFailure, Tag};
use crate::request::Context;
use template::diff::{Action, Change, Detail, Recreation, Replacement};
use wire::{AwsError, Timestamp};

/// Changes of a page.
const PAGE: usize = 100;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeChangeSetOutput {
    change_set_name: String,
    change_set_id: String,
    stack_id: String,
    stack_name: String,
    description: Option<String>,
    parameters: Option<Vec<ParameterView>>,
    creation_time: Timestamp,
    execution_status: &'static str,
    status: &'static str,
    status_reason: Option<String>,
    #[serde(rename = "NotificationARNs")]
    notification_arns: Vec<String>,
    rollback_configuration: RollbackConfiguration,
    capabilities: Vec<String>,
    tags: Option<Vec<Tag>>,
    changes: Vec<ChangeView>,
    next_token: Option<String>,
    include_nested_stacks: bool,
    import_existing_resources: Option<bool>,
    on_stack_failure: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ChangeView {
    r#type: &'static str,
    resource_change: ResourceChange,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ResourceChange {
    policy_action: Option<String>,
    action: &'static str,
    logical_resource_id: String,
    physical_resource_id: Option<String>,
    resource_type: String,
    replacement: Option<&'static str>,
    scope: Vec<String>,
    details: Vec<DetailView>,
    before_context: Option<String>,
    after_context: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct DetailView {
    target: Target,
    evaluation: &'static str,
    change_source: String,
    causing_entity: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Target {
    attribute: String,
    name: Option<String>,
    requires_recreation: &'static str,
    path: Option<String>,
    before_value: Option<String>,
    after_value: Option<String>,
    attribute_change_type: Option<&'static str>,
}

fn detail(detail: Detail, values: bool) -> DetailView {
    let path = match &detail.name {
        Some(name) => format!("/{}/{name}", detail.attribute),
        None => format!("/{}", detail.attribute),
    };
    let change = match (&detail.before, &detail.after) {
        (None, _) => "Add",
        (_, None) => "Remove",
        _ => "Modify",
    };
    DetailView {
        target: Target {
            attribute: detail.attribute,
            name: detail.name,
            requires_recreation: match detail.recreation {
                Recreation::Never => "Never",
                Recreation::Conditionally => "Conditionally",
                Recreation::Always => "Always",
            },
            path: values.then_some(path),
            before_value: detail.before.filter(|_| values),
            after_value: detail.after.filter(|_| values),
            attribute_change_type: values.then_some(change),
        },
        evaluation: if detail.certain { "Static" } else { "Dynamic" },
        change_source: detail.source,
        causing_entity: detail.causing_entity,
    }
}

/// A change; `values` shows the properties as well ("IncludePropertyValues").
fn view(change: Change, values: bool) -> ChangeView {
    let action = match change.action {
        Action::Add => "Add",
        Action::Modify => "Modify",
        Action::Remove => "Remove",
    };
    let replacement = change.replacement.map(|replacement| match replacement {
        Replacement::True => "True",
        Replacement::False => "False",
        Replacement::Conditional => "Conditional",
    });
    let shown = |detail: &Detail| if values { detail.certain || !tentative(detail) } else { !detail.with_values_only };
    ChangeView {
        r#type: "Resource",
        resource_change: ResourceChange {
            policy_action: change.policy_action,
            action,
            logical_resource_id: change.logical_id,
            physical_resource_id: change.physical_id,
            resource_type: change.kind,
            replacement,
            scope: change.scope,
            details: change.details.into_iter().filter(shown).map(|d| detail(d, values)).collect(),
            before_context: change.before.filter(|_| values).map(|context| context.to_string()),
            after_context: change.after.filter(|_| values).map(|context| context.to_string()),
        },
    }
}

/// An attribute that may or may not change: with the values at hand, AWS takes the one that it has now.
fn tentative(detail: &Detail) -> bool {
    detail.source == "ResourceAttribute" && !detail.certain
}

/// Why it failed; or, beside the values, which of them couldn't be worked out.
fn reason(set: &ChangeSet, values: bool) -> Option<String> {
    let warning = || {
        let (resource, why) = set.changes.warnings.first()?;
        Some(format!(
            "[WARN] --include-property-values option can return incomplete ChangeSet data because: ChangeSet creation failed for resource [{resource}] because: {why}"
        ))
    };
    set.failed.clone().or_else(|| if values { warning() } else { None })
}

/// DescribeChangeSet.
pub(super) async fn describe_change_set(
    cx: &Context,
    input: ChangeSetInput,
) -> Result<DescribeChangeSetOutput, AwsError> {
    let place = Place::of(cx);
    let values = input.include_property_values == Some(true);
    let (_, set) = cx.cloud.core.read(|engine, _| find(engine, &place, &input))?;
    let parameters = shown(cx, &set.definition).await?;
    let reason = reason(&set, values);
    let (status, execution) = (status(&set), execution(&set));
    let listed: Vec<Change> = set.changes.changes.into_iter().filter(|change| !(values && change.tentative)).collect();
    let (changes, next_token) = page(listed, input.next_token.as_deref(), PAGE)?;
    Ok(DescribeChangeSetOutput {
        change_set_name: set.name,
        change_set_id: set.id,
        stack_id: set.stack,
        stack_name: set.stack_name,
        description: set.description,
        parameters,
        creation_time: Timestamp(set.created),
        execution_status: execution,
        status,
        status_reason: reason,
        notification_arns: set.definition.notifications,
        rollback_configuration: RollbackConfiguration::default(),
        capabilities: set.definition.capabilities,
        tags: Some(set.definition.tags).filter(|tags| !tags.is_empty()),
        changes: changes.into_iter().map(|change| view(change, values)).collect(),
        next_token,
        include_nested_stacks: set.include_nested,
        // Only where it was asked for (recorded on AWS).
        import_existing_resources: set.import_existing.then_some(true),
        on_stack_failure: match set.on_failure {
            OnFailure::Rollback => None,
            OnFailure::Nothing => Some("DO_NOTHING"),
            OnFailure::Delete => Some("DELETE"),
        },
    })
}
