//! Landing the buffers that are due: all in one transaction if they can, else each by itself.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Buffer, Part, Partitions};
use crate::core::Cloud;
use crate::firehose::batch::{Group, Object};
use crate::firehose::flusher::{self, Failing, given_up, loss};
use crate::firehose::landing;
use crate::firehose::prefix::{ErrorOutputType, PartitionKeys};
use engine::{Position, StreamId};
use wire::AwsError;

/// Buffers are landed together up to so many bytes.
pub const MOST_BYTES: u64 = 256 << 20;

/// The error of a record whose partition would be one too many.
const EXCEEDED: (&str, &str) = (
    "DynamicPartitioning.ActivePartitionsLimitExceeded",
    "The number of active partitions has exceeded the configured limit",
);

/// What a buffer becomes: its object, and one for each kind of failure among its parts.
type Groups = BTreeMap<Option<ErrorOutputType>, (PartitionKeys, Group)>;

impl Partitions {
    /// Lands buffers; what can't land goes back and waits.
    pub(super) async fn flush(&mut self, cloud: &Arc<Cloud>, id: StreamId, due: Vec<Buffer>) -> Result<(), AwsError> {
        let objects = match self.objects(cloud, &due).await {
            Ok(objects) => objects,
            Err(error) => {
                due.into_iter().for_each(|buffer| self.put_back(buffer));
                return Err(error);
            }
        };
        let (mut ready, mut refused) = (Vec::new(), Vec::new());
        for (buffer, objects) in due.into_iter().zip(objects) {
            let checked =
                objects.and_then(|objects| landing::check(cloud, &self.plan.document, &objects).map(|()| objects));
            match checked {
                Ok(objects) => ready.push((buffer, objects)),
                Err(reason) => refused.push((buffer, reason)),
            }
        }
        let (buffers, objects): (Vec<Buffer>, Vec<Vec<Object>>) = ready.into_iter().unzip();
        if buffers.len() > 1 && self.land(cloud, id, &buffers, objects.iter().flatten()).await.is_ok() {
            self.account.landed(parts(&buffers));
        } else {
            // One that S3 refuses doesn't hold up the others.
            for (buffer, objects) in buffers.into_iter().zip(objects) {
                match self.land(cloud, id, std::slice::from_ref(&buffer), objects.iter()).await {
                    Ok(()) => self.account.landed(parts(std::slice::from_ref(&buffer))),
                    Err(reason) => refused.push((buffer, reason)),
                }
            }
        }
        for (buffer, reason) in refused {
            self.keep(cloud, id, buffer, &reason).await?;
        }
        Ok(())
    }

    async fn land(
        &self,
        cloud: &Arc<Cloud>,
        id: StreamId,
        buffers: &[Buffer],
        objects: impl Iterator<Item = &Object>,
    ) -> Result<(), String> {
        let changes = self.account.changes(id, parts(buffers));
        landing::land(cloud, &self.plan.document, objects, &changes).await
    }

    /// A buffer that couldn't land: what has waited for too long is given up, the rest waits.
    async fn keep(
        &mut self,
        cloud: &Arc<Cloud>,
        id: StreamId,
        mut buffer: Buffer,
        reason: &str,
    ) -> Result<(), AwsError> {
        let name = self.plan.document.name.clone();
        cloud.notice(&format!("the delivery stream {name} can't deliver: {reason}"));
        let now = cloud.core.now();
        let too_old: Vec<Part> = buffer.parts.extract_if(.., |part| given_up(part.record.at, now)).collect();
        let lost = || too_old.iter().map(|part| (part.position, part.index));
        if !too_old.is_empty() {
            let changes = self.account.changes(id, lost());
            let noted = cloud.core.execute_freeing(|transaction| {
                changes.iter().for_each(|change| transaction.apply(change));
                Ok(())
            });
            if let Err(error) = noted.await {
                buffer.parts.extend(too_old);
                self.put_back(buffer);
                return Err(error);
            }
            self.account.landed(lost());
            cloud.notice(&loss(&name, too_old.len(), reason));
        }
        if let Some(oldest) = buffer.parts.iter().map(|part| part.record.at).min() {
            buffer.oldest = oldest;
            buffer.failing = Some(Failing::after(buffer.failing, now, Some(oldest)));
            self.put_back(buffer);
        }
        Ok(())
    }

    /// The objects of each buffer. Each record is read and processed once, whatever the number of its parts.
    async fn objects(
        &self,
        cloud: &Arc<Cloud>,
        buffers: &[Buffer],
    ) -> Result<Vec<Result<Vec<Object>, String>>, AwsError> {
        let mut records = BTreeMap::new();
        let mut owners: HashMap<(Position, u16), usize> = HashMap::new();
        for (owner, buffer) in buffers.iter().enumerate() {
            for part in &buffer.parts {
                records.insert(part.position, part.record);
                owners.insert((part.position, part.index), owner);
            }
        }
        let records: Vec<_> = records.into_iter().collect();
        let data = flusher::read(cloud, &records).await?;
        let now = cloud.core.now();
        let mut groups: Vec<Groups> = buffers.iter().map(|_| Groups::new()).collect();
        for ((position, _), (arrived, record)) in records.iter().zip(&data) {
            for (index, output) in (0..).zip(self.plan.run(record)) {
                let Some(owner) = owners.get(&(*position, index)) else { continue };
                let output = match &buffers[*owner].name.0 {
                    None => output,
                    Some(kind) => output.and_then(|output| Err(self.refused(*kind, record, *arrived, &output))),
                };
                let kind = output.as_ref().err().map(|failure| failure.kind);
                let (keys, group) =
                    groups[*owner].entry(kind).or_insert_with(|| (PartitionKeys::new(), Group::new(*arrived)));
                match output {
                    Ok(output) => {
                        *keys = output.keys;
                        group.push(*arrived, output.data);
                    }
                    Err(failure) => group.push_failure(*arrived, &failure, now),
                }
            }
        }
        let objects = |groups: Groups| {
            let object = |(kind, (keys, group))| self.plan.object(&keys, kind, group, &mut || cloud.core.uuid());
            groups.into_iter().map(object).collect()
        };
        Ok(groups.into_iter().map(objects).collect())
    }

    /// Why an output is among the failures.
    fn refused(
        &self,
        kind: ErrorOutputType,
        record: &[u8],
        arrived: u64,
        output: &crate::firehose::format::Output,
    ) -> crate::firehose::format::Failure {
        let evaluated = self.plan.partition(record, arrived, output);
        evaluated.err().unwrap_or_else(|| self.plan.failure(kind, EXCEEDED.0, EXCEEDED.1, record, output))
    }
}

fn parts(buffers: &[Buffer]) -> impl Iterator<Item = (Position, u16)> + '_ {
    buffers.iter().flat_map(|buffer| &buffer.parts).map(|part| (part.position, part.index))
}
