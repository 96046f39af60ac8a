//! Reads the output queue and the dead-letter queue. What isn't of this run is left where it is.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName as Name};
use serde_json::Value;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::board::{Board, Filed};

/// How many seconds a receive waits.
const POLL: i32 = 2;
/// The pause after a receive that failed.
const PAUSE: Duration = Duration::from_millis(500);

/// Hears of what was filed, until it is over.
pub(super) async fn filed(sqs: Client, queue: String, board: Arc<Board>, over: CancellationToken) {
    read(&sqs, &queue, &over, |message| {
        let body: Value = serde_json::from_str(message.body().unwrap_or_default()).unwrap_or_default();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let attribute = |name| message.attributes().and_then(|attributes| attributes.get(&name)).map(String::as_str);
        let filed = Filed {
            bucket: text("bucket"),
            key: text("key"),
            execution: Duration::try_from_secs_f64(body["executionSeconds"].as_f64().unwrap_or(0.0))
                .unwrap_or_default(),
            at: Duration::from_millis(attribute(Name::SentTimestamp).and_then(|time| time.parse().ok()).unwrap_or(0)),
        };
        board.filed(&text("id"), attribute(Name::MessageGroupId).unwrap_or_default(), filed)
    })
    .await;
}

/// Reads dead letters, until it is over. Those that weren't meant to be any stay, to be looked at.
pub(super) async fn dead(sqs: Client, queue: String, board: Arc<Board>, over: CancellationToken) {
    read(&sqs, &queue, &over, |message| {
        let reason = message.message_attributes().and_then(|attributes| attributes.get(worker::REASON));
        let why = reason.and_then(|reason| reason.string_value()).unwrap_or("(no reason)").to_owned();
        board.dead(message.body().unwrap_or_default(), why)
    })
    .await;
}

/// Shows each message to `is_ours`, and deletes those that are.
async fn read(sqs: &Client, queue: &str, over: &CancellationToken, is_ours: impl Fn(&Message) -> bool) {
    while !over.is_cancelled() {
        let receive = sqs
            .receive_message()
            .queue_url(queue)
            .max_number_of_messages(10)
            .wait_time_seconds(POLL)
            .message_attribute_names(worker::REASON)
            .message_system_attribute_names(Name::MessageGroupId)
            .message_system_attribute_names(Name::SentTimestamp);
        let received = tokio::select! {
            received = receive.send() => received,
            () = over.cancelled() => return,
        };
        let Ok(received) = received else {
            sleep(PAUSE).await;
            continue;
        };
        let ours = received.messages().iter().filter(|message| is_ours(message));
        let entries: Vec<DeleteMessageBatchRequestEntry> = ours
            .enumerate()
            .filter_map(|(n, message)| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(n.to_string());
                entry.receipt_handle(message.receipt_handle()?).build().ok()
            })
            .collect();
        if !entries.is_empty() {
            // One that isn't deleted comes again, and is known by its time of sending.
            _ = sqs.delete_message_batch().queue_url(queue).set_entries(Some(entries)).send().await;
        }
    }
}
