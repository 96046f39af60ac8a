//! Who may use the server.

use http::request::Parts;

use crate::cloud::http::guard::Guard;
use crate::cloud::sigv4::{self, Chunks, Credentials, Family, Key};
use crate::cloud::wire::AwsError;

/// Who may use the server: which names and pages, and with which keys.
pub struct Access {
    pub guard: Guard,
    /// The keys that requests must be signed with; `None`: signatures aren't looked at.
    pub credentials: Option<Credentials>,
}

impl Default for Access {
    /// For loopback, without credentials.
    fn default() -> Self {
        Access { guard: Guard::new([127, 0, 0, 1].into(), Vec::new()), credentials: None }
    }
}

impl Access {
    /// The key a request is signed with; `None` where signatures aren't looked at.
    pub fn verify(
        &self,
        parts: &Parts,
        payload: sigv4::Payload<'_>,
        now: u64,
        family: Family,
    ) -> Result<Option<&Key>, AwsError> {
        let Some(credentials) = &self.credentials else { return Ok(None) };
        sigv4::verify(credentials, parts, payload, now, family).map(Some).map_err(|refusal| refusal.error(family))
    }

    /// The same for S3, whose bodies are streamed: with what verifies the chunks, if they are signed.
    pub fn verify_s3(&self, parts: &Parts, now: u64) -> Result<(Option<&Key>, Option<Chunks>), AwsError> {
        let Some(credentials) = &self.credentials else { return Ok((None, None)) };
        let verified = sigv4::verify_streamed(credentials, parts, sigv4::Payload::Declared, now, Family::S3);
        verified.map(|(key, chunks)| (Some(key), chunks)).map_err(|refusal| refusal.error(Family::S3))
    }
}
