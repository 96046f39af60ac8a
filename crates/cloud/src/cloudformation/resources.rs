//! DescribeStackResource, DescribeStackResources and ListStackResources.

use serde::{Deserialize, Serialize};

use super::error::{invalid, missing, no_stack_with_id};
use super::input::stack_name;
use super::page::page;
use super::place::Place;
use super::record::{Resource, Stack};
use super::store;
use crate::request::Context;
use engine::Engine;
use wire::{AwsError, Timestamp};

/// Resources of a page.
const PAGE: usize = 100;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Drift {
    stack_resource_drift_status: &'static str,
}

/// Drift isn't looked for here.
const NO_DRIFT: Drift = Drift { stack_resource_drift_status: "NOT_CHECKED" };

/// The input of the three operations.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ResourcesInput {
    stack_name: Option<String>,
    logical_resource_id: Option<String>,
    physical_resource_id: Option<String>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeStackResourcesOutput {
    stack_resources: Vec<ResourceView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ResourceView {
    stack_name: String,
    stack_id: String,
    logical_resource_id: String,
    physical_resource_id: Option<String>,
    resource_type: String,
    timestamp: Timestamp,
    resource_status: &'static str,
    resource_status_reason: Option<String>,
    drift_information: Drift,
}

fn physical(resource: &Resource) -> Option<String> {
    resource.live.as_ref().map(|live| live.physical_id.clone())
}

fn view(stack: &Stack, resource: Resource) -> ResourceView {
    ResourceView {
        stack_name: stack.name.clone(),
        stack_id: stack.id.clone(),
        physical_resource_id: physical(&resource),
        logical_resource_id: resource.logical_id,
        resource_type: resource.kind,
        timestamp: Timestamp(resource.updated),
        resource_status: resource.status.as_str(),
        resource_status_reason: resource.reason,
        drift_information: NO_DRIFT,
    }
}

/// DescribeStackResources: those of a stack, which a physical resource may name.
pub(super) async fn describe_stack_resources(
    cx: &Context,
    input: ResourcesInput,
) -> Result<DescribeStackResourcesOutput, AwsError> {
    let place = Place::of(cx);
    let (stack, resources) =
        cx.cloud.core.read(|engine, _| match (&input.stack_name, &input.physical_resource_id) {
            (Some(_), Some(_)) => Err(invalid("Both StackName and PhysicalResourceId cannot be specified")),
            (None, None) => Err(invalid("Either StackName or PhysicalResourceId must be specified")),
            (Some(name), None) => find(engine, &place, name, no_stack_with_id),
            (None, Some(physical_id)) => holder(engine, &place, physical_id)
                .ok_or_else(|| invalid(format!("Stack for {physical_id} does not exist"))),
        })?;
    let wanted = resources
        .into_iter()
        .filter(|resource| input.logical_resource_id.as_ref().is_none_or(|id| *id == resource.logical_id));
    let stack_resources: Vec<ResourceView> = wanted.map(|resource| view(&stack, resource)).collect();
    if let (true, Some(id)) = (stack_resources.is_empty(), &input.logical_resource_id) {
        return Err(no_resource(id, &stack.name));
    }
    Ok(DescribeStackResourcesOutput { stack_resources })
}

/// A stack with its resources; `absent` is what the operation says of none.
fn find(
    engine: &Engine,
    place: &Place,
    name: &str,
    absent: fn(&str) -> AwsError,
) -> Result<(Stack, Vec<Resource>), AwsError> {
    let stack = store::find_stack(engine, place, name)?.ok_or_else(|| absent(name))?;
    let resources = store::resources(engine, &stack.uuid).into_values().collect();
    Ok((stack, resources))
}

/// The stack that a physical resource belongs to.
fn holder(engine: &Engine, place: &Place, physical_id: &str) -> Option<(Stack, Vec<Resource>)> {
    store::stacks(engine, place).into_iter().find_map(|stack| {
        let resources: Vec<Resource> = store::resources(engine, &stack.uuid).into_values().collect();
        let holds = resources.iter().any(|resource| physical(resource).as_deref() == Some(physical_id));
        holds.then_some((stack, resources))
    })
}

fn no_resource(id: &str, stack: &str) -> AwsError {
    invalid(format!("Resource {id} does not exist for stack {stack}"))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeStackResourceOutput {
    stack_resource_detail: Detail,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Detail {
    stack_name: String,
    stack_id: String,
    logical_resource_id: String,
    physical_resource_id: Option<String>,
    resource_type: String,
    last_updated_timestamp: Timestamp,
    resource_status: &'static str,
    resource_status_reason: Option<String>,
    metadata: String,
    drift_information: Drift,
}

/// DescribeStackResource.
pub(super) async fn describe_stack_resource(
    cx: &Context,
    input: ResourcesInput,
) -> Result<DescribeStackResourceOutput, AwsError> {
    let name = stack_name(input.stack_name)?;
    let id = input.logical_resource_id.ok_or_else(|| missing("logicalResourceId"))?;
    let place = Place::of(cx);
    let absent = |name: &str| invalid(format!("Stack '{name}' does not exist"));
    let (stack, resources) = cx.cloud.core.read(|engine, _| find(engine, &place, &name, absent))?;
    let resource = resources.into_iter().find(|r| r.logical_id == id).ok_or_else(|| no_resource(&id, &stack.name))?;
    let metadata = resource.live.as_ref().and_then(|live| live.metadata.as_ref());
    Ok(DescribeStackResourceOutput {
        stack_resource_detail: Detail {
            metadata: metadata.map_or_else(|| "{}".to_owned(), ToString::to_string),
            physical_resource_id: physical(&resource),
            stack_name: stack.name,
            stack_id: stack.id,
            logical_resource_id: resource.logical_id,
            resource_type: resource.kind,
            last_updated_timestamp: Timestamp(resource.updated),
            resource_status: resource.status.as_str(),
            resource_status_reason: resource.reason,
            drift_information: NO_DRIFT,
        },
    })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListStackResourcesOutput {
    stack_resource_summaries: Vec<Summary>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    logical_resource_id: String,
    physical_resource_id: Option<String>,
    resource_type: String,
    last_updated_timestamp: Timestamp,
    resource_status: &'static str,
    resource_status_reason: Option<String>,
    drift_information: Drift,
}

/// ListStackResources.
pub(super) async fn list_stack_resources(
    cx: &Context,
    input: ResourcesInput,
) -> Result<ListStackResourcesOutput, AwsError> {
    let name = stack_name(input.stack_name)?;
    let place = Place::of(cx);
    let (_, resources) = cx.cloud.core.read(|engine, _| find(engine, &place, &name, no_stack_with_id))?;
    let (resources, next_token) = page(resources, input.next_token.as_deref(), PAGE)?;
    let summary = |resource: Resource| Summary {
        physical_resource_id: physical(&resource),
        logical_resource_id: resource.logical_id,
        resource_type: resource.kind,
        last_updated_timestamp: Timestamp(resource.updated),
        resource_status: resource.status.as_str(),
        resource_status_reason: resource.reason,
        drift_information: NO_DRIFT,
    };
    Ok(ListStackResourcesOutput { stack_resource_summaries: resources.into_iter().map(summary).collect(), next_token })
}
