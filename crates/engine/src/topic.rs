//! A topic, its subscriptions, and the routes that a publish takes.

use std::collections::BTreeSet;

use filter::{FilterPolicy, Scope};
use serde_json::Value;

use super::config::{Attributes, SubscriptionConfig, TopicConfig};
use super::policy::{Kind, Policy};
use super::windows::Windows;
use super::{QueueId, StreamId, SubscriptionId};

/// A topic.
#[derive(Debug)]
pub struct Topic {
    /// The topic as its owner declared it.
    pub config: TopicConfig,
    /// Whether the name ends in `.fifo`.
    pub fifo: bool,
    /// The SHA-256 of a body stands for a missing deduplication id.
    pub content_based_deduplication: bool,
    /// `FifoThroughputScope` is `MessageGroup`.
    pub deduplicates_by_group: bool,
    /// What its owner declared of who may do what; `None` is AWS's default, which lets nobody else in.
    pub policy: Option<Policy>,
    /// The policy holds a Deny.
    pub denies: bool,
    /// Its subscriptions, oldest first.
    pub subscriptions: BTreeSet<SubscriptionId>,
    pub(super) windows: Windows,
    /// The hidden queue that keeps what is published, while the topic has an archive policy.
    pub(super) archive: Option<QueueId>,
    pub(super) routes: Vec<Route>,
    /// The engine's generation that the routes were made for.
    pub(super) routes_of: u64,
    /// Whether a policy on its routes speaks of the time, so that they hold for one message alone.
    pub(super) timed: bool,
}

impl Topic {
    /// A topic without subscriptions.
    pub fn new(config: TopicConfig) -> Self {
        let mut topic = Self {
            fifo: false,
            content_based_deduplication: false,
            deduplicates_by_group: false,
            policy: None,
            denies: false,
            subscriptions: BTreeSet::new(),
            windows: Windows::default(),
            archive: None,
            routes: Vec::new(),
            routes_of: 0,
            timed: false,
            config: TopicConfig {
                id: config.id,
                arn: String::new(),
                attributes: Attributes::new(),
                tags: Attributes::new(),
                created: 0,
            },
        };
        topic.configure(config);
        topic
    }

    /// Declares the topic anew; its subscriptions stay.
    pub fn configure(&mut self, config: TopicConfig) {
        let is = |name: &str, value: &str| {
            config.attributes.get(name).is_some_and(|actual| actual.eq_ignore_ascii_case(value))
        };
        self.fifo = config.arn.ends_with(".fifo");
        self.content_based_deduplication = is("ContentBasedDeduplication", "true");
        self.deduplicates_by_group = is("FifoThroughputScope", "MessageGroup");
        let policy = config.attributes.get("Policy");
        self.policy = policy.and_then(|policy| Policy::parse(policy, Kind::Resource).ok());
        self.denies = self.policy.as_ref().is_some_and(Policy::denies);
        self.config = config;
    }
}

/// A subscription.
#[derive(Debug)]
pub struct Subscription {
    /// The subscription as its owner declared it.
    pub config: SubscriptionConfig,
    /// Raw message delivery: the body as it was published, without SNS's envelope.
    pub raw: bool,
    /// Which messages it wants; `None`: all.
    pub filter: Option<FilterPolicy>,
    /// The dead-letter queue of its redrive policy.
    pub dead_letter: Option<String>,
    /// The role that may write to a delivery stream.
    pub role: Option<String>,
    /// It gets nothing new until the archive has been replayed to it.
    pub replaying: bool,
    /// Which of a message's bodies it gets with the message structure `json`: its protocol, or the platform of a mobile
    /// endpoint.
    pub body_key: String,
}

impl Subscription {
    /// Reads a declaration; the service has validated it.
    pub fn new(config: SubscriptionConfig) -> Self {
        let attributes = &config.attributes;
        let scope = match attributes.get("FilterPolicyScope").map(String::as_str) {
            Some("MessageBody") => Scope::MessageBody,
            _ => Scope::MessageAttributes,
        };
        Self {
            raw: attributes.get("RawMessageDelivery").is_some_and(|raw| raw.eq_ignore_ascii_case("true")),
            // An empty policy lets everything through, also what is no JSON.
            filter: attributes
                .get("FilterPolicy")
                .filter(|policy| policy.trim() != "{}")
                .and_then(|policy| FilterPolicy::parse(policy, scope).ok()),
            dead_letter: attributes.get("RedrivePolicy").and_then(|policy| {
                let policy: Value = serde_json::from_str(policy).ok()?;
                Some(policy.get("deadLetterTargetArn")?.as_str()?.to_owned())
            }),
            role: attributes.get("SubscriptionRoleArn").cloned(),
            replaying: attributes.get("ReplayStatus").is_some_and(|status| status != "Completed" && status != "Failed"),
            body_key: body_key(&config.protocol, &config.endpoint).to_owned(),
            config,
        }
    }
}

/// The ARN of the hidden queue that is a topic's archive.
pub fn archive_arn(topic_arn: &str) -> String {
    let (place, name) = topic_arn.rsplit_once(':').unwrap_or_default();
    // The name must not end as a FIFO queue's does: an archive keeps the order of arrival and knows no duplicates.
    format!("{}:sns-archive-{name}-messages", place.replacen(":sns:", ":sqs:", 1))
}

/// `endpoint/ADM/name/id` in the ARN of a mobile endpoint names its platform.
fn body_key<'c>(protocol: &'c str, endpoint: &'c str) -> &'c str {
    let platform = || endpoint.split(":endpoint/").nth(1)?.split('/').next();
    if protocol == "application" { platform().unwrap_or(protocol) } else { protocol }
}

/// Where a subscription leads, found out once for all the messages that take it.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub subscription: SubscriptionId,
    pub end: End,
    /// The queue that takes what can't be delivered, or why none does.
    pub dead_letter: Result<QueueId, String>,
}

/// A route's end.
#[derive(Debug, Clone)]
pub(super) enum End {
    Queue(QueueId),
    Stream(StreamId),
    /// Nothing may or can be delivered, for this reason.
    Refused(String),
}

/// Why a subscription got nothing of a message that its filter let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The subscription's ARN.
    pub subscription: String,
    /// Why it got nothing, for people.
    pub reason: String,
    /// The message went to the subscription's dead-letter queue; if not, why not.
    pub dead_letter: Result<(), String>,
}
