//! What an operation knows of the request around it.

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustc_hash::FxHashSet;

use super::Service;
use super::access::Identity;
use crate::Cloud;
use crate::sts::session::Session;
use wire::Protocol;
use engine::policy::{Around, Policy, Principal, Request, Via};

/// The account of a request whose access key names none.
pub const DEFAULT_ACCOUNT: &str = "000000000000";
/// The region of a request that isn't signed.
pub const DEFAULT_REGION: &str = "us-east-1";

/// Who asked, where, and how; cheap to make and to clone.
#[derive(Clone)]
pub struct Context {
    pub cloud: Arc<Cloud>,
    /// Twelve digits.
    pub account: Arc<str>,
    pub region: Arc<str>,
    pub access_key: Option<Arc<str>>,
    /// The session that the request's temporary key is of.
    pub session: Option<Arc<Session>>,
    /// Whether a signature has proven all of this.
    pub proven: bool,
    /// Scheme and authority as the client addressed this server, e.g. `http://localhost:4566`; no slash at the end.
    pub host: Arc<str>,
    pub protocol: Protocol,
    pub request_id: RequestId,
    /// The `X-Amzn-Trace-Id` header, which messages carry on as `AWSTraceHeader`.
    pub trace: Option<Arc<str>>,
    /// The service of this cloud that asks on a client's behalf: it may use names that are reserved for AWS.
    pub service: Option<Service>,
    pub origin: Origin,
}

/// Where a request comes from, as policies may ask: its own word, but for the address.
#[derive(Clone, Default)]
pub struct Origin {
    /// The other end of the connection.
    pub address: Option<IpAddr>,
    /// The header `User-Agent`.
    pub agent: Option<Arc<str>>,
    /// The header `Referer`.
    pub referer: Option<Arc<str>>,
}

impl Context {
    /// Who asks, as resource policies see it: a role's session, or the account.
    pub fn principal(&self) -> Principal<'_> {
        let session = self.session.as_ref().filter(|session| session.of_role());
        session.map_or(Principal::Account(&self.account), |session| Principal::Arn(&session.arn))
    }

    /// What policies may ask of this request for what is `owner`'s. Nothing here is TLS; but what comes from this machine
    /// crosses no wire, and a policy that wants TLS is content with that.
    pub fn around<'a>(&'a self, owner: &'a str) -> Around<'a> {
        let via = match self.service {
            Some(Service::CloudFormation) => Via::Behalf("cloudformation.amazonaws.com"),
            Some(_) => Via::Service,
            None => Via::Client {
                address: self.origin.address,
                agent: self.origin.agent.as_deref(),
                referer: self.origin.referer.as_deref(),
            },
        };
        Around {
            secure: self.service.is_some() || self.origin.address.is_none_or(|it| it.to_canonical().is_loopback()),
            via,
            temporary: self.session.is_some(),
            user_id: self.session.as_ref().map(|session| session.user_id.as_str()),
            ..Around::service(self.cloud.core.now(), &self.region, owner)
        }
    }

    /// Tells the operator what of a policy that refused a request can't be judged here.
    pub fn tell_doubt(&self, policy: Option<&Policy>, request: &Request<'_>) {
        let doubt = policy.map(|policy| policy.doubt(request)).unwrap_or_default();
        if !doubt.is_empty() {
            let Request { action, resource, .. } = request;
            self.cloud.notice(&format!("the policy of {resource} did not let {action} pass{doubt}"));
        }
    }

    /// From now on who asks is what a signature has proven, whatever else the request says.
    pub fn become_whom(&mut self, identity: &Identity) {
        self.account = identity.account.clone();
        self.region = identity.region.clone();
        self.access_key = Some(identity.access_key.clone());
        self.session = identity.session.clone();
        self.proven = true;
    }

    /// Nobody asks: what is served without a signature believes none.
    pub fn become_nobody(&mut self) {
        self.account = intern(DEFAULT_ACCOUNT);
        (self.access_key, self.session) = (None, None);
    }

    /// Who asks, by ARN.
    pub fn caller(&self) -> String {
        match &self.session {
            Some(session) => session.arn.clone(),
            None => format!("arn:aws:iam::{}:root", self.account),
        }
    }

    /// Who asks, by id: `<role's id>:<session>`, or the account.
    pub fn caller_id(&self) -> &str {
        self.session.as_ref().map_or(&self.account, |session| &session.user_id)
    }
}

/// A request's id: AWS's form, a UUID.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestId([u8; 36]);

impl RequestId {
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl std::fmt::Debug for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Makes request ids: a counter, mixed with a salt of this process.
#[derive(Debug)]
pub struct RequestIds {
    salt: u64,
    next: AtomicU64,
}

impl Default for RequestIds {
    fn default() -> Self {
        RequestIds { salt: RandomState::new().hash_one(0u8), next: AtomicU64::new(0) }
    }
}

impl RequestIds {
    pub fn next(&self) -> RequestId {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        let high = mix(count ^ self.salt);
        let low = mix(high ^ count.rotate_left(32));
        let mut bits = ((high as u128) << 64) | low as u128;
        // A version 4 UUID of the RFC's variant.
        bits = bits & !(0xF << 76) | (0x4 << 76);
        bits = bits & !(0x3 << 62) | (0x2 << 62);
        let mut text = [b'-'; 36];
        let mut at = 0;
        for byte in bits.to_be_bytes() {
            if matches!(at, 8 | 13 | 18 | 23) {
                at += 1;
            }
            text[at] = DIGITS[(byte >> 4) as usize];
            text[at + 1] = DIGITS[(byte & 0xF) as usize];
            at += 2;
        }
        RequestId(text)
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The finalizer of SplitMix64: a bijection, so distinct counts stay distinct.
fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// More distinct strings than a server meets; beyond it the cache starts anew. So few can't be made to collide to any harm.
const MAX_INTERNED: usize = 512;

/// One shared string for equal strings that come again and again: regions, accounts, hosts, access keys.
pub fn intern(text: &str) -> Arc<str> {
    thread_local! {
        static INTERNED: RefCell<FxHashSet<Arc<str>>> = RefCell::default();
    }
    INTERNED.with_borrow_mut(|interned| {
        if let Some(shared) = interned.get(text) {
            return shared.clone();
        }
        let shared: Arc<str> = text.into();
        if text.len() <= 256 {
            if interned.len() >= MAX_INTERNED {
                interned.clear();
            }
            interned.insert(shared.clone());
        }
        shared
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_are_distinct_uuids() {
        let ids = RequestIds::default();
        let (one, two) = (ids.next(), ids.next());
        assert_ne!(one, two);
        let text = one.as_str();
        assert_eq!(text.len(), 36);
        assert_eq!(&text[14..15], "4");
        assert!(text.char_indices().all(|(at, c)| matches!(at, 8 | 13 | 18 | 23) == (c == '-')));
    }

    #[test]
    fn interning_shares() {
        assert!(Arc::ptr_eq(&intern("eu-west-1"), &intern("eu-west-1")));
    }
}
