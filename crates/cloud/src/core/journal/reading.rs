//! How the journal is looked at.

use super::{Journal, Landed, Moment};
use engine::topic::Refusal;
use engine::{Millis, Seq, SubscriptionId};

/// A message that is remembered, without its record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Remembered {
    pub seq: Seq,
    pub at: Millis,
    pub copies: u32,
}

impl Journal {
    /// How many messages are remembered.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// Bytes of memory that it takes.
    pub(crate) fn bytes(&self) -> u64 {
        self.records.bytes() + self.lives.bytes()
    }

    /// Whether a message was forgotten that was here.
    pub(crate) fn has_forgotten(&self) -> bool {
        self.records.has_forgotten()
    }

    /// Up to `most` messages whose number is below `before`, the newest first, each with its record.
    pub(crate) fn before(&self, before: Seq, most: usize) -> impl Iterator<Item = (Remembered, &[u8])> {
        let until = self.records.before(before);
        let slots = self.records.slots(until.saturating_sub(most)).take(until.min(most)).rev();
        slots.map(|slot| {
            let remembered = Remembered { seq: slot.seq, at: slot.at, copies: slot.copies };
            (remembered, self.records.record(slot))
        })
    }

    /// Up to `most` messages whose number is above `after`, the oldest first, each with its record.
    pub(crate) fn after(&self, after: Seq, most: usize) -> impl Iterator<Item = (Remembered, &[u8])> {
        let slots = self.records.slots(self.records.before(after.saturating_add(1))).take(most);
        slots.map(|slot| {
            let remembered = Remembered { seq: slot.seq, at: slot.at, copies: slot.copies };
            (remembered, self.records.record(slot))
        })
    }

    /// The record of a message.
    pub(crate) fn record(&self, seq: Seq) -> Option<&[u8]> {
        self.records.find(seq).map(|slot| self.records.record(slot))
    }

    /// What happened to a copy, oldest first, and whether there was more that is forgotten.
    pub(crate) fn life(&self, seq: Seq, index: u16) -> (Vec<Moment>, bool) {
        self.records.copy(seq, index).map_or_else(|| (Vec::new(), true), |last| self.lives.of(*last))
    }

    /// The last thing that happened to a copy.
    pub(crate) fn last(&self, seq: Seq, index: u16) -> Option<Moment> {
        self.lives.get(*self.records.copy(seq, index)?)
    }

    /// An object that landed, by the number that its records have.
    pub(crate) fn object(&self, number: u32) -> Option<&Landed> {
        self.lives.landed(number)
    }

    /// The objects that landed, newest first.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Landed> {
        self.lives.objects()
    }

    /// Why a subscription got nothing of a message.
    pub(crate) fn refusal(&self, seq: Seq, subscription: &str) -> Option<&Refusal> {
        let mut found = self.refusals.iter().filter(|(of, _)| *of == seq).map(|(_, refusal)| refusal);
        found.find(|refusal| refusal.subscription == subscription)
    }

    /// When a subscription was declared last since the start.
    pub(crate) fn changed(&self, subscription: SubscriptionId) -> Option<Millis> {
        self.changed.get(&subscription).copied()
    }
}
