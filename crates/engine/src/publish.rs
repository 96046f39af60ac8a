//! Publish: one change that holds the message once and everywhere that it goes.

use std::borrow::Cow;

use filter::Body;

use super::change::{Attribute, Delivery, Original, Scope, Sent, Target, Window};
use super::explain::{self, Outcome, Outcomes};
use super::queue::Queue;
use super::send::{deduplication_id, target, window};
use super::topic::{End, Refusal, Route, Subscription};
use super::{Engine, Millis, QueueId, SendError, Seq, TopicId, limits, windows};

/// A message that a client publishes to a topic.
#[derive(Debug, Clone, Default)]
pub struct Notification<'a> {
    /// The principal's id, which becomes SQS's SenderId.
    pub sender: &'a str,
    /// SNS's subject.
    pub subject: Option<&'a str>,
    /// The message; with message structure `json` its `default`.
    pub body: &'a str,
    /// With message structure `json`: the protocols that have a body of their own.
    pub by_protocol: Vec<(&'a str, &'a str)>,
    /// The message attributes.
    pub attributes: Vec<Attribute<'a>>,
    /// The MessageGroupId.
    pub group: Option<&'a str>,
    /// The MessageDeduplicationId.
    pub deduplication: Option<&'a str>,
    /// The client's X-Amzn-Trace-Id header, which becomes AWSTraceHeader.
    pub trace: Option<&'a str>,
}

/// What becomes of it.
#[derive(Debug)]
pub struct Published<'a> {
    /// The notification's number; a duplicate's is the original's.
    pub seq: Seq,
    /// The change to apply; none for a duplicate, and none when it goes nowhere.
    pub change: Option<Sent<'a>>,
    /// Subscriptions that should have got it and could not.
    pub refusals: Vec<Refusal>,
}

impl Engine {
    /// Decides a publish at `now`, and brings the topic's routes up to date before. `explain` gets what each subscription did;
    /// a duplicate reaches none.
    ///
    /// # Errors
    /// For a FIFO topic: no group, or no deduplication id. `NoQueue` when there is no such topic.
    pub fn decide_publish<'a>(
        &mut self,
        id: TopicId,
        topic_arn: &'a str,
        notification: Notification<'a>,
        now: Millis,
        mut explain: Option<&mut Outcomes>,
    ) -> Result<Published<'a>, SendError> {
        self.refresh_routes(id, now);
        let topic = self.topic(id).ok_or(SendError::NoQueue)?;
        let mut deduplication = notification.deduplication.map(Cow::Borrowed);
        let mut opened = Vec::new();
        if topic.fifo {
            notification.group.ok_or(SendError::NoGroup)?;
            let by_content = topic.content_based_deduplication;
            let id_of_message = deduplication_id(notification.deduplication, notification.body, by_content)?;
            let group = notification.group.filter(|_| topic.deduplicates_by_group);
            let key = windows::key(&id_of_message, group);
            deduplication = Some(id_of_message);
            if let Some(original) = topic.windows.find(key, now) {
                return Ok(Published { seq: original.seq, change: None, refusals: Vec::new() });
            }
            let until = now + limits::DEDUPLICATION_WINDOW;
            opened.push(Window { scope: Scope::Topic(id), key, until, index: 0 });
        }
        let mut sent = Sent {
            seq: self.next_seq,
            at: now,
            topic: Some(topic_arn),
            sender: notification.sender,
            subject: notification.subject,
            bodies: Vec::with_capacity(1 + notification.by_protocol.len()),
            attributes: notification.attributes,
            group: notification.group,
            deduplication,
            trace: notification.trace,
            windows: opened,
            deliveries: Vec::with_capacity(topic.routes.len() + usize::from(topic.archive.is_some())),
            replay_of: None,
        };
        sent.bodies.push(notification.body);
        sent.bodies.extend(notification.by_protocol.iter().map(|(_, body)| *body));
        let by_protocol = &notification.by_protocol;
        let mut fan_out = FanOut::new(self, &mut sent, now, explain.as_deref_mut());
        for route in &topic.routes {
            fan_out.follow(route, by_protocol);
        }
        let refusals = fan_out.refusals;
        if let Some(outcomes) = explain {
            self.add_unasked(topic, outcomes);
        }
        if let Some((id, queue)) = topic.archive.and_then(|id| Some((id, self.queue(id)?))) {
            // What a replay will deliver: a FIFO topic's subscribers are queues.
            let body = body_for("sqs", by_protocol);
            let to = target(id, queue, queue.next_position(), None, now);
            sent.deliveries.push(Delivery { to, subscription: None, body: body as u8, raw: true });
        }
        Ok(Published { seq: sent.seq, change: Some(sent), refusals })
    }
}

/// Which of a notification's bodies a protocol gets: its own, or the first.
fn body_for(protocol: &str, by_protocol: &[(&str, &str)]) -> usize {
    by_protocol.iter().position(|(of, _)| *of == protocol).map_or(0, |index| index + 1)
}

/// A message on its way to all that its topic's routes lead to.
struct FanOut<'f, 'a> {
    engine: &'f Engine,
    sent: &'f mut Sent<'a>,
    now: Millis,
    parsed: Parsed,
    refusals: Vec<Refusal>,
    /// What each subscription did with the message, if somebody asks.
    outcomes: Option<&'f mut Outcomes>,
}

impl<'f, 'a> FanOut<'f, 'a> {
    fn new(engine: &'f Engine, sent: &'f mut Sent<'a>, now: Millis, outcomes: Option<&'f mut Outcomes>) -> Self {
        Self { engine, sent, now, parsed: Parsed::default(), refusals: Vec::new(), outcomes }
    }

    /// Adds the delivery that a route leads to: to the subscription's end, or to its dead-letter queue. The loop of a fan-out,
    /// which a call would make slower.
    #[inline(always)]
    fn follow(&mut self, route: &Route, by_protocol: &[(&str, &str)]) {
        let Some(subscription) = self.engine.subscription(route.subscription) else { return };
        let body = body_for(&subscription.body_key, by_protocol);
        if !passes_filter(subscription, self.sent, body, &mut self.parsed) {
            self.note(route, |sent| Outcome::Filtered(explain::mismatches(subscription, sent, body)));
            return;
        }
        let to = match &route.end {
            End::Queue(id) => {
                let Some(queue) = self.engine.queue(*id) else { return };
                match refusal_of(queue, subscription.raw, self.sent.bodies[body], self.sent) {
                    // A dead-letter queue of a route before may be this one.
                    None => Ok(into_queue(*id, queue, self.sent, !self.refusals.is_empty(), self.now)),
                    Some(reason) => Err(reason),
                }
            }
            End::Stream(id) => {
                let stream = self.engine.stream(*id);
                Ok(stream.map(|stream| Target::Stream { stream: *id, position: stream.next_position() }))
            }
            End::Refused(reason) => Err(reason.clone()),
        };
        let to = match to {
            Ok(to) => {
                self.note(route, |_| if to.is_some() { Outcome::Delivered } else { Outcome::Duplicate });
                to
            }
            Err(reason) => self.refuse(route, subscription, reason),
        };
        if let Some(to) = to {
            self.sent.deliveries.push(Delivery {
                to,
                subscription: Some(route.subscription),
                body: body as u8,
                raw: subscription.raw,
            });
        }
    }

    /// Notes why a subscription can't get the message, and finds the place in its dead-letter queue.
    #[cold]
    fn refuse(&mut self, route: &Route, subscription: &Subscription, reason: String) -> Option<Target> {
        let (arn, dead_letter) = (subscription.config.arn.clone(), route.dead_letter.clone());
        let refusal = Refusal { subscription: arn, reason, dead_letter: dead_letter.map(drop) };
        self.note(route, |_| Outcome::Refused(refusal.clone()));
        self.refusals.push(refusal);
        let id = *route.dead_letter.as_ref().ok()?;
        into_queue(id, self.engine.queue(id)?, self.sent, true, self.now)
    }

    fn note(&mut self, route: &Route, outcome: impl FnOnce(&Sent<'_>) -> Outcome) {
        if let Some(outcomes) = &mut self.outcomes {
            outcomes.push((route.subscription, outcome(self.sent)));
        }
    }
}

impl Engine {
    /// Decides the replay of an archived message to a subscription. `None` when its filter policy stops it, or when its FIFO
    /// queue still knows it; an error says why it can't be delivered.
    pub fn decide_replay<'a>(
        &self,
        subscription: &Subscription,
        archived: &Sent<'a>,
        index: u16,
        now: Millis,
    ) -> Result<Option<Sent<'a>>, String> {
        let delivery = archived.deliveries.get(usize::from(index));
        let body = delivery.and_then(|delivery| archived.bodies.get(usize::from(delivery.body))).copied();
        let mut sent = Sent {
            seq: self.next_seq,
            at: now,
            bodies: vec![body.unwrap_or_default()],
            windows: Vec::new(),
            deliveries: Vec::with_capacity(1),
            replay_of: Some(Original { seq: archived.seq, at: archived.at }),
            ..archived.clone()
        };
        if !passes_filter(subscription, &sent, 0, &mut Parsed::default()) {
            return Ok(None);
        }
        let end = self.end_of(subscription, now);
        let End::Queue(id) = end else {
            return Err(if let End::Refused(reason) = end { reason } else { "only queues get replays".to_owned() });
        };
        let Some(queue) = self.queue(id) else { return Ok(None) };
        if let Some(reason) = refusal_of(queue, subscription.raw, sent.bodies[0], &sent) {
            return Err(reason);
        }
        let Some(to) = into_queue(id, queue, &mut sent, false, now) else { return Ok(None) };
        let subscription = (Some(subscription.config.id), subscription.raw);
        sent.deliveries.push(Delivery { to, subscription: subscription.0, body: 0, raw: subscription.1 });
        Ok(Some(sent))
    }
}

/// Why a queue can't take a message, if it can't: the publisher's error.
fn refusal_of(queue: &Queue, raw: bool, body: &str, sent: &Sent<'_>) -> Option<String> {
    if raw && sent.attributes.len() > limits::MAX_ATTRIBUTES {
        return Some(format!("a queue takes {} message attributes at most", limits::MAX_ATTRIBUTES));
    }
    let limit = queue.settings.max_message_bytes;
    let beside = if raw { sent.attributes.iter().map(Attribute::bytes).sum() } else { 0 };
    (body.len() + beside > limit).then(|| format!("the message is longer than the {limit} bytes that the queue takes"))
}

/// The door into one of a fan-out's queues; nothing when its FIFO deduplication stops the message. With `may_repeat` the queue
/// may already have got the message: a dead-letter queue may also be subscribed, or serve several subscriptions.
fn into_queue(id: QueueId, queue: &Queue, sent: &mut Sent<'_>, may_repeat: bool, now: Millis) -> Option<Target> {
    if queue.settings.fifo
        && let Some(deduplication) = sent.deduplication.as_deref()
    {
        let window = window(id, queue, deduplication, sent.group, now);
        if queue.windows.find(window.key, now).is_some() {
            return None;
        }
        sent.windows.push(Window { index: sent.deliveries.len() as u16, ..window });
    }
    let before = if may_repeat {
        let same = |delivery: &&Delivery| matches!(delivery.to, Target::Queue { queue, .. } if queue == id);
        sent.deliveries.iter().filter(same).count() as u64
    } else {
        0
    };
    Some(target(id, queue, queue.next_position() + before, None, now))
}

/// The bodies as filter policies on bodies see them, each parsed when the first policy asks.
#[derive(Default)]
struct Parsed(Vec<(usize, Option<Body>)>);

impl Parsed {
    fn get(&mut self, index: usize, body: &str) -> Option<&Body> {
        let at = self.0.iter().position(|(parsed, _)| *parsed == index).unwrap_or_else(|| {
            self.0.push((index, Body::parse(body)));
            self.0.len() - 1
        });
        self.0.get(at).and_then(|(_, body)| body.as_ref())
    }
}

/// Whether a subscription's filter policy lets a message through.
fn passes_filter(subscription: &Subscription, sent: &Sent<'_>, body: usize, parsed: &mut Parsed) -> bool {
    let Some(filter) = &subscription.filter else { return true };
    match filter.scope() {
        filter::Scope::MessageBody => parsed.get(body, sent.bodies[body]).is_some_and(|body| filter.matches_body(body)),
        filter::Scope::MessageAttributes => filter.matches_attributes(explain::text_attributes(sent)),
    }
}
