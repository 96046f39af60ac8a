//! What becomes of records on the way to an object: processors, partitions, delimiters, compression.

mod errors;
mod object;
mod pipeline;

pub(super) use errors::error_line;
pub(super) use object::{Compression, ObjectBody};
pub(super) use pipeline::METADATA;
pub(super) use pipeline::{Failure, Output, Pipeline, Processor};
