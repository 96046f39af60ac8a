//! Who calls an API: bearer tokens (RFC 6750) that are JSON Web Tokens, signed by RS256.
//!
//! ```text
//! keys   the public keys that are trusted, by their ids: a file, a URL, or our own
//! own    a key of our own in a folder, which signs tokens for a service that only this machine reaches
//! ```

mod keys;
mod own;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Deserialize;
use sha2::{Digest, Sha256};

pub use self::keys::{Keys, Source};
pub use self::own::OwnKey;

/// A token has at most so many bytes; those of the usual issuers have one or two thousand.
const MAX_TOKEN: usize = 8 << 10;
/// A subject has at most so many bytes (OpenID Connect's bound, too).
const MAX_SUBJECT: usize = 255;
/// By how much the clocks of issuer and service may differ, in seconds.
const LEEWAY: u64 = 30;

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The token's subject.
    pub subject: String,
    /// The same for every token of this subject and issuer, and for no other's: 32 hex digits, fit for a name of anything.
    pub tenant: String,
}

/// Why somebody may not call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// There is no token.
    Missing,
    /// The token isn't one, is another's, or has expired.
    Bad(String),
    /// Nobody can tell: the keys aren't to be had.
    Unavailable(String),
}

/// Decides who may call.
#[derive(Debug)]
pub struct Authorizer {
    keys: Keys,
    validation: Validation,
    issuer: String,
}

/// What a token says of its bearer.
#[derive(Deserialize)]
struct Claims {
    sub: String,
}

impl Authorizer {
    /// Trusts tokens of an issuer for an audience that are signed by one of these keys.
    pub fn new(keys: Keys, issuer: &str, audience: &str) -> Self {
        // The algorithm is ours to say, never the token's: a token may call a public key a secret, or none necessary.
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY;
        Self { keys, validation, issuer: issuer.to_owned() }
    }

    /// The keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Who sends a request with these headers.
    ///
    /// # Errors
    /// There is no token, it isn't a good one, or the keys can't be had.
    pub async fn authorize(&self, headers: &HeaderMap) -> Result<Caller, Denied> {
        let token = bearer(headers)?;
        let bad = |error: jsonwebtoken::errors::Error| Denied::Bad(tell(&error));
        let header = decode_header(token).map_err(bad)?;
        if header.alg != Algorithm::RS256 {
            return Err(Denied::Bad("The token isn't signed by RS256.".into()));
        }
        if header.crit.is_some() {
            return Err(Denied::Bad("The token has a critical header that isn't understood.".into()));
        }
        let key = self.keys.find(header.kid.as_deref()).await?;
        let claims = decode::<Claims>(token, &key, &self.validation).map_err(bad)?.claims;
        if claims.sub.is_empty() || claims.sub.len() > MAX_SUBJECT {
            return Err(Denied::Bad(format!("The token's subject must have 1 to {MAX_SUBJECT} bytes.")));
        }
        Ok(Caller { tenant: tenant(&self.issuer, &claims.sub), subject: claims.sub })
    }
}

/// The one name of a subject of an issuer.
fn tenant(issuer: &str, subject: &str) -> String {
    let digest = Sha256::new().chain_update(issuer).chain_update([0]).chain_update(subject).finalize();
    hex::encode(&digest[..16])
}

/// The token of the header `Authorization`.
fn bearer(headers: &HeaderMap) -> Result<&str, Denied> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = all.next() else { return Err(Denied::Missing) };
    if all.next().is_some() {
        return Err(Denied::Bad("There is more than one header Authorization.".into()));
    }
    let value = value.to_str().map_err(|_| Denied::Bad("The header Authorization isn't text.".into()))?.trim();
    if value.is_empty() {
        return Err(Denied::Missing);
    }
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => match token.trim() {
            token if token.len() > MAX_TOKEN => Err(Denied::Bad("The token is too long.".into())),
            token => Ok(token),
        },
        _ => Err(Denied::Bad("The header Authorization must be: Bearer TOKEN.".into())),
    }
}

/// What is wrong with a token, as its bearer may know it.
fn tell(error: &jsonwebtoken::errors::Error) -> String {
    match error.kind() {
        ErrorKind::ExpiredSignature => "The token has expired.".into(),
        ErrorKind::ImmatureSignature => "The token isn't valid yet.".into(),
        ErrorKind::InvalidIssuer => "The token is of another issuer.".into(),
        ErrorKind::InvalidAudience => "The token is for another audience.".into(),
        ErrorKind::InvalidSignature => "The token's signature is wrong.".into(),
        ErrorKind::MissingRequiredClaim(claim) => format!("The token has no {claim}."),
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => "The token isn't signed by RS256.".into(),
        _ => "The token can't be read: it must be a JSON Web Token that is signed by RS256, with a subject.".into(),
    }
}

#[cfg(test)]
mod tests;
