//! A message that a handler works on.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName as Name};

use crate::lease::Lease;

/// A message that a handler works on.
#[derive(Debug)]
pub struct Job {
    /// The message's id, as SQS gave it when it was sent.
    pub id: String,
    /// The body as it was sent.
    pub body: String,
    /// The message group: on a FIFO queue what keeps its order, on a standard queue the tenant.
    pub group: Option<String>,
    /// How often it was received, this time included.
    pub receives: u32,
    /// When it was sent: the time since the epoch. Zero if SQS didn't say.
    pub sent: Duration,
    /// The message attributes that are text: those of the types String and Number.
    pub attributes: BTreeMap<String, String>,
    /// The trace header that came with it (`AWSTraceHeader`).
    pub trace: Option<String>,
    lease: Lease,
}

impl Job {
    /// A job of its own, received once, whose lease never ends: for tests of handlers.
    pub fn new(id: impl Into<String>, body: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            body: body.into(),
            group: None,
            receives: 1,
            sent: Duration::ZERO,
            attributes: BTreeMap::new(),
            trace: None,
            lease: Lease::default(),
        }
    }

    /// One whose lease is over: for tests of handlers.
    pub fn lost(id: impl Into<String>, body: impl Into<String>) -> Self {
        let job = Self::new(id, body);
        job.lease.end();
        job
    }

    /// The right to work on it.
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// The job that a received message is; the message keeps its receipt handle and its attributes.
    pub(crate) fn take(message: &mut Message) -> Self {
        let mut system = message.attributes.take().unwrap_or_default();
        let number = |text: Option<String>| text.and_then(|text| text.parse::<u64>().ok());
        let text = |(name, value): (&String, &aws_sdk_sqs::types::MessageAttributeValue)| {
            Some((name.clone(), value.string_value()?.to_owned()))
        };
        let receives = number(system.remove(&Name::ApproximateReceiveCount)).unwrap_or(1);
        Self {
            group: system.remove(&Name::MessageGroupId),
            receives: receives.try_into().unwrap_or(u32::MAX),
            sent: Duration::from_millis(number(system.remove(&Name::SentTimestamp)).unwrap_or(0)),
            attributes: message.message_attributes.iter().flatten().filter_map(text).collect(),
            trace: system.remove(&Name::AwsTraceHeader),
            ..Self::new(message.message_id.take().unwrap_or_default(), message.body.take().unwrap_or_default())
        }
    }
}
