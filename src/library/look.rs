//! What a test looks at: queues without receiving, buckets, notices.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::cloud::Inside;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::error::Error;
use super::running::Running;

/// A queue to look at: [`Cloud::queue`](crate::Cloud::queue).
pub struct Queue<'c> {
    pub(super) running: &'c Running,
    pub(super) name: String,
}

/// A message as it lies in its queue.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The `MessageId`.
    pub id: String,
    /// The body.
    pub body: String,
    /// The message attributes.
    pub attributes: BTreeMap<String, Attribute>,
    /// How often it was received.
    pub receives: u32,
    /// Where it is in its life.
    pub state: State,
    /// When it came.
    pub sent_at: SystemTime,
    /// The message group, if it has one.
    pub group: Option<String>,
    /// In a dead-letter queue: the ARN of the queue that it came from.
    pub dead_letter_source: Option<String>,
}

/// A message attribute.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Attribute {
    /// Its type, as `String`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its value; of a binary one the Base64.
    pub value: String,
}

/// Where a message is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Whoever receives may get it.
    Visible,
    /// It was received and not deleted: it is hidden until then.
    InFlight(SystemTime),
    /// Its delay ends then.
    Delayed(SystemTime),
}

/// A bucket to look at: [`Cloud::bucket`](crate::Cloud::bucket).
pub struct Bucket<'c> {
    pub(super) running: &'c Running,
    pub(super) name: String,
}

/// An object of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its length in bytes.
    pub size: u64,
    /// When it was put, by the cloud's clock.
    pub modified: SystemTime,
}

/// What the cloud says of itself: deliveries that didn't happen, and why; what AWS would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// When, by the cloud's clock.
    pub at: SystemTime,
    /// What.
    pub text: String,
}

/// A moment of the cloud's clock.
pub(super) fn moment(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis)
}

/// A page of messages, as the server has it for programs.
#[derive(Deserialize)]
struct Page {
    messages: Vec<Shown>,
    more: bool,
}

#[derive(Deserialize)]
struct Shown {
    message_id: String,
    position: u64,
    state: String,
    #[serde(deserialize_with = "written_moment")]
    visible_at: SystemTime,
    receives: u32,
    #[serde(deserialize_with = "written_moment")]
    sent_at: SystemTime,
    group: Option<String>,
    dead_letter_source: Option<String>,
    attributes: BTreeMap<String, Attribute>,
    body: String,
}

/// A moment in RFC 3339; what has none has 1970's first.
fn written_moment<'de, D: Deserializer<'de>>(value: D) -> Result<SystemTime, D::Error> {
    let Some(text) = Option::<String>::deserialize(value)? else { return Ok(UNIX_EPOCH) };
    text.parse::<jiff::Timestamp>().map(SystemTime::from).map_err(D::Error::custom)
}

impl From<Shown> for Message {
    fn from(shown: Shown) -> Self {
        let until = shown.visible_at;
        Self {
            id: shown.message_id,
            body: shown.body,
            attributes: shown.attributes,
            receives: shown.receives,
            state: match &*shown.state {
                "in_flight" => State::InFlight(until),
                "delayed" => State::Delayed(until),
                _ => State::Visible,
            },
            sent_at: shown.sent_at,
            group: shown.group,
            dead_letter_source: shown.dead_letter_source,
        }
    }
}

impl Queue<'_> {
    /// Its messages, in the order in which they came, those in flight and delayed among them. Nobody receives them: no count rises
    /// and nothing is hidden. All of them, in memory.
    ///
    /// # Errors
    /// There is no such queue; the error names those that there are.
    pub async fn messages(&self) -> Result<Vec<Message>, Error> {
        let name = self.name.clone();
        let looked = |inside: Inside| async move {
            let (mut messages, mut after) = (Vec::new(), None);
            loop {
                let page = match inside.peek(&name, after).await {
                    Ok(page) => page,
                    Err(error) if error.code == "QueueDoesNotExist" => {
                        return Err(Error::NotThere { what: "queue", name, known: inside.queues().await? });
                    }
                    Err(error) => return Err(error.into()),
                };
                let page: Page = serde_json::from_value(page).map_err(|error| Error::Refused {
                    code: "InternalFailure".to_owned(),
                    message: error.to_string(),
                })?;
                let last = page.messages.last().map(|message| message.position);
                messages.extend(page.messages.into_iter().map(Message::from));
                match last.filter(|_| page.more) {
                    Some(last) => after = Some(last),
                    None => return Ok(messages),
                }
            }
        };
        self.running.run(looked).await?
    }

    /// Their bodies, in the same order.
    ///
    /// # Errors
    /// As [`messages`](Self::messages).
    pub async fn bodies(&self) -> Result<Vec<String>, Error> {
        Ok(self.messages().await?.into_iter().map(|message| message.body).collect())
    }
}

impl Bucket<'_> {
    /// Its objects, in the order of their keys.
    ///
    /// # Errors
    /// There is no such bucket.
    pub async fn objects(&self) -> Result<Vec<Object>, Error> {
        let name = self.name.clone();
        let looked = |inside: Inside| async move {
            let mut objects: Vec<Object> = Vec::new();
            loop {
                let after = objects.last().map(|object| object.key.clone()).unwrap_or_default();
                let (page, more) = inside.objects(&name, &after)?;
                objects.extend(page.into_iter().map(|listed| Object {
                    key: listed.key,
                    size: listed.size,
                    modified: moment(listed.modified),
                }));
                if !more {
                    return Ok(objects);
                }
            }
        };
        self.running.run(looked).await?
    }

    /// The bytes of an object, in memory.
    ///
    /// # Errors
    /// There is no such bucket or object.
    pub async fn read(&self, key: &str) -> Result<Vec<u8>, Error> {
        let (name, key) = (self.name.clone(), key.to_owned());
        Ok(self.running.run(|inside| async move { inside.object(&name, &key).await }).await??)
    }
}
