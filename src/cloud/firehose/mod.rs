//! Firehose: delivery streams that land batches of records in S3.

pub mod format;
pub mod prefix;

use super::gateway::Operation;

pub const OPERATIONS: &[Operation] = &[];
