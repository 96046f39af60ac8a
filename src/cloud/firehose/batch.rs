//! A batch: what one flush takes from a stream's buffer, and the objects it becomes.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

use super::destination::Destination;
use super::format::{ObjectBody, Pipeline, error_line};
use super::prefix::{ErrorOutputType, Evaluation, PartitionKeys, Prefixes, object_key};
use super::stream::Document;
use crate::engine::Millis;

/// A stream's configuration, ready to make objects.
pub struct Plan {
    pub document: Document,
    pipeline: Pipeline,
    prefixes: Prefixes,
}

/// An object that is to land.
pub struct Object {
    pub key: String,
    pub body: Vec<u8>,
}

/// Outputs under one prefix.
struct Group {
    oldest: Millis,
    data: Vec<Vec<u8>>,
}

impl Plan {
    /// The error says what of the configuration can't be used; creating or updating the stream has refused it before.
    pub fn new(document: Document) -> Result<Self, String> {
        let pipeline = document.destination.pipeline()?;
        let prefixes = document.destination.prefixes()?;
        Ok(Self { document, pipeline, prefixes })
    }

    /// The objects of a batch of records, each with its time of arrival; `uuid` makes new ids.
    ///
    /// Times in prefixes and names are of the oldest record of the object ("Understand custom prefixes for Amazon S3
    /// objects").
    pub fn objects(
        &self,
        records: &[(Millis, Bytes)],
        now: Millis,
        mut uuid: impl FnMut() -> String,
    ) -> Result<Vec<Object>, String> {
        let mut groups: BTreeMap<PartitionKeys, Group> = BTreeMap::new();
        let mut failures: BTreeMap<ErrorOutputType, Group> = BTreeMap::new();
        for (arrived, record) in records {
            for output in self.pipeline.run(record) {
                let (group, data) = match output {
                    Ok(output) => (groups.entry(output.keys).or_insert_with(|| Group::new(*arrived)), output.data),
                    Err(failure) => {
                        let line = error_line(&failure, 1, *arrived as i64, now as i64);
                        (failures.entry(failure.kind).or_insert_with(|| Group::new(*arrived)), line)
                    }
                };
                group.oldest = group.oldest.min(*arrived);
                group.data.push(data);
            }
        }
        let mut objects = Vec::new();
        for (keys, group) in groups {
            objects.push(self.object(&keys, None, group, &mut uuid)?);
        }
        for (kind, group) in failures {
            objects.push(self.object(&PartitionKeys::new(), Some(kind), group, &mut uuid)?);
        }
        Ok(objects)
    }

    fn object(
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
        for data in &group.data {
            body.push(data).map_err(|error| error.to_string())?;
        }
        Ok(Object { key, body: body.finish().map_err(|error| error.to_string())? })
    }
}

impl Group {
    fn new(oldest: Millis) -> Self {
        Self { oldest, data: Vec::new() }
    }
}
