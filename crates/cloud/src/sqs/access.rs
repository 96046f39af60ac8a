//! Whether a caller may use a queue: its own account's unless the queue's policy denies it, another account's where the
//! policy says so.

use super::error;
use crate::request::Context;
use engine::policy::{Around, Decision, Request};
use engine::queue::Queue;
use text::arn;
use wire::AwsError;

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

/// The owner's other actions can't be denied: with them a policy that locks everybody out is undone.
///
/// # Errors
/// `AccessDenied` for another account's queue whose policy doesn't allow it, and for one whose policy denies it.
pub(super) fn check(cx: &Context, queue: &Queue, action: &str) -> Result<(), AwsError> {
    let arn = &queue.config.arn;
    let owner = arn::account(arn);
    let own = owner == &*cx.account;
    let for_others = FOR_OTHERS.contains(&action);
    if own && !(queue.settings.denies && for_others) {
        return Ok(());
    }
    let around = Around { resource_tags: Some(&queue.config.tags), ..cx.around(owner) };
    let request = Request { principal: cx.principal(), action, resource: arn, context: &[], around };
    let policy = queue.settings.policy.as_ref().filter(|_| for_others);
    match policy.map_or(Decision::ImplicitDeny, |policy| policy.decide(&request)) {
        Decision::Allow => Ok(()),
        Decision::ImplicitDeny if own => Ok(()),
        decision => {
            cx.tell_doubt(policy, &request);
            Err(error::access_denied(cx, action, arn, decision == Decision::ExplicitDeny))
        }
    }
}
