//! Firehose: delivery streams that land batches of records in S3.
//!
//! ```text
//! stream  destination  error               what a stream is, and how Firehose refuses
//! create  delete  describe  list  update   the operations
//! put  encryption  tags
//! flusher                                  watches the streams, and has what is due land
//! whole  partitions/                       streams with one buffer, and with dynamic partitioning: when they are due
//! buffer  objects  landing  retry          records out of the log, into objects, into the bucket; else again, for a day
//! chaos                                    what rules of chaos do to deliveries
//! refusal  error_log                       why a batch can't land; what CloudWatch Logs are told of it and of failures
//! format/  prefix/                         processors, compression, error records; names of objects
//! ```

mod buffer;
mod chaos;
mod create;
mod delete;
mod describe;
mod destination;
mod empty;
mod encryption;
mod error;
mod error_log;
pub(crate) mod flusher;
mod format;
mod landing;
mod list;
mod objects;
mod partitions;
mod prefix;
mod put;
mod refusal;
mod retry;
mod stream;
mod tags;
mod update;
mod whole;

#[cfg(test)]
pub(crate) use whole::flush;

use crate::operations;
use crate::request::{Members, Operation, Service, Words};
use wire::{Names, Protocol};

/// What its model says of requests.
static MEMBERS: Members =
    Members::new(Words::Framework("ValidationException"), include_str!("../../data/members/firehose.tsv"));

/// What tells its requests apart, and what it answers.
pub(crate) static SERVICE: Service = Service {
    id: "firehose",
    title: "Firehose",
    version: None,
    target: Some(("Firehose_20150804", Protocol::Json11)),
    namespace: "http://firehose.amazonaws.com/doc/2015-08-04/",
    names: Names::Wrapped,
    error_prefix: "",
    // Records of 4 MiB together, in base64.
    body_limit: 8 << 20,
    operations: OPERATIONS,
    members: Some(&MEMBERS),
    absent: "",
};

const OPERATIONS: &[Operation] = operations! {
    "CreateDeliveryStream" => create::create_delivery_stream,
    "DeleteDeliveryStream" => delete::delete_delivery_stream,
    "DescribeDeliveryStream" => describe::describe_delivery_stream,
    "ListDeliveryStreams" => list::list_delivery_streams,
    "ListTagsForDeliveryStream" => tags::list_tags_for_delivery_stream,
    "PutRecord" => put::put_record [durable],
    "PutRecordBatch" => put::put_record_batch [durable],
    "StartDeliveryStreamEncryption" => encryption::start,
    "StopDeliveryStreamEncryption" => encryption::stop,
    "TagDeliveryStream" => tags::tag_delivery_stream,
    "UntagDeliveryStream" => tags::untag_delivery_stream,
    "UpdateDestination" => update::update_destination,
};
