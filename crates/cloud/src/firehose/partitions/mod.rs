//! Dynamic partitioning: each partition of a stream has a buffer of its own ("Buffer data for dynamic partitioning").
//!
//! A partition is a value that the stream's prefix evaluates to. Its buffer is due when it holds as many bytes, or its first
//! record is as old, as the buffering hints say; once it has landed the partition is gone. The records lie in the log; the
//! buffers only say which parts of which records belong to them, so after a restart the records are sorted again.
//!
//! ```text
//! mod          sorts records into buffers, and says which are due
//! flush        lands buffers that are due
//! outstanding  which parts of records still wait
//! ```

mod flush;
mod outstanding;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jq::Allowance;

use self::outstanding::Outstanding;
use super::buffer::{self, Step};
use super::chaos::Late;
use super::format::Output;
use super::objects::ObjectMaker;
use super::prefix::ErrorOutputType;
use super::refusal::Refusal;
use super::retry::Failing;
use super::stream::Document;
use crate::core::Cloud;
use engine::stream::{LandedParts, Record};
use engine::{Change, Millis, Position, StreamId};
use wire::AwsError;

/// "Amazon Data Firehose Quota": 500 active partitions a stream.
const MAX_ACTIVE: usize = 500;
/// Bytes of records that are sorted at once, and steps that queries take for them, or few more: other streams wait meanwhile.
const SORT_BYTES: u64 = 16 << 20;
const SORT_STEPS: usize = 1_000_000;
/// How long a stream waits whose records can't be read.
const PAUSE: Millis = 1_000;

/// What a buffer's objects begin with: a partition's prefix, or the kind of failure (with an empty prefix).
type Name = (Option<ErrorOutputType>, String);

/// A part of a record in a buffer.
#[derive(Debug, Clone, Copy)]
struct Part {
    position: Position,
    record: Record,
    /// Which of the record's parts; 0 if the record isn't split.
    index: u16,
}

/// The buffer of a partition, or of a kind of failure.
#[derive(Debug)]
struct Buffer {
    name: Name,
    oldest: Millis,
    bytes: u64,
    parts: Vec<Part>,
    failing: Option<Failing>,
}

/// The buffers of one stream.
pub(super) struct Partitions {
    /// The configuration that they were sorted by.
    config: String,
    maker: ObjectMaker,
    /// The position that is sorted next.
    next: Position,
    open: BTreeMap<Name, Buffer>,
    /// Buffers that have their size.
    full: Vec<Buffer>,
    outstanding: Outstanding,
    /// All that has come is to land, whether it is due or not.
    hurried: bool,
}

/// Sorts what has come to a stream and lands what is due.
pub(super) async fn step(
    cloud: &Arc<Cloud>,
    id: StreamId,
    hurried: bool,
    all: &mut HashMap<StreamId, Partitions>,
    late: &mut Late,
) -> Step {
    match try_step(cloud, id, hurried, all, late).await {
        Ok(step) => step,
        Err(error) => {
            cloud.notice(&error.message);
            Step::Until(cloud.core.now() + PAUSE)
        }
    }
}

async fn try_step(
    cloud: &Arc<Cloud>,
    id: StreamId,
    hurried: bool,
    all: &mut HashMap<StreamId, Partitions>,
    late: &mut Late,
) -> Result<Step, AwsError> {
    let sorted_by = all.get(&id).map(|partitions| partitions.config.as_str());
    let found = cloud.core.read(|engine, _| {
        let config = &engine.stream(id)?.config;
        Some((sorted_by != Some(&config.document)).then(|| config.clone()))
    });
    // It was deleted.
    let Some(changed) = found else { return Ok(Step::Again) };
    if let Some(config) = changed {
        all.insert(id, Partitions::new(Document::of(&config)?, config.document)?);
    }
    let Some(partitions) = all.get_mut(&id) else { return Ok(Step::Again) };
    partitions.hurried |= hurried;
    let sorted = partitions.sort_some(cloud, id).await?;
    let due = partitions.take_due(cloud.core.now());
    partitions.hurried &= sorted;
    let flushed = !due.is_empty();
    if flushed {
        if let Some(at) = late.until(cloud, id) {
            due.into_iter().for_each(|buffer| partitions.put_back(buffer));
            return Ok(if sorted { Step::Again } else { Step::Until(at) });
        }
        partitions.flush(cloud, id, due).await?;
    }
    Ok(if sorted || flushed { Step::Again } else { Step::Until(partitions.next_due(cloud.core.now())) })
}

impl Partitions {
    fn new(document: Document, config: String) -> Result<Self, AwsError> {
        let name = document.name.clone();
        let maker = ObjectMaker::new(document).map_err(|reason| Refusal::internal(reason).of_stream(&name))?;
        let (open, full, outstanding) = (BTreeMap::new(), Vec::new(), Outstanding::default());
        Ok(Self { config, maker, next: 0, open, full, outstanding, hurried: false })
    }

    /// Sorts the next records; whether there were any.
    async fn sort_some(&mut self, cloud: &Arc<Cloud>, id: StreamId) -> Result<bool, AwsError> {
        let next: Vec<(Position, Record, Option<LandedParts>)> = cloud.core.read(|engine, _| {
            let Some(stream) = engine.stream(id) else { return Vec::new() };
            let mut fits = buffer::up_to(SORT_BYTES);
            let records = stream.records_from(self.next).take(buffer::READ_AT_ONCE);
            let records = records.take_while(|(_, record)| fits(record.bytes.into()));
            let with_parts = |(position, record)| (position, record, stream.landed_parts(position).cloned());
            records.map(with_parts).collect()
        });
        if next.is_empty() {
            return Ok(false);
        }
        let records: Vec<_> = next.iter().map(|(position, record, _)| (*position, *record)).collect();
        let data = buffer::read(cloud, &records).await?;
        let (mut empty, mut allowance) = (Vec::new(), Allowance::new(SORT_STEPS));
        for ((position, record, landed), (_, data)) in next.into_iter().zip(data) {
            if self.sort(position, record, landed.as_ref(), &data, &mut allowance) == 0 {
                empty.push(position);
            }
            self.next = position + 1;
            if allowance.spent() >= SORT_STEPS {
                break;
            }
        }
        if !empty.is_empty() {
            buffer::remove(cloud, &[Change::Flushed { stream: id, positions: empty }]).await?;
        }
        Ok(true)
    }

    /// Puts the parts of a record that haven't landed into their buffers; says how many they are.
    fn sort(
        &mut self,
        position: Position,
        record: Record,
        landed: Option<&LandedParts>,
        data: &[u8],
        allowance: &mut Allowance,
    ) -> u16 {
        let outputs = self.maker.process(data, allowance);
        let of = outputs.len() as u16;
        // A record that is split otherwise than it was lands again as a whole: rather twice than never.
        let landed = landed.filter(|landed| landed.of == of);
        let mut left = 0;
        for (index, output) in (0..of).zip(outputs) {
            if landed.is_some_and(|landed| landed.landed.contains(&index)) {
                continue;
            }
            left += 1;
            let (name, bytes) = match &output {
                Ok(output) => (self.name_of(data, record.at, output), output.data.len()),
                Err(failure) => ((Some(failure.kind), String::new()), failure.raw.len()),
            };
            self.add(name, Part { position, record, index }, bytes as u64);
        }
        if left > 0 {
            self.outstanding.add(position, of, left);
        }
        left
    }

    /// The buffer that an output belongs to.
    fn name_of(&self, data: &[u8], arrived: Millis, output: &Output) -> Name {
        let name = match self.maker.partition(data, arrived, output) {
            Ok(prefix) => (None, prefix),
            Err(failure) => return (Some(failure.kind), String::new()),
        };
        if !self.open.contains_key(&name) && self.count_active() >= MAX_ACTIVE {
            return (Some(ErrorOutputType::ActivePartitionExceeded), String::new());
        }
        name
    }

    /// The number of partitions that hold something.
    fn count_active(&self) -> usize {
        let full = self.full.iter().filter(|buffer| !self.open.contains_key(&buffer.name));
        self.open.keys().chain(full.map(|buffer| &buffer.name)).filter(|(failure, _)| failure.is_none()).count()
    }

    /// Adds a part that becomes so many bytes to a buffer.
    fn add(&mut self, name: Name, part: Part, bytes: u64) {
        let buffer = self.open.entry(name).or_insert_with_key(|name| Buffer {
            name: name.clone(),
            oldest: part.record.at,
            bytes: 0,
            parts: Vec::new(),
            failing: None,
        });
        buffer.oldest = buffer.oldest.min(part.record.at);
        buffer.bytes += bytes;
        buffer.parts.push(part);
        if buffer.bytes >= self.maker.document.destination.buffer_bytes() {
            let name = buffer.name.clone();
            self.full.extend(self.open.remove(&name));
        }
    }

    /// When a buffer is due.
    fn due_at(&self, buffer: &Buffer, full: bool, now: Millis) -> Millis {
        let time = self.maker.document.destination.buffer_millis();
        let at = if full { 0 } else { buffer::due_within(buffer.oldest, time, now) };
        buffer.failing.map_or(at, |failing| failing.retry_at(now).max(at))
    }

    /// When the next buffer is due.
    fn next_due(&self, now: Millis) -> Millis {
        let full = self.full.iter().map(|buffer| self.due_at(buffer, true, now));
        let open = self.open.values().map(|buffer| self.due_at(buffer, false, now));
        full.chain(open).min().unwrap_or(Millis::MAX)
    }

    /// Takes the buffers out that are due, as many as are landed at once.
    fn take_due(&mut self, now: Millis) -> Vec<Buffer> {
        let mut due = Vec::new();
        let mut fits = buffer::up_to(flush::MAX_BYTES);
        let mut index = 0;
        while index < self.full.len() {
            if self.due_at(&self.full[index], true, now) <= now && fits(self.full[index].bytes) {
                due.push(self.full.remove(index));
            } else {
                index += 1;
            }
        }
        let open = self.open.values().filter(|buffer| self.hurried || self.due_at(buffer, false, now) <= now);
        let names: Vec<Name> = open.take_while(|buffer| fits(buffer.bytes)).map(|buffer| buffer.name.clone()).collect();
        due.extend(names.iter().filter_map(|name| self.open.remove(name)));
        due
    }

    /// Puts a buffer back that couldn't land.
    fn put_back(&mut self, buffer: Buffer) {
        if buffer.bytes >= self.maker.document.destination.buffer_bytes() {
            self.full.push(buffer);
        } else {
            // Nothing was sorted since it was taken.
            self.open.insert(buffer.name.clone(), buffer);
        }
    }
}
