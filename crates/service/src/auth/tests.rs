//! Who may call, and who may not.

use std::os::unix::fs::PermissionsExt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::HeaderValue;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;
use crate::clock;

/// A key pair that all tests share: to make one takes a while.
static KEY: LazyLock<OwnKey> = LazyLock::new(|| OwnKey::open(tempfile::tempdir().unwrap().path()).unwrap());

fn authorizer() -> Authorizer {
    Authorizer::new(Keys::new(Source::Fixed(KEY.public().clone())).unwrap(), "us", "jobs")
}

async fn authorize(authorizer: &Authorizer, header: &str) -> Result<Caller, Denied> {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_str(header).unwrap());
    authorizer.authorize(&headers).await
}

fn claims(changes: Value) -> Value {
    let now = clock::since_epoch().as_secs();
    let mut claims = json!({ "iss": "us", "aud": "jobs", "sub": "ann", "nbf": now, "exp": now + 60 });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            _ => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    claims
}

/// The reason that a token with other claims is refused for.
async fn refusal(changes: Value) -> String {
    let token = KEY.sign(&claims(changes)).unwrap();
    match authorize(&authorizer(), &format!("Bearer {token}")).await {
        Err(Denied::Bad(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_good_token_tells_who_calls() {
    let token = KEY.token("us", "jobs", "ann", Duration::from_secs(60)).unwrap();
    let caller = authorize(&authorizer(), &format!("bearer {token}")).await.unwrap();
    assert_eq!((caller.subject.as_str(), caller.tenant.len()), ("ann", 32));
    let other = KEY.token("us", "jobs", "bob", Duration::from_secs(60)).unwrap();
    assert_ne!(authorize(&authorizer(), &format!("Bearer {other}")).await.unwrap().tenant, caller.tenant);
}

#[tokio::test]
async fn without_a_token_it_is_missing_and_with_another_thing_it_is_bad() {
    assert_eq!(authorizer().authorize(&HeaderMap::new()).await, Err(Denied::Missing));
    assert_eq!(authorize(&authorizer(), " ").await, Err(Denied::Missing));
    let token = KEY.sign(&claims(json!({}))).unwrap();
    for header in
        ["Basic YTpi", "Bearer", "Bearer x.y.z", "Bearer ....", &token, &format!("Bearer {}", "a".repeat(9_000))]
    {
        assert!(matches!(authorize(&authorizer(), header).await, Err(Denied::Bad(_))), "{header}");
    }
    let mut two = HeaderMap::new();
    two.append(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
    two.append(AUTHORIZATION, HeaderValue::from_static("Bearer x"));
    assert!(matches!(authorizer().authorize(&two).await, Err(Denied::Bad(_))));
}

#[tokio::test]
async fn every_claim_is_checked() {
    let now = clock::since_epoch().as_secs();
    for (changes, why) in [
        (json!({ "exp": now - 31 }), "expired"),
        (json!({ "exp": null }), "no exp"),
        (json!({ "nbf": now + 120 }), "isn't valid yet"),
        (json!({ "iss": "them" }), "another issuer"),
        (json!({ "iss": null }), "no iss"),
        (json!({ "aud": ["tasks"] }), "another audience"),
        (json!({ "aud": null }), "no aud"),
        (json!({ "sub": null }), "a subject"),
        (json!({ "sub": "" }), "subject must have"),
        (json!({ "sub": "x".repeat(256) }), "subject must have"),
        (json!({ "sub": 5 }), "subject"),
    ] {
        let told = refusal(changes.clone()).await;
        assert!(told.contains(why), "{changes}: {told}");
    }
}

#[tokio::test]
async fn the_algorithm_is_not_the_tokens_to_choose() {
    // A token whose header says HS256, "signed" with the public key as the secret, passes a verifier that believes the header.
    let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let kid = KEY.public().keys[0].common.key_id.clone().unwrap();
    for alg in ["none", "HS256", "RS512", "PS256"] {
        let token = format!("{}.{}.c2ln", part(json!({ "alg": alg, "kid": kid })), part(claims(json!({}))));
        assert!(matches!(authorize(&authorizer(), &format!("Bearer {token}")).await, Err(Denied::Bad(_))), "{alg}");
    }
    let token = KEY.sign(&claims(json!({}))).unwrap();
    let (signed, _) = token.rsplit_once('.').unwrap();
    let forged = format!("Bearer {signed}.{}", BASE64_URL_SAFE_NO_PAD.encode([7; 256]));
    assert_eq!(authorize(&authorizer(), &forged).await, Err(Denied::Bad("The token's signature is wrong.".into())));
}

#[test]
fn only_the_owner_reads_the_key_and_it_stays() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("made/anew");
    let first = OwnKey::open(&inner).unwrap();
    assert_eq!(OwnKey::open(&inner).unwrap().public(), first.public());
    let path = inner.join("token-key.pem");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(&inner).unwrap().count(), 1);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(OwnKey::open(&inner).unwrap_err().contains("chmod 600"));
}

#[test]
fn keys_come_over_https_or_from_this_machine() {
    for text in ["https://id.example.com/jwks.json", "http://127.0.0.1:9/jwks", "http://[::1]/j", "http://localhost/j"]
    {
        assert!(matches!(Source::parse(text), Ok(Source::Url(_))), "{text}");
    }
    for text in ["http://id.example.com/jwks.json", "ftp://localhost/j", "http://127.0.0.1.example.com/", "https://"] {
        assert!(Source::parse(text).is_err(), "{text}");
    }
    assert!(matches!(Source::parse("/etc/keys.json"), Ok(Source::File(_))));
}

/// A server of one answer, and how often it was asked.
async fn server(answer: String) -> (String, std::sync::Arc<AtomicUsize>) {
    let asked = std::sync::Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let router = axum::Router::new().fallback(move || async move {
        counted.fetch_add(1, Ordering::SeqCst);
        answer
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}

#[tokio::test]
async fn unknown_keys_make_it_ask_once_a_minute() {
    let (url, asked) = server(serde_json::to_string(KEY.public()).unwrap()).await;
    let authorizer = Authorizer::new(Keys::new(Source::parse(&url).unwrap()).unwrap(), "us", "jobs");
    let good = format!("Bearer {}", KEY.sign(&claims(json!({}))).unwrap());
    for _ in 0..3 {
        assert!(authorize(&authorizer, &good).await.is_ok());
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"other"}"#);
    for _ in 0..5 {
        let unknown = authorize(&authorizer, &format!("Bearer {header}.e30.c2ln")).await;
        assert_eq!(unknown, Err(Denied::Bad("The token is signed by an unknown key.".into())));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "the last look was a moment ago");
    assert!(authorize(&authorizer, &good).await.is_ok());
}

#[tokio::test]
async fn keys_that_are_no_keys_or_too_large_are_refused() {
    for (answer, why) in [
        ("[]".to_owned(), "no JSON Web Key Set"),
        (json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0", "kid": "a" }] }).to_string(), "no RSA key"),
        (json!({ "keys": [{ "kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "short" }] }).to_string(), "no RSA key"),
        (" ".repeat(300 << 10), "more than"),
    ] {
        let (url, _) = server(answer).await;
        let told = Keys::new(Source::parse(&url).unwrap()).unwrap().load().await.unwrap_err();
        assert!(told.contains(why), "{told}");
    }
    let gone = Keys::new(Source::parse("http://127.0.0.1:1/jwks.json").unwrap()).unwrap();
    let authorizer = Authorizer::new(gone, "us", "jobs");
    let good = format!("Bearer {}", KEY.sign(&claims(json!({}))).unwrap());
    assert!(matches!(authorize(&authorizer, &good).await, Err(Denied::Unavailable(_))));
}
