//! PutDataProtectionPolicy and GetDataProtectionPolicy: kept and given back, not applied; the server says so.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::request::Context;
use crate::sns::error::{invalid, no_topic, not_null, read_policy};
use crate::sns::{access, arn};
use wire::{AwsError, Text};

/// API reference of PutDataProtectionPolicy: at most 30,720 characters.
const MAX_CHARACTERS: usize = 30_720;

/// The document that holds a topic's data protection policy.
pub(crate) fn key(topic_arn: &str) -> String {
    format!("sns/data-protection/{topic_arn}")
}

/// Checks a policy's form.
pub(crate) fn validate(policy: &str, fifo: bool) -> Result<(), AwsError> {
    let bad = |what: &str| Err(invalid(format_args!("DataProtectionPolicy Reason: {what}")));
    if fifo {
        return bad("data protection policies are not supported for FIFO topics");
    }
    if policy.chars().count() > MAX_CHARACTERS {
        return bad("must be at most 30720 characters long");
    }
    match read_policy(policy) {
        Ok(Value::Object(policy)) if policy.get("Statement").is_some_and(Value::is_array) => Ok(()),
        Ok(_) => bad("the policy has no Statement"),
        Err(error) => bad(&error),
    }
}

/// Tells the operator that the policy has no effect.
pub(crate) fn warn(cx: &Context, topic_arn: &str) {
    cx.cloud.notice(&format!("the data protection policy of {topic_arn} is kept but not applied to its messages"));
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PutDataProtectionPolicyInput<'a> {
    #[serde(borrow)]
    resource_arn: Option<Text<'a>>,
    #[serde(borrow)]
    data_protection_policy: Option<Text<'a>>,
}

pub(crate) async fn put_data_protection_policy(
    cx: &Context,
    input: PutDataProtectionPolicyInput<'_>,
) -> Result<(), AwsError> {
    let topic_arn = arn::topic(&input.resource_arn, "ResourceArn", cx)?;
    let policy = not_null(&input.data_protection_policy, "dataProtectionPolicy")?;
    if !policy.is_empty() {
        validate(policy, topic_arn.ends_with(".fifo"))?;
    }
    cx.cloud
        .core
        .execute(|tx| {
            let topic = tx.engine().topic_by_arn(topic_arn).ok_or_else(no_topic)?;
            access::check(cx, topic, "SNS:PutDataProtectionPolicy")?;
            match policy {
                "" => tx.delete_doc(&key(topic_arn)),
                policy => tx.put_doc(&key(topic_arn), policy.as_bytes()),
            }
            Ok(())
        })
        .await?;
    if !policy.is_empty() {
        warn(cx, topic_arn);
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetDataProtectionPolicyInput<'a> {
    #[serde(borrow)]
    resource_arn: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetDataProtectionPolicyOutput {
    data_protection_policy: Option<String>,
}

pub(crate) async fn get_data_protection_policy(
    cx: &Context,
    input: GetDataProtectionPolicyInput<'_>,
) -> Result<GetDataProtectionPolicyOutput, AwsError> {
    let topic_arn = arn::topic(&input.resource_arn, "ResourceArn", cx)?;
    cx.cloud.core.read(|engine, _| {
        let topic = engine.topic_by_arn(topic_arn).ok_or_else(no_topic)?;
        access::check(cx, topic, "SNS:GetDataProtectionPolicy")?;
        let policy = engine.doc(&key(topic_arn)).map(|policy| String::from_utf8_lossy(policy).into_owned());
        Ok(GetDataProtectionPolicyOutput { data_protection_policy: policy })
    })
}
