//! Whether a caller may use a queue: its own account's always, another account's where the queue's policy says so.

use super::error;
use crate::cloud::gateway::Context;
use crate::cloud::wire::AwsError;
use crate::engine::policy::{Decision, Request};
use crate::engine::queue::Queue;

/// The actions that a queue's policy can open to other accounts ("Actions, resources, and condition keys for Amazon
/// SQS": the others need the owner's own credentials).
const FOR_OTHERS: [&str; 8] = [
    "sqs:SendMessage",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ListDeadLetterSourceQueues",
    "sqs:PurgeQueue",
];

/// # Errors
/// `AccessDenied` for another account's queue whose policy doesn't allow it.
pub fn check(cx: &Context, queue: &Queue, action: &str) -> Result<(), AwsError> {
    let arn = &queue.config.arn;
    if arn.split(':').nth(4) == Some(&*cx.account) {
        return Ok(());
    }
    let request = Request { principal: cx.principal(), action, resource: arn, context: &[] };
    let allowed = FOR_OTHERS.contains(&action)
        && queue.settings.policy.as_ref().is_some_and(|policy| policy.decide(&request) == Decision::Allow);
    if allowed { Ok(()) } else { Err(error::access_denied(cx, action, arn)) }
}
