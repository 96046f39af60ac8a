//! Cross-origin resource sharing: which pages may use a bucket, and what browsers are told of it.
//!
//! Source: "Using cross-origin resource sharing (CORS)" and "Troubleshooting CORS" (Amazon S3 User Guide).

use std::sync::Arc;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use s3s::dto::*;
use s3s::{S3Request, S3Response};

use super::call::Call;
use super::error::{Failure, Result};
use super::front::address;
use super::service::S3;
use crate::cloud::Cloud;

/// "Elements of a CORS configuration": rules of a bucket.
const MAX_RULES: usize = 100;
const METHODS: [&str; 5] = ["GET", "PUT", "POST", "DELETE", "HEAD"];

impl S3 {
    pub(super) async fn get_bucket_cors(
        &self,
        call: &Call,
        request: S3Request<GetBucketCorsInput>,
    ) -> Result<S3Response<GetBucketCorsOutput>> {
        let bucket = self.bucket(call, &request.input.bucket)?;
        let cors = bucket.cors.ok_or_else(|| {
            Failure::new(404, "NoSuchCORSConfiguration", "The CORS configuration does not exist")
                .with("BucketName", bucket.name)
        })?;
        Ok(S3Response::new(GetBucketCorsOutput { cors_rules: Some(cors.cors_rules) }))
    }

    pub(super) async fn put_bucket_cors(
        &self,
        call: &Call,
        request: S3Request<PutBucketCorsInput>,
    ) -> Result<S3Response<PutBucketCorsOutput>> {
        let input = request.input;
        self.change_bucket(call, &input.bucket, |bucket| {
            check(&input.cors_configuration)?;
            bucket.cors = Some(input.cors_configuration);
            Ok(())
        })
        .await?;
        Ok(S3Response::new(PutBucketCorsOutput::default()))
    }

    pub(super) async fn delete_bucket_cors(
        &self,
        call: &Call,
        request: S3Request<DeleteBucketCorsInput>,
    ) -> Result<S3Response<DeleteBucketCorsOutput>> {
        self.change_bucket(call, &request.input.bucket, |bucket| {
            bucket.cors = None;
            Ok(())
        })
        .await?;
        Ok(S3Response::with_status(DeleteBucketCorsOutput::default(), StatusCode::NO_CONTENT))
    }
}

fn check(configuration: &CORSConfiguration) -> Result<()> {
    let rules = &configuration.cors_rules;
    if rules.is_empty() {
        return Err(Failure::malformed_xml());
    }
    if rules.len() > MAX_RULES {
        return Err(Failure::invalid_request("The number of CORS rules should not exceed allowed limit of 100 rules."));
    }
    for rule in rules {
        if rule.allowed_methods.is_empty() || rule.allowed_origins.is_empty() {
            return Err(Failure::malformed_xml());
        }
        if let Some(method) = rule.allowed_methods.iter().find(|method| !METHODS.contains(&method.as_str())) {
            let message = format!("Found unsupported HTTP method in CORS config. Unsupported method is {method}");
            return Err(Failure::invalid_request(message));
        }
        let headers = rule.allowed_headers.iter().flatten().map(|header| ("AllowedHeader", header));
        for (element, text) in rule.allowed_origins.iter().map(|origin| ("AllowedOrigin", origin)).chain(headers) {
            if text.matches('*').count() > 1 {
                let message = format!("{element} \"{text}\" can not have more than one wildcard.");
                return Err(Failure::invalid_request(message));
            }
        }
        if let Some(header) = rule.expose_headers.iter().flatten().find(|header| header.contains('*')) {
            let message = format!(
                "ExposeHeader \"{header}\" contains wildcard. We currently do not support wildcard for ExposeHeader."
            );
            return Err(Failure::invalid_request(message));
        }
    }
    Ok(())
}

/// The first rule that lets a page of `origin` use `method` with these headers.
fn allowing<'c>(rules: &'c CORSConfiguration, origin: &str, method: &str, headers: &[&str]) -> Option<&'c CORSRule> {
    rules.cors_rules.iter().find(|rule| {
        rule.allowed_origins.iter().any(|pattern| fits(pattern, origin))
            && rule.allowed_methods.iter().any(|allowed| allowed == method)
            && headers.iter().all(|header| {
                let header = header.to_ascii_lowercase();
                rule.allowed_headers.iter().flatten().any(|pattern| fits(&pattern.to_ascii_lowercase(), &header))
            })
    })
}

/// Whether a text fits a pattern with one `*` at most.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.len() >= head.len() + tail.len() && text.starts_with(head) && text.ends_with(tail),
    }
}

/// What a page asks, of a request or its preflight.
struct Asked<'h> {
    origin: &'h str,
    method: &'h str,
    headers: Vec<&'h str>,
}

impl<'h> Asked<'h> {
    fn of(method: &'h Method, headers: &'h HeaderMap) -> Option<Self> {
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let origin = text(&ORIGIN)?;
        if *method != Method::OPTIONS {
            return Some(Self { origin, method: method.as_str(), headers: Vec::new() });
        }
        let names = text(&ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default();
        let headers = names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        Some(Self { origin, method: text(&ACCESS_CONTROL_REQUEST_METHOD)?, headers })
    }
}

/// Whether a bucket's rules let a foreign page make this request: the only thing that a page may do here.
pub fn opens(cloud: &Arc<Cloud>, parts: &Parts, host: &str) -> bool {
    let (bucket, _) = address(host, parts.uri.path());
    Asked::of(&parts.method, &parts.headers).is_some_and(|asked| {
        let bucket = S3::of(cloud).store.read(|docs| docs.bucket(&bucket));
        let rules = bucket.ok().and_then(|bucket| bucket.cors);
        rules.is_some_and(|rules| allowing(&rules, asked.origin, asked.method, &asked.headers).is_some())
    })
}

/// The headers for a page that made a request: none if it's not a page, or not let in.
pub fn headers(cloud: &Arc<Cloud>, bucket: &str, method: &Method, request: &HeaderMap) -> HeaderMap {
    let found = Asked::of(method, request).and_then(|asked| {
        let rules = S3::of(cloud).store.read(|docs| docs.bucket(bucket)).ok()?.cors?;
        Some(told(allowing(&rules, asked.origin, asked.method, &asked.headers)?, &asked))
    });
    found.unwrap_or_default()
}

fn told(rule: &CORSRule, asked: &Asked<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut put = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    if rule.allowed_origins.iter().any(|origin| origin == "*") {
        put(ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    } else {
        put(ACCESS_CONTROL_ALLOW_ORIGIN, asked.origin);
        put(ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    put(ACCESS_CONTROL_ALLOW_METHODS, &rule.allowed_methods.join(", "));
    if !asked.headers.is_empty() {
        put(ACCESS_CONTROL_ALLOW_HEADERS, &asked.headers.join(", ").to_ascii_lowercase());
    }
    if let Some(exposed) = &rule.expose_headers {
        put(ACCESS_CONTROL_EXPOSE_HEADERS, &exposed.join(", "));
    }
    if let Some(seconds) = rule.max_age_seconds {
        put(ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
    }
    put(VARY, "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
    headers
}

/// Answers a preflight request.
pub fn preflight(cloud: &Arc<Cloud>, bucket: &str, key: &str, headers: &HeaderMap) -> Result<HeaderMap> {
    let bad = |message: String| Failure::new(400, "BadRequest", message);
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if text(&ORIGIN).is_none() {
        return Err(bad("Insufficient information. Origin request header needed.".into()));
    }
    let method = text(&ACCESS_CONTROL_REQUEST_METHOD);
    if !method.is_some_and(|method| METHODS.contains(&method)) {
        return Err(bad(format!("Invalid Access-Control-Request-Method: {}", method.unwrap_or("null"))));
    }
    let forbidden = |message: &str| {
        Failure::new(403, "AccessForbidden", format!("CORSResponse: {message}"))
            .with("Method", method.unwrap_or_default())
            .with("ResourceType", if key.is_empty() { "BUCKET" } else { "OBJECT" })
    };
    let found = S3::of(cloud).store.read(|docs| docs.bucket(bucket)).map_err(|_| forbidden("Bucket not found"))?;
    let rules = found.cors.ok_or_else(|| forbidden("CORS is not enabled for this bucket."))?;
    let asked = Asked::of(&Method::OPTIONS, headers);
    let allowed = asked.and_then(|asked| {
        let rule = allowing(&rules, asked.origin, asked.method, &asked.headers)?;
        Some(told(rule, &asked))
    });
    allowed.ok_or_else(|| {
        forbidden(
            "This CORS request is not allowed. This is usually because the evalution of Origin, request method / \
             Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS \
             spec.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(origins: &[&str], methods: &[&str], headers: &[&str]) -> CORSRule {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        CORSRule {
            allowed_origins: owned(origins),
            allowed_methods: owned(methods),
            allowed_headers: Some(owned(headers)),
            expose_headers: None,
            id: None,
            max_age_seconds: Some(5),
        }
    }

    #[test]
    fn the_first_rule_that_fits_allows() {
        let rules = CORSConfiguration {
            cors_rules: vec![rule(&["https://*.example.com"], &["PUT"], &["x-amz-*"]), rule(&["*"], &["GET"], &[])],
        };
        let table = [
            ("https://a.example.com", "PUT", &["X-Amz-Date"][..], true),
            ("https://a.example.com", "PUT", &["content-type"], false),
            ("https://example.com", "PUT", &[], false),
            ("https://.example.com", "PUT", &[], true),
            ("null", "GET", &[], true),
            ("https://a.example.com", "DELETE", &[], false),
        ];
        for (origin, method, headers, allowed) in table {
            assert_eq!(allowing(&rules, origin, method, headers).is_some(), allowed, "{origin} {method} {headers:?}");
        }
    }

    #[test]
    fn rules_are_checked() {
        let message = |rule| check(&CORSConfiguration { cors_rules: vec![rule] }).err().map(|failure| failure.message);
        let refused = message(rule(&["*"], &["PATCH"], &[])).unwrap();
        assert_eq!(refused, "Found unsupported HTTP method in CORS config. Unsupported method is PATCH");
        let refused = message(rule(&["*.*"], &["GET"], &[])).unwrap();
        assert_eq!(refused, "AllowedOrigin \"*.*\" can not have more than one wildcard.");
        assert_eq!(message(rule(&["*"], &["GET"], &["*"])), None);
        let many = CORSConfiguration { cors_rules: vec![rule(&["*"], &["GET"], &[]); MAX_RULES + 1] };
        assert_eq!(check(&many).unwrap_err().code, "InvalidRequest");
    }
}
