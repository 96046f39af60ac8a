//! JSON 1.0 and 1.1: [`Json`] reads a request's body, [`to_vec`] writes an answer's. [`response`] writes the query protocol's answers
//! for clients that want JSON. [`Unique`] is JSON of the server's own pages, in which no field stands twice.

mod escape;
pub(crate) mod negotiated;
mod read;
mod strict;
#[cfg(test)]
mod tests;
mod unique;
mod write;

pub use negotiated::response;
pub use read::Json;
pub use unique::Unique;
pub use write::to_vec;
