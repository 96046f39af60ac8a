//! A rule: whom it is for, when, and what it does.

use super::fault::Fault;
use super::spread::Spread;
use super::subject::Subject;
use engine::Millis;
use text::glob::Glob;

/// A rule as it was given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    pub(super) region: Option<String>,
    pub(super) service: Option<String>,
    pub(super) operation: Option<String>,
    /// A name or an ARN, with stars.
    pub(super) resource: Option<Glob>,
    /// How probable it is that it strikes what it is for.
    pub(super) chance: f64,
    /// How long after it was added it begins, and ends.
    pub(super) from: Millis,
    pub(super) until: Option<Millis>,
    /// It strikes so many times at most.
    pub(super) count: Option<u64>,
    pub(super) effect: Effect,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Effect {
    /// A request waits, fails, or both.
    Answer { latency: Option<Spread>, error: Option<Fault> },
    /// A message of a standard queue that is deleted comes once more.
    Duplicate,
    /// A receive gets the messages of a standard queue in another order.
    Reorder,
    /// A stream's batch lands later.
    Delay(Spread),
    /// The HTTP endpoints of a topic's subscriptions refuse.
    EndpointDown,
}

/// What kinds of rules are asked for, each at a place of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Before an operation.
    Answer,
    /// When a message is deleted.
    Duplicate,
    /// When messages are received.
    Reorder,
    /// When a batch is due.
    Delay,
    /// Before a notification is posted.
    Endpoint,
}

impl Kind {
    pub(super) fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl Effect {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Answer { .. } => Kind::Answer,
            Self::Duplicate => Kind::Duplicate,
            Self::Reorder => Kind::Reorder,
            Self::Delay(_) => Kind::Delay,
            Self::EndpointDown => Kind::Endpoint,
        }
    }

    /// In a few words, for a notice.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Answer { latency: None, error: Some(fault) } => fault.told(),
            Self::Answer { error: Some(fault), .. } => format!("latency, then {}", fault.told()),
            Self::Answer { error: None, .. } => "latency".to_owned(),
            Self::Duplicate => "a duplicate".to_owned(),
            Self::Reorder => "another order".to_owned(),
            Self::Delay(_) => "a delay".to_owned(),
            Self::EndpointDown => "the endpoint is down".to_owned(),
        }
    }
}

impl Rule {
    /// Whether it is for something.
    pub(super) fn is_for(&self, subject: &Subject<'_>) -> bool {
        let is_of = |glob: &Glob| subject.names.iter().any(|name| glob.matches(name));
        self.may_be_for(subject) && self.resource.as_ref().is_none_or(is_of)
    }

    /// Whether it is for something, whatever the names of that are.
    pub(super) fn may_be_for(&self, subject: &Subject<'_>) -> bool {
        let says = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        says(&self.region, subject.region)
            && says(&self.service, subject.service)
            && says(&self.operation, subject.operation)
    }

    /// For how long it holds up what comes all the same: a request by the wall's clock, and a landing by the cloud's.
    pub(super) fn holds_up(&self) -> (Millis, Millis) {
        match &self.effect {
            Effect::Answer { latency: Some(latency), .. } => (latency.usually_at_most(), 0),
            Effect::Delay(delay) => (0, delay.usually_at_most()),
            _ => (0, 0),
        }
    }

    /// Whether it holds so long after it was added.
    pub(super) fn holds_after(&self, since: Millis) -> bool {
        since >= self.from && self.until.is_none_or(|until| since < until)
    }
}
