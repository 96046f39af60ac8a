//! Publish: one change that holds the message once and everywhere that it goes.

use std::borrow::Cow;

use super::change::{Attribute, Delivery, Original, Scope, Sent, Target, Window};
use super::explain::{self, Outcome, Outcomes};
use super::filter::{self, Body};
use super::queue::Queue;
use super::send::{content_id, target, window};
use super::topic::{End, Refusal, Subscription};
use super::{Engine, Millis, QueueId, SendError, Seq, TopicId, limits, windows};

/// A message that a client publishes to a topic.
#[derive(Debug, Clone, Default)]
pub struct Notification<'a> {
    pub sender: &'a str,
    pub subject: Option<&'a str>,
    /// The message; with message structure `json` its `default`.
    pub body: &'a str,
    /// With message structure `json`: the protocols that have a body of their own.
    pub by_protocol: Vec<(&'a str, &'a str)>,
    pub attributes: Vec<Attribute<'a>>,
    pub group: Option<&'a str>,
    pub deduplication: Option<&'a str>,
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
    /// Decides a publish at `now`. The topic's routes are brought up to date on the way, hence `mut`. With `explain` it tells
    /// what each subscription did; a duplicate asks none.
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
            if deduplication.is_none() {
                if !topic.content_based_deduplication {
                    return Err(SendError::NoDeduplicationId);
                }
                deduplication = Some(Cow::Owned(content_id(notification.body)));
            }
            let group = notification.group.filter(|_| topic.deduplicates_by_group);
            let key = windows::key(deduplication.as_deref().unwrap_or_default(), group);
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
        let mut refusals = Vec::new();
        let mut dead_lettered = false;
        let mut parsed = Parsed::default();
        for route in &topic.routes {
            let Some(subscription) = self.subscription(route.subscription) else { continue };
            let body = notification
                .by_protocol
                .iter()
                .position(|(protocol, _)| *protocol == subscription.body_key)
                .map_or(0, |index| index + 1);
            let mut tell = |outcome: &dyn Fn(&Sent<'_>) -> Outcome, sent: &Sent<'_>| {
                if let Some(outcomes) = &mut explain {
                    outcomes.push((route.subscription, outcome(sent)));
                }
            };
            if !wants(subscription, &sent, body, &mut parsed) {
                tell(&|sent| Outcome::Filtered(explain::mismatches(subscription, sent, body)), &sent);
                continue;
            }
            let to = match &route.end {
                End::Queue(id) => {
                    let Some(queue) = self.queue(*id) else { continue };
                    match misfit(queue, subscription.raw, sent.bodies[body], &sent) {
                        None => Ok(into_queue(*id, queue, &mut sent, dead_lettered, now)),
                        Some(reason) => Err(reason),
                    }
                }
                End::Stream(stream) => {
                    Ok(self.stream(*stream).map(|it| Target::Stream { stream: *stream, position: it.next_position() }))
                }
                End::Refused(reason) => Err(reason.clone()),
            };
            let refused = to.is_err();
            let to = to.unwrap_or_else(|reason| {
                let (subscription, dead_letter) = (subscription.config.arn.clone(), route.dead_letter.clone());
                let refusal = Refusal { subscription, reason, dead_letter: dead_letter.map(drop) };
                tell(&|_| Outcome::Refused(refusal.clone()), &sent);
                refusals.push(refusal);
                dead_lettered = true;
                let id = *route.dead_letter.as_ref().ok()?;
                into_queue(id, self.queue(id)?, &mut sent, true, now)
            });
            if !refused {
                tell(&|_| if to.is_some() { Outcome::Delivered } else { Outcome::Duplicate }, &sent);
            }
            if let Some(to) = to {
                sent.deliveries.push(Delivery {
                    to,
                    subscription: Some(route.subscription),
                    body: body as u8,
                    raw: subscription.raw,
                });
            }
        }
        if let Some(outcomes) = explain {
            self.complete(topic, outcomes);
        }
        if let Some((id, queue)) = topic.archive.and_then(|id| Some((id, self.queue(id)?))) {
            // What a replay will deliver: a FIFO topic's subscribers are queues.
            let body =
                notification.by_protocol.iter().position(|(protocol, _)| *protocol == "sqs").map_or(0, |at| at + 1);
            let to = target(id, queue, queue.next_position(), None, now);
            sent.deliveries.push(Delivery { to, subscription: None, body: body as u8, raw: true });
        }
        Ok(Published { seq: sent.seq, change: Some(sent), refusals })
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
        if !wants(subscription, &sent, 0, &mut Parsed::default()) {
            return Ok(None);
        }
        let end = self.end(subscription, now);
        let End::Queue(id) = end else {
            return Err(if let End::Refused(reason) = end { reason } else { "only queues get replays".to_owned() });
        };
        let Some(queue) = self.queue(id) else { return Ok(None) };
        if let Some(reason) = misfit(queue, subscription.raw, sent.bodies[0], &sent) {
            return Err(reason);
        }
        let Some(to) = into_queue(id, queue, &mut sent, false, now) else { return Ok(None) };
        let subscription = (Some(subscription.config.id), subscription.raw);
        sent.deliveries.push(Delivery { to, subscription: subscription.0, body: 0, raw: subscription.1 });
        Ok(Some(sent))
    }
}

/// Why a queue can't take a message as it is: an error of whoever published it.
fn misfit(queue: &Queue, raw: bool, body: &str, sent: &Sent<'_>) -> Option<String> {
    if raw && sent.attributes.len() > limits::MAX_ATTRIBUTES {
        return Some(format!("a queue takes {} message attributes at most", limits::MAX_ATTRIBUTES));
    }
    let limit = queue.settings.max_message_bytes;
    (body.len() > limit).then(|| format!("the message is longer than the {limit} bytes that the queue takes"))
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
fn wants(subscription: &Subscription, sent: &Sent<'_>, body: usize, parsed: &mut Parsed) -> bool {
    let Some(filter) = &subscription.filter else { return true };
    match filter.scope() {
        filter::Scope::MessageBody => parsed.get(body, sent.bodies[body]).is_some_and(|body| filter.matches_body(body)),
        filter::Scope::MessageAttributes => filter.matches_attributes(explain::text_attributes(sent)),
    }
}
