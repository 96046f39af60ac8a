//! Outboxes: hidden queues that hold what goes to an endpoint that is no queue and no stream.
//!
//! Messages to HTTP endpoints are posted from there. Mails, texts and push notifications stay there for as long as a
//! queue can keep them, and are read at `/_messaging/outbox`: nothing leaves this machine.

use std::borrow::Cow;

use serde_json::{Value as Json, json};

use super::error::invalid;
use super::{mobile, sms};
use crate::core::transaction::Transaction;
use crate::core::{Cloud, receive};
use crate::notification::envelope::confirm_url;
use crate::request::Context;
use engine::change::Value;
use engine::config::{Attributes, QueueConfig, SubscriptionConfig};
use engine::{Change, Message, Notification, QueueId, Sending, Seq};
use text::arn::{self, Arn};
use text::time;
use wire::AwsError;

/// What an outbox's name begins with.
const NAME: &str = ":sns-outbox-";
/// As long as SQS can keep a message: 14 days, in seconds.
const RETENTION: &str = "1209600";
/// The page shows the last of each outbox, so many of them.
const SHOWN: usize = 100;

/// Declares a new subscription's outbox.
pub(crate) fn declare_for_subscription(tx: &mut Transaction<'_>, config: &SubscriptionConfig, id: QueueId) -> QueueId {
    let name = config.arn.rsplit(':').next().unwrap_or_default();
    let (region, account) = (arn::region(&config.topic_arn), arn::account(&config.topic_arn));
    declare(tx, format!("arn:aws:sqs:{region}:{account}{NAME}{name}"), id)
}

fn declare(tx: &mut Transaction<'_>, arn: String, id: QueueId) -> QueueId {
    let attributes = Attributes::from([("MessageRetentionPeriod".to_owned(), RETENTION.to_owned())]);
    let (created, modified) = (tx.now, tx.now);
    let config = QueueConfig { id, arn, attributes, tags: Attributes::new(), created, modified, hidden: true };
    tx.apply(&Change::Queue(Cow::Owned(config)));
    id
}

/// Records a message to a mobile endpoint.
pub(crate) async fn record_for_endpoint(
    cx: &Context,
    arn: &str,
    notification: Notification<'_>,
) -> Result<String, AwsError> {
    let resource = Arn::parse(arn).map_or("", |arn| arn.resource);
    let platform = resource.split('/').nth(1).unwrap_or_default();
    let own = notification.by_protocol.iter().find(|(key, _)| *key == platform).map(|(_, body)| *body);
    let body = own.unwrap_or(notification.body);
    let check = |tx: &mut Transaction<'_>| match mobile::endpoint::find(tx.engine(), arn) {
        None => Err(invalid("TargetArn Reason: No endpoint found for the target arn specified")),
        Some(endpoint) if endpoint.get("Enabled").is_some_and(|enabled| enabled == "false") => {
            Err(AwsError::bad("EndpointDisabled", "Endpoint is disabled"))
        }
        Some(_) => Ok(()),
    };
    record(cx, resource, body, notification, check).await
}

/// Records a text message.
pub(crate) async fn record_for_phone(
    cx: &Context,
    number: &str,
    notification: Notification<'_>,
) -> Result<String, AwsError> {
    let own = notification.by_protocol.iter().find(|(key, _)| *key == "sms").map(|(_, body)| *body);
    let body = own.unwrap_or(notification.body);
    let check = |tx: &mut Transaction<'_>| sms::check_not_opted_out(cx, tx.engine(), number);
    record(cx, &format!("phone/{number}"), body, notification, check).await
}

async fn record(
    cx: &Context,
    name: &str,
    body: &str,
    notification: Notification<'_>,
    check: impl FnOnce(&mut Transaction<'_>) -> Result<(), AwsError>,
) -> Result<String, AwsError> {
    let arn = format!("arn:aws:sqs:{}:{}{NAME}{name}", cx.region, cx.account);
    cx.cloud
        .core
        .execute(|tx| {
            check(tx)?;
            let queue = match tx.engine().queue_id(&arn) {
                Some(queue) => queue,
                None => {
                    let id = QueueId(tx.engine().next_id());
                    declare(tx, arn, id)
                }
            };
            let Notification { sender, subject, attributes, .. } = notification;
            let message = Message { sender, body, attributes, ..Message::default() };
            let sending = tx.engine().decide_send(queue, message, tx.now);
            let Ok(Sending::New(mut sent)) = sending else {
                return Err(AwsError::internal("the outbox takes no message"));
            };
            sent.subject = subject;
            let seq = sent.seq;
            tx.apply(&Change::Sent(sent));
            Ok(tx.engine().notification_id(seq))
        })
        .await
}

/// A message in an outbox, before its record is read.
struct Unsent {
    protocol: String,
    to: String,
    seq: Seq,
    message_id: String,
}

/// The page: messages that were not sent, and subscriptions that wait for a confirmation with the link that gives it.
/// Of `account` alone, if there is one.
pub(crate) async fn page(cloud: &Cloud, account: Option<&str>) -> Result<Json, AwsError> {
    let is_shown = |arn: &str| account.is_none_or(|account| arn::account(arn) == account);
    let (found, pending) = cloud.core.read(|engine, _| {
        let mut found = Vec::new();
        let outboxes =
            engine.queues("arn:aws:sqs:").filter(|queue| queue.config.hidden && queue.config.arn.contains(NAME));
        for queue in outboxes.filter(|queue| is_shown(&queue.config.arn)) {
            let owner = engine.subscriptions().find(|it| it.config.outbox == Some(queue.config.id));
            let name = queue.config.arn.split_once(NAME).map_or("", |(_, name)| name);
            let (protocol, to) = match (owner, name.strip_prefix("phone/")) {
                (Some(subscription), _) => {
                    (subscription.config.protocol.as_str(), subscription.config.endpoint.as_str())
                }
                (None, Some(number)) => ("sms", number),
                (None, None) => ("application", name),
            };
            let mut last: Vec<_> = queue.messages().map(|(_, entry)| entry.seq).collect();
            let shown = last.split_off(last.len().saturating_sub(SHOWN));
            found.extend(shown.into_iter().map(|seq| {
                let (protocol, to) = (protocol.to_owned(), to.to_owned());
                Unsent { protocol, to, seq, message_id: engine.notification_id(seq) }
            }));
        }
        let pending = engine.subscriptions().map(|it| &it.config).filter(|it| !it.confirmed);
        // A link that confirms is for who subscribed, whosever the topic is.
        let pending = pending.filter(|it| account.is_none_or(|account| *it.owner == *account)).cloned().collect();
        (found, pending)
    });
    let seqs: Vec<Seq> = found.iter().map(|found| found.seq).collect();
    let mut messages = Vec::with_capacity(found.len());
    for (found, record) in found.iter().zip(cloud.core.payloads(&seqs).await?) {
        if record.is_empty() {
            continue; // gone since
        }
        let sent = receive::sent(&record)?;
        let Unsent { protocol, to, seq, message_id, .. } = found;
        let body = sent.deliveries.iter().map(|delivery| delivery.body).next().unwrap_or(0);
        let attributes: serde_json::Map<String, Json> = sent
            .attributes
            .iter()
            .filter_map(|attribute| match attribute.value {
                Value::Text(text) => Some((attribute.name.to_owned(), text.into())),
                Value::Binary(_) => None,
            })
            .collect();
        messages.push(json!({
            "protocol": protocol,
            "to": to,
            "topic": sent.topic,
            "subject": sent.subject,
            "message": sent.bodies.get(usize::from(body)),
            "attributes": attributes,
            "at": time::iso_millis(sent.at),
            "message_id": message_id,
            "number": seq,
        }));
    }
    messages.sort_by_key(|message| message["number"].as_u64());
    let pending: Vec<SubscriptionConfig> = pending;
    let pending: Vec<Json> = pending
        .iter()
        .map(|config| {
            json!({
                "subscription": config.arn,
                "protocol": config.protocol,
                "to": config.endpoint,
                "confirm": confirm_url(&cloud.url(), config),
            })
        })
        .collect();
    Ok(json!({ "messages": messages, "pending": pending }))
}
