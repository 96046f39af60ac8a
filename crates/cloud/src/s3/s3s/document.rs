//! A document that an operation reads by itself, because `s3s` doesn't know all that S3 takes.

use super::call::Call;
use super::respond::{MAX_DOCUMENT, sent, too_long};
use crate::s3::error::{Failure, Result};

/// The document of a call.
///
/// # Errors
/// `MaxMessageLengthExceeded` if it is longer than 20 MiB; `MalformedXML` if it doesn't come whole.
pub(crate) async fn take(call: &Call) -> Result<Vec<u8>> {
    let Some(mut body) = call.body.lock().take() else { return Err(Failure::malformed_xml()) };
    if sent(call) > MAX_DOCUMENT {
        return Err(too_long());
    }
    let document = body.store_all_limited(MAX_DOCUMENT as usize).await.map_err(|_| Failure::malformed_xml())?;
    Ok(document.to_vec())
}
