//! Landing the buffers that are due: all in one transaction if they can, else each by itself.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Buffer, Part, Partitions};
use crate::core::Cloud;
use crate::firehose::buffer;
use crate::firehose::error_log::{self, Told};
use crate::firehose::format::{Failure, Output};
use crate::firehose::landing::{self, Outcome};
use crate::firehose::objects::{Group, Object};
use crate::firehose::prefix::{ErrorOutputType, PartitionKeys};
use crate::firehose::refusal::Refusal;
use crate::firehose::retry::{self, Failing};
use engine::{Position, StreamId};
use jq::Allowance;
use wire::AwsError;

/// Steps that queries may take for buffers that are landed together: the longest runs go without a result then.
const STEPS: usize = 20_000_000;
/// After so many steps others have a turn.
const TURN: usize = 1_000_000;
/// Buffers are landed together up to so many bytes.
pub(super) const MAX_BYTES: u64 = 256 << 20;

/// The error of a record whose partition would be one too many.
const EXCEEDED: (&str, &str) = (
    "DynamicPartitioning.ActivePartitionsLimitExceeded",
    "The number of active partitions has exceeded the configured limit",
);

/// What a buffer becomes: its object, and one for each kind of failure among its parts; and what is to be told of these.
#[derive(Default)]
struct Groups {
    of_kind: BTreeMap<Option<ErrorOutputType>, (PartitionKeys, Group)>,
    told: Told,
}

/// The objects of a buffer, and what is to be told of its failures.
type Made = Result<(Vec<Object>, Told), String>;

impl Partitions {
    /// Lands buffers; what can't land goes back and waits.
    ///
    /// # Errors
    /// The log can't be read, or can't be written: what should have landed, or should have been given up, still waits.
    pub(super) async fn flush(&mut self, cloud: &Arc<Cloud>, id: StreamId, due: Vec<Buffer>) -> Result<(), AwsError> {
        let made = match self.make_objects(cloud, &due).await {
            Ok(made) => made,
            Err(error) => {
                due.into_iter().for_each(|buffer| self.put_back(buffer));
                return Err(error);
            }
        };
        let (mut ready, mut objects, mut failures, mut refused) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (buffer, made) in due.into_iter().zip(made) {
            match made {
                Ok((made, told)) => {
                    ready.push(buffer);
                    objects.push(made);
                    failures.push(told);
                }
                Err(reason) => refused.push((buffer, Refusal::internal(reason))),
            }
        }
        let outcomes = self.land(cloud, id, &ready, &objects).await;
        let mut told = Told::default();
        for ((buffer, landed), failures) in ready.into_iter().zip(outcomes).zip(&failures) {
            match landed {
                Ok(()) => told.add_all(failures),
                Err(refusal) => refused.push((buffer, refusal)),
            }
        }
        let mut kept = Ok(());
        for (buffer, refusal) in refused {
            told.add_refusal(&refusal);
            kept = kept.and(self.keep(cloud, id, buffer, &refusal.reason).await);
        }
        error_log::write(cloud, &self.maker.document, &told).await;
        kept
    }

    /// Lands buffers, together if there is a transaction that holds them all.
    async fn land(
        &mut self,
        cloud: &Arc<Cloud>,
        id: StreamId,
        buffers: &[Buffer],
        objects: &[Vec<Object>],
    ) -> Vec<Outcome> {
        if buffers.len() > 1
            && let Ok(outcomes) = self.land_together(cloud, id, buffers, objects).await
        {
            return outcomes;
        }
        let mut outcomes = Vec::with_capacity(buffers.len());
        for (buffer, objects) in buffers.iter().zip(objects) {
            let flushed = self.outstanding.changes(id, parts([buffer]));
            let outcome = landing::land_batch(cloud, &self.maker.document, objects, flushed).await;
            if outcome.is_ok() {
                self.outstanding.remove(parts([buffer]));
            }
            outcomes.push(outcome);
        }
        outcomes
    }

    /// Lands buffers in one transaction, each of them if nothing stands against it.
    async fn land_together(
        &mut self,
        cloud: &Arc<Cloud>,
        id: StreamId,
        buffers: &[Buffer],
        objects: &[Vec<Object>],
    ) -> Result<Vec<Outcome>, AwsError> {
        let batches: Vec<&[Object]> = objects.iter().map(Vec::as_slice).collect();
        // Made beforehand, since it may take time: mostly all of them land.
        let all = self.outstanding.changes(id, parts(buffers));
        let flushed = |outcomes: &[Outcome]| match outcomes.iter().all(Result::is_ok) {
            true => all,
            false => self.outstanding.changes(id, parts(landed(buffers, outcomes))),
        };
        let outcomes = landing::land(cloud, &self.maker.document, &batches, flushed).await?;
        self.outstanding.remove(parts(landed(buffers, &outcomes)));
        Ok(outcomes)
    }

    /// A buffer that couldn't land: what has waited for too long is given up, the rest waits.
    async fn keep(
        &mut self,
        cloud: &Arc<Cloud>,
        id: StreamId,
        mut buffer: Buffer,
        reason: &str,
    ) -> Result<(), AwsError> {
        let name = self.maker.document.name.clone();
        cloud.notice(&Refusal::internal(reason).of_stream(&name).reason);
        let now = cloud.core.now();
        let too_old: Vec<Part> = buffer.parts.extract_if(.., |part| retry::is_given_up(part.record.at, now)).collect();
        let lost = || too_old.iter().map(|part| (part.position, part.index));
        if !too_old.is_empty() {
            let changes = self.outstanding.changes(id, lost());
            let given_up = retry::give_up(cloud, &name, too_old.len(), &changes, reason).await;
            if let Err(error) = given_up {
                buffer.parts.extend(too_old);
                self.put_back(buffer);
                return Err(error);
            }
            self.outstanding.remove(lost());
        }
        if let Some(oldest) = buffer.parts.iter().map(|part| part.record.at).min() {
            buffer.oldest = oldest;
            buffer.failing = Some(Failing::after(buffer.failing, now, Some(oldest)));
            self.put_back(buffer);
        }
        Ok(())
    }

    /// Makes the objects of each buffer. Each record is read and processed once, whatever the number of its parts.
    async fn make_objects(&self, cloud: &Arc<Cloud>, buffers: &[Buffer]) -> Result<Vec<Made>, AwsError> {
        let mut records = BTreeMap::new();
        let mut owners: HashMap<(Position, u16), usize> = HashMap::new();
        for (owner, buffer) in buffers.iter().enumerate() {
            for part in &buffer.parts {
                records.insert(part.position, part.record);
                owners.insert((part.position, part.index), owner);
            }
        }
        let records: Vec<_> = records.into_iter().collect();
        let data = buffer::read(cloud, &records).await?;
        let now = cloud.core.now();
        let mut groups: Vec<Groups> = buffers.iter().map(|_| Groups::default()).collect();
        let (mut allowance, mut turn) = (Allowance::new(STEPS), TURN);
        for ((position, of), (arrived, record)) in records.iter().zip(&data) {
            let of = (of.seq, of.index);
            let outputs = self.maker.process(record, &mut allowance);
            // A stop of the server ends it here as well.
            if allowance.spent() > turn {
                turn = allowance.spent() + TURN;
                tokio::task::yield_now().await;
            }
            for (index, output) in (0..).zip(outputs) {
                let Some(owner) = owners.get(&(*position, index)) else { continue };
                let output = match &buffers[*owner].name.0 {
                    None => output,
                    Some(kind) => output.and_then(|output| Err(self.refused(*kind, record, *arrived, &output))),
                };
                let kind = output.as_ref().err().map(|failure| failure.kind);
                let Groups { of_kind, told } = &mut groups[*owner];
                let (keys, group) = of_kind.entry(kind).or_insert_with(|| (PartitionKeys::new(), Group::new(*arrived)));
                match output {
                    Ok(output) => {
                        *keys = output.keys;
                        group.push(*arrived, of, output.data);
                    }
                    Err(failure) => {
                        told.add_failure(&failure);
                        group.push_failure(*arrived, of, &failure, now);
                    }
                }
            }
        }
        let objects = |groups: Groups| {
            let object = |(kind, (keys, group))| self.maker.make_object(&keys, kind, group, &mut || cloud.core.uuid());
            let objects: Result<Vec<Object>, String> = groups.of_kind.into_iter().map(object).collect();
            objects.map(|objects| (objects, groups.told))
        };
        Ok(groups.into_iter().map(objects).collect())
    }

    /// Why an output is among the failures.
    fn refused(&self, kind: ErrorOutputType, record: &[u8], arrived: u64, output: &Output) -> Failure {
        let evaluated = self.maker.partition(record, arrived, output);
        evaluated.err().unwrap_or_else(|| self.maker.failure(kind, EXCEEDED.0, EXCEEDED.1, record, output))
    }
}

/// Those of the buffers that have landed.
fn landed<'b>(buffers: &'b [Buffer], outcomes: &[Outcome]) -> impl Iterator<Item = &'b Buffer> {
    buffers.iter().zip(outcomes).filter(|(_, outcome)| outcome.is_ok()).map(|(buffer, _)| buffer)
}

fn parts<'b>(buffers: impl IntoIterator<Item = &'b Buffer>) -> impl Iterator<Item = (Position, u16)> {
    buffers.into_iter().flat_map(|buffer| &buffer.parts).map(|part| (part.position, part.index))
}
