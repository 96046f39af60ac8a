//! Stacks.

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{Cut, Paging, Pairs, name_of};
use crate::console::{Viewer, absent};
use crate::request::{Context, intern};
use wire::AwsError;

/// Events that are shown.
const EVENTS: usize = 100;

/// A page of the stacks.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Stacks {
    pub stacks: Vec<StackRow>,
    pub next: Option<String>,
    /// How many there are, with the part of a name that is asked for.
    pub of: usize,
}

/// A stack in a list.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StackRow {
    pub name: String,
    pub id: String,
    pub region: String,
    pub account: String,
    pub status: String,
    pub reason: Option<String>,
    pub created: u64,
    pub updated: Option<u64>,
}

/// One stack.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StackView {
    #[serde(flatten)]
    pub row: StackRow,
    pub parameters: Pairs,
    pub outputs: Pairs,
    pub resources: Vec<ResourceRow>,
    /// The newest first; a hundred at most.
    pub events: Vec<EventRow>,
    pub template: String,
}

/// A resource of a stack.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ResourceRow {
    pub logical_id: String,
    pub physical_id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub status: String,
    pub reason: Option<String>,
    /// What the console has of it: `/queues/NAME`, `/topics/NAME`, `/streams/NAME`, `/buckets/NAME`.
    pub page: Option<String>,
}

/// What happened to a stack or to one of its resources.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EventRow {
    pub at: u64,
    pub logical_id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub status: String,
    pub reason: Option<String>,
}

/// The names of a viewer's stacks, each behind its region and a slash, in order.
fn names(viewer: &Viewer) -> Vec<String> {
    viewer.cx.cloud.core.read(|engine, _| {
        let prefix = format!("cfn/name/{}/", viewer.cx.account);
        let names = engine.docs(&prefix, "").filter_map(|(key, _)| key.get(prefix.len()..));
        let region = |name: &&str| {
            let own = name.split('/').next().unwrap_or_default();
            viewer.region.as_deref().is_none_or(|region| region == own)
        };
        names.filter(region).map(str::to_owned).collect()
    })
}

/// How many stacks a viewer has.
pub(crate) fn count(viewer: &Viewer) -> usize {
    names(viewer).len()
}

/// A page of the stacks.
///
/// # Errors
/// Those of DescribeStacks.
pub(crate) async fn stacks(viewer: &Viewer, paging: &Paging) -> Result<Stacks, AwsError> {
    let Cut { names, next, of } = paging.cut(names(viewer).iter().map(String::as_str));
    let mut stacks = Vec::with_capacity(names.len());
    for place in &names {
        let (cx, name) = there(viewer, place);
        // One that was deleted a moment ago is none any more.
        if let Ok(found) = cx.call("cloudformation", "DescribeStacks", json!({"StackName": name})).await {
            stacks.extend(found["Stacks"].as_array().into_iter().flatten().map(|stack| row(&cx, stack)));
        }
    }
    Ok(Stacks { stacks, next, of })
}

/// The region of a stack's place, and its name.
fn there<'p>(viewer: &Viewer, place: &'p str) -> (Context, &'p str) {
    let (region, name) = place.split_once('/').unwrap_or_default();
    (Context { region: intern(region), ..viewer.cx.clone() }, name)
}

fn row(cx: &Context, stack: &Json) -> StackRow {
    let text = |name: &str| stack[name].as_str().map(str::to_owned);
    StackRow {
        name: text("StackName").unwrap_or_default(),
        id: text("StackId").unwrap_or_default(),
        region: cx.region.to_string(),
        account: cx.account.to_string(),
        status: text("StackStatus").unwrap_or_default(),
        reason: text("StackStatusReason"),
        created: millis(&stack["CreationTime"]).unwrap_or_default(),
        updated: millis(&stack["LastUpdatedTime"]),
    }
}

/// A time as an operation's JSON has it: seconds, or a text.
fn millis(time: &Json) -> Option<u64> {
    match time {
        Json::String(text) => text::time::parse_iso(text),
        time => time.as_f64().map(|seconds| (seconds * 1_000.0) as u64),
    }
}

/// One stack.
///
/// # Errors
/// 404 for one that isn't there.
pub(crate) async fn stack(viewer: &Viewer, name: &str) -> Result<StackView, AwsError> {
    let all = names(viewer);
    let named = |place: &&String| place.split_once('/').is_some_and(|(_, own)| own == name || place.as_str() == name);
    let place = all.iter().find(named).ok_or_else(|| absent("stack", name))?;
    let (cx, name) = there(viewer, place);
    let asked = json!({"StackName": name});
    let call = async |operation: &str| cx.call("cloudformation", operation, asked.clone()).await;
    let described = call("DescribeStacks").await?;
    let resources = call("DescribeStackResources").await?;
    let events = call("DescribeStackEvents").await?;
    let template = call("GetTemplate").await?;
    let found = &described["Stacks"][0];
    let pairs = |list: &Json, key: &str, value: &str| -> Pairs {
        let text = |of: &Json, name: &str| of[name].as_str().unwrap_or_default().to_owned();
        list.as_array().into_iter().flatten().map(|one| (text(one, key), text(one, value))).collect()
    };
    Ok(StackView {
        row: row(&cx, found),
        parameters: pairs(&found["Parameters"], "ParameterKey", "ParameterValue"),
        outputs: pairs(&found["Outputs"], "OutputKey", "OutputValue"),
        resources: resources["StackResources"].as_array().into_iter().flatten().map(resource).collect(),
        events: events["StackEvents"].as_array().into_iter().flatten().take(EVENTS).map(event).collect(),
        template: template["TemplateBody"].as_str().unwrap_or_default().to_owned(),
    })
}

fn resource(resource: &Json) -> ResourceRow {
    let text = |name: &str| resource[name].as_str().map(str::to_owned);
    let (kind, id) = (text("ResourceType").unwrap_or_default(), text("PhysicalResourceId").unwrap_or_default());
    ResourceRow {
        logical_id: text("LogicalResourceId").unwrap_or_default(),
        page: page_of(&kind, &id),
        physical_id: id,
        kind,
        status: text("ResourceStatus").unwrap_or_default(),
        reason: text("ResourceStatusReason"),
    }
}

/// What the console has of a resource.
fn page_of(kind: &str, id: &str) -> Option<String> {
    let folder = match kind {
        "AWS::SQS::Queue" => "queues",
        "AWS::SNS::Topic" => "topics",
        "AWS::KinesisFirehose::DeliveryStream" => "streams",
        "AWS::S3::Bucket" => "buckets",
        _ => return None,
    };
    (!id.is_empty()).then(|| format!("/{folder}/{}", name_of(id)))
}

fn event(event: &Json) -> EventRow {
    let text = |name: &str| event[name].as_str().map(str::to_owned);
    EventRow {
        at: millis(&event["Timestamp"]).unwrap_or_default(),
        logical_id: text("LogicalResourceId").unwrap_or_default(),
        kind: text("ResourceType").unwrap_or_default(),
        status: text("ResourceStatus").unwrap_or_default(),
        reason: text("ResourceStatusReason"),
    }
}
