//! Who may use the server.

use std::borrow::Cow;
use std::sync::Arc;

use http::request::Parts;

use super::guard::Guard;
use super::log::RequestLog;
use crate::core::Cloud;
use crate::request::{DEFAULT_ACCOUNT, Identity, KeyUser, account_of, intern, user_key};
use crate::sigv4::{self, Chunks, Claim, Credentials, Family, Key, Refusal, Verified};
use crate::sts::session;
use wire::AwsError;

/// Who may use the server: which names and pages, and with which keys.
pub struct Access {
    /// Which host names and which websites' pages are answered.
    pub guard: Guard,
    /// The keys that requests must be signed with; `None`: signatures aren't looked at.
    pub credentials: Option<Credentials>,
    /// Post to HTTP endpoints on this machine also where others than its users can ask for it.
    pub deliver_to_loopback: bool,
    /// Where each request is told.
    pub log: Option<RequestLog>,
}

impl Default for Access {
    /// For loopback, without credentials.
    fn default() -> Self {
        Access {
            guard: Guard::new([127, 0, 0, 1].into(), Vec::new()),
            credentials: None,
            deliver_to_loopback: false,
            log: None,
        }
    }
}

/// What a signature proves.
pub struct Proof {
    pub identity: Identity,
    /// What verifies the chunks of a body that is signed chunk by chunk.
    pub chunks: Option<Chunks>,
}

impl Access {
    /// Who signed a request, by a key of the server's or of a session; `None` where signatures aren't looked at.
    pub fn verify(
        &self,
        cloud: &Cloud,
        parts: &Parts,
        payload: sigv4::Payload<'_>,
        family: Family,
    ) -> Result<Option<Proof>, AwsError> {
        self.prove(cloud, |find| {
            let claim = Claim::of(parts)?.ok_or(Refusal::Missing)?;
            sigv4::verify(find, &claim, parts, payload, cloud.core.clients_now(), family)
        })
        .map_err(|refusal| refusal.error(family))
    }

    /// Who signed the policy of a browser's form; `None` where signatures aren't looked at.
    pub fn verify_form(
        &self,
        cloud: &Cloud,
        claim: Option<&Claim<'_>>,
        policy: Option<&str>,
    ) -> Result<Option<Proof>, AwsError> {
        self.prove(cloud, |find| match (claim, policy) {
            (Some(claim), Some(policy)) => sigv4::verify_policy(find, claim, policy),
            // A signature of nothing.
            _ => Err(Refusal::Missing),
        })
        .map_err(|refusal| refusal.error(Family::S3))
    }

    fn prove<'s>(
        &'s self,
        cloud: &Cloud,
        verify: impl FnOnce(&mut Find<'s, '_>) -> Result<Verified<'s>, Refusal>,
    ) -> Result<Option<Proof>, Refusal> {
        let Some(credentials) = &self.credentials else { return Ok(None) };
        let (mut session, mut user) = (None, None);
        let verified = verify(&mut |access_key, token| match credentials.get(access_key) {
            Some(key) => Ok(Cow::Borrowed(key)),
            None => match token {
                Some(token) => {
                    let (key, of) = session::key(cloud, access_key, token)?;
                    session = Some(Arc::new(of));
                    Ok(Cow::Owned(key))
                }
                None => {
                    let key = user_key(cloud, access_key).filter(|key| key.active).ok_or(Refusal::UnknownKey)?;
                    user = Some(Arc::new(KeyUser::of(&key)));
                    Ok(Cow::Owned(Key { secret: key.secret, session_token: None, account: Some(key.account) }))
                }
            },
        })?;
        let account = verified.key.account.as_deref().or_else(|| account_of(&verified.access_key));
        let identity = Identity {
            account: intern(account.unwrap_or(DEFAULT_ACCOUNT)),
            region: intern(&verified.region),
            access_key: intern(&verified.access_key),
            session,
            user,
        };
        Ok(Some(Proof { identity, chunks: verified.chunks }))
    }
}

/// Finds the key of an access key's id and of the session token that came with it.
type Find<'s, 'f> = dyn FnMut(&str, Option<&str>) -> Result<Cow<'s, Key>, Refusal> + 'f;
