//! A state that is being loaded: it is made beside the one in force, change by change, and takes its place with one more. Until
//! then nothing sees it; if that change never comes, nothing ever does.
//!
//! So a load is as long as it has to be, others change the old state meanwhile, and the log holds either all of it or none: the
//! one record that switches. Every segment that is opened on the way repeats the declarations of both states.

use std::borrow::Cow;

use super::change::Change;
use super::{Engine, Owner};

impl<'a> Change<'a> {
    /// Reads a record of the log, of the state in force or of one that was being loaded when it was written; none where it is no change
    /// that this program knows.
    pub fn of_record(record: &'a [u8]) -> Option<Self> {
        match postcard::from_bytes(record).ok()? {
            Change::Incoming { change: Cow::Borrowed(change) } => postcard::from_bytes(change).ok(),
            change => Some(change),
        }
    }

    /// The same change, of a state that is being loaded.
    pub fn incoming(&self) -> Change<'static> {
        // Writing to memory can't fail, and every type of a change has a known shape.
        Change::Incoming { change: Cow::Owned(postcard::to_stdvec(self).unwrap_or_default()) }
    }
}

impl Engine {
    /// The state that is being loaded.
    pub fn incoming(&self) -> Option<&Engine> {
        self.incoming.as_deref()
    }

    /// Forgets a state that is being loaded: nobody goes on with it.
    pub fn drop_incoming(&mut self) {
        self.incoming = None;
    }

    pub(super) fn apply_incoming(&mut self, encoded: &[u8]) -> Owner {
        let change = match postcard::from_bytes::<Change<'_>>(encoded) {
            Err(_) | Ok(Change::Incoming { .. } | Change::IncomingGone | Change::Loaded) => return Owner::None,
            Ok(change) => change,
        };
        let strictness = self.strictness;
        let incoming = self.incoming.get_or_insert_with(|| Box::new(Engine::new(strictness)));
        match incoming.apply(&change) {
            Owner::None => Owner::None,
            owner => Owner::Incoming(Box::new(owner)),
        }
    }

    /// Numbers that were given out before are never given out again, whichever state gave them.
    pub(super) fn become_incoming(&mut self) {
        let Some(incoming) = self.incoming.take() else { return };
        let before = std::mem::replace(self, *incoming);
        self.next_seq = self.next_seq.max(before.next_seq);
        self.next_id = self.next_id.max(before.next_id);
        // Of two states no route is the same.
        self.generation = self.generation.max(before.generation) + 1;
        if self.salt == 0 {
            self.salt = before.salt;
        }
    }
}
