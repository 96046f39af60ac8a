//! What a web page must not do: drive the developer's cloud from a browser.
//!
//! A page can make a browser send requests to loopback. Its `Origin` (or `Sec-Fetch-Site`) tells where it comes from;
//! when it has bound its own name to 127.0.0.1 (DNS rebinding), the `Host` does.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::{HOST, HeaderName, HeaderValue, ORIGIN, USER_AGENT};
use http::request::Parts;

use crate::request::host_of;
use crate::services::SERVICES;
use text::host::{address, is_loopback_name};

static FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Who may ask, by the names in a request's head.
#[derive(Debug, Clone)]
pub struct Guard {
    /// Further names this server may be called by.
    names: Vec<String>,
    /// Whether it may be called by any IP address: a page can bind its name to one, but the name stays in `Host`.
    any_address: bool,
}

impl Guard {
    /// For a server that listens on `address` and may also be called `names`. On loopback it has no addresses but those.
    pub fn new(address: IpAddr, names: Vec<String>) -> Guard {
        Guard { names, any_address: !address.is_loopback() }
    }

    /// Why a request to this host (without a port) is refused, whoever sends it.
    pub fn refuse_name(&self, host: &str) -> Option<String> {
        if is_ours(host)
            || self.names.iter().any(|name| name.eq_ignore_ascii_case(host))
            || (self.any_address && address(host).is_some())
        {
            return None;
        }
        Some(format!(
            "This server does not answer to the name {host:?}: a page may have bound it to this address. If the server is \
             called so, start it with --name {}.",
            host.escape_debug()
        ))
    }

    /// Why a request is refused as one of a foreign page; a bucket's CORS rules can open S3 to it.
    pub fn refuse_page(&self, headers: &HeaderMap) -> Option<String> {
        if let Some(origin) = headers.get(ORIGIN) {
            let origin = origin.to_str().unwrap_or_default();
            if !is_local_origin(origin) {
                return Some(format!("A page of {origin:?} may not use this server."));
            }
        }
        let foreign = headers.get(&FETCH_SITE).is_some_and(|site| site == "cross-site");
        foreign.then(|| "A page of another site may not use this server.".into())
    }

    /// Whether a GET may come of a page that doesn't say so: browsers send neither `Origin` with one nor, to a plain address
    /// beyond loopback, `Sec-Fetch-Site`.
    /// Source: "Fetch Metadata Request Headers" (W3C): they go to potentially trustworthy URLs only.
    pub fn may_be_a_page(&self, headers: &HeaderMap) -> bool {
        let browser = headers.get(USER_AGENT).is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla/"));
        self.any_address && browser && !headers.contains_key(&FETCH_SITE)
    }
}

/// Whether a request comes from a page of this server's, or from no page at all: browsers say so with every POST.
pub(super) fn is_same_origin(parts: &Parts) -> bool {
    let called = parts.headers.get(HOST).map(HeaderValue::as_bytes);
    let called = parts.uri.authority().map(|authority| authority.as_str().as_bytes()).or(called).unwrap_or_default();
    let is_own = |origin: &HeaderValue| {
        let authority = origin.to_str().ok().and_then(|origin| Some(origin.split_once("://")?.1));
        authority.is_some_and(|authority| authority.as_bytes().eq_ignore_ascii_case(called))
    };
    let site = parts.headers.get(&FETCH_SITE);
    parts.headers.get(ORIGIN).is_none_or(is_own) && site.is_none_or(|site| site == "same-origin" || site == "none")
}

/// Loopback, and the names under which SDKs reach an AWS that was resolved to here.
fn is_ours(host: &str) -> bool {
    is_loopback(host)
        || ends_with(host, ".localhost.localstack.cloud")
        || host.eq_ignore_ascii_case("localhost.localstack.cloud")
        || is_of_aws(host)
}

/// Whether AWS calls one of the services here so: `sqs.eu-west-1.amazonaws.com`, `eu-west-1.queue.amazonaws.com`,
/// `bucket.s3.amazonaws.com`, `bucket.s3-website-eu-west-1.amazonaws.com`. Other names that end so (`x.elb.amazonaws.com`,
/// `x.compute.amazonaws.com`) are its customers', who can bind them to any address.
/// Source: "Service endpoints and quotas" (AWS General Reference).
fn is_of_aws(host: &str) -> bool {
    if !ends_with(host, ".amazonaws.com") {
        return false;
    }
    let host = host.to_ascii_lowercase();
    let name = host.strip_suffix(".amazonaws.com").unwrap_or_default();
    let mut labels = name.rsplit('.').peekable();
    let region = labels.next_if(|label| is_region(label));
    labels.next_if(|label| region.is_some() && *label == "dualstack");
    let Some(service) = labels.next() else { return false };
    if is_s3(service) {
        // What stands before it is a bucket.
        return true;
    }
    let known = match service {
        "queue" => labels.next_if(|label| is_region(label)).is_none() || region.is_none(),
        service => SERVICES.by_id(service.strip_suffix("-fips").unwrap_or(service)).is_some(),
    };
    // `api.ecr.eu-west-1`
    labels.next_if(|label| service == "ecr" && *label == "api");
    known && labels.next().is_none()
}

/// `s3` and its sisters, also with a region behind a dash as in the first years.
fn is_s3(label: &str) -> bool {
    let Some(kind) = label.strip_prefix("s3") else { return false };
    let kind = kind.strip_prefix("-website").unwrap_or(kind);
    matches!(kind, "" | "-fips" | "-accelerate") || kind.strip_prefix('-').is_some_and(is_region)
}

/// Whether a label of a name is a region: `eu-west-1`.
fn is_region(label: &str) -> bool {
    let parts: Vec<&str> = label.split('-').collect();
    let words = |parts: &[&str]| parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_lowercase()));
    let [first @ .., number] = &parts[..] else { return false };
    first.len() >= 2
        && first[0].len() == 2
        && words(first)
        && matches!(number.as_bytes(), [b'1'..=b'9'] | [b'1'..=b'9', b'0'..=b'9'])
}

fn is_loopback(host: &str) -> bool {
    is_loopback_name(host) || address(host).is_some_and(|address| address.is_loopback())
}

fn ends_with(host: &str, suffix: &str) -> bool {
    let at = host.len().checked_sub(suffix.len());
    at.and_then(|at| host.get(at..)).is_some_and(|tail| tail.eq_ignore_ascii_case(suffix))
}

/// A page that was itself served from loopback is the developer's own.
fn is_local_origin(origin: &str) -> bool {
    let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    rest.is_some_and(|authority| is_loopback(host_of(authority)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_origins() {
        let guard = Guard::new([127, 0, 0, 1].into(), vec!["cloud.test".into()]);
        let table = [
            ("localhost", None, true),
            ("127.0.0.1", None, true),
            ("127.0.0.2", None, true),
            ("[::1]", None, true),
            ("bucket.s3.localhost", None, true),
            ("Sqs.Us-East-1.Localhost.LocalStack.cloud", None, true),
            ("sns.eu-west-1.amazonaws.com", None, true),
            ("cloud.test", None, true),
            ("evil.example", None, false),
            ("localhost.evil.example", None, false),
            ("xlocalhost", None, false),
            ("192.168.0.1", None, false),
            ("", None, false),
            ("localhost", Some(("origin", "http://localhost:3000")), true),
            ("localhost", Some(("origin", "http://[::1]:80")), true),
            ("localhost", Some(("origin", "https://evil.example")), false),
            ("localhost", Some(("origin", "https://localhost.evil.example")), false),
            ("localhost", Some(("origin", "null")), false),
            ("localhost", Some(("origin", "")), false),
            ("localhost", Some(("sec-fetch-site", "cross-site")), false),
            ("localhost", Some(("sec-fetch-site", "none")), true),
        ];
        for (host, header, allowed) in table {
            let mut headers = HeaderMap::new();
            if let Some((name, value)) = header {
                headers.insert(HeaderName::from_static(name), value.parse().unwrap());
            }
            let refused = guard.refuse_name(host).or_else(|| guard.refuse_page(&headers));
            assert_eq!(refused.is_none(), allowed, "{host} {header:?}");
        }
    }

    /// A load balancer's name is its owner's: his page bound it to this server, and read and called all.
    #[test]
    fn of_aws_are_the_names_of_the_services_here() {
        let guard = Guard::new([127, 0, 0, 1].into(), vec![]);
        for host in [
            "sqs.us-east-1",
            "SNS.Eu-West-1",
            "sqs.us-gov-west-1",
            "sqs-fips.us-east-1",
            "queue",
            "us-east-1.queue",
            "iam",
            "sts",
            "sts.eu-central-1",
            "cloudformation.us-east-1",
            "firehose.ap-southeast-2",
            "api.ecr.us-east-1",
            "kms.us-east-1",
            "s3",
            "s3.us-east-1",
            "s3-us-west-2",
            "s3.dualstack.us-west-2",
            "s3-accelerate",
            "bucket.s3",
            "my.bucket.s3.eu-west-1",
            "bucket.s3.dualstack.eu-west-1",
            "bucket.s3-eu-west-1",
            "bucket.s3-website-us-east-1",
            "bucket.s3-website.eu-central-1",
        ] {
            assert_eq!(guard.refuse_name(&format!("{host}.amazonaws.com")), None, "{host}");
        }
        for host in [
            "evil.elb",
            "api.sqs.us-east-1",
            "evil.ecr.us-east-1",
            "api.api.ecr.us-east-1",
            "evil-123.us-east-1.elb",
            "sqs.us-east-1.elb",
            "s3.us-east-1.elb",
            "bucket.s3.us-east-1.elb",
            "ec2-192-0-2-1.eu-west-1.compute",
            "ec2-192-0-2-1.compute-1",
            "db.xyz.us-east-1.rds",
            "evil.sqs",
            "evil.sqs.us-east-1",
            "evil.us-east-1.queue",
            "evil.queue.us-east-1",
            "vpce-1-2.sqs.us-east-1.vpce",
            "bucket.vpce-1-2.s3.us-east-1.vpce",
            "x.execute-api.us-east-1",
            "s3x",
            "s3-evil",
            "s3-website-evil",
            "us-east-1",
            "dualstack.us-east-1",
            "",
            ".",
        ] {
            assert!(guard.refuse_name(&format!("{host}.amazonaws.com")).is_some(), "{host}");
        }
        assert!(guard.refuse_name("amazonaws.com").is_some());
        assert!(guard.refuse_name("sqs.us-east-1.amazonaws.com.evil.example").is_some());
    }

    /// With `--open-to-all` a page could bind its own name to the server, and was no foreign page any more.
    #[test]
    fn elsewhere_than_on_loopback_addresses_and_given_names_will_do() {
        let guard = Guard::new([0, 0, 0, 0].into(), vec!["build-host".into()]);
        for host in ["build-host", "Build-Host", "192.168.0.1", "[fe80::1]", "localhost", "sqs.eu-west-1.amazonaws.com"]
        {
            assert_eq!(guard.refuse_name(host), None, "{host}");
        }
        for host in ["evil.example", "build-host.evil.example", "192.168.0.1.evil.example", ""] {
            assert!(guard.refuse_name(host).is_some(), "{host}");
        }
    }
}
