//! Who asks, where, and for what: what an operation knows of the request around it.

mod account;
mod address;
mod call;
mod identity;
mod intern;
mod members;
mod operation;
pub(crate) mod passing;
mod request_id;
mod service;
mod told;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::core::Cloud;
use crate::core::used_keys::Use;
use engine::policy::{Around, Policy, Principal, Request, Via};
use wire::Protocol;

pub(crate) use self::account::{DEFAULT_ACCOUNT, DEFAULT_REGION, account_in, account_of, is_account, is_region};
pub(crate) use self::address::{queue_path, region_of_address};
pub(crate) use self::identity::{Identity, KeyUser, Session, SessionFacts, user_key};
pub(crate) use self::intern::intern;
pub(crate) use self::members::{Members, Words};
pub(crate) use self::operation::{Answer, Operation};
pub(crate) use self::request_id::{RequestId, RequestIds};
pub(crate) use self::service::{Service, Services};
pub(crate) use self::told::{Facts, Told};
pub(crate) use text::host::host_of;

/// Bytes of a trace's header, beyond which it is none that X-Ray made: with all fields it has some 200. Messages carry it for nothing.
pub(crate) const LONGEST_TRACE: usize = 1_024;

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
    /// The user whose access key the request carries.
    pub user: Option<Arc<KeyUser>>,
    /// Whether a signature has proven all of this.
    pub proven: bool,
    /// Scheme and authority as the client addressed this server, e.g. `http://localhost:4566`; no slash at the end.
    pub host: Arc<str>,
    pub protocol: Protocol,
    pub request_id: RequestId,
    /// The `X-Amzn-Trace-Id` header, which messages carry on as `AWSTraceHeader`.
    pub trace: Option<Arc<str>>,
    /// The service of this cloud that asks on a client's behalf: it may use names that are reserved for AWS.
    pub service: Option<&'static Service>,
    /// All services of this cloud: the door from one to the operations of another.
    pub services: &'static Services,
    pub origin: Origin,
    /// What the log of requests will tell of it, if there is one.
    pub told: Option<Arc<Told>>,
    /// Set when its operation begins to wait for what may take long: less is then held for its connection.
    pub waits: Option<Arc<AtomicBool>>,
}

/// Where a request comes from, as policies may ask: its own word, but for the address.
#[derive(Clone, Default)]
pub struct Origin {
    /// The other end of the connection.
    pub address: Option<IpAddr>,
    /// Whether the connection is TLS.
    pub secure: bool,
    /// The header `User-Agent`.
    pub agent: Option<Arc<str>>,
    /// The application's id that the SDK was told, where it says so beside the header `User-Agent`.
    pub application: Option<Arc<str>>,
    /// The header `Referer`.
    pub referer: Option<Arc<str>>,
}

impl Context {
    /// What no client asks over a socket: the cloud does it by itself, or the process that it runs in. By the query protocol, unless that is
    /// set.
    pub(crate) fn unasked(
        cloud: &Arc<Cloud>,
        (account, region): (&str, &str),
        host: Arc<str>,
        services: &'static Services,
    ) -> Self {
        Self {
            cloud: cloud.clone(),
            account: intern(account),
            region: intern(region),
            access_key: None,
            session: None,
            user: None,
            proven: false,
            host,
            protocol: Protocol::Query,
            request_id: RequestIds::default().next(),
            trace: None,
            service: None,
            services,
            origin: Origin::default(),
            told: None,
            waits: None,
        }
    }

    /// Host and port as the client addressed this server.
    pub(crate) fn authority(&self) -> &str {
        let secure = self.host.strip_prefix("https://");
        secure.or_else(|| self.host.strip_prefix("http://")).unwrap_or(&self.host)
    }

    /// The operation begins to wait for what may take long.
    pub(crate) fn begin_to_wait(&self) {
        if let Some(waits) = &self.waits {
            waits.store(true, Ordering::Relaxed);
        }
    }

    /// Who asks, as resource policies see it: a role's session, a user, or the account.
    pub fn principal(&self) -> Principal<'_> {
        match (&self.session, &self.user) {
            (Some(session), _) if !session.of_root() => Principal::Arn(&session.arn),
            (None, Some(user)) => Principal::Arn(&user.arn),
            _ => Principal::Account(&self.account),
        }
    }

    /// What policies may ask of this request for what is `owner`'s. What comes from this machine crosses no wire, and a
    /// policy that wants TLS is content with that as well.
    pub fn around<'a>(&'a self, owner: &'a str) -> Around<'a> {
        let via = match self.service {
            Some(service) if service.id == "cloudformation" => Via::Behalf("cloudformation.amazonaws.com"),
            Some(_) => Via::Service,
            None => Via::Client {
                address: self.origin.address,
                agent: self.origin.agent.as_deref(),
                referer: self.origin.referer.as_deref(),
            },
        };
        let facts = self.session.as_ref().and_then(|session| session.facts.as_ref());
        Around {
            issued: facts.map(|facts| facts.issued),
            principal_tags: facts.map(|facts| &facts.tags),
            source_identity: facts.and_then(|facts| facts.source_identity.as_deref()),
            secure: self.service.is_some()
                || self.origin.secure
                || self.origin.address.is_none_or(|it| it.to_canonical().is_loopback()),
            via,
            temporary: self.session.is_some(),
            user_id: (self.session.is_some() || self.user.is_some()).then(|| self.caller_id()),
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
        self.user = identity.user.clone();
        self.proven = true;
        if let Some(told) = &self.told {
            told.who(&self.account, &self.region);
        }
    }

    /// Nobody asks: what is served without a signature believes none.
    pub fn become_nobody(&mut self) {
        self.account = intern(DEFAULT_ACCOUNT);
        (self.access_key, self.session, self.user) = (None, None, None);
    }

    /// Who asks, by ARN.
    pub fn caller(&self) -> String {
        match (&self.session, &self.user) {
            (Some(session), _) => session.arn.clone(),
            (None, Some(user)) => user.arn.clone(),
            (None, None) => format!("arn:aws:iam::{}:root", self.account),
        }
    }

    /// Who asks, by id: `<role's id>:<session>`, the user's id, or the account.
    pub fn caller_id(&self) -> &str {
        match (&self.session, &self.user) {
            (Some(session), _) => &session.user_id,
            (None, Some(user)) => &user.id,
            (None, None) => &self.account,
        }
    }

    /// Notes that a user's key was used for a service.
    pub fn note_use(&self, service: &'static str) {
        if let (Some(_), Some(key)) = (&self.user, &self.access_key) {
            let used = Use { at: self.cloud.core.now(), service, region: self.region.clone() };
            self.cloud.used_keys.note(key, used);
        }
    }
}
