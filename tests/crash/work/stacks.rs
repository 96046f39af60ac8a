//! Stacks that are created, updated, rolled back and deleted, and whether what they made is what they say.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use aws_sdk_cloudformation::types::Stack as Described;
use aws_sdk_sqs::types::QueueAttributeName;
use rand::RngExt;

use super::Worker;
use crate::clients::Gone;
use crate::counts::{Did, Fault};
use crate::register::Register;
use crate::routes::{QUEUES, queue_arn, topic_arn};

pub(super) const STACKS: usize = 3;

/// How long a stack may take to come to rest.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a stack is once it rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    Absent,
    /// Everything of that version of the template, and nothing else.
    Version(u32),
    /// Its creation failed and was taken back: the stack is there, and nothing of it.
    RolledBack,
}

/// A stack's name and what clients know of it.
#[derive(Debug, Clone)]
pub(crate) struct Stack {
    name: String,
    next: u32,
    rest: Register<Rest>,
}

impl Stack {
    pub(crate) fn new(slot: usize) -> Self {
        Self { name: format!("stack-{slot}"), next: 1, rest: Register::new(Rest::Absent) }
    }
}

/// The queues of a version: one that is changed in place, one that comes and goes, one that is replaced.
fn queues(stack: &str, version: u32) -> [String; 3] {
    let turn = if version.is_multiple_of(2) { "even" } else { "odd" };
    [format!("{stack}-kept"), format!("{stack}-{turn}"), format!("{stack}-v{version}")]
}

/// The template of a version; a `bad` one fails when all else is done, since a queue of that name exists.
fn template(stack: &str, version: u32, bad: bool) -> String {
    let [kept, turn, replaced] = queues(stack, version);
    let logical = if version.is_multiple_of(2) { "Even" } else { "Odd" };
    let mut text = format!(
        "Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {{TopicName: {stack}, DisplayName: v{version}}}
  Kept:
    Type: AWS::SQS::Queue
    Properties: {{QueueName: {kept}, VisibilityTimeout: {version}}}
  {logical}:
    Type: AWS::SQS::Queue
    Properties: {{QueueName: {turn}}}
  Replaced:
    Type: AWS::SQS::Queue
    Properties: {{QueueName: {replaced}}}
  ToKept:
    Type: AWS::SNS::Subscription
    Properties: {{TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Kept.Arn}}
  ToReplaced:
    Type: AWS::SNS::Subscription
    Properties: {{TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Replaced.Arn}}
"
    );
    if bad {
        text += &format!(
            "  Bad:
    Type: AWS::SQS::Queue
    DependsOn: [ToKept, ToReplaced, {logical}]
    Properties: {{QueueName: {}}}
",
            QUEUES[0]
        );
    }
    text + &format!("Outputs:\n  Version: {{Value: '{version}'}}\n")
}

pub(super) async fn run(mut worker: Worker) -> Result<(), Gone> {
    loop {
        let slot = worker.rng.random_range(0..STACKS);
        if let Some(rest) = settle(&worker, slot).await? {
            begin(&mut worker, slot, rest).await?;
        }
        if worker.rng.random_bool(0.5) {
            settle(&worker, slot).await?;
        }
        worker.pause(Duration::from_millis(20)).await;
    }
}

/// Begins the next operation on a stack at rest.
async fn begin(worker: &mut Worker, slot: usize, rest: Rest) -> Result<(), Gone> {
    let (name, version) = {
        let stack = &mut worker.world.stacks.lock()[slot];
        stack.next += 1;
        (stack.name.clone(), stack.next)
    };
    let client = worker.clients.cloudformation.clone();
    let bad = worker.rng.random_bool(0.2);
    let body = template(&name, version, bad);
    let becomes = match rest {
        Rest::Absent if bad => Rest::RolledBack,
        Rest::Absent => Rest::Version(version),
        Rest::RolledBack => Rest::Absent,
        Rest::Version(_) if worker.rng.random_bool(0.25) => Rest::Absent,
        Rest::Version(_) if bad => rest,
        Rest::Version(_) => Rest::Version(version),
    };
    worker.world.stacks.lock()[slot].rest.writes(becomes);
    let answer = match (rest, becomes) {
        (Rest::Absent, _) => {
            worker.call(client.create_stack().stack_name(&name).template_body(body).send()).await?.map(drop)
        }
        (_, Rest::Absent) => worker.call(client.delete_stack().stack_name(&name).send()).await?.map(drop),
        _ => worker.call(client.update_stack().stack_name(&name).template_body(body).send()).await?.map(drop),
    };
    let stack = &mut worker.world.stacks.lock()[slot];
    match answer {
        Ok(()) => {
            stack.rest.wrote(becomes);
            worker.counts().did(Did::StackCalls, 1);
        }
        Err(why) => {
            stack.rest.refused();
            worker.counts().fault(Fault::Refused, || format!("{name} from {rest:?} to {becomes:?}: {why}"));
        }
    }
    Ok(())
}

/// Waits until a stack rests, and checks it; none if it can't be used any more.
async fn settle(worker: &Worker, slot: usize) -> Result<Option<Rest>, Gone> {
    let name = worker.world.stacks.lock()[slot].name.clone();
    let since = Instant::now();
    let described = loop {
        let described = describe(worker, &name).await?;
        let status = described.as_ref().and_then(|it| it.stack_status()).map(|it| it.as_str().to_owned());
        if !status.as_ref().is_some_and(|status| status.ends_with("_IN_PROGRESS")) {
            break described;
        }
        if since.elapsed() > PATIENCE {
            worker.counts().fault(Fault::Stacks, || format!("{name} stays {status:?}"));
            return Ok(None);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let status = described.as_ref().and_then(|it| it.stack_status()).map(|it| it.as_str().to_owned());
    let rest = match (status.as_deref(), &described) {
        (None, _) => Rest::Absent,
        (Some("ROLLBACK_COMPLETE"), _) => Rest::RolledBack,
        (Some("CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE"), Some(described))
            if version(described).is_some() =>
        {
            Rest::Version(version(described).unwrap_or_default())
        }
        _ => {
            let reason = described.and_then(|it| it.stack_status_reason);
            worker.counts().fault(Fault::Stacks, || format!("{name} ended as {status:?}: {reason:?}"));
            return Ok(None);
        }
    };
    let before = worker.world.stacks.lock()[slot].rest.clone();
    if !worker.world.stacks.lock()[slot].rest.read(rest) {
        worker.counts().fault(Fault::Stacks, || format!("{name} is {status:?}, {rest:?}, and should be {before:?}"));
    }
    let wrong = differences(worker, &name, rest).await?;
    worker.counts().did(Did::StacksChecked, 1);
    for wrong in wrong {
        worker.counts().fault(Fault::Stacks, || format!("{name} is {status:?}, {rest:?}, but {wrong}"));
    }
    Ok(Some(rest))
}

async fn describe(worker: &Worker, name: &str) -> Result<Option<Described>, Gone> {
    let answer = worker.call(worker.clients.cloudformation.describe_stacks().stack_name(name).send()).await?;
    // What is refused doesn't exist.
    Ok(answer.ok().and_then(|answer| answer.stacks.unwrap_or_default().pop()))
}

fn version(stack: &Described) -> Option<u32> {
    stack.outputs().iter().find(|it| it.output_key() == Some("Version"))?.output_value()?.parse().ok()
}

/// Where the resources are not those of the stack's state.
async fn differences(worker: &Worker, name: &str, rest: Rest) -> Result<Vec<String>, Gone> {
    let (sqs, sns) = (&worker.clients.sqs, &worker.clients.sns);
    let mut wrong = Vec::new();
    let listed = worker.call(sqs.list_queues().queue_name_prefix(format!("{name}-")).send()).await?;
    let urls = listed.map(|it| it.queue_urls.unwrap_or_default()).unwrap_or_default();
    let there: BTreeSet<_> = urls.iter().filter_map(|url| url.rsplit('/').next()).map(str::to_owned).collect();
    let wanted: BTreeSet<String> = match rest {
        Rest::Version(version) => queues(name, version).into(),
        _ => BTreeSet::new(),
    };
    if there != wanted {
        wrong.push(format!("its queues are {there:?}"));
    }
    let topic = worker.call(sns.get_topic_attributes().topic_arn(topic_arn(name)).send()).await?;
    let display = topic.ok().and_then(|it| it.attributes?.remove("DisplayName"));
    let mut subscribed = Vec::new();
    let mut pages = sns.list_subscriptions().into_paginator().items().send();
    while let Some(subscription) = pages.next().await {
        if let Ok(subscription) = worker.call(async { subscription }).await?
            && subscription.topic_arn() == Some(&topic_arn(name))
        {
            subscribed.extend(subscription.endpoint);
        }
    }
    subscribed.sort();
    let (wanted_display, mut wanted) = match rest {
        Rest::Version(version) => {
            let [kept, _, replaced] = queues(name, version);
            (Some(format!("v{version}")), vec![queue_arn(&kept), queue_arn(&replaced)])
        }
        _ => (None, Vec::new()),
    };
    wanted.sort();
    if display != wanted_display {
        wrong.push(format!("its topic is {display:?}"));
    }
    if subscribed != wanted {
        wrong.push(format!("its subscriptions are {subscribed:?}"));
    }
    if let Rest::Version(version) = rest {
        let listed = worker.call(worker.clients.cloudformation.list_stack_resources().stack_name(name).send()).await?;
        let listed = listed.map(|it| it.stack_resource_summaries.unwrap_or_default()).unwrap_or_default();
        let states = listed.iter().filter_map(|it| it.resource_status());
        let running: Vec<_> = states.filter(|it| !it.as_str().ends_with("E_COMPLETE")).collect();
        if !running.is_empty() {
            wrong.push(format!("its resources are {running:?}"));
        }
        let url = worker.clients.url(&format!("{name}-kept"));
        let get = sqs.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::VisibilityTimeout);
        let attributes = worker.call(get.send()).await?.ok().and_then(|it| it.attributes).unwrap_or_default();
        let timeout = attributes.get(&QueueAttributeName::VisibilityTimeout);
        if timeout != Some(&version.to_string()) {
            wrong.push(format!("the kept queue's timeout is {timeout:?}"));
        }
    }
    Ok(wrong)
}

/// Waits for all stacks and checks them.
pub(super) async fn check(worker: &Worker) -> Result<(), Gone> {
    for slot in 0..STACKS {
        settle(worker, slot).await?;
    }
    Ok(())
}
