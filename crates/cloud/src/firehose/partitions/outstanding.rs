//! Which records still have parts that wait, so that a record leaves the log's buffer with its last part.

use std::collections::{BTreeMap, HashMap};

use engine::change::PartsOf;
use engine::{Change, Position, StreamId};

/// The records with parts that wait.
#[derive(Debug, Default)]
pub(super) struct Outstanding {
    records: HashMap<Position, Waiting>,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    of: u16,
    left: u16,
}

impl Outstanding {
    /// Notes that a record of `of` parts has `left` that wait.
    pub(super) fn add(&mut self, position: Position, of: u16, left: u16) {
        self.records.insert(position, Waiting { of, left });
    }

    /// The changes that take parts out of the stream's buffer.
    pub(super) fn changes(&self, id: StreamId, parts: impl Iterator<Item = (Position, u16)>) -> Vec<Change<'static>> {
        let mut by_record: BTreeMap<Position, Vec<u16>> = BTreeMap::new();
        parts.for_each(|(position, index)| by_record.entry(position).or_default().push(index));
        let (mut positions, mut rest) = (Vec::new(), Vec::new());
        for (position, landed) in by_record {
            match self.records.get(&position) {
                Some(waiting) if usize::from(waiting.left) > landed.len() => {
                    rest.push(PartsOf { position, of: waiting.of, landed });
                }
                _ => positions.push(position),
            }
        }
        let mut changes = Vec::new();
        if !positions.is_empty() {
            changes.push(Change::Flushed { stream: id, positions });
        }
        if !rest.is_empty() {
            changes.push(Change::PartsLanded { stream: id, parts: rest });
        }
        changes
    }

    /// Notes that parts have landed, or were given up.
    pub(super) fn remove(&mut self, parts: impl Iterator<Item = (Position, u16)>) {
        for (position, _) in parts {
            if let Some(waiting) = self.records.get_mut(&position) {
                waiting.left -= 1;
                if waiting.left == 0 {
                    self.records.remove(&position);
                }
            }
        }
    }
}
