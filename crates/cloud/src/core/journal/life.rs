//! What happened to copies of messages: moments in a ring, each with the number of the one before it of the same copy.

use std::collections::VecDeque;

use serde::Serialize;

use super::History;
use engine::{Millis, StreamId};

/// Moments that are kept for each message that may be remembered.
const PER_MESSAGE: usize = 4;
/// Objects that are kept.
const OBJECTS: usize = 10_000;

/// What can happen to a copy; the console tells it by these names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    Received,
    /// Its visibility was changed.
    Hidden,
    Deleted,
    Expired,
    Purged,
    /// Its queue was deleted.
    Gone,
    /// To the dead-letter queue, for it was received too often.
    DeadLettered,
    /// By a message move task.
    Moved,
    Landed,
    /// A stream gave it up, or made nothing of it.
    GivenUp,
}

/// Something that happened to a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub at: Millis,
    pub what: What,
    /// Of a receive or a change of visibility: until when it is hidden; of a move: its place in the queue where it lies now; of a
    /// landing: the byte.
    pub data: u64,
    /// Of a receive: the consumer's number; of a move: the queue's; of a landing: the object's.
    pub extra: u32,
}

/// An object that a stream landed.
#[derive(Debug, Clone)]
pub(crate) struct Landed {
    pub stream: StreamId,
    pub at: Millis,
    pub bucket: String,
    pub key: String,
    pub records: usize,
    /// As it lies in the bucket.
    pub bytes: u64,
    /// It holds what failed.
    pub failed: bool,
}

#[derive(Debug)]
struct Link {
    moment: Moment,
    /// The number of the one before.
    before: u64,
}

/// All moments that are remembered.
#[derive(Debug)]
pub(super) struct Lives {
    most: usize,
    links: VecDeque<Link>,
    /// The number of the first that is there; numbers begin at 1.
    first: u64,
    objects: VecDeque<Landed>,
    first_object: u32,
}

impl Lives {
    pub(super) fn new(bound: History) -> Self {
        let fits = usize::try_from(bound.bytes / 4).unwrap_or(usize::MAX) / size_of::<Link>();
        let most = bound.messages.saturating_mul(PER_MESSAGE).min(fits);
        Self { most, links: VecDeque::new(), first: 1, objects: VecDeque::new(), first_object: 0 }
    }

    pub(super) fn bytes(&self) -> u64 {
        (self.links.len() * size_of::<Link>()) as u64
    }

    pub(super) fn forget(&mut self) {
        self.first += self.links.len() as u64;
        self.links = VecDeque::new();
        self.first_object = self.first_object.wrapping_add(self.objects.len() as u32);
        self.objects = VecDeque::new();
    }

    /// Adds a moment to a copy, `last` being its last one.
    pub(super) fn push(&mut self, last: &mut u64, moment: Moment) {
        if self.most == 0 {
            return;
        }
        if self.links.len() == self.most {
            self.links.pop_front();
            self.first += 1;
        }
        self.links.push_back(Link { moment, before: *last });
        *last = self.first + self.links.len() as u64 - 1;
    }

    /// Keeps an object; its number.
    pub(super) fn object(&mut self, object: Landed) -> Option<u32> {
        if self.most == 0 {
            return None;
        }
        if self.objects.len() == OBJECTS {
            self.objects.pop_front();
            self.first_object = self.first_object.wrapping_add(1);
        }
        self.objects.push_back(object);
        Some(self.first_object.wrapping_add(self.objects.len() as u32 - 1))
    }

    /// An object by its number.
    pub(super) fn landed(&self, number: u32) -> Option<&Landed> {
        self.objects.get(number.wrapping_sub(self.first_object) as usize)
    }

    /// The objects that are remembered, newest first.
    pub(super) fn objects(&self) -> impl Iterator<Item = &Landed> {
        self.objects.iter().rev()
    }

    pub(super) fn get(&self, number: u64) -> Option<Moment> {
        self.link(number).map(|link| link.moment)
    }

    fn link(&self, number: u64) -> Option<&Link> {
        self.links.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// What happened up to a copy's last moment, oldest first, and whether there was more that is forgotten.
    pub(super) fn of(&self, last: u64) -> (Vec<Moment>, bool) {
        let (mut moments, mut number) = (Vec::new(), last);
        while let Some(link) = self.link(number) {
            moments.push(link.moment);
            number = link.before;
        }
        moments.reverse();
        (moments, number != 0)
    }
}
