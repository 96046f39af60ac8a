//! What the cloud should hold: the rules of queues, topics and a stream once more, over plain lists, written to be obvious.
//!
//! Every message has a body of its own, and is known by it.

use std::collections::{BTreeMap, BTreeSet};

use super::{DEAD, DEAD_FIFO, FIRST, PLAIN, SECOND};
use engine::Millis;

/// [`PLAIN`]'s maxReceiveCount.
pub(super) const MOST: u32 = 2;
/// [`FIRST`]'s maxReceiveCount.
pub(super) const MOST_FIFO: u32 = 3;

const WINDOW: Millis = 300_000;

/// A message as clients see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub body: String,
    pub id: String,
    pub group: Option<String>,
    pub sent_at: Millis,
    /// When it becomes visible; none when it is.
    pub deadline: Option<Millis>,
    pub count: u32,
    pub first_received: Millis,
    /// The queue it was redriven from.
    pub source: Option<String>,
}

/// What a cloud holds, or should.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct View {
    pub queues: BTreeMap<String, Vec<Line>>,
    /// The stream's records that wait.
    pub buffer: Vec<String>,
    /// Those that have landed.
    pub landed: Vec<String>,
}

impl View {
    /// What clients can still get: without messages that nobody has cleared away, and in an order that means something
    /// within a message group only.
    fn settled(mut self, now: Millis) -> Self {
        for (name, lines) in &mut self.queues {
            let retention = retention(name);
            lines.retain(|line| line.sent_at + retention > now);
            if name.ends_with(".fifo") {
                lines.sort_by(|a, b| a.group.cmp(&b.group));
            } else {
                lines.sort_by(|a, b| a.body.cmp(&b.body));
            }
        }
        self
    }
}

#[derive(Debug, Clone)]
pub(super) struct Message {
    /// As clients see it, but for the deadline.
    pub line: Line,
    /// When it becomes visible; may have passed.
    pub visible_at: Millis,
    /// The queue it was sent to first.
    pub origin: &'static str,
    /// What the last receive gave out.
    pub handle: Option<String>,
}

/// An open deduplication window.
#[derive(Debug, Clone)]
pub(super) struct Window {
    pub id: String,
    pub until: Millis,
    /// The message that opened it, and what its sender was answered.
    pub body: String,
    pub answer: String,
}

#[derive(Debug, Clone)]
pub(super) struct Queue {
    pub name: &'static str,
    pub fifo: bool,
    pub retention: Millis,
    /// The dead-letter queue and the maxReceiveCount.
    pub dead: Option<(&'static str, u32)>,
    pub messages: Vec<Message>,
    pub windows: Vec<Window>,
}

#[derive(Debug, Clone)]
pub(super) struct Model {
    pub queues: Vec<Queue>,
    /// The FIFO topic's.
    pub windows: Vec<Window>,
    pub buffer: Vec<String>,
    pub landed: Vec<String>,
    /// The ids of messages by the queue they were sent to and their body; they stay when the message goes.
    pub ids: BTreeMap<(&'static str, String), String>,
    /// The last SequenceNumber that was given out.
    pub sequence: String,
    /// Messages made so far: their bodies are numbered.
    pub made: usize,
}

/// A queue's retention.
fn retention(queue: &str) -> Millis {
    match queue {
        PLAIN => 120_000,
        DEAD => 100_000,
        _ => 4 * 86_400_000,
    }
}

impl Queue {
    fn new(name: &'static str) -> Self {
        let dead = match name {
            PLAIN => Some((DEAD, MOST)),
            FIRST => Some((DEAD_FIFO, MOST_FIFO)),
            _ => None,
        };
        let (fifo, retention) = (name.ends_with(".fifo"), retention(name));
        Self { name, fifo, retention, dead, messages: Vec::new(), windows: Vec::new() }
    }

    fn lives(&self, message: &Message, now: Millis) -> bool {
        message.line.sent_at + self.retention > now
    }

    /// Messages whose retention has ended are gone.
    pub(super) fn expire(&mut self, now: Millis) {
        let retention = self.retention;
        self.messages.retain(|message| message.line.sent_at + retention > now);
    }

    /// Which messages a receive may hand out: visible ones; of a message group none behind one that isn't.
    fn available(&self, now: Millis) -> Vec<usize> {
        let mut blocked = BTreeSet::new();
        let mut available = Vec::new();
        for (index, message) in self.messages.iter().enumerate() {
            let group = (self.fifo, message.line.group.clone());
            if message.visible_at > now {
                blocked.insert(group);
            } else if !self.fifo || !blocked.contains(&group) {
                available.push(index);
            }
        }
        available
    }

    /// The messages that a client may change or delete: it holds their handle. A FIFO queue's only before the deadline.
    pub(super) fn held(&self, now: Millis, in_flight_only: bool) -> Vec<usize> {
        let all = self.messages.iter().enumerate();
        let held = all.filter(|(_, message)| {
            let in_flight = message.visible_at > now || !(in_flight_only || self.fifo);
            message.handle.is_some() && in_flight && self.lives(message, now)
        });
        held.map(|(index, _)| index).collect()
    }

    pub(super) fn window(&self, id: &str, now: Millis) -> Option<&Window> {
        open(&self.windows, id, now)
    }

    fn add(&mut self, body: &str, group: Option<&str>, now: Millis, visible_at: Millis) {
        let line = Line { body: body.to_owned(), group: group.map(str::to_owned), sent_at: now, ..Line::default() };
        self.messages.push(Message { line, visible_at, origin: self.name, handle: None });
    }
}

pub(super) fn open<'w>(windows: &'w [Window], id: &str, now: Millis) -> Option<&'w Window> {
    windows.iter().find(|window| window.id == id && window.until > now)
}

/// What a consumer got.
pub(super) struct Got {
    pub body: String,
    pub id: String,
    pub count: u32,
    pub handle: String,
    pub group: String,
    pub sequence: String,
}

impl Model {
    pub(super) fn new() -> Self {
        Self {
            queues: [PLAIN, DEAD, SECOND, FIRST, DEAD_FIFO].map(Queue::new).into(),
            windows: Vec::new(),
            buffer: Vec::new(),
            landed: Vec::new(),
            ids: BTreeMap::new(),
            sequence: String::new(),
            made: 0,
        }
    }

    pub(super) fn queue(&self, name: &str) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.name == name)
    }

    pub(super) fn queue_mut(&mut self, name: &str) -> Option<&mut Queue> {
        self.queues.iter_mut().find(|queue| queue.name == name)
    }

    pub(super) fn body(&self) -> String {
        format!("m{};", self.made)
    }

    /// A send that was answered with the message id `answer`.
    pub(super) fn send(&mut self, queue: &str, now: Millis, delay: Millis, answer: &str) {
        let body = self.body();
        self.made += 1;
        let visible_at = if delay == 0 { 0 } else { now + delay };
        if let Some(queue) = self.queue_mut(queue) {
            queue.add(&body, None, now, visible_at);
        }
        self.name(queue, &body, answer);
    }

    /// A message's id becomes known; it was nobody else's before. An empty one isn't known yet.
    fn name(&mut self, queue: &str, body: &str, id: &str) {
        let Some(queue) = self.queues.iter_mut().find(|known| known.name == queue) else { return };
        let message = queue.messages.iter_mut().find(|message| message.line.body == body && message.line.id.is_empty());
        let Some(message) = message.filter(|_| !id.is_empty()) else { return };
        assert!(!self.ids.values().any(|known| known == id), "the id of {message:?}, {id}, was another's");
        message.line.id = id.to_owned();
        self.ids.insert((message.origin, body.to_owned()), id.to_owned());
    }

    /// A send to a FIFO queue that was answered with `answer` and a SequenceNumber.
    pub(super) fn send_fifo(&mut self, queue: &str, group: &str, id: &str, now: Millis, answer: &str, sequence: &str) {
        let Some(known) = self.queue(queue).and_then(|queue| queue.window(id, now)).cloned() else {
            assert!(self.sequence.as_str() < sequence, "sequence numbers grow");
            self.sequence = sequence.to_owned();
            let body = self.body();
            self.enter_fifo(queue, group, id, now, answer);
            self.name(queue, &body, answer);
            self.made += 1;
            return;
        };
        let original = self.ids.iter().find(|((_, body), _)| *body == known.body).map(|(_, id)| id.as_str());
        assert!(original.is_none_or(|original| original == answer), "a duplicate is answered as {known:?}");
    }

    fn enter_fifo(&mut self, queue: &str, group: &str, id: &str, now: Millis, answer: &str) {
        let body = self.body();
        let Some(queue) = self.queue_mut(queue) else { return };
        queue.add(&body, Some(group), now, 0);
        queue.windows.retain(|window| window.until > now);
        queue.windows.push(Window { id: id.to_owned(), until: now + WINDOW, body, answer: answer.to_owned() });
    }

    /// All queues that want it, and the stream: all or none.
    pub(super) fn publish(&mut self, red: bool, now: Millis) {
        let body = self.body();
        self.made += 1;
        self.buffer.push(body.clone());
        for name in [PLAIN, SECOND].into_iter().filter(|name| red || *name == PLAIN) {
            if let Some(queue) = self.queue_mut(name) {
                queue.add(&body, None, now, 0);
            }
        }
    }

    /// The topic knows a duplicate, and so does the queue behind it.
    pub(super) fn publish_fifo(&mut self, group: &str, id: &str, now: Millis, answer: &str) {
        if let Some(known) = open(&self.windows, id, now) {
            let lost = known.answer.is_empty();
            assert!(lost || known.answer == answer, "a duplicate is answered as the original");
            return;
        }
        let body = self.body();
        self.windows.retain(|window| window.until > now);
        self.windows.push(Window { id: id.to_owned(), until: now + WINDOW, body, answer: answer.to_owned() });
        if self.queue(FIRST).is_some_and(|queue| queue.window(id, now).is_none()) {
            self.enter_fifo(FIRST, group, id, now, answer);
        }
        self.made += 1;
    }

    pub(super) fn put(&mut self) {
        self.buffer.push(self.body());
        self.made += 1;
    }

    pub(super) fn flush(&mut self) {
        self.landed.append(&mut self.buffer);
        self.landed.sort();
    }

    /// What a receive got must be what it may get. `after` says which messages are in the dead-letter queue now.
    pub(super) fn receive(
        &mut self,
        name: &str,
        (max, visibility): (usize, Millis),
        now: Millis,
        got: &[Got],
        after: &View,
    ) {
        got.iter().for_each(|got| self.name(name, &got.body, &got.id));
        let Some(queue) = self.queues.iter_mut().find(|queue| queue.name == name) else { return };
        let may_lack = queue.fifo && queue.messages.iter().any(|message| !queue.lives(message, now));
        queue.expire(now);
        let available = queue.available(now);
        let exhausted = |message: &Message| queue.dead.is_some_and(|(_, most)| message.line.count >= most);
        let dead_lines = queue.dead.and_then(|(dead, _)| after.queues.get(dead)).map(Vec::as_slice).unwrap_or_default();
        let is_moved = |message: &Message| dead_lines.iter().any(|line| line.body == message.line.body);
        let is_got = |message: &Message| got.iter().any(|it| it.body == message.line.body);
        for got in got {
            let index = queue.messages.iter().position(|message| message.line.body == got.body);
            let message = index.map(|index| &queue.messages[index]);
            let message = message.unwrap_or_else(|| panic!("{name} gave {}, which is not in it", got.body));
            assert!(index.is_some_and(|index| available.contains(&index)), "{name} gave {message:?} at {now}");
            assert!(!exhausted(message), "{name} gave {message:?} once more");
            assert_eq!((got.count, &got.id), (message.line.count + 1, &message.line.id), "{message:?}");
        }
        for (index, newer) in got.iter().enumerate().filter(|_| queue.fifo) {
            let older =
                got[..index].iter().find(|older| older.group == newer.group && older.sequence >= newer.sequence);
            assert!(older.is_none(), "{name} gave {} out of order", newer.body);
        }
        let taken: Vec<bool> =
            available.iter().map(|index| &queue.messages[*index]).map(|it| is_got(it) || is_moved(it)).collect();
        for (index, was_taken) in available.iter().zip(&taken) {
            let message = &queue.messages[*index];
            assert!(!is_moved(message) || exhausted(message), "{message:?} went to the dead-letter queue too early");
            assert!(*was_taken || may_lack || got.len() == max, "{name} has {message:?} and did not give it");
            let older_left = available.iter().zip(&taken).any(|(older, taken)| {
                older < index && !taken && queue.messages[*older].line.group == message.line.group
            });
            assert!(
                !queue.fifo || !was_taken || !older_left,
                "{name} gave {message:?} before an older one of its group"
            );
        }
        let mut moved: Vec<Message> = Vec::new();
        let mut order = dead_lines.iter().map(|line| line.body.clone());
        let moving: Vec<String> =
            queue.messages.iter().filter(|it| is_moved(it)).map(|it| it.line.body.clone()).collect();
        let order: Vec<String> = order.by_ref().filter(|body| moving.contains(body)).collect();
        for body in order {
            let Some(at) = queue.messages.iter().position(|message| message.line.body == body) else { continue };
            moved.push(queue.messages.remove(at));
        }
        for got in got {
            let Some(message) = queue.messages.iter_mut().find(|message| message.line.body == got.body) else {
                continue;
            };
            message.line.count += 1;
            if message.line.first_received == 0 {
                message.line.first_received = now;
            }
            message.visible_at = now + visibility;
            message.handle = Some(got.handle.clone()).filter(|handle| !handle.is_empty());
        }
        let dead = queue.dead.map(|(dead, _)| dead);
        if let Some(dead) = dead.and_then(|dead| self.queue_mut(dead)) {
            for mut message in moved {
                (message.visible_at, message.handle) = (0, None);
                message.line.source = Some(name.to_owned());
                if dead.fifo {
                    message.line.sent_at = now;
                }
                dead.messages.push(message);
            }
        }
    }

    pub(super) fn purge(&mut self, name: &str) {
        if let Some(queue) = self.queue_mut(name) {
            queue.messages.clear();
            queue.windows.clear();
        }
    }

    pub(super) fn make(&mut self, name: &'static str) {
        self.queues.push(Queue::new(name));
    }

    /// What the cloud should hold at `now`.
    pub(super) fn view(&self, now: Millis) -> View {
        let mut view = View { buffer: self.buffer.clone(), landed: self.landed.clone(), ..View::default() };
        for queue in &self.queues {
            let lines = queue.messages.iter().map(|message| Line {
                deadline: Some(message.visible_at).filter(|at| *at > now),
                ..message.line.clone()
            });
            view.queues.insert(queue.name.to_owned(), lines.collect());
        }
        view.settled(now)
    }

    /// Ids that no answer has told yet are taken from the cloud, each once.
    pub(super) fn learn(&mut self, seen: &View) {
        for (queue, lines) in &seen.queues {
            lines.iter().for_each(|line| self.name(queue, &line.body, &line.id));
        }
    }

    /// Whether a cloud holds at `now` what it should.
    pub(super) fn is(&self, seen: &View, now: Millis) -> bool {
        self.view(now) == seen.clone().settled(now)
    }

    /// Panics unless a cloud holds what it should.
    pub(super) fn check(&self, seen: &View, now: Millis, context: &str) {
        let (expected, seen) = (self.view(now), seen.clone().settled(now));
        for (name, lines) in &expected.queues {
            assert_eq!(Some(lines), seen.queues.get(name), "{context}: {name}, expected against seen");
        }
        assert_eq!(expected, seen, "{context}");
    }
}
