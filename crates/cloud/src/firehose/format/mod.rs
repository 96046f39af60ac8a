//! What becomes of records on the way to an object: processors, partitions, delimiters, compression.

mod errors;
mod object;
mod pipeline;

pub use errors::error_line;
pub use object::{Compression, ObjectBody};
pub(super) use pipeline::METADATA;
pub use pipeline::{Failure, Output, Pipeline, Processor};
