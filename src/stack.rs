//! What a deployed stack says: its outputs, and what the commands need of them.

use std::collections::BTreeMap;

use crate::aws::{CallError, ErrorKind, Target};
use crate::config::{Env, Found, Origin};
use crate::exit::Failure;

/// The outputs of `infra.yaml` that publish, consume and simulate use.
pub(crate) const TOPIC_ARN: &str = "TopicArn";
pub(crate) const ORDERS_QUEUE_URL: &str = "OrdersQueueUrl";
pub(crate) const PAYMENTS_QUEUE_URL: &str = "PaymentsQueueUrl";
pub(crate) const BUCKET_NAME: &str = "BucketName";

/// Outputs by key.
pub(crate) type Outputs = BTreeMap<String, String>;

/// A stack as DescribeStacks shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stack {
    pub id: String,
    /// As `CREATE_COMPLETE`.
    pub status: String,
    pub reason: Option<String>,
    pub outputs: Outputs,
    /// The values of its parameters.
    pub parameters: BTreeMap<String, String>,
    /// Whether nobody may delete it (termination protection).
    pub protected: bool,
}

/// Looks a stack up by name or id; none when it doesn't exist.
pub(crate) async fn describe(target: &Target, name: &str) -> Result<Option<Stack>, CallError> {
    let answer = match target.cloudformation().describe_stacks().stack_name(name).send().await {
        Ok(answer) => answer,
        Err(error) => {
            let error = CallError::from(error);
            return if error.kind == ErrorKind::NotFound { Ok(None) } else { Err(error) };
        }
    };
    Ok(answer.stacks().first().map(|stack| Stack {
        id: stack.stack_id().unwrap_or(name).to_owned(),
        status: stack.stack_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        reason: stack.stack_status_reason().map(str::to_owned),
        outputs: stack
            .outputs()
            .iter()
            .filter_map(|output| Some((output.output_key()?.to_owned(), output.output_value()?.to_owned())))
            .collect(),
        parameters: stack
            .parameters()
            .iter()
            .filter_map(|p| Some((p.parameter_key()?.to_owned(), p.parameter_value().unwrap_or_default().to_owned())))
            .collect(),
        protected: stack.enable_termination_protection() == Some(true),
    }))
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resource {
    pub logical_id: String,
    /// Its own id: a bucket's name, a queue's URL.
    pub physical_id: String,
    /// As `AWS::S3::Bucket`.
    pub kind: String,
}

/// The resources of a stack that are there.
pub(crate) async fn list_resources(target: &Target, stack_id: &str) -> Result<Vec<Resource>, CallError> {
    let client = target.cloudformation();
    let mut pages = client.list_stack_resources().stack_name(stack_id).into_paginator().send();
    let mut resources = Vec::new();
    while let Some(page) = pages.next().await {
        for resource in page?.stack_resource_summaries() {
            let gone = resource.resource_status().is_some_and(|status| status.as_str() == "DELETE_COMPLETE");
            let (Some(physical_id), false) = (resource.physical_resource_id(), gone) else { continue };
            resources.push(Resource {
                logical_id: resource.logical_resource_id().unwrap_or_default().to_owned(),
                physical_id: physical_id.to_owned(),
                kind: resource.resource_type().unwrap_or_default().to_owned(),
            });
        }
    }
    Ok(resources)
}

/// What a nested stack is, as a resource.
const NESTED: &str = "AWS::CloudFormation::Stack";
/// So many stacks are looked into, one in the other.
const MAX_STACKS: usize = 100;

/// The resources of a stack that are there, and those of the stacks in it.
pub(crate) async fn list_all_resources(target: &Target, stack_id: &str) -> Result<Vec<Resource>, CallError> {
    let (mut all, mut stacks) = (Vec::new(), vec![stack_id.to_owned()]);
    let mut at = 0;
    while let Some(stack) = stacks.get(at).cloned() {
        at += 1;
        for resource in list_resources(target, &stack).await? {
            if resource.kind == NESTED && stacks.len() < MAX_STACKS && !stacks.contains(&resource.physical_id) {
                stacks.push(resource.physical_id.clone());
            }
            all.push(resource);
        }
    }
    Ok(all)
}

/// The text of the template that a stack was deployed by.
pub(crate) async fn template(target: &Target, stack_id: &str) -> Result<String, CallError> {
    let answer = target.cloudformation().get_template().stack_name(stack_id).send().await?;
    Ok(answer.template_body.unwrap_or_default())
}

/// A thing that a command needs, and where it may be named.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// As it completes "No .. is known".
    pub what: &'static str,
    pub flag: &'static str,
    /// The modern name first.
    pub variables: &'static [&'static str],
    pub output: &'static str,
}

/// Resolves things in the order flag, environment, `.env`, stack; the stack is asked only once, and only if needed.
pub(crate) struct Resolver<'a> {
    target: &'a Target,
    env: &'a Env,
    stack: &'a str,
    outputs: Option<Option<Outputs>>,
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(target: &'a Target, env: &'a Env, stack: &'a str) -> Self {
        Self { target, env, stack, outputs: None }
    }

    pub(crate) async fn find(&mut self, wanted: Wanted, flag: Option<&str>) -> Result<Found, Failure> {
        if let Some(value) = flag {
            return Ok(Found { value: value.to_owned(), origin: Origin::Flag(wanted.flag) });
        }
        if let Some(found) = self.env.find(wanted.variables) {
            return Ok(found);
        }
        if self.outputs.is_none() {
            let stack = describe(self.target, self.stack).await;
            let stack = stack.map_err(|e| e.failure(self.target, &format!("look the stack {} up", self.stack)))?;
            self.outputs = Some(stack.map(|stack| stack.outputs));
        }
        let missing = Failure::usage(format!("No {} is known", wanted.what));
        let named = format!("name one with {} or {}", wanted.flag, wanted.variables.join(" or "));
        match self.outputs.as_ref().and_then(Option::as_ref) {
            None => Err(missing
                .why(format!("there is no stack {} on {}", self.stack, self.target.describe()))
                .help(format!("Deploy it with `messaging deploy`, {named}, or another stack with --stack."))),
            Some(outputs) => match outputs.get(wanted.output) {
                Some(value) => Ok(Found {
                    value: value.clone(),
                    origin: Origin::Output { stack: self.stack.to_owned(), name: wanted.output },
                }),
                None => Err(missing
                    .why(format!("the stack {} has no output {}", self.stack, wanted.output))
                    .help(format!("Add the output to the template, or {named}."))),
            },
        }
    }
}
