//! Who may use the server.

use std::borrow::Cow;

use http::request::Parts;

use crate::cloud::Cloud;
use crate::cloud::http::guard::Guard;
use crate::cloud::sigv4::{self, Credentials, Family, Refusal, Verified};
use crate::cloud::sts::session;
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
    /// A request's signature, by a key of the server's or of a session; `None` where signatures aren't looked at.
    pub fn verify(
        &self,
        cloud: &Cloud,
        parts: &Parts,
        payload: sigv4::Payload<'_>,
        family: Family,
    ) -> Result<Option<Verified<'_>>, AwsError> {
        let Some(credentials) = &self.credentials else { return Ok(None) };
        let find = |access_key: &str, token: Option<&str>| match credentials.get(access_key) {
            Some(key) => Ok(Cow::Borrowed(key)),
            None => session::key(cloud, access_key, token.ok_or(Refusal::UnknownKey)?).map(Cow::Owned),
        };
        let verified = sigv4::verify(find, parts, payload, cloud.core.now(), family);
        verified.map(Some).map_err(|refusal| refusal.error(family))
    }
}
