//! JSON 1.0 and 1.1: [`Json`] reads a request's body, [`to_vec`] writes an answer's. [`response`] writes the query protocol's answers
//! for clients that want JSON.

pub(crate) mod negotiated;
mod read;
mod strict;
#[cfg(test)]
mod tests;
mod write;

pub use negotiated::response;
pub use read::Json;
pub use write::to_vec;
