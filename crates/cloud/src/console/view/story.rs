//! The story of one message: what each subscription decided and why, and what became of each copy.

use super::body::{self, WHOLE};
use super::message::{Copy, CopyState, Decision, Moment, Outcome, Story};
use super::queue::{consumer, consumer_name};
use super::search::{id_of, number_of, topic_of};
use crate::console::{Viewer, absent};
use crate::core::consumers::Consumers;
use crate::core::journal::{self, Journal, What};
use crate::core::receive;
use crate::sns;
use engine::change::{Change, Delivery, Sent, Target};
use engine::explain;
use engine::queue::State;
use engine::topic::Subscription;
use engine::{Engine, Millis, Position, QueueId, Seq};
use text::arn;
use wire::AwsError;

/// Decisions and copies that are told.
const TOLD: usize = 1_000;

/// What became of the message with an id.
///
/// # Errors
/// 404 `Forgotten` for one that isn't remembered, and what isn't the viewer's account's is told so as well.
pub(crate) fn story(viewer: &Viewer, id: &str) -> Result<Story, AwsError> {
    if !text::uuid::is_uuid(id) {
        return Err(absent("message", id));
    }
    let found = number_of(viewer, id).and_then(|seq| {
        viewer.cx.cloud.core.look(|engine, journal, now| {
            let record = journal.record(seq)?.to_vec();
            tell(viewer, engine, journal, seq, &record, now)
        })
    });
    found.ok_or_else(|| {
        let message = format!(
            "The message {id} is forgotten, or there was none: the journal remembers the last messages since the server's start."
        );
        AwsError::new(404, "Forgotten", message)
    })
}

fn tell(viewer: &Viewer, engine: &Engine, journal: &Journal, seq: Seq, record: &[u8], now: Millis) -> Option<Story> {
    let change = receive::put(record).ok()?;
    let look = Look { consumers: &viewer.cx.cloud.consumers, engine, journal, seq, now };
    let copies: Vec<Copy> = match &change {
        Change::Sent(sent) => {
            let each = (0..).zip(&sent.deliveries).take(TOLD);
            each.map(|(index, delivery)| look.copy(index, &delivery.to)).collect()
        }
        Change::Put(put) => vec![look.copy(0, &Target::Stream { stream: put.stream, position: put.position })],
        _ => return None,
    };
    let copies: Vec<Copy> = copies.into_iter().map(|copy| seen_by(viewer, copy)).collect();
    let owner = topic_of(&change).map(str::to_owned).or_else(|| copies.first().map(|copy| copy.to.clone()))?;
    if arn::account(&owner) != &*viewer.cx.account {
        return None;
    }
    let (id, kind) = id_of(engine, &change, seq);
    let mut story = Story {
        id,
        number: seq,
        kind,
        at: 0,
        by: String::new(),
        topic: None,
        subject: None,
        group: None,
        deduplication_id: None,
        trace: None,
        body: String::new(),
        cut: false,
        bytes: 0,
        attributes: Default::default(),
        decisions: Vec::new(),
        copies,
    };
    match &change {
        Change::Sent(sent) => look.fill(&mut story, sent),
        Change::Put(put) => {
            story.at = put.at;
            (story.body, story.cut) = body::cut(&String::from_utf8_lossy(put.data), WHOLE);
            story.bytes = put.data.len();
        }
        _ => {}
    }
    Some(story)
}

/// A copy as its message's owner may see it: what is received and deleted in another account's queue is that account's affair.
fn seen_by(viewer: &Viewer, copy: Copy) -> Copy {
    if !viewer.is_signed || copy.to.is_empty() || arn::account(&copy.to) == &*viewer.cx.account {
        return copy;
    }
    let Copy { id, to, .. } = copy;
    let (state, life) = (CopyState::Elsewhere, Vec::new());
    Copy { id, to, now_in: None, state, until: None, receives: 0, life, forgotten: false }
}

/// One look at a message.
struct Look<'l> {
    consumers: &'l Consumers,
    engine: &'l Engine,
    journal: &'l Journal,
    seq: Seq,
    now: Millis,
}

impl Look<'_> {
    fn fill(&self, story: &mut Story, sent: &Sent<'_>) {
        let body = sent.bodies.first().copied().unwrap_or_default();
        let text = |text: Option<&str>| text.map(str::to_owned);
        (story.body, story.cut) = body::cut(body, WHOLE);
        (story.at, story.by, story.bytes) = (sent.at, sent.sender.to_owned(), body.len());
        (story.topic, story.subject, story.group) = (text(sent.topic), text(sent.subject), text(sent.group));
        (story.deduplication_id, story.trace) = (text(sent.deduplication.as_deref()), text(sent.trace));
        story.attributes = body::attributes(&sent.attributes);
        story.decisions = sent.topic.map(|topic| self.decisions(topic, sent)).unwrap_or_default();
    }

    fn decisions(&self, topic: &str, sent: &Sent<'_>) -> Vec<Decision> {
        let Some(topic) = self.engine.topic_by_arn(topic) else { return Vec::new() };
        let subscriptions = self.engine.subscriptions_of(topic.config.id).take(TOLD);
        subscriptions.map(|subscription| self.decision(subscription, sent)).collect()
    }

    /// What a subscription decided. What it got nothing of is decided once more, and it is said if it was changed since.
    fn decision(&self, subscription: &Subscription, sent: &Sent<'_>) -> Decision {
        let config = &subscription.config;
        let is_own = |delivery: &Delivery| delivery.subscription == Some(config.id);
        let copy = sent.deliveries.iter().position(is_own);
        let refusal = self.journal.refusal(self.seq, &config.arn);
        let changed = self.journal.changed(config.id).is_some_and(|at| at > sent.at);
        let outcome = match (refusal, copy) {
            (Some(refusal), _) => explain::Outcome::Refused(refusal.clone()),
            (None, Some(_)) => explain::Outcome::Delivered,
            (None, None) => self.engine.explain_absence(subscription, sent),
        };
        let mut why = sns::of_outcome(subscription, &outcome);
        let mut said = match &outcome {
            explain::Outcome::Delivered => Outcome::Delivered,
            explain::Outcome::Filtered(_) => Outcome::Filtered,
            explain::Outcome::Duplicate if sent.topic.is_some_and(|topic| topic.ends_with(".fifo")) => {
                Outcome::Duplicate
            }
            explain::Outcome::Duplicate => Outcome::Unknown,
            explain::Outcome::Refused(_) => Outcome::Refused,
            explain::Outcome::Pending => Outcome::Pending,
            explain::Outcome::Replaying => Outcome::Replaying,
        };
        if copy.is_none() && refusal.is_none() && config.created > sent.at {
            (said, why) = (Outcome::Later, "the subscription was made after the message was published".to_owned());
        } else if said == Outcome::Unknown {
            why = "not delivered: why is no longer known".to_owned();
        }
        Decision {
            subscription: config.arn.clone(),
            protocol: config.protocol.clone(),
            endpoint: sns::redacted(&config.endpoint),
            outcome: said,
            why,
            changed_since: changed && copy.is_none() && refusal.is_none() && said != Outcome::Later,
            copy,
        }
    }

    fn copy(&self, index: u16, target: &Target) -> Copy {
        let (life, forgotten) = self.journal.life(self.seq, index);
        let queue_arn = |id: QueueId| self.engine.queue(id).map(|queue| queue.config.arn.clone());
        let receives = life.iter().filter(|moment| moment.what == What::Received).count() as u32;
        let mut copy = Copy {
            id: self.engine.message_id(self.seq, index),
            to: String::new(),
            now_in: None,
            state: CopyState::Gone,
            until: None,
            receives,
            life: life.iter().map(|moment| self.moment(moment)).collect(),
            forgotten,
        };
        let over = life.last().and_then(|moment| over(moment.what));
        match target {
            Target::Queue { queue, position, .. } => {
                copy.to = queue_arn(*queue).unwrap_or_default();
                let moved = life.iter().rev().find(|it| matches!(it.what, What::DeadLettered | What::Moved));
                let (now_in, position) =
                    moved.map_or((*queue, *position), |moment| (QueueId(moment.extra), moment.data));
                match over {
                    Some(state) => copy.state = state,
                    None => self.lies(&mut copy, now_in, position, moved),
                }
            }
            Target::Stream { stream, position } => {
                copy.id = self.engine.record_id(self.seq);
                let stream = self.engine.stream(*stream);
                copy.to = stream.map(|stream| stream.config.arn.clone()).unwrap_or_default();
                let lies = stream.and_then(|stream| stream.records_from(*position).next());
                let lies = lies.is_some_and(|(at, record)| at == *position && record.seq == self.seq);
                copy.state = if lies { CopyState::Buffered } else { over.unwrap_or(CopyState::Gone) };
                copy.now_in = lies.then(|| copy.to.clone());
            }
        }
        copy
    }

    /// What a copy is doing in the queue where it lies.
    fn lies(&self, copy: &mut Copy, queue: QueueId, position: Position, moved: Option<&journal::Moment>) {
        let Some(queue) = self.engine.queue(queue) else { return };
        let Some(entry) = queue.get(position).filter(|entry| entry.seq == self.seq) else { return };
        let hidden = entry.visible_at > self.now;
        copy.now_in = Some(queue.config.arn.clone());
        copy.receives = copy.receives.max(entry.count);
        copy.until = hidden.then_some(entry.visible_at);
        copy.state = match entry.state {
            State::InFlight if hidden => CopyState::InFlight,
            State::Delayed if hidden => CopyState::Delayed,
            _ => CopyState::Visible,
        };
        if moved.is_some_and(|moment| moment.what == What::DeadLettered) {
            copy.state = CopyState::DeadLettered;
        }
    }

    fn moment(&self, moment: &journal::Moment) -> Moment {
        let mut told =
            Moment { at: moment.at, what: moment.what, until: None, by: None, to: None, object: None, byte: None };
        match moment.what {
            What::Received => {
                let who = self.consumers.of(moment.extra);
                told.by = who.map(|who| consumer_name(&consumer(&who)).to_owned());
                told.until = Some(moment.data);
            }
            What::Hidden => told.until = Some(moment.data),
            What::DeadLettered | What::Moved => {
                told.to = self.engine.queue(QueueId(moment.extra)).map(|queue| queue.config.arn.clone());
            }
            What::Landed => {
                let object = self.journal.object(moment.extra);
                told.object = object.map(|object| format!("s3://{}/{}", object.bucket, object.key));
                told.byte = Some(moment.data);
            }
            _ => {}
        }
        told
    }
}

/// The state of a copy that is nowhere any more.
fn over(what: What) -> Option<CopyState> {
    match what {
        What::Deleted => Some(CopyState::Deleted),
        What::Expired => Some(CopyState::Expired),
        What::Purged => Some(CopyState::Purged),
        What::Gone => Some(CopyState::Gone),
        What::Landed => Some(CopyState::Landed),
        What::GivenUp => Some(CopyState::GivenUp),
        What::Received | What::Hidden | What::DeadLettered | What::Moved => None,
    }
}
