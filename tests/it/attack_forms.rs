//! One identity per request, in browsers' forms: who signed the policy sends the form, and it is what the policy says.

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::helpers::signed::{A, Ask, B, Guarded, Key, element, send, status};

const DAY: u64 = 20_526 * 86_400;

/// The fields of a form that `key` signs, for one object.
fn fields(key: Key<'_>, object: &str, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let credential = format!("{}/20260314/us-east-1/s3/aws4_request", key.id);
    let mut fields = vec![
        ("key".to_owned(), object.to_owned()),
        ("x-amz-algorithm".into(), "AWS4-HMAC-SHA256".into()),
        ("x-amz-credential".into(), credential),
        ("x-amz-date".into(), "20260314T233000Z".into()),
    ];
    fields.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    fields.extend(key.token.map(|token| ("x-amz-security-token".to_owned(), token.to_owned())));
    let any = json!(["starts-with", "$bucket", ""]);
    let conditions = fields.iter().map(|(name, value)| json!({ (name.as_str()): value }));
    let conditions: Vec<_> = conditions.chain([any]).collect();
    with_policy(fields, key, "2999-01-01T00:00:00Z", &conditions.into())
}

/// The same fields with a policy, signed.
fn with_policy(
    mut fields: Vec<(String, String)>,
    key: Key<'_>,
    expiration: &str,
    conditions: &Value,
) -> Vec<(String, String)> {
    fields.retain(|(name, _)| name != "policy" && name != "x-amz-signature");
    let policy = json!({ "expiration": expiration, "conditions": conditions });
    let policy = BASE64.encode(policy.to_string());
    let midnight = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(DAY);
    let signing_key = generate_signing_key(key.secret, midnight, "us-east-1", "s3");
    fields.push(("x-amz-signature".into(), calculate_signature(signing_key, policy.as_bytes())));
    fields.push(("policy".into(), policy));
    fields
}

fn post(target: &str, fields: &[(String, String)]) -> Ask {
    let part =
        |name: &str, value: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let body: String = fields.iter().map(|(name, value)| part(name, value)).collect();
    let file = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f.txt\"\r\n\r\nFILE\r\n--b--\r\n";
    Ask::new("POST", target).header("content-type", "multipart/form-data; boundary=b").body(&(body + file))
}

async fn with_buckets() -> Guarded {
    let cloud = Guarded::start().await;
    for (key, bucket) in [(A, "abucket"), (B, "bbucket")] {
        assert_eq!(status(&cloud.signed(&Ask::new("PUT", &format!("/{bucket}")), key, "s3").await), "200");
    }
    cloud
}

/// With keys all forms were refused without a reason; without a check any would have been let in.
#[tokio::test]
async fn a_form_is_from_who_signed_its_policy() {
    let cloud = with_buckets().await;
    let answer = cloud.send(&post("/abucket", &fields(A, "up/x", &[("x-amz-meta-a", "1")]))).await;
    assert_eq!(status(&answer), "204", "{answer}");
    let read = cloud.signed(&Ask::new("GET", "/abucket/up/x"), A, "s3").await;
    assert!(read.ends_with("FILE") && read.contains("x-amz-meta-a: 1"), "{read}");
    let begun = cloud.signed(&Ask::form("Action=GetSessionToken&Version=2011-06-15"), A, "sts").await;
    let (id, secret, token) =
        (element(&begun, "AccessKeyId"), element(&begun, "SecretAccessKey"), element(&begun, "SessionToken"));
    let session = Key { id, secret, token: Some(token) };
    let answer = cloud.send(&post("/abucket", &fields(session, "up/y", &[]))).await;
    assert_eq!(status(&answer), "204", "{answer}");

    let good = fields(A, "up/x", &[]);
    let with = |name: &str, value: &str| {
        let mut fields = good.clone();
        match fields.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value.to_owned(),
            None => fields.insert(0, (name.to_owned(), value.to_owned())),
        }
        fields
    };
    let without = |gone: &str| good.iter().filter(|(name, _)| name != gone).cloned().collect::<Vec<_>>();
    let twice = |name: &str, value: &str| [good.clone(), vec![(name.to_owned(), value.to_owned())]].concat();
    let theirs = fields(B, "up/x", &[]).into_iter().find(|(name, _)| name == "policy").unwrap().1;
    let scoped = "AKIAA/20260314/us-east-1/sqs/aws4_request";
    let table = [
        ("another account's bucket", post("/bbucket", &good), "AccessDenied"),
        ("another secret", post("/abucket", &fields(Key { secret: "x", ..A }, "up/x", &[])), "SignatureDoesNotMatch"),
        ("another policy", post("/abucket", &with("policy", &theirs)), "SignatureDoesNotMatch"),
        (
            "another key's id",
            post("/bbucket", &with("x-amz-credential", "AKIAB/20260314/us-east-1/s3/aws4_request")),
            "SignatureDoesNotMatch",
        ),
        (
            "an account for a key",
            post("/bbucket", &with("x-amz-credential", "222222222222/20260314/us-east-1/s3/aws4_request")),
            "InvalidAccessKeyId",
        ),
        ("another service", post("/abucket", &with("x-amz-credential", scoped)), "incorrect service"),
        ("another object", post("/abucket", &with("key", "up/z")), "Policy Condition failed: "),
        (
            "a field that wasn't signed",
            post("/abucket", &with("x-amz-meta-b", "1")),
            "Extra input fields: x-amz-meta-b",
        ),
        ("no signature", post("/abucket", &without("x-amz-signature")), "must contain a field named"),
        ("no policy", post("/abucket", &without("policy")), "AccessDenied"),
        (
            "version 2",
            post(
                "/bbucket",
                &[("key", "k"), ("AWSAccessKeyId", "AKIAB"), ("policy", "e30="), ("signature", "x")]
                    .map(|(n, v)| (n.into(), v.into())),
            ),
            "not supported. Please use AWS4-HMAC-SHA256",
        ),
        ("nothing but a file", post("/abucket", &[("key".into(), "k".into())]), "AccessDenied"),
        ("two keys", post("/abucket", &twice("Key", "up/z")), "more than once"),
        ("two policies", post("/abucket", &twice("policy", &theirs)), "more than once"),
        (
            "two credentials",
            post("/abucket", &twice("X-Amz-Credential", "AKIAB/20260314/us-east-1/s3/aws4_request")),
            "more than once",
        ),
        ("a header beside it", post("/abucket", &good).signed(B, "us-east-1", "s3", false), "Only one auth mechanism"),
        ("a URL beside it", post("/abucket", &good).signed(B, "us-east-1", "s3", true), "Only one auth mechanism"),
        ("a token that isn't its key's", post("/abucket", &with("x-amz-security-token", token)), "InvalidToken"),
        ("an object's path", post("/abucket/up?uploads", &good), "MethodNotAllowed"),
    ];
    for (what, ask, expected) in &table {
        let answer = cloud.send(ask).await;
        assert!(answer.contains(expected) && answer.starts_with("HTTP/1.1 4"), "{what}: {answer}");
    }
    // A form does nothing but put: not what its query names, and not as anything but a form.
    let answer = cloud.send(&post("/abucket?delete", &good)).await;
    assert!(!answer.contains("DeleteResult"), "{answer}");
    let mut other = post("/abucket?uploads", &good);
    other.headers[1].1 = "multipart/form-dataX; boundary=b".into();
    assert_eq!(element(&cloud.send(&other).await, "Code"), "AccessDenied");
}

/// A form that was signed for one bucket without its name was good for all of them, and what a policy denied was called a
/// mistake in it.
#[tokio::test]
async fn a_form_does_what_its_policy_says() {
    let cloud = with_buckets().await;
    assert_eq!(status(&cloud.signed(&Ask::new("PUT", "/other"), A, "s3").await), "200");
    let signs = ["$x-amz-algorithm", "$x-amz-credential", "$x-amz-date"].map(|name| json!(["starts-with", name, ""]));
    let form = |end: &str, more: &[Value]| {
        let conditions = signs.iter().chain(more).cloned().collect();
        with_policy(fields(A, "up/x", &[]), A, end, &conditions)
    };
    let later = "2999-01-01T00:00:00.000Z";
    let (mine, key) = (json!({"bucket": "abucket"}), json!(["starts-with", "$key", "up/"]));
    let sizes = |low: Value, high: Value| json!(["content-length-range", low, high]);
    let table = [
        ("/abucket", later, vec![mine.clone(), key.clone()], "204", ""),
        (
            "/other",
            later,
            vec![mine.clone(), key.clone()],
            "403",
            "Policy Condition failed: [\"eq\", \"$bucket\", \"abucket\"]",
        ),
        ("/abucket", later, vec![key.clone()], "403", "Invalid according to Policy: Extra input fields: bucket"),
        ("/other", later, vec![key.clone()], "403", "Invalid according to Policy: Extra input fields: bucket"),
        ("/abucket", later, vec![mine.clone()], "403", "Invalid according to Policy: Extra input fields: key"),
        (
            "/abucket",
            later,
            vec![mine.clone(), json!(["eq", "$key", "x"])],
            "403",
            "Invalid according to Policy: Policy Condition failed: [\"eq\", \"$key\", \"x\"]",
        ),
        (
            "/abucket",
            "2026-03-14T23:00:00Z",
            vec![mine.clone(), key.clone()],
            "403",
            "Invalid according to Policy: Policy expired.",
        ),
        ("/abucket", later, vec![mine.clone(), key.clone(), sizes(4.into(), "4".into())], "204", ""),
        (
            "/abucket",
            later,
            vec![mine.clone(), key.clone(), sizes(0.into(), 3.into())],
            "400",
            "<ProposedSize>4</ProposedSize><MaxSizeAllowed>3</MaxSizeAllowed>",
        ),
        (
            "/abucket",
            later,
            vec![mine.clone(), key.clone(), sizes("5".into(), 9.into())],
            "400",
            "<ProposedSize>4</ProposedSize><MinSizeAllowed>5</MinSizeAllowed>",
        ),
        ("/abucket", later, vec![json!({"bucket": "abucket", "key": "up/x"})], "400", "InvalidPolicyDocument"),
    ];
    for (target, end, conditions, expected, text) in table {
        let answer = cloud.send(&post(target, &form(end, &conditions))).await;
        let answer = answer.replace("&quot;", "\"");
        assert!(status(&answer) == expected && answer.contains(text), "{target} {conditions:?}: {answer}");
    }
    let denied = cloud.signed(&Ask::new("GET", "/other/up/x"), A, "s3").await;
    assert_eq!(status(&denied), "404", "{denied}");
}

/// All of a form was read again with each of the frames that it came in: minutes of work for 100 KB that nobody had signed.
#[tokio::test]
async fn a_form_in_crumbs_is_read_once() {
    let cloud = Guarded::with(Default::default()).await;
    assert_eq!(status(&cloud.send(&Ask::new("PUT", "/crumbs")).await), "200");
    let mut fields: Vec<_> = (0..800).map(|at| (format!("x-ignore-{at}"), "y".to_owned())).collect();
    fields.push(("key".into(), "k".into()));
    let ask = post("/crumbs", &fields);
    let mut request = format!("POST {} HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n", ask.target);
    request.extend(ask.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
    request.push_str("\r\n");
    for piece in ask.body.chunks(7) {
        request.push_str(&format!("{:x}\r\n{}\r\n", piece.len(), std::str::from_utf8(piece).unwrap()));
    }
    let answer = send(&cloud.address, (request + "0\r\n\r\n").as_bytes()).await;
    assert_eq!(status(&answer), "204", "{answer}");
    assert!(cloud.send(&Ask::new("GET", "/crumbs/k")).await.ends_with("FILE"));
}

/// Without keys a form's account is its credential's, as a header's is.
#[tokio::test]
async fn without_keys_a_form_names_its_account() {
    let cloud = Guarded::with(Default::default()).await;
    let account = Key { id: "222222222222", secret: "any", token: None };
    assert_eq!(status(&cloud.signed(&Ask::new("PUT", "/theirs"), account, "s3").await), "200");
    assert_eq!(status(&cloud.send(&post("/theirs", &fields(account, "k", &[]))).await), "204");
    let answer = cloud.send(&post("/theirs", &fields(A, "k", &[]))).await;
    assert_eq!(element(&answer, "Code"), "AccessDenied", "{answer}");
}
