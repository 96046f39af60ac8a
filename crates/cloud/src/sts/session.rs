//! A session: who acts with a temporary key, and until when.
//!
//! Nothing is kept of a session: its token holds it, with a signature by a secret of this data folder, and the secret access
//! key is derived from the same secret. As AWS's, the access key's id tells its account.

use aws_sigv4::sign::v4::calculate_signature;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use subtle::ConstantTimeEq;

use crate::core::Cloud;
use crate::request::{Context, Session, SessionFacts};
use crate::sigv4::{Key, Refusal};
use engine::config::Attributes;
use engine::{Engine, Millis};
use wire::{AwsError, Timestamp};

/// The document that holds the secret.
pub(crate) const SECRET: &str = "sts/secret";
/// How temporary access keys begin ("IAM identifiers").
const PREFIX: &str = "ASIA";
/// Base 32 (RFC 4648): five bits a character.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Characters of a signature in hexadecimal.
const SIGNATURE: usize = 64;
/// "GetSessionToken" (AWS STS API Reference): no session lasts longer than 36 hours.
const MAX_DURATION: Millis = 36 * 3_600_000;

/// A temporary key, as AWS gives it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TemporaryKey {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expiration: Timestamp,
}

/// A session that is to begin: whose it is, and how many seconds it lasts.
pub(crate) struct NewSession {
    pub account: String,
    pub arn: String,
    pub user_id: String,
    pub seconds: i64,
    /// Of whom it is, and its own.
    pub tags: Attributes,
    /// The keys of those that it hands on.
    pub transitive: Vec<String>,
    pub source_identity: Option<String>,
}

/// Begins the session that `decide` allows, which is asked in the transaction that begins it. Gives the session, and its key
/// for the client.
///
/// # Errors
/// Those of `decide`.
pub(crate) async fn begin(
    cx: &Context,
    decide: impl FnOnce(&Engine) -> Result<NewSession, AwsError>,
) -> Result<(Session, TemporaryKey), AwsError> {
    let new_secret: [u8; 32] = cx.cloud.core.secret();
    let now = cx.cloud.core.clients_now();
    let (new, secret) = cx
        .cloud
        .core
        .execute(|tx| {
            let new = decide(tx.engine())?;
            if tx.engine().doc(SECRET).is_none() {
                tx.put_doc(SECRET, &new_secret);
            }
            Ok((new, tx.engine().doc(SECRET).cloned()))
        })
        .await?;
    let secret = secret.ok_or_else(|| AwsError::internal("there is no secret for sessions"))?;
    let random = u64::from_str_radix(&cx.cloud.core.uuid().replace('-', "")[22..], 16).unwrap_or_default();
    let NewSession { account, arn, user_id, seconds, tags, transitive, source_identity } = new;
    let expires = now + seconds.unsigned_abs() * 1000;
    let facts = Some(SessionFacts { issued: now, tags, transitive, source_identity });
    let session = Session { access_key: access_key(&account, random), account, arn, user_id, expires, facts };
    let key = TemporaryKey {
        access_key_id: session.access_key.clone(),
        secret_access_key: secret_key(&secret, &session),
        session_token: token(&secret, &session)?,
        expiration: Timestamp(session.expires),
    };
    Ok((session, key))
}

/// A session, and the key to verify its requests with.
///
/// # Errors
/// `UnknownKey` or `WrongToken` for what this server didn't make, or whose role is gone; `ExpiredToken` for a session
/// that has ended.
pub(crate) fn key(cloud: &Cloud, access_key: &str, token: &str) -> Result<(Key, Session), Refusal> {
    if !access_key.starts_with(PREFIX) {
        return Err(Refusal::UnknownKey);
    }
    let now = cloud.core.clients_now();
    let secret = cloud.core.read(|engine, _| engine.doc(SECRET).cloned());
    let secret = secret.ok_or(Refusal::UnknownKey)?;
    let session = read(&secret, token).filter(|session| session.access_key == access_key);
    let session = session.ok_or(Refusal::WrongToken)?;
    // One that lasts longer than any was made by a clock that has been set back since.
    if session.expires <= now || session.expires > now + MAX_DURATION {
        return Err(Refusal::ExpiredToken);
    }
    if !cloud.core.read(|engine, _| session.stands(engine)) {
        return Err(Refusal::UnknownKey);
    }
    let secret = secret_key(&secret, &session);
    let key = Key { secret, session_token: Some(token.to_owned()), account: Some(session.account.clone()) };
    Ok((key, session))
}

/// The session that a request claims, where signatures aren't looked at.
pub(crate) fn claimed(cloud: &Cloud, access_key: &str, token: Option<&str>) -> Option<Session> {
    if !access_key.starts_with(PREFIX) {
        return None;
    }
    let secret = cloud.core.read(|engine, _| engine.doc(SECRET).cloned())?;
    read(&secret, token?).filter(|session| session.access_key == access_key)
}

/// The account of a temporary access key's id.
pub(crate) fn account_of_key(access_key: &str) -> Option<String> {
    let digits = access_key.strip_prefix(PREFIX)?;
    if digits.len() != 16 {
        return None;
    }
    let mut number: u64 = 0;
    for byte in digits.bytes().take(8) {
        number = number << 5 | ALPHABET.iter().position(|digit| *digit == byte)? as u64;
    }
    Some(format!("{number:012}")).filter(|account| account.len() == 12)
}

/// `ASIA`, 40 bits of account and 40 bits of chance.
fn access_key(account: &str, random: u64) -> String {
    let account: u64 = account.parse().unwrap_or_default();
    let digit = |number: u64, at: u32| char::from(ALPHABET[(number >> (5 * at) & 31) as usize]);
    let digits = |number| (0..8).rev().map(move |at| digit(number, at));
    PREFIX.chars().chain(digits(account)).chain(digits(random)).collect()
}

fn secret_key(secret: &[u8], session: &Session) -> String {
    let mut text = calculate_signature(secret, format!("secret {} {}", session.access_key, session.expires).as_bytes());
    text.truncate(40);
    text
}

/// The session and its signature.
fn token(secret: &[u8], session: &Session) -> Result<String, AwsError> {
    let failed = |error: postcard::Error| AwsError::internal(error.to_string());
    let mut encoded = postcard::to_stdvec(session).map_err(failed)?;
    if let Some(facts) = &session.facts {
        encoded.extend(postcard::to_stdvec(facts).map_err(failed)?);
    }
    let mut bytes = calculate_signature(secret, &encoded).into_bytes();
    bytes.extend(encoded);
    Ok(BASE64.encode(bytes))
}

fn read(secret: &[u8], token: &str) -> Option<Session> {
    let bytes = BASE64.decode(token).ok()?;
    let (signature, encoded) = bytes.split_at_checked(SIGNATURE)?;
    let right: bool = calculate_signature(secret, encoded).as_bytes().ct_eq(signature).into();
    if !right {
        return None;
    }
    let (session, rest) = postcard::take_from_bytes::<Session>(encoded).ok()?;
    let facts = if rest.is_empty() { None } else { Some(postcard::from_bytes(rest).ok()?) };
    Some(Session { facts, ..session })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_its_session_and_no_other() {
        let session = Session {
            access_key: access_key("123456789012", 7),
            account: "123456789012".into(),
            arn: "arn:aws:sts::123456789012:assumed-role/r/s".into(),
            user_id: "AROAX:s".into(),
            expires: 5,
            facts: None,
        };
        assert_eq!(session.access_key.len(), 20);
        assert_eq!(account_of_key(&session.access_key).as_deref(), Some("123456789012"));
        let token = token(b"secret", &session).unwrap();
        assert_eq!(read(b"secret", &token), Some(session.clone()));
        let facts = SessionFacts {
            issued: 3,
            tags: [("Team".to_owned(), "red".to_owned())].into(),
            transitive: vec!["Team".to_owned()],
            source_identity: Some("ann".to_owned()),
        };
        let tagged = Session { facts: Some(facts), ..session.clone() };
        assert_eq!(read(b"secret", &super::token(b"secret", &tagged).unwrap()), Some(tagged));
        assert_eq!(read(b"another", &token), None);
        let mut bytes = BASE64.decode(&token).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        assert_eq!(read(b"secret", &BASE64.encode(bytes)), None);
        for wrong in ["", "x", "AAAA", &"A".repeat(88)] {
            assert_eq!(read(b"secret", wrong), None, "{wrong}");
        }
        let later = Session { expires: 6, ..session.clone() };
        assert_ne!(secret_key(b"secret", &session), secret_key(b"secret", &later));
        for wrong in ["ASIA", "AKIAAAAAAAAAAAAAAAAA", "ASIA1AAAAAAAAAAAAAAA", "ASIA777777777777777€"] {
            assert_eq!(account_of_key(wrong), None, "{wrong}");
        }
    }
}
