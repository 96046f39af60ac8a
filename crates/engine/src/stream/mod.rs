//! A delivery stream's buffer: records that wait to land.

mod settings;

use std::collections::{BTreeMap, BTreeSet};

pub use settings::{Buffering, Settings};

use super::config::StreamConfig;
use super::{Millis, Position, Seq};

/// One buffered record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Its payload's number.
    pub seq: Seq,
    /// Which of its payload's deliveries it is.
    pub index: u16,
    /// When it arrived.
    pub at: Millis,
    /// Its length.
    pub bytes: u32,
}

/// Which parts of a record have landed while others of it wait.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LandedParts {
    /// How many parts the record has.
    pub of: u16,
    /// The numbers of the parts that have landed, from 0.
    pub landed: BTreeSet<u16>,
}

/// A stream and its buffer.
#[derive(Debug)]
pub struct Stream {
    /// The stream as its owner declared it: changed by `declare` only, which parses it.
    pub config: StreamConfig,
    /// What of that is needed for every record.
    pub settings: Settings,
    pub(super) records: BTreeMap<Position, Record>,
    pub(super) next_position: Position,
    bytes: u64,
    parts: BTreeMap<Position, LandedParts>,
}

impl Stream {
    /// A stream with nothing in its buffer.
    pub fn new(config: StreamConfig) -> Self {
        let settings = Settings::of(&config);
        Self { config, settings, records: BTreeMap::new(), next_position: 0, bytes: 0, parts: BTreeMap::new() }
    }

    /// Takes a changed declaration. Every segment of the log repeats it: one that is the same is not parsed again.
    pub(super) fn declare(&mut self, config: StreamConfig) {
        if self.config != config {
            self.settings = Settings::of(&config);
            self.config = config;
        }
    }

    /// The position that the next record takes.
    pub fn next_position(&self) -> Position {
        self.next_position
    }

    /// The buffered records in order of arrival.
    pub fn records(&self) -> impl Iterator<Item = (Position, Record)> + '_ {
        self.records.iter().map(|(position, record)| (*position, *record))
    }

    /// The buffered records from a position on.
    pub fn records_from(&self, position: Position) -> impl Iterator<Item = (Position, Record)> + '_ {
        self.records.range(position..).map(|(position, record)| (*position, *record))
    }

    /// The number of buffered records.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether the buffer is empty.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The bytes of the buffered records.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// When the oldest record arrived.
    pub fn oldest(&self) -> Option<Millis> {
        self.records.values().next().map(|record| record.at)
    }

    /// The parts of a record that have landed before the rest of it.
    pub fn landed_parts(&self, position: Position) -> Option<&LandedParts> {
        self.parts.get(&position)
    }

    /// Notes parts that have landed, also of a record that isn't there yet: in a replay its copy may come later.
    pub(super) fn land_parts(&mut self, position: Position, of: u16, landed: &[u16]) {
        let parts = self.parts.entry(position).or_default();
        if parts.of != of {
            *parts = LandedParts { of, landed: BTreeSet::new() };
        }
        parts.landed.extend(landed);
    }

    pub(super) fn add(&mut self, position: Position, record: Record) {
        self.next_position = self.next_position.max(position + 1);
        self.bytes += u64::from(record.bytes);
        if let Some(before) = self.records.insert(position, record) {
            self.bytes -= u64::from(before.bytes);
        }
    }

    pub(super) fn remove(&mut self, position: Position) -> Option<Record> {
        self.parts.remove(&position);
        let record = self.records.remove(&position)?;
        self.bytes -= u64::from(record.bytes);
        Some(record)
    }
}
