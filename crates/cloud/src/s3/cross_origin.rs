//! Obeys a bucket's CORS rules: preflight requests, the headers of other responses, and what opens to a foreign page.
//!
//! Source: "How does Amazon S3 evaluate the CORS configuration on a bucket?" (Amazon S3 User Guide).

use std::sync::Arc;

use http::header::ORIGIN;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use percent_encoding::percent_decode_str;
use s3s::dto::CORSRule;

use super::address::target;
use super::error::Failure;
use super::names::is_bucket_name;
use super::record::Bucket;
use super::s3s::call::text;
use super::service::S3;
use super::subresources::OF_BUCKETS;
use crate::core::Cloud;

/// How many names of `Access-Control-Request-Headers` are looked at; more are refused.
const MAX_HEADERS: usize = 128;

fn find(cloud: &Arc<Cloud>, name: &str) -> Option<Arc<Bucket>> {
    S3::of(cloud).store.read(|docs| docs.bucket(name)).ok()
}

fn header(headers: &HeaderMap, name: impl http::header::AsHeaderName) -> Option<String> {
    headers.get(name).map(|value| text(value.as_bytes()))
}

/// Whether a page of another site may send this request: it is a preflight, or a rule of the bucket allows its origin
/// and method. A copy from elsewhere would read what that bucket didn't open. Objects alone are opened, and the list of them: on
/// AWS a page that changes the bucket itself has to sign that with a key. Where signatures are `checked`, every page may.
pub(crate) fn opens_to_page(cloud: &Arc<Cloud>, host: &str, parts: &Parts, checked: bool) -> bool {
    let (name, object) = target(host, parts.uri.path());
    if !is_bucket_name(&name) {
        return false;
    }
    if parts.method == Method::OPTIONS {
        return true;
    }
    let query = parts.uri.query().unwrap_or_default();
    // Who has to sign needs no rule: as on AWS, it is the browser that keeps the answer from a page that none allows.
    if checked {
        return true;
    }
    if !is_of_objects(&parts.method, object, query) {
        return false;
    }
    let elsewhere = header(&parts.headers, "x-amz-copy-source").is_some_and(|source| target("", &source).0 != name)
        || percent_decode_str(query).decode_utf8_lossy().to_ascii_lowercase().contains("x-amz-copy-source");
    let Some(origin) = header(&parts.headers, ORIGIN).filter(|_| !elsewhere) else { return false };
    let rules = find(cloud, &name).and_then(|bucket| bucket.cors.clone());
    rules.is_some_and(|rules| matching(&rules.cors_rules, &origin, parts.method.as_str(), &[]).is_some())
}

/// What else says what a bucket or an object is like, in any case; the subresources of an upload and of lists aren't here.
const SETTINGS: [&str; 13] = [
    "abac",
    "acl",
    "annotation",
    "delete",
    "encryption",
    "legal-hold",
    "metadataConfiguration",
    "metadataTable",
    "renameObject",
    "restore",
    "retention",
    "select",
    "session",
];

/// Whether a request is for an object or for a list of them, and not for how either is kept.
fn is_of_objects(method: &Method, object: bool, query: &str) -> bool {
    let mut names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    let setting = names.any(|name| {
        let name = percent_decode_str(name).decode_utf8_lossy();
        OF_BUCKETS.iter().chain(&SETTINGS).any(|setting| setting.eq_ignore_ascii_case(&name))
            || (!object && name == "tagging")
    });
    // A POST to a bucket is a form.
    !setting && (object || [Method::GET, Method::HEAD, Method::POST].contains(method))
}

/// Answers a preflight request.
pub(super) fn preflight(cloud: &Arc<Cloud>, host: &str, parts: &Parts) -> Result<Response<s3s::Body>, Failure> {
    let (name, object) = target(host, parts.uri.path());
    let bad = |message: &str| Failure::new(400, "BadRequest", message);
    let Some(origin) = header(&parts.headers, ORIGIN) else {
        return Err(bad("Insufficient information. Origin request header needed."));
    };
    let method = header(&parts.headers, "access-control-request-method");
    let forbidden = |message: &str, object: bool| {
        Failure::new(403, "AccessForbidden", message)
            .with("Method", method.as_deref().unwrap_or("OPTIONS"))
            .with("ResourceType", if object { "OBJECT" } else { "BUCKET" })
    };
    let Some(bucket) = find(cloud, &name) else { return Err(forbidden("CORSResponse: Bucket not found", false)) };
    let Some(rules) = &bucket.cors else {
        return Err(forbidden("CORSResponse: CORS is not enabled for this bucket.", object));
    };
    let known = ["GET", "PUT", "POST", "DELETE", "HEAD"];
    let Some(method) = method.as_deref().filter(|method| known.contains(method)) else {
        let given = method.as_deref().unwrap_or("null");
        return Err(bad(&format!("Invalid Access-Control-Request-Method: {given}")));
    };
    let asked = asked_headers(&parts.headers);
    let asked: Vec<&str> = names(&asked);
    let rule = Some(&asked).filter(|asked| asked.len() <= MAX_HEADERS);
    let Some(rule) = rule.and_then(|asked| matching(&rules.cors_rules, &origin, method, asked)) else {
        return Err(forbidden(
            "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request \
             method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the \
             resource's CORS spec.",
            object,
        ));
    };
    let mut response = Response::new(s3s::Body::empty());
    describe(rule, &origin, response.headers_mut());
    if !asked.is_empty() {
        put(response.headers_mut(), "access-control-allow-headers", &asked.join(", "));
    }
    Ok(response)
}

/// The CORS headers of the response to a request that isn't a preflight.
pub(super) struct Shared(HeaderMap);

impl Shared {
    /// None of them if the request has no origin or no rule allows it.
    pub(super) fn of(cloud: &Arc<Cloud>, host: &str, parts: &Parts) -> Self {
        let mut headers = HeaderMap::new();
        if let Some(origin) = header(&parts.headers, ORIGIN) {
            let (name, _) = target(host, parts.uri.path());
            let rules = find(cloud, &name).and_then(|bucket| bucket.cors.clone()).map(|cors| cors.cors_rules);
            // A request that asks as a preflight does is answered as one.
            let method = header(&parts.headers, "access-control-request-method");
            let method = method.as_deref().unwrap_or(parts.method.as_str());
            let asked = asked_headers(&parts.headers);
            if let Some(rule) = matching(&rules.unwrap_or_default(), &origin, method, &names(&asked)) {
                describe(rule, &origin, &mut headers);
            }
        }
        Self(headers)
    }

    /// Adds them to the headers of a response.
    pub(super) fn put(self, headers: &mut HeaderMap) {
        headers.extend(self.0);
    }
}

/// The headers that a page asks for, lower case.
fn asked_headers(headers: &HeaderMap) -> String {
    header(headers, "access-control-request-headers").unwrap_or_default().to_ascii_lowercase()
}

fn names(list: &str) -> Vec<&str> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty()).take(MAX_HEADERS + 1).collect()
}

/// The first rule that allows it. `headers` are lower case.
fn matching<'r>(rules: &'r [CORSRule], origin: &str, method: &str, headers: &[&str]) -> Option<&'r CORSRule> {
    rules.iter().find(|rule| {
        let allowed = rule.allowed_headers.as_deref().unwrap_or_default();
        let is_allowed = |name: &&str| allowed.iter().any(|pattern| fits(&pattern.to_ascii_lowercase(), name));
        rule.allowed_methods.iter().any(|allowed| allowed == method)
            && rule.allowed_origins.iter().any(|pattern| fits(pattern, origin))
            && headers.iter().all(is_allowed)
    })
}

/// Whether a text fits a pattern, which may have one `*`.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| rest.ends_with(after)),
    }
}

fn describe(rule: &CORSRule, origin: &str, headers: &mut HeaderMap) {
    if rule.allowed_origins.iter().any(|pattern| pattern == "*") {
        put(headers, "access-control-allow-origin", "*");
    } else {
        put(headers, "access-control-allow-origin", origin);
        put(headers, "access-control-allow-credentials", "true");
    }
    put(headers, "access-control-allow-methods", &rule.allowed_methods.join(", "));
    if let Some(exposed) = rule.expose_headers.as_ref().filter(|exposed| !exposed.is_empty()) {
        put(headers, "access-control-expose-headers", &exposed.join(", "));
    }
    if let Some(seconds) = rule.max_age_seconds {
        put(headers, "access-control-max-age", &seconds.to_string());
    }
    put(headers, "vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(methods: &[&str], origins: &[&str], headers: &[&str]) -> CORSRule {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        CORSRule {
            allowed_headers: Some(owned(headers)),
            allowed_methods: owned(methods),
            allowed_origins: owned(origins),
            ..Default::default()
        }
    }

    #[test]
    fn the_first_rule_that_allows_all_of_it() {
        let rules = [
            rule(&["PUT"], &["https://a.example"], &["Content-*", "x-one"]),
            rule(&["GET"], &["https://*.example"], &[]),
        ];
        let table: [(&str, &str, &[&str], Option<usize>); 8] = [
            ("https://a.example", "PUT", &[], Some(0)),
            ("https://a.example", "PUT", &["content-type", "x-one"], Some(0)),
            ("https://a.example", "PUT", &["x-two"], None),
            ("https://b.example", "PUT", &[], None),
            ("https://b.example", "GET", &[], Some(1)),
            ("https://b.example", "GET", &["x-one"], None),
            ("http://b.example", "GET", &[], None),
            ("https://A.example", "PUT", &[], None),
        ];
        for (origin, method, headers, expected) in table {
            let found = matching(&rules, origin, method, headers);
            assert_eq!(found, expected.map(|at| &rules[at]), "{origin} {method} {headers:?}");
        }
    }

    #[test]
    fn targets() {
        let table = [
            ("b.s3.localhost", "/key", ("b", true)),
            ("b.s3.localhost", "/", ("b", false)),
            ("localhost", "/b/key", ("b", true)),
            ("localhost", "/b/", ("b", false)),
            ("localhost", "/", ("", false)),
        ];
        for (host, path, (bucket, object)) in table {
            assert_eq!(target(host, path), (bucket.to_owned(), object), "{host} {path}");
        }
    }
}
