//! Queues by what names them: a name, an ARN, or the redrive policy of another queue.

use aws_sdk_sqs::Client;

use super::error::CallError;

/// The ARN of the dead-letter queue that a redrive policy names.
pub(crate) fn dead_letter_queue(redrive_policy: &str) -> Option<String> {
    let policy: serde_json::Value = serde_json::from_str(redrive_policy).ok()?;
    policy["deadLetterTargetArn"].as_str().map(str::to_owned)
}

/// How often a message is received at most, by a redrive policy: a number, or its text.
pub(crate) fn max_receives(redrive_policy: &str) -> Option<u32> {
    let policy: serde_json::Value = serde_json::from_str(redrive_policy).ok()?;
    let count = &policy["maxReceiveCount"];
    count.as_u64().and_then(|count| count.try_into().ok()).or_else(|| count.as_str()?.parse().ok())
}

/// The URL of the queue with a name; of the client's own account unless another is given.
///
/// # Errors
/// The call's; `NotFound` if there is no such queue.
pub(crate) async fn url_by_name(client: &Client, name: &str, account: Option<&str>) -> Result<String, CallError> {
    let ask = client.get_queue_url().queue_name(name);
    let answer = ask.set_queue_owner_aws_account_id(account.map(str::to_owned)).send().await?;
    Ok(answer.queue_url.unwrap_or_default())
}

/// The URL of the queue with an ARN.
///
/// # Errors
/// Those of [`url_by_name`].
pub(crate) async fn url_by_arn(client: &Client, arn: &str) -> Result<String, CallError> {
    let (head, name) = arn.rsplit_once(':').unwrap_or(("", arn));
    url_by_name(client, name, head.rsplit(':').next()).await
}
