//! What a request's head says before anything is proven: which server it means, where it goes, who claims to send it.

use std::cell::RefCell;
use std::sync::Arc;

use http::Version;
use http::header::{HOST, HeaderName, REFERER, USER_AGENT};
use http::request::Parts;

use super::route::{Route, route};
use crate::core::Cloud;
use crate::http::Client;
use crate::request::{
    Context, DEFAULT_ACCOUNT, DEFAULT_REGION, KeyUser, LONGEST_TRACE, Origin, RequestId, Session, account_of, host_of,
    intern, is_region, region_of_address, user_key,
};
use crate::services::SERVICES;
use crate::sigv4::{Claim, Family, Refusal, Scope, Wrong};
use crate::sqs;
use crate::sts::session;
use text::regions::is_shaped;
use wire::{AwsError, Protocol};

/// What SDKs call the region of a service that has none.
const GLOBAL: &str = "aws-global";
/// Bytes of an application's id ("Application ID", AWS SDKs and Tools Reference Guide: 50).
const LONGEST_APPLICATION: usize = 50;

static SDK_AGENT: HeaderName = HeaderName::from_static("x-amz-user-agent");
static TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// Host and port as the client addressed this server.
///
/// # Errors
/// In words, where the head names no server or two: the guard would look at one name and the signature at another
/// (RFC 9112, 3.2).
pub(super) fn authority(parts: &Parts) -> Result<&str, &'static str> {
    let mut hosts = parts.headers.get_all(HOST).iter();
    let (host, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return Err("A request has one Host header.");
    }
    let host = match host.map(|host| host.to_str()) {
        Some(host) => Some(host.map_err(|_| "The Host header is no name.")?),
        None if parts.version == Version::HTTP_11 => return Err("A request needs a Host header."),
        None => None,
    };
    match (parts.uri.authority().map(|authority| authority.as_str()), host) {
        (Some(target), Some(host)) if !target.eq_ignore_ascii_case(host) => {
            Err("The Host header is not the host that the request is for.")
        }
        (target, host) => Ok(target.or(host).unwrap_or("localhost")),
    }
    .and_then(|host| if host.bytes().all(of_name) { Ok(host) } else { Err("The Host header is no name.") })
}

/// Whether a host's name or its port may have a byte: what has others is no name and no address, however it ends.
fn of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte)
}

/// A request's way, who claims to send it, and what is wrong with that claim, if anything is. With `checked` the claim will
/// be verified, and names its own region.
pub(super) fn read<'r>(
    cloud: &Arc<Cloud>,
    parts: &'r Parts,
    authority: &str,
    checked: bool,
    id: RequestId,
    client: Client,
) -> (Route<'r>, Context, Result<(), AwsError>) {
    let host = host_of(authority);
    let (claim, refusal) = match Claim::of(parts) {
        Ok(claim) => (claim, None),
        Err(refusal) => (None, Some(refusal)),
    };
    let scope = claim.as_ref().and_then(Claim::scope);
    let route = route(parts, host, scope);
    let address = region_of_address(&SERVICES, host, parts.uri.path()).filter(|_| route != Route::S3);
    let refusal = refusal.or_else(|| match (&claim, scope) {
        (Some(claim), Some(Scope { region, .. })) => {
            let elsewhere = checked && address.is_some_and(|address| address != region);
            // Who looks at no signature takes the regions of other clouds, `local` say, too.
            let is_one = is_region(region) && (!checked || is_shaped(region) || region == GLOBAL);
            (elsewhere || !is_one).then(|| Refusal::Scope(claim.scheme, Wrong::Region(region.to_owned())))
        }
        _ => None,
    });
    let region = match scope {
        Some(Scope { region: GLOBAL, .. }) => DEFAULT_REGION,
        Some(scope) if refusal.is_none() => scope.region,
        _ => address.unwrap_or(DEFAULT_REGION),
    };
    let Who { account, access_key, session, user, ended } = who(cloud, claim.as_ref());
    let refusal = refusal.or(ended.then_some(Refusal::UnknownKey));
    // What isn't ASCII can be told from what is wanted all the same.
    let said = |name| parts.headers.get(name).map(|value| intern(&String::from_utf8_lossy(value.as_bytes())));
    let cx = Context {
        cloud: cloud.clone(),
        account,
        region: intern(region),
        access_key,
        session,
        user,
        proven: false,
        host: intern_host(authority, client.secure),
        protocol: protocol(&route),
        request_id: id,
        trace: parts
            .headers
            .get(&TRACE_ID)
            .filter(|id| id.len() <= LONGEST_TRACE)
            .and_then(|id| id.to_str().ok())
            .map(Arc::from),
        service: None,
        services: &SERVICES,
        origin: Origin {
            address: Some(client.address),
            secure: client.secure,
            agent: said(&USER_AGENT),
            application: application(parts),
            referer: said(&REFERER),
        },
        told: None,
        waits: None,
    };
    let family = family(&route);
    (route, cx, refusal.map_or(Ok(()), |refusal| Err(refusal.error(family))))
}

/// The application's id: `app/NAME` among what an SDK says of itself ("Application ID", AWS SDKs and Tools Reference Guide). Some of them
/// say it in a header of their own, for browsers keep `User-Agent` to themselves.
fn application(parts: &Parts) -> Option<Arc<str>> {
    let said = parts.headers.get(&SDK_AGENT)?.as_bytes();
    let at = memchr::memmem::find(said, b" app/")? + b" app/".len();
    let id = said[at..].split(|byte| *byte == b' ').next().and_then(|id| std::str::from_utf8(id).ok());
    id.filter(|id| !id.is_empty() && id.len() <= LONGEST_APPLICATION).map(intern)
}

/// Who sends a request by its claim's own word.
pub(super) struct Who {
    pub account: Arc<str>,
    pub access_key: Option<Arc<str>>,
    pub session: Option<Arc<Session>>,
    pub user: Option<Arc<KeyUser>>,
    /// Whether the key isn't good any more: the role or user of the session is gone, or the user's key is inactive.
    pub ended: bool,
}

/// Account, access key, session and user by a claim's own word.
pub(super) fn who(cloud: &Cloud, claim: Option<&Claim<'_>>) -> Who {
    let named = claim.and_then(|claim| Some((claim.access_key()?, claim.token.as_deref())));
    let session = named.and_then(|(key, token)| session::claimed(cloud, key, token));
    let key = named.and_then(|(key, _)| user_key(cloud, key));
    let account = match (&session, &key, named) {
        (Some(session), ..) => Some(session.account.as_str()),
        (None, Some(key), _) => Some(key.account.as_str()),
        (None, None, Some((key, _))) => account_of(key),
        (None, None, None) => None,
    };
    let gone = |session: &Session| !cloud.core.read(|engine, _| session.stands(engine));
    Who {
        account: intern(account.unwrap_or(DEFAULT_ACCOUNT)),
        access_key: named.map(|(key, _)| intern(key)),
        ended: session.as_ref().is_some_and(gone) || key.as_ref().is_some_and(|key| !key.active),
        user: key.as_ref().map(|key| Arc::new(KeyUser::of(key))),
        session: session.map(Arc::new),
    }
}

fn protocol(route: &Route<'_>) -> Protocol {
    match route {
        Route::Json { protocol, .. } => *protocol,
        Route::UnknownTarget(_) => Protocol::Json11,
        Route::Query { .. } | Route::BareQueue => Protocol::Query,
        Route::S3 => Protocol::Rest,
    }
}

/// Whose words a request is refused in.
fn family(route: &Route<'_>) -> Family {
    match route {
        Route::Json { service, .. } => Family::Json(service),
        Route::Query { service } => Family::Query(*service),
        Route::BareQueue => Family::Query(Some(&sqs::SERVICE)),
        Route::UnknownTarget(_) => Family::Query(None),
        Route::S3 => Family::S3,
    }
}

/// Scheme and authority, made once for each that comes again and again.
fn intern_host(authority: &str, secure: bool) -> Arc<str> {
    thread_local! {
        static LAST: RefCell<Arc<str>> = RefCell::new("http://".into());
    }
    let scheme = if secure { "https://" } else { "http://" };
    LAST.with_borrow_mut(|last| {
        if last.strip_prefix(scheme) != Some(authority) {
            *last = format!("{scheme}{authority}").into();
        }
        last.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two servers' names in one head: the guard looked at one, the signature at the other.
    #[test]
    fn a_head_names_one_server() {
        let table: [(&str, &[&str], Version, Option<&str>); 12] = [
            ("/", &["a:1"], Version::HTTP_11, Some("a:1")),
            ("/", &[], Version::HTTP_11, None),
            ("/", &[], Version::HTTP_10, Some("localhost")),
            ("/", &["a", "a"], Version::HTTP_11, None),
            ("/", &["a\u{ff}"], Version::HTTP_11, None),
            ("http://a:1/", &["A:1"], Version::HTTP_11, Some("a:1")),
            ("http://a:1/", &["b:1"], Version::HTTP_11, None),
            ("http://a:1/", &[], Version::HTTP_10, Some("a:1")),
            // It ended as a name of this machine's does, and was taken for one.
            ("/", &["evil.example/.localhost"], Version::HTTP_11, None),
            ("/", &["evil.example@b.localhost"], Version::HTTP_11, None),
            ("/", &["a b.localhost"], Version::HTTP_11, None),
            ("/", &["[::1]:80"], Version::HTTP_11, Some("[::1]:80")),
        ];
        for (uri, hosts, version, expected) in table {
            let builder = http::Request::builder().uri(uri).version(version);
            let builder = hosts.iter().fold(builder, |builder, host| builder.header(HOST, host.as_bytes()));
            let (parts, ()) = builder.body(()).unwrap().into_parts();
            assert_eq!(authority(&parts).ok(), expected, "{uri} {hosts:?}");
        }
    }
}
