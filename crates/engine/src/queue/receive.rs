//! Receiving: which messages a consumer gets, which go to the dead-letter queue instead, which have expired.

use std::collections::HashMap;

use super::{Queue, State};
use crate::{Millis, Position, Seq, limits};

/// What a consumer asks for.
#[derive(Debug, Clone, Copy)]
pub struct Receive<'a> {
    /// The most messages that it takes.
    pub max: usize,
    /// `None` takes the queue's own visibility timeout.
    pub visibility: Option<Millis>,
    /// FIFO's ReceiveRequestAttemptId.
    pub attempt: Option<&'a str>,
}

/// What it gets; the decision only, nothing is changed yet.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// When what was picked can be received again.
    pub visible_at: Millis,
    /// The places of the messages that the consumer gets.
    pub picked: Vec<Position>,
    /// Messages received too often, for the dead-letter queue.
    pub redriven: Vec<Position>,
    /// Messages whose retention ended.
    pub expired: Vec<Position>,
    /// When the same attempt got the same messages before: only their deadlines are new.
    pub repeated: Option<Millis>,
    /// The queue has as many messages in flight as AWS allows.
    pub over_limit: bool,
}

/// A message that a consumer got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picked {
    /// Its place in the queue.
    pub position: Position,
    /// Its payload's number.
    pub seq: Seq,
    /// Which of its payload's deliveries it is.
    pub index: u16,
    /// How often it was received, this time included.
    pub count: u32,
    /// When it was sent.
    pub sent_at: Millis,
    /// When it was first received.
    pub first_received: Millis,
}

/// What earlier attempts of FIFO receives got.
#[derive(Debug, Default)]
pub(super) struct Attempts(HashMap<Box<str>, Attempt>);

/// What an attempt got.
#[derive(Debug, Clone)]
struct Attempt {
    /// When it first did.
    at: Millis,
    /// It can be repeated until then.
    until: Millis,
    /// When its messages can be received again.
    visible_at: Millis,
    positions: Vec<Position>,
}

/// Expired messages that one receive clears away; the rest waits for the next.
const EXPIRE_AT_ONCE: usize = 1_000;
/// Messages that one receive sends to the dead-letter queue.
const REDRIVE_AT_ONCE: usize = 1_000;

impl Queue {
    /// Decides what a consumer gets at `now`.
    pub fn decide_receive(&mut self, receive: Receive<'_>, now: Millis) -> Received {
        self.show_due(now);
        let mut decision = Received {
            visible_at: now.saturating_add(receive.visibility.unwrap_or(self.settings.visibility_timeout)),
            expired: self.expired(now, EXPIRE_AT_ONCE),
            ..Received::default()
        };
        let limit = if self.settings.fifo { limits::IN_FLIGHT_FIFO } else { limits::IN_FLIGHT_STANDARD };
        let room = limit.saturating_sub(self.in_flight);
        decision.over_limit = room == 0;
        let max = receive.max.min(room);
        if let Some(same) = receive.attempt.and_then(|attempt| self.repeated(attempt, now)) {
            (decision.repeated, decision.picked) = (Some(same.at), same.positions);
        } else {
            self.choose(max, now, &mut decision);
        }
        if let Some(attempt) = receive.attempt
            && !decision.picked.is_empty()
        {
            let got = Attempt {
                at: decision.repeated.unwrap_or(now),
                until: now + limits::ATTEMPT_WINDOW,
                visible_at: decision.visible_at,
                positions: decision.picked.clone(),
            };
            self.attempts.0.retain(|_, attempt| attempt.until > now);
            self.attempts.0.insert(attempt.into(), got);
        }
        decision
    }

    /// The first `max` messages that a consumer could get at `now`, for who moves them elsewhere.
    pub fn visible(&mut self, max: usize, now: Millis) -> Vec<Position> {
        self.show_due(now);
        let mut positions = Vec::new();
        self.offer(now, |position| {
            let more = positions.len() < max;
            positions.extend(more.then_some(position));
            more
        });
        positions
    }

    /// The message at a position as a consumer sees it, after it was received.
    pub fn picked(&self, position: Position) -> Option<Picked> {
        self.entries.get(position).map(|entry| Picked {
            position,
            seq: entry.seq,
            index: entry.index,
            count: entry.count,
            sent_at: entry.sent_at,
            first_received: entry.first_received,
        })
    }

    /// What the same attempt got, if none of it was deleted or had its visibility changed since ("ReceiveMessage", Amazon SQS API
    /// Reference).
    fn repeated(&self, attempt: &str, now: Millis) -> Option<Attempt> {
        let attempt = self.attempts.0.get(attempt)?;
        let in_flight = |position: &Position| {
            self.get(*position)
                .is_some_and(|entry| entry.state == State::InFlight && entry.visible_at == attempt.visible_at)
        };
        let open = attempt.until > now && attempt.until <= now + limits::ATTEMPT_WINDOW;
        (open && attempt.positions.iter().all(in_flight)).then(|| attempt.clone())
    }

    /// Every candidate is expired, goes to the dead-letter queue, or is received, until `max` are.
    fn choose(&mut self, max: usize, now: Millis, decision: &mut Received) {
        if !self.settings.fifo && !self.tenants.is_empty() {
            self.tenants.sample(now, self.in_flight);
        }
        // Messages that have expired behind one that hasn't: a dead-letter queue gets them in any order of age.
        let mut late = Vec::new();
        self.offer(now, |position| {
            let full = decision.picked.len() == max || decision.redriven.len() == REDRIVE_AT_ONCE;
            if full || late.len() == EXPIRE_AT_ONCE {
                return false;
            }
            let Some(entry) = self.entries.get(position) else { return true };
            if self.has_expired(entry, now) {
                late.extend(decision.expired.binary_search(&position).is_err().then_some(position));
                return true;
            }
            match &self.settings.redrive {
                Some(redrive) if entry.count >= redrive.max_receive_count => decision.redriven.push(position),
                _ => decision.picked.push(position),
            }
            true
        });
        decision.expired.append(&mut late);
    }

    /// Offers the messages that can be received, in order, for as long as `take` wants more.
    fn offer(&self, now: Millis, take: impl FnMut(Position) -> bool) {
        let back = self.back.iter().copied();
        let fresh = self.entries.from(self.fresh).filter(|(_, entry)| entry.state == State::Fresh);
        // The cursor goes no further than to the last fresh message: what follows may be millions.
        let fresh = in_order(fresh.map(|(position, _)| position).take(self.fresh_left), self.loose.iter().copied());
        if self.settings.fifo {
            self.groups.available().all(take);
        } else if self.tenants.is_empty() {
            in_turn(back, fresh).all(take);
        } else {
            let noisy = self.tenants.noisy(now, self.in_flight);
            self.tenants.available(&noisy, back, fresh).all(take);
        }
    }
}

/// Messages that came back and fresh ones in turn: a message that always fails can't hold up the others.
pub(super) fn in_turn(
    mut back: impl Iterator<Item = Position>,
    mut fresh: impl Iterator<Item = Position>,
) -> impl Iterator<Item = Position> {
    let mut turn = false;
    std::iter::from_fn(move || {
        turn = !turn;
        if turn { back.next().or_else(|| fresh.next()) } else { fresh.next().or_else(|| back.next()) }
    })
}

/// Two ascending sequences as one.
fn in_order(a: impl Iterator<Item = Position>, b: impl Iterator<Item = Position>) -> impl Iterator<Item = Position> {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    std::iter::from_fn(move || match (a.peek(), b.peek()) {
        (Some(first), Some(second)) if first > second => b.next(),
        (Some(_), _) => a.next(),
        (None, _) => b.next(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::Entry;
    use super::*;
    use crate::QueueId;
    use crate::config::{Attributes, QueueConfig};
    use crate::queue::groups;

    /// A standard queue with so many messages.
    fn queue(messages: u64) -> Queue {
        let (attributes, tags) = (Attributes::new(), Attributes::new());
        let config = QueueConfig {
            id: QueueId(1),
            arn: String::new(),
            attributes,
            tags,
            created: 1,
            modified: 1,
            hidden: false,
        };
        let mut queue = Queue::new(config);
        for position in 0..messages {
            let entry = Entry {
                seq: position + 1,
                sent_at: 1_000,
                group: groups::NONE,
                state: State::Fresh,
                ..Entry::default()
            };
            queue.add(position, entry, None);
        }
        queue
    }

    fn ten(queue: &mut Queue) -> Vec<Position> {
        queue.decide_receive(Receive { max: 10, visibility: None, attempt: None }, 2_000).picked
    }

    /// Whoever received a message before its turn had all before it forgotten.
    #[test]
    fn what_is_received_out_of_order_leaves_the_others_where_they_are_found() {
        let mut queue = queue(6);
        for position in [4, 1] {
            queue.receive_one(position, 2_000, 32_000);
        }
        assert_eq!(ten(&mut queue), [0, 2, 3, 5]);
        // So it is after they came into another segment of the log.
        for position in [0, 2, 3, 5] {
            let seq = position + 1;
            let state = queue.state_of(position, seq).unwrap();
            queue.restore(seq, &state, None);
        }
        assert_eq!(ten(&mut queue), [0, 2, 3, 5]);
        let depth = queue.depth(2_000);
        assert_eq!((depth.visible, depth.in_flight, depth.delayed), (4, 2, 0));
    }
}
