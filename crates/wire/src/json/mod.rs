//! JSON 1.0 and 1.1: [`Json`] reads a request's body, [`to_vec`] writes an answer's.

mod read;
mod strict;
#[cfg(test)]
mod tests;
mod write;

pub use read::Json;
pub use write::to_vec;
