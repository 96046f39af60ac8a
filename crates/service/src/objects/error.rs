//! What can go wrong with objects.

use std::error::Error as StdError;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// What can go wrong with objects.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such object.
    #[error("there is no such object")]
    Missing,
    /// There is an object of that key already.
    #[error("there is an object of that key already")]
    Exists,
    /// Another write of the same key is under way.
    #[error("another write of the same key is under way")]
    Conflict,
    /// It has more bytes than it may.
    #[error("it has more than {most} bytes")]
    TooLarge {
        /// How many it may have.
        most: u64,
    },
    /// The body that was to be stored broke off: its sender is gone, or sent nonsense.
    #[error("the body broke off: {0}")]
    Body(String),
    /// The body comes too slowly to keep memory for it.
    #[error("the body comes too slowly")]
    Slow,
    /// All buffers are in use.
    #[error("too many uploads at a time")]
    Busy,
    /// An object isn't what it should be: somebody else wrote it, or changed it.
    #[error("{key} isn't what it should be: {why}")]
    Broken {
        /// The object.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// The cloud refused, or can't be reached.
    #[error("{what} of {key}: {why}")]
    Cloud {
        /// The operation.
        what: &'static str,
        /// The object.
        key: String,
        /// What the cloud said.
        why: String,
    },
}

/// An error of the SDK, with what was asked for.
pub(super) fn cloud<E: ProvideErrorMetadata + StdError + 'static>(
    what: &'static str,
    key: &str,
    error: &SdkError<E>,
) -> Error {
    let status = error.raw_response().map(|response| response.status().as_u16());
    match (status, error.code()) {
        (Some(412), _) => return Error::Exists,
        (Some(409), Some("ConditionalRequestConflict")) => return Error::Conflict,
        // A missing bucket is no missing object; a HEAD has no body that says which.
        (Some(404), Some("NoSuchKey" | "NotFound") | None) => return Error::Missing,
        _ => {}
    }
    let why = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => {
            // The reason stands at the bottom, as "connection refused".
            let mut deepest: &dyn StdError = error;
            while let Some(source) = deepest.source() {
                deepest = source;
            }
            deepest.to_string()
        }
    };
    Error::Cloud { what, key: key.to_owned(), why }
}
