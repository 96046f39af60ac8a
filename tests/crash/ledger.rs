//! What clients know of each event and each of its messages, and what contradicts it.
//!
//! All times are the client's own: a promise begins when its acknowledgement arrived, and only what was asked for later is
//! held against it, so that two consumers who talk to the server at once are never mistaken for a fault.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::counts::{Counts, Did, Fault};
use crate::routes::{EVENTS, QUEUES, Route, STREAMS};

/// An event's number, the first word of its body.
pub(crate) type Id = usize;

/// Clocks of two processes that round to milliseconds.
const TOLERANCE: Duration = Duration::from_millis(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Unknown,
    Acknowledged,
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deletion {
    None,
    Tried,
    Done(Instant),
}

struct Event {
    route: &'static Route,
    fate: Fate,
    size: usize,
    /// A FIFO event's group and its number there.
    place: Option<(usize, u32)>,
    copies: Vec<Copy>,
    landed: u32,
}

/// An event's message in one queue.
struct Copy {
    message_id: Option<String>,
    handle: Option<String>,
    deletion: Deletion,
    /// The last receive count, and when it was told.
    count: Option<(u32, Instant)>,
    /// Until when it is promised to be hidden, and when that was told.
    hidden: Option<(Instant, Instant)>,
}

/// A message as a consumer got it.
pub(crate) struct Message<'a> {
    pub body: &'a str,
    pub id: &'a str,
    pub handle: &'a str,
    pub count: u32,
}

/// One receive call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Receive {
    pub queue: usize,
    pub asked: Instant,
    pub answered: Instant,
    pub visibility: Duration,
}

pub(crate) struct Ledger {
    counts: Arc<Counts>,
    events: Vec<Event>,
    /// Events that may still be in a queue or a stream.
    open: Vec<Id>,
    /// Per queue and group, the FIFO events that nobody tried to delete.
    waiting: BTreeMap<(usize, usize), BTreeMap<u32, Id>>,
}

/// The body of an event: its number, then padding up to `size`.
pub(crate) fn body(id: Id, size: usize) -> String {
    let mut body = format!("{id} ");
    let letter = char::from(b'a' + (id % 26) as u8);
    body.extend(std::iter::repeat_n(letter, size.saturating_sub(body.len())));
    body.push('\n');
    body
}

fn id_of(body: &str) -> Option<Id> {
    body.split(' ').next()?.parse().ok()
}

impl Ledger {
    pub(crate) fn new(counts: Arc<Counts>) -> Self {
        Self { counts, events: Vec::new(), open: Vec::new(), waiting: BTreeMap::new() }
    }

    /// An event that is about to be sent: its number and its body.
    pub(crate) fn sends(&mut self, route: &'static Route, size: usize, place: Option<(usize, u32)>) -> (Id, String) {
        let id = self.events.len();
        let copy =
            |_: &usize| Copy { message_id: None, handle: None, deletion: Deletion::None, count: None, hidden: None };
        let copies = route.queues.iter().map(copy).collect();
        self.events.push(Event { route, fate: Fate::Unknown, size, place, copies, landed: 0 });
        self.open.push(id);
        if let Some((group, number)) = place {
            for queue in route.queues {
                self.waiting.entry((*queue, group)).or_default().insert(number, id);
            }
        }
        (id, body(id, size))
    }

    pub(crate) fn body_of(&self, id: Id) -> String {
        body(id, self.events[id].size)
    }

    pub(crate) fn acknowledged(&mut self, id: Id) {
        self.events[id].fate = Fate::Acknowledged;
    }

    pub(crate) fn refused(&mut self, id: Id, why: &str) {
        self.counts.fault(Fault::Refused, || format!("event {id}: {why}"));
        self.events[id].fate = Fate::Refused;
        self.set_waiting(id, None, false);
    }

    /// Notes the messages of one answer, in order, and checks them. Returns those that can be acted on.
    pub(crate) fn received(&mut self, receive: Receive, messages: &[Message<'_>]) -> Vec<(Id, String)> {
        let mut known = Vec::with_capacity(messages.len());
        let mut before: BTreeMap<usize, BTreeSet<u32>> = BTreeMap::new();
        for message in messages {
            self.counts.did(Did::Received, 1);
            let name = QUEUES[receive.queue];
            let found = id_of(message.body).filter(|id| *id < self.events.len());
            let Some((id, at)) = found.and_then(|id| Some((id, self.at(id, receive.queue)?))) else {
                let start: String = message.body.chars().take(40).collect();
                self.counts.fault(Fault::Phantom, || format!("{name} holds {start:?}"));
                continue;
            };
            if message.body != self.body_of(id) {
                self.counts.fault(Fault::Damaged, || format!("event {id} in {name}"));
            }
            if self.events[id].fate == Fate::Refused {
                self.counts.fault(Fault::Phantom, || format!("event {id} was refused and is in {name}"));
            }
            self.check_order(receive.queue, id, &mut before);
            self.check_copy(receive, id, at, message);
            known.push((id, message.handle.to_owned()));
        }
        known
    }

    fn at(&self, id: Id, queue: usize) -> Option<usize> {
        self.events[id].route.queues.iter().position(|other| *other == queue)
    }

    fn copy(&mut self, id: Id, queue: usize) -> Option<&mut Copy> {
        let at = self.at(id, queue)?;
        Some(&mut self.events[id].copies[at])
    }

    /// Whatever comes earlier in the group must have been deleted, or come earlier in the same answer.
    fn check_order(&self, queue: usize, id: Id, before: &mut BTreeMap<usize, BTreeSet<u32>>) {
        let Some((group, number)) = self.events[id].place else { return };
        let before = before.entry(group).or_default();
        let waiting = self.waiting.get(&(queue, group));
        let skipped = waiting.and_then(|waiting| {
            waiting.range(..number).map(|(number, _)| *number).find(|earlier| !before.contains(earlier))
        });
        let behind = before.last().filter(|last| **last > number);
        if let Some(other) = skipped.or(behind.copied()) {
            let name = QUEUES[queue];
            self.counts.fault(Fault::Order, || format!("{name}, group {group}: {number} came before {other}"));
        }
        before.insert(number);
    }

    fn check_copy(&mut self, receive: Receive, id: Id, at: usize, message: &Message<'_>) {
        let counts = self.counts.clone();
        let event = &mut self.events[id];
        let (name, fifo, copy) = (QUEUES[receive.queue], event.route.fifo, &mut event.copies[at]);
        if *copy.message_id.get_or_insert_with(|| message.id.to_owned()) != message.id {
            let fault = if fifo { Fault::Deduplication } else { Fault::Doubled };
            counts.fault(fault, || format!("event {id} in {name} as {} and {}", message.id, copy_id(copy)));
        }
        if let Deletion::Done(when) = copy.deletion
            && receive.asked > when
        {
            counts.fault(Fault::Resurrected, || format!("event {id} in {name}"));
        }
        if let Some((until, told)) = copy.hidden
            && receive.asked > told
            && receive.answered + TOLERANCE < until
        {
            let early = until - receive.answered;
            counts.fault(Fault::Hidden, || format!("event {id} came back to {name} {early:?} too early"));
        }
        if let Some((count, told)) = copy.count
            && receive.asked > told
            && message.count <= count
        {
            counts.fault(Fault::CountBack, || format!("event {id} in {name}: {} after {count}", message.count));
        }
        copy.count = Some((message.count, receive.answered));
        copy.hidden = Some((receive.asked + receive.visibility, receive.answered));
        copy.handle = Some(message.handle.to_owned());
    }

    /// How long a message is surely still its receiver's.
    pub(crate) fn held(&mut self, id: Id, queue: usize, now: Instant) -> Duration {
        let hidden = self.copy(id, queue).and_then(|copy| copy.hidden);
        hidden.map_or(Duration::ZERO, |(until, _)| until.saturating_duration_since(now))
    }

    /// A delete is about to be sent.
    pub(crate) fn deletes(&mut self, id: Id, queue: usize) {
        if let Some(copy) = self.copy(id, queue)
            && copy.deletion == Deletion::None
        {
            copy.deletion = Deletion::Tried;
            self.set_waiting(id, Some(queue), false);
        }
    }

    pub(crate) fn deleted(&mut self, id: Id, queue: usize, now: Instant) {
        self.counts.did(Did::Deleted, 1);
        if let Some(copy) = self.copy(id, queue) {
            copy.deletion = Deletion::Done(now);
        }
    }

    /// A delete was refused, so the message is still there: the handle had expired.
    pub(crate) fn delete_refused(&mut self, id: Id, queue: usize) {
        self.counts.did(Did::Refused, 1);
        if let Some(copy) = self.copy(id, queue)
            && copy.deletion == Deletion::Tried
        {
            copy.deletion = Deletion::None;
            self.set_waiting(id, Some(queue), true);
        }
    }

    fn set_waiting(&mut self, id: Id, only: Option<usize>, waits: bool) {
        let event = &self.events[id];
        let Some((group, number)) = event.place else { return };
        for queue in event.route.queues.iter().filter(|queue| only.is_none_or(|only| only == **queue)) {
            let waiting = self.waiting.entry((*queue, group)).or_default();
            if waits {
                waiting.insert(number, id);
            } else {
                waiting.remove(&number);
            }
        }
    }

    /// A message is about to be made visible: from now on nothing is promised.
    pub(crate) fn reveals(&mut self, id: Id, queue: usize) {
        if let Some(copy) = self.copy(id, queue) {
            copy.hidden = None;
        }
    }

    /// A message is hidden for so long after `asked`.
    pub(crate) fn hides(&mut self, id: Id, queue: usize, asked: Instant, hidden: Duration, now: Instant) {
        self.counts.did(Did::Hidden, 1);
        if let Some(copy) = self.copy(id, queue) {
            copy.hidden = Some((asked + hidden, now));
        }
    }

    /// A line of an object that a stream landed.
    pub(crate) fn landed(&mut self, stream: usize, line: &str) {
        self.counts.did(Did::Landed, 1);
        let name = STREAMS[stream].0;
        let found = id_of(line).filter(|id| self.events.get(*id).is_some_and(|it| it.route.stream == Some(stream)));
        let Some(id) = found else {
            let start: String = line.chars().take(40).collect();
            return self.counts.fault(Fault::Phantom, || format!("{name} landed {start:?}"));
        };
        if line != self.body_of(id).trim_end() {
            self.counts.fault(Fault::Damaged, || format!("event {id} landed by {name}"));
        }
        self.events[id].landed += 1;
        if self.events[id].landed == 2 {
            self.counts.fault(Fault::RecordsTwice, || format!("event {id} by {name}"));
        }
    }

    /// Whether every acknowledged record landed.
    pub(crate) fn all_landed(&self) -> bool {
        !self.open.iter().any(|id| self.misses_record(&self.events[*id]))
    }

    fn misses_record(&self, event: &Event) -> bool {
        event.route.stream.is_some() && event.fate == Fate::Acknowledged && event.landed == 0
    }

    /// Checks a queue's depth, in flight and delayed included, while nobody works on it.
    pub(crate) fn check_depth(&mut self, queue: usize, depth: usize) {
        let (mut least, mut most) = (0, 0);
        for id in &self.open {
            let event = &self.events[*id];
            let Some(at) = event.route.queues.iter().position(|other| *other == queue) else { continue };
            let copy = &event.copies[at];
            let there = event.fate == Fate::Acknowledged || copy.message_id.is_some();
            let possible = event.fate != Fate::Refused && !matches!(copy.deletion, Deletion::Done(_));
            least += usize::from(there && copy.deletion == Deletion::None);
            most += usize::from(possible);
        }
        if depth < least || depth > most {
            let name = QUEUES[queue];
            self.counts.fault(Fault::Depth, || format!("{name} holds {depth}, clients know of {least} to {most}"));
        }
    }

    /// Forgets to look at events about which nothing can change any more. Between rounds, when no call is under way.
    pub(crate) fn tidy(&mut self) {
        let Self { events, open, .. } = self;
        open.retain(|id| {
            let event = &events[*id];
            let gone = event.copies.iter().all(|copy| matches!(copy.deletion, Deletion::Done(_)));
            !gone || (event.route.stream.is_some() && event.landed == 0)
        });
    }

    /// The last receipt handles of messages that may be in flight, for who wants to see them now.
    pub(crate) fn in_flight(&mut self, queue: usize) -> Vec<(Id, String)> {
        let mut handles = Vec::new();
        for id in self.open.clone() {
            let Some(copy) = self.copy(id, queue) else { continue };
            if !matches!(copy.deletion, Deletion::Done(_))
                && let Some(handle) = copy.handle.clone()
            {
                copy.hidden = None;
                handles.push((id, handle));
            }
        }
        handles
    }

    /// At the end, when every queue is empty and every stream has landed: what is missing.
    pub(crate) fn close(&mut self) {
        for id in &self.open {
            let event = &self.events[*id];
            let acknowledged = event.fate == Fate::Acknowledged;
            let mut seen: Vec<_> = event.copies.iter().map(|copy| copy.message_id.is_some()).collect();
            for (copy, queue) in event.copies.iter().zip(event.route.queues) {
                if (acknowledged || copy.message_id.is_some()) && copy.deletion == Deletion::None {
                    self.counts.fault(Fault::Lost, || format!("event {id} of {}", QUEUES[*queue]));
                }
            }
            if self.misses_record(event) {
                self.counts.fault(Fault::RecordsLost, || format!("event {id} of {}", event.route.name));
            }
            seen.extend(event.route.stream.map(|_| event.landed > 0));
            if !acknowledged && seen.contains(&true) && seen.contains(&false) {
                let way = if event.route == &EVENTS { "queues and the stream" } else { "queues" };
                self.counts.fault(Fault::Half, || format!("event {id}: {way} saw it: {seen:?}"));
            }
        }
    }
}

fn copy_id(copy: &Copy) -> &str {
    copy.message_id.as_deref().unwrap_or_default()
}
