//! AddPermission and RemovePermission: statements of a topic's policy by their label.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value, json};

use super::policy;
use crate::request::Context;
use crate::sns::error::{invalid, no_topic, null, required};
use crate::sns::{access, arn};
use engine::Change;
use engine::config::TopicConfig;
use text::arn::is_account;
use wire::{AwsError, Text};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AddPermissionInput<'a> {
    #[serde(borrow)]
    topic_arn: Option<Text<'a>>,
    #[serde(borrow)]
    label: Option<Text<'a>>,
    #[serde(borrow, rename = "AWSAccountId")]
    accounts: Option<Vec<Text<'a>>>,
    #[serde(borrow, rename = "ActionName")]
    actions: Option<Vec<Text<'a>>>,
}

pub(crate) async fn add_permission(cx: &Context, input: AddPermissionInput<'_>) -> Result<(), AwsError> {
    let topic = arn::topic(&input.topic_arn, "TopicArn", cx)?;
    let label = required(&input.label, "Label")?;
    let accounts = input.accounts.ok_or_else(|| null("aWSAccountId"))?;
    let actions = input.actions.ok_or_else(|| null("actionName"))?;
    if let Some(account) = accounts.iter().find(|account| !is_account(account)) {
        return Err(invalid(format_args!("Policy Error: {account} is not an account id")));
    }
    change(cx, topic, "SNS:AddPermission", |config, statements| {
        if statements.iter().any(|statement| statement["Sid"] == label) {
            return Err(invalid("Statement already exists"));
        }
        if !actions.iter().all(|action| action == "*" || policy::is_action(action)) {
            return Err(invalid("Policy statement action out of service scope!"));
        }
        let principals = accounts.iter().map(|account| format!("arn:aws:iam::{account}:root")).collect();
        let actions = actions.iter().map(|action| format!("SNS:{action}")).collect();
        statements.push(json!({
            "Sid": label,
            "Effect": "Allow",
            "Principal": { "AWS": one_or_many(principals) },
            "Action": one_or_many(actions),
            "Resource": config.arn,
        }));
        Ok(())
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RemovePermissionInput<'a> {
    #[serde(borrow)]
    topic_arn: Option<Text<'a>>,
    #[serde(borrow)]
    label: Option<Text<'a>>,
}

pub(crate) async fn remove_permission(cx: &Context, input: RemovePermissionInput<'_>) -> Result<(), AwsError> {
    let topic = arn::topic(&input.topic_arn, "TopicArn", cx)?;
    let label = required(&input.label, "Label")?;
    change(cx, topic, "SNS:RemovePermission", |_, statements| {
        statements.retain(|statement| statement["Sid"] != label);
        Ok(())
    })
    .await
}

/// A policy writes a list of one as the one.
fn one_or_many(mut texts: Vec<String>) -> Value {
    match texts.len() {
        1 => texts.remove(0).into(),
        _ => texts.into(),
    }
}

async fn change(
    cx: &Context,
    topic_arn: &str,
    action: &str,
    edit: impl FnOnce(&TopicConfig, &mut Vec<Value>) -> Result<(), AwsError>,
) -> Result<(), AwsError> {
    cx.cloud
        .core
        .execute(|tx| {
            let topic = tx.engine().topic_by_arn(topic_arn).ok_or_else(no_topic)?;
            access::check(cx, topic, action)?;
            let mut config = topic.config.clone();
            let mut policy = policy::of(&config);
            let mut statements = match policy["Statement"].take() {
                Value::Array(statements) => statements,
                one => vec![one],
            };
            edit(&config, &mut statements)?;
            policy["Statement"] = statements.into();
            let text = policy.to_string();
            policy::check_quotas(&policy, text.len()).map_err(invalid)?;
            config.attributes.insert("Policy".into(), text);
            tx.declare(&Change::Topic(Cow::Owned(config)))?;
            Ok(())
        })
        .await
}
