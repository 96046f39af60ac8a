//! Signatures made by AWS's published examples and by its own signing library.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as Identity;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4::SigningParams;
use http::request::Parts;
use proptest::prelude::*;

use super::*;
use crate::{sns, sqs};

const NOW: u64 = 1_440_938_160_000;
/// As the server does it, without sessions.
fn verify<'c>(
    credentials: &'c Credentials,
    parts: &Parts,
    payload: Payload<'_>,
    now: u64,
    family: Family,
) -> Result<Cow<'c, Key>, Refusal> {
    let find = |key: &str, _: Option<&str>| credentials.get(key).map(Cow::Borrowed).ok_or(Refusal::UnknownKey);
    let claim = Claim::of(parts)?.ok_or(Refusal::Missing)?;
    super::verify(find, &claim, parts, payload, now, family).map(|verified| verified.key)
}

const ACCESS_KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const ANY: Family = Family::Query(None);

fn credentials(token: Option<&str>) -> Credentials {
    let mut credentials = Credentials::default();
    let key = Key { secret: SECRET.into(), session_token: token.map(str::to_owned), account: None };
    credentials.add(ACCESS_KEY, key);
    credentials
}

fn request(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
    let builder = http::Request::builder().method(method).uri(uri);
    headers
        .iter()
        .fold(builder, |builder, (name, value)| builder.header(*name, *value))
        .body(())
        .unwrap()
        .into_parts()
        .0
}

/// "get-vanilla" of AWS's test suite for Signature Version 4.
#[test]
fn the_published_example() {
    let auth = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                SignedHeaders=host;x-amz-date, \
                Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    let headers = [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z"), ("authorization", auth)];
    let parts = request("GET", "/", &headers);
    verify(&credentials(None), &parts, Payload::Whole(b""), NOW, ANY).unwrap();
    let refused = |parts: &Parts, body: &[u8], now| {
        verify(&credentials(None), parts, Payload::Whole(body), now, ANY).unwrap_err()
    };
    assert!(matches!(refused(&parts, b"x", NOW), Refusal::Mismatch(_)));
    assert!(matches!(refused(&request("POST", "/", &headers), b"", NOW), Refusal::Mismatch(_)));
    assert!(matches!(refused(&request("GET", "/?a=b", &headers), b"", NOW), Refusal::Mismatch(_)));
    assert_eq!(
        refused(&parts, b"", NOW + SKEW + 1000),
        Refusal::Skewed(
            "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)"
                .into()
        )
    );
    assert!(
        matches!(refused(&parts, b"", NOW - SKEW - 1000), Refusal::Skewed(text) if text.contains("not yet current"))
    );
}

/// "Authenticating Requests: Using Query Parameters" of the S3 API Reference.
#[test]
fn the_published_presigned_example() {
    let mut credentials = Credentials::default();
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into();
    credentials.add("AKIAIOSFODNN7EXAMPLE", Key { secret, session_token: None, account: None });
    let uri = "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F\
               aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
               &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    let parts = request("GET", uri, &[("host", "examplebucket.s3.amazonaws.com")]);
    let signed_at = time::parse("20130524T000000Z").unwrap();
    let check = |now| verify(&credentials, &parts, Payload::Declared, now, Family::S3).map(|_| ());
    assert_eq!(check(signed_at), Ok(()));
    assert_eq!(check(signed_at + 86_400_000), Ok(()));
    assert_eq!(
        check(signed_at + 86_401_000),
        Err(Refusal::Expired { life: 86_400, end: signed_at + 86_400_000, now: signed_at + 86_401_000 })
    );
    let long = request("GET", &uri.replace("86400", "604801"), &[("host", "h")]);
    assert!(matches!(verify(&credentials, &long, Payload::Declared, signed_at, Family::S3), Err(Refusal::Expires(_))));
}

struct Case<'a> {
    method: &'a str,
    path: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: &'a [u8],
    s3: bool,
    presigned: bool,
    token: Option<&'a str>,
}

/// Signs with aws-sigv4, as the SDKs do, and hands the signed request over.
fn signed(case: &Case) -> Parts {
    let identity = Identity::new(ACCESS_KEY, SECRET, case.token.map(str::to_owned), None, "test").into();
    let mut settings = SigningSettings::default();
    if case.s3 {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = aws_sigv4::http_request::PayloadChecksumKind::XAmzSha256;
    }
    if case.presigned {
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(60));
    }
    let params = SigningParams::builder()
        .identity(&identity)
        .region("eu-west-1")
        .name(if case.s3 { "s3" } else { "sqs" })
        .time(SystemTime::UNIX_EPOCH + Duration::from_millis(NOW))
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let uri = format!("http://localhost:4566{}", case.path);
    let body = if case.presigned && case.s3 { SignableBody::UnsignedPayload } else { SignableBody::Bytes(case.body) };
    let headers = case.headers.iter().copied().chain([("host", "localhost:4566")]);
    let signable = SignableRequest::new(case.method, &uri, headers, body).unwrap();
    let (instructions, _) = sign(signable, &params).unwrap().into_parts();
    let mut builder = http::Request::builder().method(case.method).uri(&uri).header("host", "localhost:4566");
    for (name, value) in case.headers {
        builder = builder.header(*name, *value);
    }
    let mut request = builder.body(()).unwrap();
    instructions.apply_to_request_http1x(&mut request);
    request.into_parts().0
}

#[test]
fn what_aws_sigv4_signs_is_accepted() {
    let plain =
        Case { method: "POST", path: "/", headers: &[], body: b"Action=X", s3: false, presigned: false, token: None };
    let header = [("x-amz-target", "AmazonSQS.SendMessage"), ("content-type", "a   b ")];
    let cases = [
        Case { ..plain },
        Case { headers: &header, ..plain },
        Case { path: "/000000000000/q?Action=X&B=%20%2F+c&A=", method: "GET", body: b"", ..plain },
        Case { path: "/a%20b/../c//d/", ..plain },
        Case { token: Some("tok/en=="), ..plain },
        Case { presigned: true, method: "GET", path: "/?Action=X", body: b"", ..plain },
        Case { presigned: true, method: "GET", body: b"", token: Some("t&/"), ..plain },
        Case { s3: true, method: "PUT", path: "/b/a%20b/../c//%E2%82%AC%3D%2B%281%29", body: b"data", ..plain },
        Case { s3: true, method: "GET", path: "/b?list-type=2&prefix=a%2Fb%20c&delimiter=%2F", body: b"", ..plain },
        Case { s3: true, presigned: true, method: "GET", path: "/b/k~x.txt?versionId=null", body: b"", ..plain },
    ];
    for case in cases {
        let parts = signed(&case);
        let (family, payload) = match case.s3 {
            true => (Family::S3, Payload::Declared),
            false => (Family::Query(Some(&sqs::SERVICE)), Payload::Whole(case.body)),
        };
        let accepted = verify(&credentials(case.token), &parts, payload, NOW, family).map(|_| ());
        assert!(accepted.is_ok(), "{} {:?}: {accepted:?}", case.path, parts);
        let wrong = credentials(Some("other"));
        assert_eq!(verify(&wrong, &parts, payload, NOW, family), Err(Refusal::WrongToken));
        let mut unknown = Credentials::default();
        unknown.add("x", Key { secret: "y".into(), session_token: None, account: None });
        assert_eq!(verify(&unknown, &parts, payload, NOW, family), Err(Refusal::UnknownKey));
        if !case.s3 {
            let sns = Family::Query(Some(&sns::SERVICE));
            assert!(matches!(verify(&credentials(case.token), &parts, payload, NOW, sns), Err(Refusal::Scope(..))));
        }
    }
}

#[test]
fn broken_claims_are_named() {
    let check = |auth: &str| {
        let parts = request("GET", "/", &[("host", "h"), ("x-amz-date", "20150830T123600Z"), ("authorization", auth)]);
        verify(&credentials(None), &parts, Payload::Whole(b""), NOW, ANY).unwrap_err()
    };
    assert_eq!(check("AWS AKIDEXAMPLE:sig"), Refusal::Algorithm(Scheme::Header, "AWS".into()));
    assert!(matches!(check("AWS4-HMAC-SHA256 x"), Refusal::Incomplete(text) if text.contains("'Signature'")));
    assert!(matches!(
        check("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0"),
        Refusal::Credential(Scheme::Header, text) if text == "a/b"
    ));
    let scoped = |scope: &str| check(&format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"));
    assert!(matches!(scoped("AKIDEXAMPLE/20150830/r/s/aws4_request"), Refusal::Mismatch(_)));
    assert!(matches!(scoped("AKIDEXAMPLE/20150831/r/s/aws4_request"), Refusal::Scope(..)));
    assert!(matches!(scoped("AKIDEXAMPLE/20150830/r/s/aws5_request"), Refusal::Scope(..)));
    assert_eq!(scoped("OTHER/20150830/r/s/aws4_request"), Refusal::UnknownKey);
    let parts = request("GET", "/", &[("host", "h")]);
    assert_eq!(verify(&credentials(None), &parts, Payload::Whole(b""), NOW, ANY), Err(Refusal::Missing));
}

proptest! {
    #[test]
    fn never_panics(auth in "(AWS4-HMAC-SHA256 )?(Credential=[A-Z/0-9]{0,40}|SignedHeaders=[a-z;]{0,9}|Signature=[0-9a-f]{0,9}|, ?|\\PC){0,9}", date in "[0-9TZ]{0,17}", query in "(X-Amz-(Algorithm=AWS4-HMAC-SHA256|Credential=[A-Z/%0-9]{0,20}|Date=[0-9TZ]{0,17}|Expires=[0-9]{0,25}|SignedHeaders=host|Signature=0)&?){0,7}") {
        let headers = [("host", "h"), ("x-amz-date", &*date), ("authorization", &*auth)];
        if auth.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            let _ = verify(&credentials(None), &request("GET", "/", &headers), Payload::Declared, NOW, Family::S3);
        }
        if let Ok(uri) = format!("/?{query}").parse::<http::Uri>() {
            let mut parts = request("GET", "/", &headers[..1]);
            parts.uri = uri;
            let _ = verify(&credentials(None), &parts, Payload::Whole(b""), NOW, ANY);
        }
    }
}
