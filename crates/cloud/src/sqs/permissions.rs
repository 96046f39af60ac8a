//! AddPermission and RemovePermission: statements of the queue's policy, by label.

use std::borrow::Cow;

use serde::Deserialize;

use super::{attributes, error, policy, queue_url};
use crate::request::Context;
use engine::Change;
use text::arn::is_account;
use wire::{AwsError, Text};

/// "AddPermission" (Amazon SQS API Reference): a policy's statement has at most 7 actions.
const MAX_ACTIONS: usize = 7;

/// Actions that can be given to others.
const ACTIONS: [&str; 9] = [
    "*",
    "SendMessage",
    "ReceiveMessage",
    "DeleteMessage",
    "ChangeMessageVisibility",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "PurgeQueue",
];

/// Actions that only the owner has.
const OWNERS: [&str; 12] = [
    "AddPermission",
    "CancelMessageMoveTask",
    "CreateQueue",
    "DeleteQueue",
    "ListMessageMoveTasks",
    "ListQueues",
    "ListQueueTags",
    "RemovePermission",
    "SetQueueAttributes",
    "StartMessageMoveTask",
    "TagQueue",
    "UntagQueue",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AddPermissionInput<'a> {
    #[serde(borrow)]
    pub queue_url: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub label: Option<Text<'a>>,
    #[serde(borrow, default, rename = "AWSAccountIds")]
    pub accounts: Option<Vec<Text<'a>>>,
    #[serde(borrow, default)]
    pub actions: Option<Vec<Text<'a>>>,
}

pub(super) async fn add_permission(cx: &Context, input: AddPermissionInput<'_>) -> Result<(), AwsError> {
    let arn = queue_url::to_arn(cx, &input.queue_url)?;
    let label = label(&input.label)?;
    let accounts =
        input.accounts.filter(|accounts| !accounts.is_empty()).ok_or_else(|| error::missing("AWSAccountIds"))?;
    let actions = input.actions.filter(|actions| !actions.is_empty()).ok_or_else(|| error::missing("Actions"))?;
    let accounts: Vec<&str> = accounts.iter().map(Text::as_str).collect();
    let actions: Vec<&str> = actions.iter().map(Text::as_str).collect();
    if actions.len() > MAX_ACTIONS {
        let message = format!("{} Actions were found, maximum allowed is {MAX_ACTIONS}.", actions.len());
        return Err(error::over_limit(message));
    }
    for action in &actions {
        let reason = match action {
            action if ACTIONS.contains(action) => continue,
            action if OWNERS.contains(action) => "Only the queue owner is allowed to invoke this action.",
            _ => "Please refer to the appropriate WSDL for a list of valid actions.",
        };
        return Err(error::invalid_value(format!("SQS:{action}"), "ActionName", reason));
    }
    if let Some(account) = accounts.iter().find(|account| !is_account(account)) {
        return Err(error::invalid_value(account, "PrincipalId", "Unable to verify."));
    }
    rewrite(cx, &arn, "sqs:AddPermission", |before| {
        let policy = policy::add(before, &arn, label, &accounts, &actions)
            .ok_or_else(|| error::invalid_value(label, "Label", "Already exists."))?;
        match policy::fits(&policy) {
            true => Ok(policy),
            false => Err(error::over_limit("The policy of the queue exceeds the quota for policies.".to_owned())),
        }
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RemovePermissionInput<'a> {
    #[serde(borrow)]
    pub queue_url: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub label: Option<Text<'a>>,
}

pub(super) async fn remove_permission(cx: &Context, input: RemovePermissionInput<'_>) -> Result<(), AwsError> {
    let arn = queue_url::to_arn(cx, &input.queue_url)?;
    let label = label(&input.label)?;
    rewrite(cx, &arn, "sqs:RemovePermission", |before| {
        policy::remove(before, label).ok_or_else(|| error::invalid_value(label, "Label", "can't find label."))
    })
    .await
}

/// A label: 1 to 80 alphanumeric characters, hyphens and underscores.
fn label<'a>(label: &'a Option<Text<'_>>) -> Result<&'a str, AwsError> {
    let label = label.as_deref().ok_or_else(|| error::missing("Label"))?;
    if !label.ends_with(".fifo") && queue_url::is_name(label) {
        return Ok(label);
    }
    let reason = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
    Err(error::invalid_value(label, "Label", reason))
}

async fn rewrite(
    cx: &Context,
    arn: &str,
    action: &str,
    change: impl FnOnce(Option<&str>) -> Result<String, AwsError>,
) -> Result<(), AwsError> {
    cx.cloud
        .core
        .execute(|tx| {
            let id = queue_url::open(cx, tx.engine(), arn, action)?;
            let now = tx.now;
            let config = &queue_url::queue(cx, tx.engine(), id)?.config;
            let mut attributes = config.attributes.clone();
            let policy = change(attributes.get("Policy").map(String::as_str))?;
            attributes::merge(&mut attributes, vec![("Policy".to_owned(), policy)])?;
            let config = attributes::changed(config, attributes, now);
            tx.declare(&Change::Queue(Cow::Owned(config)))?;
            Ok(())
        })
        .await
}
