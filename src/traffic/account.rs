//! How a leg balances, as reports tell it.

use serde::{Deserialize, Serialize};

use super::stats::Summary;
use crate::event::envelope::Place;

/// How many events of each kind of fault are named.
pub(crate) const SAMPLE: usize = 10;

/// An event as it is named: `publisher:sequence`.
pub(super) fn told(place: Place) -> String {
    format!("{}:{}", place.publisher, place.sequence)
}

/// How one leg balances. What needs the publisher's side is absent where that isn't known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// Every arrival, duplicates included.
    pub received: u64,
    /// Acknowledged by the cloud, to come here, and never seen here nor found in a dead-letter queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
    /// The first of the lost, as `publisher:sequence`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Seen more than once, but for those that were published twice.
    pub duplicated: u64,
    /// Published twice, and seen so; absent where none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicated_on_purpose: Option<u64>,
    /// What nobody can handle, and nobody did; absent where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poison: Option<u64>,
    pub out_of_order: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late: Option<u64>,
    /// Seen, though the publisher was told that it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unacknowledged: Option<u64>,
    /// Kept out by the subscription's filter policy; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filtered: Option<u64>,
    /// Seen, though the filter policy of the subscription should have kept it out, or nothing leads here; absent where everything is to
    /// come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrongly_delivered: Option<u64>,
    /// Not seen, and nobody can say whether it was to come; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unjudged: Option<u64>,
    /// Not handled, and found in a dead-letter queue; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead: Option<u64>,
    /// Behind a later event of its message group; absent where no order is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_broken: Option<u64>,
    #[serde(default, skip_serializing_if = "Offenders::is_empty")]
    pub offenders: Offenders,
    pub latency: Option<Summary>,
}

/// The first events of each kind of fault, as `publisher:sequence`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Offenders {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wrongly_delivered: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub duplicated: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order_broken: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub late: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unjudged: Vec<String>,
    /// With the reason behind it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dead: Vec<String>,
}

impl Offenders {
    /// Each kind as it is said, and its events.
    pub(crate) fn kinds(&self) -> [(&'static str, &Vec<String>); 6] {
        [
            ("delivered, though a filter policy keeps it out", &self.wrongly_delivered),
            ("duplicated", &self.duplicated),
            ("behind a later one of its message group", &self.order_broken),
            ("late", &self.late),
            ("not seen, and nobody can say whether it was to come", &self.unjudged),
            ("in a dead-letter queue", &self.dead),
        ]
    }

    /// The lists of all kinds.
    pub(crate) fn lists(&mut self) -> [&mut Vec<String>; 6] {
        [
            &mut self.wrongly_delivered,
            &mut self.duplicated,
            &mut self.order_broken,
            &mut self.late,
            &mut self.unjudged,
            &mut self.dead,
        ]
    }

    fn is_empty(&self) -> bool {
        self.kinds().iter().all(|(_, events)| events.is_empty())
    }
}
