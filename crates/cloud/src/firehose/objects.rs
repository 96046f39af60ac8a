//! The objects that records become.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use jq::Allowance;

use super::destination::Destination;
use super::error_log::Told;
use super::format::{Failure, METADATA, ObjectBody, Output, Pipeline, error_line};
use super::prefix::{ErrorOutputType, Evaluation, PartitionKeys, Prefixes, object_key};
use super::stream::Document;
use engine::{Millis, Seq};

/// At most this much comes out of a batch, which holds 128 MiB at most: compressed records could become any amount.
const MAX_BYTES: usize = 1 << 30;

fn too_much(record: &[u8]) -> Failure {
    let message = format!("the records before it have become more than {MAX_BYTES} bytes");
    let kind = ErrorOutputType::DecompressionFailed;
    Failure { kind, code: "Decompression.Failed", message, raw: record.to_vec() }
}

/// Makes a stream's objects, as its declaration says.
pub(super) struct ObjectMaker {
    /// The declaration.
    pub document: Document,
    pipeline: Pipeline,
    prefixes: Prefixes,
}

/// Which record it is: its payload's number, and which of the payload's deliveries.
pub(super) type Of = (Seq, u16);

/// An object that is to land.
pub(super) struct Object {
    /// Its name in the bucket.
    pub key: String,
    /// Its bytes.
    pub body: Bytes,
    /// The records in it, each with the byte at which it begins, before compression.
    pub placed: Vec<(Seq, u16, u64)>,
    /// It holds what failed.
    pub failed: bool,
}

/// What one object is made of.
pub(super) struct Group {
    oldest: Millis,
    data: Vec<(Of, Vec<u8>)>,
}

impl ObjectMaker {
    /// Reads a declaration.
    ///
    /// # Errors
    /// What of it can't be used; creating or updating the stream has refused it before.
    pub(super) fn new(document: Document) -> Result<Self, String> {
        let pipeline = document.destination.pipeline()?;
        let prefixes = document.destination.prefixes()?;
        Ok(Self { document, pipeline, prefixes })
    }

    /// Makes the objects of a batch of records, each with its time of arrival; `of` says which record is which, `uuid` makes new
    /// ids. With them comes what is to be told of records that fail.
    ///
    /// Times in prefixes and names are of the oldest record of the object ("Understand custom prefixes for Amazon S3
    /// objects").
    pub(super) fn make_objects(
        &self,
        records: &[(Millis, Bytes)],
        of: &[Of],
        now: Millis,
        mut uuid: impl FnMut() -> String,
    ) -> Result<(Vec<Object>, Told), String> {
        let mut told = Told::default();
        let mut groups: BTreeMap<PartitionKeys, Group> = BTreeMap::new();
        let mut failures: BTreeMap<ErrorOutputType, Group> = BTreeMap::new();
        let mut bytes = 0;
        // A stream whose records are queried has partitions.
        let mut allowance = Allowance::new(0);
        for ((arrived, record), of) in records.iter().zip(of) {
            let outputs = match bytes < MAX_BYTES {
                true => self.pipeline.run(record, &mut allowance),
                false => vec![Err(too_much(record))],
            };
            for output in outputs {
                match output {
                    Ok(output) => {
                        bytes += output.data.len();
                        let group = groups.entry(output.keys).or_insert_with(|| Group::new(*arrived));
                        group.push(*arrived, *of, output.data);
                    }
                    Err(failure) => {
                        told.add_failure(&failure);
                        let group = failures.entry(failure.kind).or_insert_with(|| Group::new(*arrived));
                        group.push_failure(*arrived, *of, &failure, now);
                    }
                }
            }
        }
        let mut objects = Vec::new();
        for (keys, group) in groups {
            objects.push(self.make_object(&keys, None, group, &mut uuid)?);
        }
        for (kind, group) in failures {
            objects.push(self.make_object(&PartitionKeys::new(), Some(kind), group, &mut uuid)?);
        }
        Ok((objects, told))
    }

    /// All that a record becomes.
    pub(super) fn process(&self, record: &[u8], allowance: &mut Allowance) -> Vec<Result<Output, Failure>> {
        self.pipeline.run(record, allowance)
    }

    /// The partition of an output: the prefix as it is evaluated for it, but for what is random.
    ///
    /// The error is what becomes of a record whose prefix can't be evaluated ("Troubleshoot dynamic partitioning errors").
    pub(super) fn partition(&self, record: &[u8], arrived: Millis, output: &Output) -> Result<String, Failure> {
        let failed = |message| self.failure(ErrorOutputType::ProcessingFailed, METADATA, message, record, output);
        let at = Timestamp::from_millisecond(arrived as i64).map_err(|error| failed(error.to_string()))?;
        let at = at.to_zoned(self.document.destination.zone());
        let with = Evaluation { at: &at, keys: &output.keys, random: &mut || 0 };
        self.prefixes.data(with).map_err(|error| failed(error.to_string()))
    }

    /// A failure of an output.
    pub(super) fn failure(
        &self,
        kind: ErrorOutputType,
        code: &'static str,
        message: impl Into<String>,
        record: &[u8],
        output: &Output,
    ) -> Failure {
        Failure { kind, code, message: message.into(), raw: self.pipeline.raw(record, output).to_vec() }
    }

    /// Makes the object of a group: of records with the same partition keys, or of failures.
    pub(super) fn make_object(
        &self,
        keys: &PartitionKeys,
        failure: Option<ErrorOutputType>,
        group: Group,
        uuid: &mut impl FnMut() -> String,
    ) -> Result<Object, String> {
        let destination: &Destination = &self.document.destination;
        let at = Timestamp::from_millisecond(group.oldest as i64).map_err(|error| error.to_string())?;
        let at = at.to_zoned(destination.zone());
        let mut random = || {
            // A UUID's hex digits are the randomness at hand; its version digit is not among the last sixteen.
            let text = uuid();
            u64::from_str_radix(&text.replace('-', "")[16..], 16).unwrap_or_default()
        };
        let with = Evaluation { at: &at, keys, random: &mut random };
        let prefix = match failure {
            None => self.prefixes.data(with),
            Some(kind) => self.prefixes.error(with, kind),
        };
        let prefix = prefix.map_err(|error| error.to_string())?;
        let compression = destination.compression();
        let extension = destination.file_extension.as_deref().unwrap_or(compression.extension());
        let key = object_key(&prefix, &self.document.name, self.document.version, &at, &uuid(), extension);
        let name = key.rsplit('/').next().unwrap_or(&key).to_owned();
        let mut body = ObjectBody::new(compression, &name).map_err(|error| error.to_string())?;
        let (mut placed, mut byte) = (Vec::with_capacity(group.data.len()), 0);
        for ((seq, index), data) in &group.data {
            placed.push((*seq, *index, byte));
            byte += data.len() as u64;
            body.push(data).map_err(|error| error.to_string())?;
        }
        let body = body.finish().map_err(|error| error.to_string())?.into();
        Ok(Object { key, body, placed, failed: failure.is_some() })
    }
}

impl Group {
    /// An empty one; `oldest` is when its first record came.
    pub(super) fn new(oldest: Millis) -> Self {
        Self { oldest, data: Vec::new() }
    }

    /// Adds what a record became.
    pub(super) fn push(&mut self, arrived: Millis, of: Of, data: Vec<u8>) {
        self.oldest = self.oldest.min(arrived);
        self.data.push((of, data));
    }

    /// Adds the line that tells of a failure.
    pub(super) fn push_failure(&mut self, arrived: Millis, of: Of, failure: &Failure, now: Millis) {
        self.push(arrived, of, error_line(failure, 1, arrived as i64, now as i64));
    }
}
