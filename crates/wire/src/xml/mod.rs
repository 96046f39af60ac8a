//! XML of the query protocol and of REST: [`response`] writes an operation's output, [`Writer`] whatever else there is, and [`mended`]
//! makes XML of what another writer left in its texts.

mod element;
mod error;
mod escape;
mod root;
#[cfg(test)]
mod tests;
mod writer;

use serde::Serialize;

use crate::{AwsError, Names};
use element::Answer;
use root::Root;

pub use escape::mended;
pub use writer::Writer;

/// Writes the answer of an operation: `<XResponse><XResult>..</XResult><ResponseMetadata>..`.
///
/// An operation whose output is `()` has no result element.
pub fn response<T: Serialize>(
    operation: &'static str,
    namespace: &str,
    names: Names,
    request_id: &str,
    output: &T,
) -> Result<Vec<u8>, AwsError> {
    let mut answer = Answer { xml: Writer::with_capacity(512), names, operation };
    if names == Names::Flat {
        answer.xml.raw("<?xml version=\"1.0\"?>");
    }
    for part in ["<", operation, "Response xmlns=\"", namespace, "\">"] {
        answer.xml.raw(part);
    }
    output
        .serialize(Root { answer: &mut answer })
        .map_err(|error| AwsError::internal(format!("The answer can't be written as XML: {error}")))?;
    for part in ["<ResponseMetadata><RequestId>", request_id, "</RequestId></ResponseMetadata></", operation] {
        answer.xml.raw(part);
    }
    answer.xml.raw("Response>");
    Ok(answer.xml.into_bytes())
}
