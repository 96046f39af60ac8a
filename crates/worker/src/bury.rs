//! Dead letters: a message goes to the dead-letter queue as it came, and says why.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_sqs::types::{
    MessageAttributeValue, MessageSystemAttributeNameForSends::AwsTraceHeader, MessageSystemAttributeValue,
};

use crate::calls::within;
use crate::error::{Error, Kind};
use crate::event::Event;
use crate::held::Held;
use crate::shared::Shared;

/// The attribute that says why a message is a dead letter.
pub const REASON: &str = "DeadLetterReason";
/// The attribute that names the queue in which it failed.
pub const SOURCE: &str = "DeadLetterSourceQueue";
/// The attribute that says which id it had there.
pub const MESSAGE_ID: &str = "DeadLetterMessageId";
/// The attribute that says how often it was received there.
pub const RECEIVES: &str = "DeadLetterReceives";
/// The attribute that holds those of the message's own for which there was no room, as a JSON object: the name of each leads to its
/// `type` and its `text`, or its `base64` where it is binary.
pub const MOVED: &str = "DeadLetterMovedAttributes";

/// A message has ten attributes at most ("Amazon SQS message quotas").
const MAX_ATTRIBUTES: usize = 10;
/// Body and attributes are 1 MiB at most (ibid.).
const MAX_SIZE: usize = 1_048_576;
/// No reason is longer, in bytes: it is for people.
const MAX_REASON: usize = 1_000;

/// The longest character in UTF-8, in bytes.
const LONGEST_CHAR: usize = 4;
/// The type of an attribute that is a text.
const TEXT: &str = "String";

type Attributes = HashMap<String, MessageAttributeValue>;

impl Shared {
    /// Sends a message to the dead-letter queue with its reason.
    pub(crate) async fn bury(&self, held: &Held, url: &str, why: &str) -> Result<(), Error> {
        let attributes = with_reason(held, self.queue.name(), why);
        let mut has_reason = attributes.contains_key(REASON);
        let id = match self.send_dead(held, url, attributes).await {
            // What it has too much is ours: the message as it came was small enough once.
            Err(error) if error.kind() == Kind::Other => {
                self.trouble_of(&error);
                has_reason = false;
                self.send_dead(held, url, held.attributes.clone()).await?
            }
            sent => sent?,
        };
        if !has_reason {
            let own = &held.job.id;
            self.trouble(&format!("{own} became the dead letter {id}, which has no room for the reason: {why}"));
        }
        self.tell(Event::DeadLettered { job: &held.job, why });
        Ok(())
    }

    /// Sends it, and gives the id that it has there.
    async fn send_dead(&self, held: &Held, url: &str, attributes: Attributes) -> Result<String, Error> {
        let job = &held.job;
        let trace = job.trace.as_ref().and_then(|trace| {
            let value = MessageSystemAttributeValue::builder().data_type("String").string_value(trace).build().ok()?;
            Some(HashMap::from([(AwsTraceHeader, value)]))
        });
        let request = self
            .client
            .send_message()
            .queue_url(url)
            .message_body(&job.body)
            .set_message_attributes(Some(attributes).filter(|attributes| !attributes.is_empty()))
            .set_message_system_attributes(trace)
            .set_message_group_id(job.group.clone())
            // Sent twice because an answer was lost, it is one message for five minutes.
            .set_message_deduplication_id(self.queue.fifo.then(|| job.id.clone()));
        let sent = within(request.send()).await.map_err(|error| Error::Send(error.into()))?;
        Ok(sent.message_id.unwrap_or_default())
    }
}

/// The attributes of a dead letter: the message's own, and those that tell of its end as far as there is room, the reason first. Of
/// their number there is always room for the reason: two of the message's own move into one where it has ten. Of their size there
/// may be none.
fn with_reason(held: &Held, queue: &str, why: &str) -> Attributes {
    let job = &held.job;
    let own: BTreeMap<_, _> =
        held.attributes.iter().filter(|(name, _)| !is_ours(name)).map(|(n, v)| (n.clone(), v.clone())).collect();
    let mut attributes = with_a_place(own.clone());
    // What is left for values, once the reason has its name and its type; it is a whole character at least.
    let left = room(&job.body, &attributes).and_then(|left| left.checked_sub(size_of(REASON, "")));
    let Some(mut left) = left.filter(|left| *left >= LONGEST_CHAR) else {
        return own.into_iter().collect();
    };
    let mut reason = cut(&cleaned(why), MAX_REASON.min(left)).to_owned();
    left -= reason.len();
    for (name, fact) in [(MESSAGE_ID, job.id.clone()), (SOURCE, queue.to_owned()), (RECEIVES, job.receives.to_string())]
    {
        let beside = format!(" [{name} {fact}]");
        if attributes.len() + 1 < MAX_ATTRIBUTES && size_of(name, &fact) <= left {
            left -= size_of(name, &fact);
            put(&mut attributes, name, &fact);
        } else if beside.len() <= left {
            left -= beside.len();
            reason += &beside;
        }
    }
    put(&mut attributes, REASON, &reason);
    attributes
}

/// Makes a place for one more attribute: where there are ten, the last two move into one.
fn with_a_place(mut own: BTreeMap<String, MessageAttributeValue>) -> Attributes {
    let mut moved = serde_json::Map::new();
    while own.len() + usize::from(!moved.is_empty()) >= MAX_ATTRIBUTES {
        let Some((name, value)) = own.pop_last() else { break };
        moved.insert(name, as_json(&value));
    }
    let mut attributes: Attributes = own.into_iter().collect();
    if !moved.is_empty() {
        put(&mut attributes, MOVED, &serde_json::Value::Object(moved).to_string());
    }
    attributes
}

/// How many bytes a message has left; nothing where it has too many.
fn room(body: &str, attributes: &Attributes) -> Option<usize> {
    let used = attributes.iter().map(|(name, value)| size(name, value)).sum::<usize>();
    MAX_SIZE.checked_sub(body.len() + used)
}

/// Whether an attribute tells of an earlier death: a message that was moved back and fails again has a new one.
fn is_ours(name: &str) -> bool {
    [REASON, SOURCE, MESSAGE_ID, RECEIVES].contains(&name)
}

fn put(attributes: &mut Attributes, name: &str, text: &str) {
    // It is built in any case: a type is all that it needs.
    if let Ok(value) = MessageAttributeValue::builder().data_type(TEXT).string_value(text).build() {
        attributes.insert(name.to_owned(), value);
    }
}

fn as_json(value: &MessageAttributeValue) -> serde_json::Value {
    match value.binary_value() {
        Some(bytes) => {
            serde_json::json!({"type": value.data_type(), "base64": aws_smithy_types::base64::encode(bytes.as_ref())})
        }
        None => serde_json::json!({"type": value.data_type(), "text": value.string_value()}),
    }
}

/// What an attribute counts for in the size of a message: its name, its type and its value.
fn size(name: &str, value: &MessageAttributeValue) -> usize {
    let bytes = value.binary_value().map_or(0, |bytes| bytes.as_ref().len());
    name.len() + value.data_type().len() + value.string_value().map_or(0, str::len) + bytes
}

/// What a text counts for as an attribute.
fn size_of(name: &str, text: &str) -> usize {
    name.len() + TEXT.len() + text.len()
}

/// A reason without the characters that SQS refuses, and never empty.
fn cleaned(why: &str) -> String {
    let refused =
        |c: char| matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}');
    if why.is_empty() { "no reason given".to_owned() } else { why.replace(refused, "\u{FFFD}") }
}

/// A text of `most` bytes at most, between two characters.
fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
