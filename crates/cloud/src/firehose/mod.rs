//! Firehose: delivery streams that land batches of records in S3.
//!
//! ```text
//! stream  destination                      what a stream is
//! create  delete  describe  list  update   the operations
//! put  encryption  tags
//! flusher  batch  landing                  when a buffer is due, what becomes of it, how it lands
//! partitions/                              the buffers of streams with dynamic partitioning
//! format/  prefix/                         processors, compression, error records; names of objects
//! ```

mod batch;
pub mod create;
pub mod delete;
mod describe;
pub mod destination;
mod encryption;
pub mod flusher;
pub mod format;
mod landing;
mod list;
mod partitions;
pub mod prefix;
mod put;
pub mod stream;
mod tags;
pub mod update;

use super::gateway::Operation;
use crate::operations;

pub const OPERATIONS: &[Operation] = operations! {
    "CreateDeliveryStream" => create::create_delivery_stream,
    "DeleteDeliveryStream" => delete::delete_delivery_stream,
    "DescribeDeliveryStream" => describe::describe_delivery_stream,
    "ListDeliveryStreams" => list::list_delivery_streams,
    "ListTagsForDeliveryStream" => tags::list_tags_for_delivery_stream,
    "PutRecord" => put::put_record,
    "PutRecordBatch" => put::put_record_batch,
    "StartDeliveryStreamEncryption" => encryption::start,
    "StopDeliveryStreamEncryption" => encryption::stop,
    "TagDeliveryStream" => tags::tag_delivery_stream,
    "UntagDeliveryStream" => tags::untag_delivery_stream,
    "UpdateDestination" => update::update_destination,
};
