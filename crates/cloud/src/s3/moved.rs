//! Documents whose files have other names now: a state was loaded.

use serde::Serialize;

use super::error::Failure;
use super::record::{Object, Part, key};
use super::store::decode;
use crate::blobs::Blob;
use engine::Seq;
use wire::AwsError;

/// A document that names bytes, as it is with other files.
pub(crate) struct WithFiles {
    pub document: Vec<u8>,
    /// The number of its bytes, if they lie in the log.
    pub kept: Option<Seq>,
}

/// The document with the files that `name` gives it; none for a document that names no bytes.
///
/// # Errors
/// The document can't be read; what `name` says.
pub(crate) fn with_files(
    doc: &str,
    value: &[u8],
    mut name: impl FnMut(&Blob) -> Result<String, AwsError>,
) -> Result<Option<WithFiles>, AwsError> {
    let mut rename = |blobs: &mut Vec<Blob>| {
        blobs.iter_mut().try_for_each(|blob| {
            blob.id = name(blob)?;
            Ok::<(), AwsError>(())
        })
    };
    if doc.starts_with(key::OBJECTS) || doc.starts_with(key::VERSIONS) {
        let mut object: Object = decode(doc, value).map_err(AwsError::from)?;
        rename(&mut object.blobs)?;
        Ok(Some(WithFiles { document: encode(&object)?, kept: object.kept }))
    } else if doc.starts_with(key::PARTS) {
        let mut part: Part = decode(doc, value).map_err(AwsError::from)?;
        rename(&mut part.blobs)?;
        Ok(Some(WithFiles { document: encode(&part)?, kept: None }))
    } else {
        Ok(None)
    }
}

fn encode(document: &impl Serialize) -> Result<Vec<u8>, AwsError> {
    serde_json::to_vec(document).map_err(|error| AwsError::from(Failure::internal(error)))
}
