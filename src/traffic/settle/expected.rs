//! What the queues and the bucket of a run are to get: of each topic that it may have been published to what the subscriptions let through.

use std::collections::BTreeSet;

use crate::event::envelope::{Attribute, Place};
use crate::traffic::filtered::Fed;
use crate::traffic::places::Places;
use crate::traffic::policy::Judged;

/// Which types of events a queue is to get, where a filter policy keeps others out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expect {
    pub(super) queue: String,
    types: BTreeSet<String>,
}

impl Expect {
    /// Reads `QUEUE=TYPE,TYPE`.
    ///
    /// # Errors
    /// What would be right.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (queue, types) = text.split_once('=').ok_or("a queue and types are needed, like orders=order.placed")?;
        let types: BTreeSet<_> = types.split(',').map(|it| it.trim().to_owned()).collect();
        if queue.trim().is_empty() || types.contains("") {
            return Err("a queue and types are needed, like orders=order.placed,payment.captured".into());
        }
        Ok(Self { queue: queue.trim().to_owned(), types })
    }

    /// Whether a type is one of those.
    pub(super) fn has(&self, event_type: &str) -> bool {
        self.types.contains(event_type)
    }
}

/// A leg that was found, and what feeds it.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// As it is called; of a queue both its leg's name and its own.
    pub names: Vec<String>,
    /// By topic, in the order of [`Architecture::topics`].
    pub fed: Vec<Fed>,
    /// Whether also what nobody can handle comes there: in a bucket.
    pub takes_poison: bool,
}

/// What was found of the stack that a run went through.
#[derive(Debug, Clone, Default)]
pub(crate) struct Architecture {
    /// By ARN.
    pub topics: Vec<String>,
    pub legs: Vec<Found>,
}

/// What one leg is to get of a run that went to one topic or another.
#[derive(Debug)]
pub(super) struct Fate {
    found: Found,
    by_topic: Vec<Passed>,
}

/// What a topic's subscription lets through.
#[derive(Debug, Default)]
pub(super) struct Passed {
    pub places: Places,
    /// How many nobody can judge.
    pub unsure: u64,
}

/// A message, as filter policies see it.
pub(super) struct Message<'a> {
    pub place: Place,
    pub body: &'a str,
    /// None if the file doesn't tell.
    pub attributes: Option<&'a [Attribute]>,
    pub poison: bool,
}

impl Fate {
    pub(super) fn new(found: Found) -> Self {
        let by_topic = found.fed.iter().map(|_| Passed::default()).collect();
        Self { found, by_topic }
    }

    /// Whether it is called so.
    pub(super) fn is(&self, name: &str) -> bool {
        self.found.names.iter().any(|known| known == name)
    }

    /// What it is to get of the topic of a number.
    pub(super) fn of(&self, topic: usize) -> Option<&Passed> {
        self.by_topic.get(topic)
    }

    /// Takes in a message that was published.
    pub(super) fn take(&mut self, message: &Message<'_>) {
        if message.poison && !self.found.takes_poison {
            return;
        }
        for (fed, passed) in self.found.fed.iter().zip(&mut self.by_topic) {
            match fed.judge_message(message.attributes, message.body) {
                Judged::Passes => _ = passed.places.insert(message.place),
                Judged::Unsure => passed.unsure += 1,
                Judged::Stopped => {}
            }
        }
    }
}
