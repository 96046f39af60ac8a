//! What lies in the dead-letter queues of a run, and why: whose it is, so that it isn't taken for lost.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName};

use super::consumer;
use super::message::{self, Content};
use crate::aws::{CallError, queue as queues};
use crate::event::envelope::Place;

/// So many messages of a queue are read.
const MOST: usize = 10_000;
/// A queue is taken to be empty when so many receives in a row brought nothing new.
const EMPTY: u32 = 3;
/// For so many seconds what was read is hidden, so that it doesn't come again while the rest is read.
const HIDDEN: i32 = 60;
/// A receive takes at most ten messages (API reference of SQS, ReceiveMessage).
const BATCH: i32 = 10;
/// A reason is no longer.
const MAX_REASON: usize = 200;

/// An event in a dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dead {
    pub run: String,
    pub place: Place,
    /// The ARN of the queue that it came from; none of what a subscription couldn't deliver.
    pub source: Option<String>,
    /// Why SNS couldn't deliver it.
    pub reason: Option<String>,
}

/// Reads what lies in the queue with an ARN, and shows it to others again; and how many messages that wasn't all of. Of a group of
/// a FIFO queue no more than the first ten can be read: they keep back those behind them.
///
/// # Errors
/// The calls'.
pub(crate) async fn read(client: &Client, arn: &str) -> Result<(Vec<Dead>, u64), CallError> {
    let url = queues::url_by_arn(client, arn).await?;
    let (mut dead, mut handles, mut empty) = (Vec::new(), Vec::new(), 0);
    while empty < EMPTY && handles.len() < MOST {
        let answer = client
            .receive_message()
            .queue_url(&url)
            .max_number_of_messages(BATCH)
            .visibility_timeout(HIDDEN)
            .message_system_attribute_names(MessageSystemAttributeName::DeadLetterQueueSourceArn)
            .message_attribute_names("All")
            .send()
            .await?;
        empty = if answer.messages().is_empty() { empty + 1 } else { 0 };
        for message in answer.messages() {
            handles.extend(message.receipt_handle().map(str::to_owned));
            dead.extend(told(message));
        }
    }
    let unread = consumer::held(client, &url).await?.saturating_sub(handles.len() as u64);
    for some in handles.chunks(BATCH as usize) {
        let mut request = client.change_message_visibility_batch().queue_url(&url);
        for (n, handle) in some.iter().enumerate() {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(n.to_string()).receipt_handle(handle);
            // Fails only without an id and a handle.
            let Ok(entry) = entry.visibility_timeout(0).build() else { continue };
            request = request.entries(entry);
        }
        request.send().await?;
    }
    Ok((dead, unread))
}

/// The event in a message; none of somebody's own.
fn told(message: &Message) -> Option<Dead> {
    let Ok(Content::Event(event)) = message::read(message.body()?) else { return None };
    let (run, place) = event.run?;
    let source = message.attributes().and_then(|all| all.get(&MessageSystemAttributeName::DeadLetterQueueSourceArn));
    let attribute = |name| message.message_attributes()?.get(name)?.string_value();
    // What SNS says of a message that it couldn't deliver ("Amazon SNS dead-letter queues"), and a consumer of one that it gave up.
    let reason: Vec<_> = ["ErrorCode", "ErrorMessage", worker::REASON].into_iter().filter_map(attribute).collect();
    let reason = (!reason.is_empty()).then(|| reason.join(": ").chars().take(MAX_REASON).collect());
    Some(Dead { run, place, source: source.cloned(), reason })
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::types::MessageAttributeValue;

    use super::*;
    use crate::event::envelope::Event;
    use crate::event::story::Story;

    #[test]
    fn a_dead_letter_says_where_it_came_from_or_why_it_could_not_be_delivered() {
        let place = Place { publisher: 1, sequence: 7 };
        let event = Event::new(Story::new(5, 0, &[]).next_event(), "r", place, jiff::Timestamp::UNIX_EPOCH);
        let text =
            |text: &str| MessageAttributeValue::builder().data_type("String").string_value(text).build().unwrap();
        let source = MessageSystemAttributeName::DeadLetterQueueSourceArn;
        let of_a_queue = Message::builder().body(event.to_json()).attributes(source, "arn:q").build();
        let dead = told(&of_a_queue).unwrap();
        assert_eq!((dead.place, dead.source.as_deref(), dead.reason), (place, Some("arn:q"), None));
        let refused = Message::builder().body(event.to_json()).message_attributes("ErrorCode", text("403"));
        let dead = told(&refused.message_attributes("ErrorMessage", text("no")).build()).unwrap();
        assert_eq!((dead.source, dead.reason.as_deref()), (None, Some("403: no")));
        assert_eq!(told(&Message::builder().body("{}").build()), None);
    }
}
