//! What a request to the cloud failed for, for people.

use std::error::Error;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// The service's code and words; without an answer, the reason at the bottom.
pub(super) fn reason<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E>) -> String {
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => {
            let first: &(dyn Error + 'static) = error;
            let mut last = first;
            while let Some(source) = last.source() {
                last = source;
            }
            let last = last.to_string();
            status(error).map_or(last.clone(), |status| format!("HTTP {status}: {last}"))
        }
    }
}

/// The HTTP status of the answer, if there was one.
pub(super) fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|answer| answer.status().as_u16())
}
