//! Signature Version 4: verifies requests signed in the `Authorization` header or, presigned, in the query string.
//!
//! Off unless the server has [`Credentials`]. Of S3's streamed uploads the seed signature is verified, which covers the
//! head; [`Chunks`] verifies those of the single chunks as they come.
//! Rules: "Troubleshooting Signature Version 4 signing of AWS API requests" (IAM User Guide) and "Authenticating Requests:
//! Using Query Parameters" (S3 API Reference).

mod canonical;
mod chunks;
mod credentials;
mod refusal;
#[cfg(test)]
mod tests;
mod time;

use std::borrow::Cow;

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use subtle::ConstantTimeEq;

use canonical::{Parameters, canonical_request, sha256_hex};
pub use chunks::Chunks;
pub use credentials::{Credentials, Key};
pub use refusal::{Family, Refusal};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far a request's time may be from the server's, in milliseconds.
pub const SKEW: u64 = 15 * 60 * 1000;
/// The longest life of a presigned URL, in seconds: a week.
pub const MAX_EXPIRES: u64 = 7 * 24 * 60 * 60;

/// What is verified of a request's body.
#[derive(Debug, Clone, Copy)]
pub enum Payload<'a> {
    /// The whole body, hashed here.
    Whole(&'a [u8]),
    /// S3's: the hash that the client declares in `x-amz-content-sha256` is part of what is signed.
    Declared,
}

/// A signature and what it claims, wherever the request carries it.
struct Claim<'r> {
    access_key: String,
    /// `20260101/us-east-1/sqs/aws4_request`.
    scope: String,
    signed_headers: Vec<String>,
    signature: String,
    /// ISO 8601 basic, `20260101T000000Z`.
    date: &'r str,
    /// Seconds, when presigned.
    expires: Option<u64>,
    token: Option<String>,
}

/// A request whose signature is right.
pub struct Verified<'c> {
    pub key: Cow<'c, Key>,
    /// What verifies the chunks of a body that is signed chunk by chunk.
    pub chunks: Option<Chunks>,
}

/// Checks that a request was signed with a known key, in time, and not changed since. `now` is in milliseconds. `find` gives
/// the key of an access key's id and the session token that came with it.
pub fn verify<'c>(
    find: impl FnOnce(&str, Option<&str>) -> Result<Cow<'c, Key>, Refusal>,
    parts: &Parts,
    payload: Payload<'_>,
    now: u64,
    family: Family,
) -> Result<Verified<'c>, Refusal> {
    let query = Parameters::parse(parts.uri.query().unwrap_or_default());
    let claim = match parts.headers.get(AUTHORIZATION) {
        Some(header) => from_header(header.to_str().unwrap_or_default(), &parts.headers)?,
        None if query.get("X-Amz-Signature").is_some() || query.get("X-Amz-Algorithm").is_some() => from_query(&query)?,
        None => return Err(Refusal::Missing),
    };
    let key = find(&claim.access_key, claim.token.as_deref())?;
    let signed_at = time::parse(claim.date).ok_or_else(|| {
        Refusal::Incomplete(format!("Date must be in ISO-8601 'basic format'. Got '{}'.", claim.date.escape_debug()))
    })?;
    let (day, region, service) = scope_parts(&claim, family)?;
    match &key.session_token {
        Some(token) if claim.token.as_deref().is_some_and(|claimed| same(claimed, token)) => {}
        None if claim.token.is_none() => {}
        _ => return Err(Refusal::WrongToken),
    }
    in_time(&claim, signed_at, now)?;
    if !claim.signed_headers.iter().any(|name| name == "host") {
        return Err(Refusal::Incomplete(
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".into(),
        ));
    }
    if family == Family::S3 && claim.expires.is_none() && !covers_amz_headers(&claim, &parts.headers) {
        return Err(Refusal::UnsignedHeaders);
    }
    let hash = match payload {
        Payload::Whole(body) => sha256_hex(body),
        Payload::Declared => declared_hash(&parts.headers, &query, claim.expires.is_some())?,
    };
    let request = canonical_request(parts, &query, &claim.signed_headers, &hash, family != Family::S3);
    let to_sign = format!("{ALGORITHM}\n{}\n{}\n{}", claim.date, claim.scope, sha256_hex(request.as_bytes()));
    let midnight = time::day(day).ok_or(Refusal::Mismatch)?;
    let signing_key = generate_signing_key(&key.secret, midnight, region, service);
    if !same(&calculate_signature(&signing_key, to_sign.as_bytes()), &claim.signature) {
        return Err(Refusal::Mismatch);
    }
    let streamed = matches!(payload, Payload::Declared) && hash.starts_with("STREAMING-AWS4-");
    let chunks = || Chunks::new(signing_key.as_ref().to_vec(), claim.date, &claim.scope, &claim.signature);
    let chunks = streamed.then(chunks);
    Ok(Verified { key, chunks })
}

fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

fn from_header<'r>(header: &str, headers: &'r HeaderMap) -> Result<Claim<'r>, Refusal> {
    let Some(rest) = header.strip_prefix(ALGORITHM) else {
        let algorithm = header.split(' ').next().unwrap_or_default().to_owned();
        return Err(Refusal::Algorithm(algorithm));
    };
    let (mut credential, mut signed, mut signature) = (None, None, None);
    for part in rest.split(',') {
        match part.trim().split_once('=') {
            Some(("Credential", value)) => credential = Some(value),
            Some(("SignedHeaders", value)) => signed = Some(value),
            Some(("Signature", value)) => signature = Some(value),
            _ => {}
        }
    }
    let date = headers.get("x-amz-date").or_else(|| headers.get("date")).and_then(|date| date.to_str().ok());
    let missing: Vec<&str> = [
        (credential.is_none(), "Authorization header requires 'Credential' parameter."),
        (signature.is_none(), "Authorization header requires 'Signature' parameter."),
        (signed.is_none(), "Authorization header requires 'SignedHeaders' parameter."),
        (date.is_none(), "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."),
    ]
    .into_iter()
    .filter_map(|(absent, text)| absent.then_some(text))
    .collect();
    let (Some(credential), Some(signed), Some(signature), Some(date)) = (credential, signed, signature, date) else {
        return Err(Refusal::Incomplete(format!("{} Authorization={ALGORITHM}", missing.join(" "))));
    };
    let token = headers.get("x-amz-security-token").map(|token| String::from_utf8_lossy(token.as_bytes()).into_owned());
    claim(credential, signed, signature, date, None, token)
}

fn from_query<'r>(query: &'r Parameters<'_>) -> Result<Claim<'r>, Refusal> {
    match query.get("X-Amz-Algorithm") {
        Some(ALGORITHM) => {}
        algorithm => return Err(Refusal::Algorithm(algorithm.unwrap_or_default().to_owned())),
    }
    let get = |name: &'static str| query.get(name).ok_or(Refusal::PresignedWithout(name));
    let (credential, date, signed) = (get("X-Amz-Credential")?, get("X-Amz-Date")?, get("X-Amz-SignedHeaders")?);
    let (expires, signature) = (get("X-Amz-Expires")?, get("X-Amz-Signature")?);
    let expires = expires.parse().map_err(|_| Refusal::Expires("X-Amz-Expires should be a number"))?;
    if expires > MAX_EXPIRES {
        return Err(Refusal::Expires(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 \
             seconds",
        ));
    }
    let token = query.get("X-Amz-Security-Token").map(str::to_owned);
    claim(credential, signed, signature, date, Some(expires), token)
}

fn claim<'r>(
    credential: &str,
    signed: &str,
    signature: &str,
    date: &'r str,
    expires: Option<u64>,
    token: Option<String>,
) -> Result<Claim<'r>, Refusal> {
    // An access key may hold slashes: the four parts of the scope are counted from the end.
    let (at, _) = credential.rmatch_indices('/').nth(3).ok_or_else(|| {
        let text =
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '";
        Refusal::Incomplete(format!("{text}{}'", credential.escape_debug()))
    })?;
    Ok(Claim {
        access_key: credential[..at].to_owned(),
        scope: credential[at + 1..].to_owned(),
        signed_headers: signed.split(';').map(str::to_ascii_lowercase).collect(),
        signature: signature.to_owned(),
        date,
        expires,
        token,
    })
}

/// The scope's day, region and service, when they are right.
fn scope_parts<'s>(claim: &'s Claim<'_>, family: Family) -> Result<(&'s str, &'s str, &'s str), Refusal> {
    let mut parts = claim.scope.split('/');
    let (Some(day), Some(region), Some(service), Some(terminator)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Refusal::Mismatch);
    };
    if terminator != "aws4_request" {
        let text = format!(
            "Credential should be scoped with a valid terminator: 'aws4_request', not '{}'.",
            terminator.escape_debug()
        );
        return Err(Refusal::Scope(text));
    }
    if family != Family::S3 && family.service().is_some_and(|expected| expected != service) {
        let expected = family.service().unwrap_or_default();
        return Err(Refusal::Scope(format!("Credential should be scoped to correct service: '{expected}'.")));
    }
    if claim.date.get(..8) != Some(day) {
        return Err(Refusal::Scope(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', from '{}'.",
            day.escape_debug(),
            claim.date.get(..8).unwrap_or_default(),
            claim.date
        )));
    }
    Ok((day, region, service))
}

fn in_time(claim: &Claim<'_>, signed_at: u64, now: u64) -> Result<(), Refusal> {
    let show = time::show;
    if signed_at > now.saturating_add(SKEW) {
        let text = format!(
            "Signature not yet current: {} is still later than {} ({} + 15 min.)",
            claim.date,
            show(now + SKEW),
            show(now)
        );
        return Err(Refusal::Skewed(text));
    }
    match claim.expires {
        Some(seconds) if signed_at + seconds * 1000 < now => Err(Refusal::Expired),
        None if signed_at < now.saturating_sub(SKEW) => Err(Refusal::Skewed(format!(
            "Signature expired: {} is now earlier than {} ({} - 15 min.)",
            claim.date,
            show(now.saturating_sub(SKEW)),
            show(now)
        ))),
        _ => Ok(()),
    }
}

fn covers_amz_headers(claim: &Claim<'_>, headers: &HeaderMap) -> bool {
    headers
        .keys()
        .filter(|name| name.as_str().starts_with("x-amz-"))
        .all(|name| claim.signed_headers.iter().any(|signed| signed == name.as_str()))
}

fn declared_hash(headers: &HeaderMap, query: &Parameters<'_>, presigned: bool) -> Result<String, Refusal> {
    let header = headers.get("x-amz-content-sha256").map(|hash| String::from_utf8_lossy(hash.as_bytes()).into_owned());
    match header.or_else(|| query.get("X-Amz-Content-Sha256").map(str::to_owned)) {
        Some(hash) => Ok(hash),
        None if presigned => Ok("UNSIGNED-PAYLOAD".into()),
        None => Err(Refusal::NoContentHash),
    }
}
