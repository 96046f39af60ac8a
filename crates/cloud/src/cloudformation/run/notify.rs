//! Stack events that go to the stack's notification topics.

use crate::cloudformation::record::{Event, Stack};
use crate::core::notices::of_stack_at_once;
use crate::core::transaction::Transaction;
use crate::request::Context;
use crate::sns;
use engine::Notification;
use text::time::iso_millis;

/// "Amazon SNS endpoints and quotas": bytes of a message. An event that has more is told without its properties.
const MAX_MESSAGE: usize = 256 << 10;

/// Publishes an event to the topics of `NotificationARNs`, in the transaction that records it.
pub(super) fn notify(tx: &mut Transaction<'_>, cx: &Context, stack: &Stack, event: &Event) {
    if !stack.now.notifications.is_empty() {
        // The first event is the request's, not yet the run's.
        of_stack_at_once(&stack.name, || publish(tx, cx, stack, event));
    }
}

fn publish(tx: &mut Transaction<'_>, cx: &Context, stack: &Stack, event: &Event) {
    let mut body = message(stack, event);
    if body.len() > MAX_MESSAGE {
        body = message(stack, &Event { properties: None, ..event.clone() });
    }
    for topic in &stack.now.notifications {
        let subject = Some("AWS CloudFormation Notification");
        let notification = Notification { sender: sns::SENDER, subject, body: &body, ..Default::default() };
        // CloudFormation publishes as whoever made the stack: another account's topic must let that in.
        let allowed = match tx.engine().topic_by_arn(topic) {
            Some(topic) => sns::may_publish(cx, topic).map_err(|error| error.message),
            None => Ok(()),
        };
        match allowed.and_then(|()| sns::announce(&cx.cloud, tx, topic, notification)) {
            Ok(()) => {}
            Err(why) => cx.cloud.notice(&format!("an event was not sent to {topic}: {why}")),
        }
    }
}
/// A line for each member, its value in apostrophes, as AWS's notifications have them.
fn message(stack: &Stack, event: &Event) -> String {
    let or_null = |text: &Option<String>| text.clone().unwrap_or_else(|| "null".to_owned());
    let members = [
        ("StackId", stack.id.clone()),
        ("Timestamp", iso_millis(event.at)),
        ("EventId", event.id.clone()),
        ("LogicalResourceId", event.logical_id.clone()),
        ("Namespace", stack.account.clone()),
        ("PhysicalResourceId", event.physical_id.clone()),
        ("PrincipalId", stack.account.clone()),
        ("ResourceProperties", or_null(&event.properties)),
        ("ResourceStatus", event.status.to_string()),
        ("ResourceStatusReason", event.reason.clone().unwrap_or_default()),
        ("ResourceType", event.kind.clone()),
        ("StackName", stack.name.clone()),
        ("ClientRequestToken", or_null(&event.token)),
    ];
    members.iter().map(|(name, value)| format!("{name}='{value}'\n")).collect()
}
