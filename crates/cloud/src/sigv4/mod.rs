//! Signature Version 4: verifies requests signed in the `Authorization` header or, presigned, in the query string.
//!
//! Off unless the server has [`Credentials`]. Of S3's streamed uploads the seed signature is verified, which covers the
//! head; [`Chunks`] verifies those of the single chunks as they come.
//! Rules: "Troubleshooting Signature Version 4 signing of AWS API requests" (IAM User Guide) and "Authenticating Requests:
//! Using Query Parameters" (S3 API Reference).

mod canonical;
mod chunks;
mod claim;
mod credentials;
mod presign;
mod refusal;
mod scheme;
#[cfg(test)]
mod tests;
mod time;

use std::borrow::Cow;

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use http::HeaderMap;
use http::request::Parts;
use subtle::ConstantTimeEq;

use canonical::{Parameters, canonical_request, sha256_hex};
pub(crate) use chunks::Chunks;
pub(crate) use claim::{Claim, Scope, is_signing};
pub use credentials::{Credentials, Key};
pub(crate) use presign::presign;
pub(crate) use refusal::{Compared, Family, Refusal, Wrong};
pub(crate) use scheme::Scheme;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far a request's time may be from the server's, in milliseconds.
pub(crate) const SKEW: u64 = 15 * 60 * 1000;
/// The longest life of a presigned URL, in seconds: a week.
pub(crate) const MAX_EXPIRES: u64 = 7 * 24 * 60 * 60;

/// The most headers that a request may have signed; a request with more headers isn't read at all.
const MAX_SIGNED: usize = 128;

/// What is verified of a request's body.
#[derive(Debug, Clone, Copy)]
pub enum Payload<'a> {
    /// The whole body, hashed here.
    Whole(&'a [u8]),
    /// S3's: the hash that the client declares in `x-amz-content-sha256` is part of what is signed.
    Declared,
}

/// A request whose signature is right: who sent it, and nothing else says so.
pub(crate) struct Verified<'c> {
    pub key: Cow<'c, Key>,
    pub access_key: String,
    pub region: String,
    /// What verifies the chunks of a body that is signed chunk by chunk.
    pub chunks: Option<Chunks>,
}

/// All that a claim must have to be verified.
struct Whole<'c> {
    scope: Scope<'c>,
    /// `20260101/us-east-1/sqs/aws4_request`.
    scope_text: &'c str,
    signature: &'c str,
    /// ISO 8601 basic, `20260101T000000Z`.
    date: &'c str,
    signed_headers: Vec<String>,
    /// Seconds, when presigned.
    expires: Option<u64>,
}

/// Checks that a request was signed with a known key, in time, and not changed since. `now` is in milliseconds. `find` gives
/// the key of an access key's id and the session token that came with it.
pub(crate) fn verify<'c>(
    find: impl FnOnce(&str, Option<&str>) -> Result<Cow<'c, Key>, Refusal>,
    claim: &Claim<'_>,
    parts: &Parts,
    payload: Payload<'_>,
    now: u64,
    family: Family,
) -> Result<Verified<'c>, Refusal> {
    let whole = whole(claim)?;
    let key = find(whole.scope.access_key, claim.token.as_deref())?;
    let signed_at = time::parse(whole.date).ok_or_else(|| not_a_date(whole.date))?;
    check_scope(claim.scheme, &whole, family)?;
    check_token(&key, claim)?;
    in_time(&whole, signed_at, now)?;
    check_headers(&whole, &parts.headers, family)?;
    let query = Parameters::parse(parts.uri.query().unwrap_or_default());
    let hash = match payload {
        Payload::Whole(body) => sha256_hex(body),
        Payload::Declared => declared_hash(&parts.headers, &query, whole.expires.is_some())?,
    };
    let request = canonical_request(parts, &query, &whole.signed_headers, &hash, family != Family::S3);
    let to_sign = format!("{ALGORITHM}\n{}\n{}\n{}", whole.date, whole.scope_text, sha256_hex(request.as_bytes()));
    let signing_key = check_signature(&key, &whole, to_sign, request)?;
    let streamed = matches!(payload, Payload::Declared) && hash.starts_with("STREAMING-AWS4-");
    let chunks = streamed.then(|| Chunks::new(signing_key, whole.date, whole.scope_text, whole.signature));
    let (access_key, region) = (whole.scope.access_key.to_owned(), whole.scope.region.to_owned());
    Ok(Verified { key, access_key, region, chunks })
}

/// Checks that a browser's form carries a policy (as it stands in the form, base64) that was signed with a known key. How
/// long it holds is in the policy.
/// Source: "Calculating a signature for browser-based uploads using HTTP POST" (Amazon S3 API reference).
pub(crate) fn verify_policy<'c>(
    find: impl FnOnce(&str, Option<&str>) -> Result<Cow<'c, Key>, Refusal>,
    claim: &Claim<'_>,
    policy: &str,
) -> Result<Verified<'c>, Refusal> {
    let whole = whole(claim)?;
    let key = find(whole.scope.access_key, claim.token.as_deref())?;
    time::parse(whole.date).ok_or_else(|| not_a_date(whole.date))?;
    check_scope(claim.scheme, &whole, Family::S3)?;
    check_token(&key, claim)?;
    check_signature(&key, &whole, policy.to_owned(), String::new())?;
    let (access_key, region) = (whole.scope.access_key.to_owned(), whole.scope.region.to_owned());
    Ok(Verified { key, access_key, region, chunks: None })
}

fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

fn not_a_date(date: &str) -> Refusal {
    Refusal::Incomplete(format!("Date must be in ISO-8601 'basic format'. Got '{}'.", date.escape_debug()))
}

/// A claim with all that its scheme wants.
fn whole<'c>(claim: &'c Claim<'_>) -> Result<Whole<'c>, Refusal> {
    if claim.algorithm.is_empty() {
        return Err(missing(claim));
    }
    if claim.algorithm != ALGORITHM {
        return Err(Refusal::Algorithm(claim.scheme, claim.algorithm.clone().into_owned()));
    }
    let parts = [&claim.credential, &claim.signature, &claim.signed_headers, &claim.date];
    let [credential, signature, signed, date] = parts.map(Option::as_deref);
    let signed = signed.or((claim.scheme == Scheme::Form).then_some(""));
    let (Some(credential), Some(signature), Some(signed), Some(date)) = (credential, signature, signed, date) else {
        return Err(missing(claim));
    };
    let expires = match (claim.scheme, claim.expires.as_deref()) {
        (Scheme::Query, None) => return Err(missing(claim)),
        (Scheme::Query, Some(seconds)) => Some(life(seconds)?),
        _ => None,
    };
    let scope =
        claim.scope().ok_or_else(|| Refusal::Credential(claim.scheme, credential.escape_debug().to_string()))?;
    Ok(Whole {
        scope,
        scope_text: &credential[scope.access_key.len() + 1..],
        signature,
        date,
        signed_headers: signed_headers(claim.scheme, signed)?,
        expires,
    })
}

/// The names of the signed headers, each of them once: the canonical request has a header's whole value for each name, so
/// one that came again and again would make it as large as its sender likes.
fn signed_headers(scheme: Scheme, text: &str) -> Result<Vec<String>, Refusal> {
    let mut names: Vec<String> = Vec::new();
    for name in text.split(';') {
        let name = name.to_ascii_lowercase();
        if names.contains(&name) {
            return Err(Refusal::Twice(scheme, "A header in SignedHeaders"));
        }
        if names.len() == MAX_SIGNED {
            return Err(Refusal::TooManyHeaders(scheme));
        }
        names.push(name);
    }
    Ok(names)
}

/// What isn't there, in AWS's words for the scheme.
fn missing(claim: &Claim<'_>) -> Refusal {
    let parts = [
        ("Algorithm", claim.algorithm.is_empty()),
        ("Credential", claim.credential.is_none()),
        ("Signature", claim.signature.is_none()),
        ("SignedHeaders", claim.signed_headers.is_none() && claim.scheme != Scheme::Form),
        ("Date", claim.date.is_none()),
        ("Expires", claim.expires.is_none() && claim.scheme == Scheme::Query),
    ];
    let mut absent = parts.into_iter().filter_map(|(name, absent)| absent.then_some(name));
    match claim.scheme {
        Scheme::Query => return Refusal::PresignedWithout(absent.next().unwrap_or_default()),
        Scheme::Form => return Refusal::FormWithout(absent.next().unwrap_or_default()),
        Scheme::Header => {}
    }
    let texts: Vec<_> = absent
        .map(|name| match name {
            "Date" => "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.".to_owned(),
            name => format!("Authorization header requires '{name}' parameter."),
        })
        .collect();
    Refusal::Incomplete(format!("{} Authorization={ALGORITHM}", texts.join(" ")))
}

/// A presigned request's life in seconds.
fn life(text: &str) -> Result<u64, Refusal> {
    match text.parse::<i64>() {
        Err(_) => Err(Refusal::Expires("X-Amz-Expires should be a number")),
        Ok(seconds) if seconds < 0 => Err(Refusal::Expires("X-Amz-Expires must be non-negative")),
        Ok(seconds) if seconds.unsigned_abs() > MAX_EXPIRES => Err(Refusal::Expires(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 \
             seconds",
        )),
        Ok(seconds) => Ok(seconds.unsigned_abs()),
    }
}

/// The scope's day, service and end must be those of this request; every region is here, but `aws-global` is none.
fn check_scope(scheme: Scheme, whole: &Whole<'_>, family: Family) -> Result<(), Refusal> {
    let Scope { day, region, service, terminator, .. } = whole.scope;
    let wrong = |what| Err(Refusal::Scope(scheme, what));
    if terminator != "aws4_request" {
        return wrong(Wrong::Terminator(terminator.to_owned()));
    }
    if let Some(expected) = family.service().filter(|expected| *expected != service) {
        return wrong(Wrong::Service { given: service.to_owned(), expected });
    }
    if region == "aws-global" {
        return wrong(Wrong::Region(region.to_owned()));
    }
    if whole.date.get(..8) != Some(day) {
        return wrong(Wrong::Day { day: day.to_owned(), date: whole.date.to_owned() });
    }
    Ok(())
}

fn check_token(key: &Key, claim: &Claim<'_>) -> Result<(), Refusal> {
    match (&key.session_token, claim.token.as_deref()) {
        (Some(token), Some(claimed)) if same(claimed, token) => Ok(()),
        (None, None) => Ok(()),
        _ => Err(Refusal::WrongToken),
    }
}

/// The signing key, if the claim's signature is that of `to_sign`, which was made of a `canonical` request.
fn check_signature(key: &Key, whole: &Whole<'_>, to_sign: String, canonical: String) -> Result<Vec<u8>, Refusal> {
    let Scope { access_key, day, region, service, .. } = whole.scope;
    let midnight = time::day(day).ok_or_else(|| not_a_date(whole.date))?;
    let signing_key = generate_signing_key(&key.secret, midnight, region, service);
    if same(&calculate_signature(&signing_key, to_sign.as_bytes()), whole.signature) {
        return Ok(signing_key.as_ref().to_vec());
    }
    let (access_key, signature) = (access_key.to_owned(), whole.signature.to_owned());
    Err(Refusal::Mismatch(Box::new(Compared { access_key, signature, to_sign, canonical })))
}

fn in_time(whole: &Whole<'_>, signed_at: u64, now: u64) -> Result<(), Refusal> {
    let show = time::show;
    if signed_at > now.saturating_add(SKEW) {
        let text = format!(
            "Signature not yet current: {} is still later than {} ({} + 15 min.)",
            whole.date,
            show(now + SKEW),
            show(now)
        );
        return Err(Refusal::Skewed(text));
    }
    match whole.expires {
        Some(life) if signed_at + life * 1000 < now => {
            Err(Refusal::Expired { life, end: signed_at + life * 1000, now })
        }
        None if signed_at < now.saturating_sub(SKEW) => Err(Refusal::Skewed(format!(
            "Signature expired: {} is now earlier than {} ({} - 15 min.)",
            whole.date,
            show(now.saturating_sub(SKEW)),
            show(now)
        ))),
        _ => Ok(()),
    }
}

/// The host must be signed, what names a JSON operation, and whatever `x-amz-` header a presigned request or S3 obeys. The
/// body's hash is part of every signature as it is.
fn check_headers(whole: &Whole<'_>, headers: &HeaderMap, family: Family) -> Result<(), Refusal> {
    let is_signed = |name: &str| whole.signed_headers.iter().any(|signed| signed == name);
    let must = |name: &str| Refusal::Incomplete(format!("{name} must be a 'SignedHeader' in the AWS Authorization."));
    if !is_signed("host") {
        return Err(must("'Host' or ':authority'"));
    }
    if matches!(family, Family::Json(_)) && !is_signed("x-amz-target") {
        return Err(must("'X-Amz-Target'"));
    }
    if family != Family::S3 && whole.expires.is_none() {
        return Ok(());
    }
    let names = headers.keys().map(|name| name.as_str());
    let unsigned: Vec<&str> = names
        .filter(|name| name.starts_with("x-amz-") && *name != "x-amz-content-sha256" && !is_signed(name))
        .collect();
    if unsigned.is_empty() { Ok(()) } else { Err(Refusal::UnsignedHeaders(unsigned.join(", "))) }
}

fn declared_hash(headers: &HeaderMap, query: &Parameters<'_>, presigned: bool) -> Result<String, Refusal> {
    let header = headers.get("x-amz-content-sha256").map(|hash| String::from_utf8_lossy(hash.as_bytes()).into_owned());
    match header.or_else(|| query.get("X-Amz-Content-Sha256").map(str::to_owned)) {
        Some(hash) => Ok(hash),
        None if presigned => Ok("UNSIGNED-PAYLOAD".into()),
        None => Err(Refusal::NoContentHash),
    }
}
