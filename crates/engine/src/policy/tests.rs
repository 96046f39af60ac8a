//! Documents as a whole: what is refused, and what is decided.

use proptest::prelude::*;

use super::*;

const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:events";
const QUEUE: &str = "arn:aws:sqs:eu-west-1:123456789012:orders";

fn sns<'a>(context: &'a [(&'a str, &'a str)]) -> Request<'a> {
    let principal = Principal::Service("sns.amazonaws.com");
    let around = Around::service(1_773_531_000_000, "eu-west-1", "123456789012");
    Request { principal, action: "sqs:SendMessage", resource: QUEUE, context, around }
}

fn statement(rest: &str) -> Policy {
    let json = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*",{rest}}}}}"#
    );
    Policy::parse(&json, Kind::Resource).unwrap_or_else(|e| panic!("{json}: {e}"))
}

#[test]
fn a_topic_may_send() {
    let json = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"send","Effect":"Allow","Principal":{{"Service":"sns.amazonaws.com"}},
        "Action":"sqs:SendMessage","Resource":"{QUEUE}","Condition":{{"ArnEquals":{{"aws:SourceArn":"{TOPIC}"}}}}}}]}}"#
    );
    let policy = Policy::parse(&json, Kind::Resource).unwrap();
    let verdict = policy.explain(&sns(&[("aws:SourceArn", TOPIC)]));
    assert_eq!((verdict.decision, verdict.statement.as_deref()), (Decision::Allow, Some("send")));
    let other = format!("{TOPIC}2");
    assert_eq!(policy.decide(&sns(&[("aws:SourceArn", &other)])), Decision::ImplicitDeny);
    assert_eq!(policy.decide(&sns(&[])), Decision::ImplicitDeny);
    let request = Request { principal: Principal::Account("123456789012"), ..sns(&[("aws:SourceArn", TOPIC)]) };
    assert_eq!(policy.decide(&request), Decision::ImplicitDeny);
}

#[test]
fn deny_wins_and_lists_may_be_single() {
    let json = r#"{"Statement":[
        {"Effect":"Allow","Principal":{"AWS":["*"]},"Action":["SQS:send*"],"Resource":["*"]},
        {"Effect":"Deny","NotPrincipal":{"AWS":"123456789012"},"NotAction":"sqs:ReceiveMessage","NotResource":"arn:x"}]}"#;
    let policy = Policy::parse(json, Kind::Resource).unwrap();
    let of = |principal| Request { principal, ..sns(&[]) };
    assert_eq!(policy.decide(&of(Principal::Account("123456789012"))), Decision::Allow);
    assert_eq!(policy.decide(&of(Principal::Account("210987654321"))), Decision::ExplicitDeny);
    assert_eq!(policy.explain(&sns(&[])).statement.as_deref(), Some("statement 2"));
}

#[test]
fn condition_operators() {
    // (condition, context, applies): "IAM JSON policy elements: Condition operators".
    type Context<'a> = &'a [(&'a str, &'a str)];
    let cases: &[(&str, Context<'_>, bool)] = &[
        (r#""StringEquals":{"aws:SourceAccount":["1","2"]}"#, &[("AWS:sourceaccount", "2")], true),
        (r#""StringEquals":{"aws:SourceAccount":"1"}"#, &[], false),
        (r#""StringEquals":{"aws:SourceAccount":"*"}"#, &[("aws:SourceAccount", "1")], false),
        (r#""StringNotEquals":{"aws:SourceIdentity":"1"}"#, &[], true),
        // AWS's services say for whom they ask: what isn't known of it opens nothing.
        (r#""StringNotEquals":{"aws:SourceAccount":"1"}"#, &[], false),
        (r#""StringNotEquals":{"aws:SourceAccount":["1","2"]}"#, &[("aws:SourceAccount", "2")], false),
        (r#""StringEqualsIgnoreCase":{"aws:username":"BoB"}"#, &[("aws:username", "bOb")], true),
        (r#""StringLike":{"aws:username":"b*?"}"#, &[("aws:username", "bob")], true),
        (r#""StringNotLike":{"aws:username":"b*"}"#, &[("aws:username", "bob")], false),
        (r#""StringEqualsIfExists":{"aws:username":"bob"}"#, &[], true),
        (r#""StringEqualsIfExists":{"aws:username":"bob"}"#, &[("aws:username", "eve")], false),
        (r#""StringEquals":{"aws:username":"${aws:userid}"}"#, &[("aws:username", "x"), ("aws:userid", "x")], true),
        (r#""ArnLike":{"aws:SourceArn":"arn:aws:sns:*:123456789012:ev*"}"#, &[("aws:SourceArn", TOPIC)], true),
        (r#""ArnLike":{"aws:SourceArn":"arn:aws:sns:*:events"}"#, &[("aws:SourceArn", TOPIC)], false),
        (r#""ArnEquals":{"aws:SourceArn":"arn:aws:s3:*:*:b/*:x"}"#, &[("aws:SourceArn", "arn:aws:s3:::b/a:x")], true),
        (r#""ArnNotEquals":{"aws:SourceArn":"arn:aws:sns:*:*:*"}"#, &[("aws:SourceArn", TOPIC)], false),
        (r#""Bool":{"aws:SecureTransport":false}"#, &[("aws:SecureTransport", "false")], true),
        (r#""Bool":{"aws:SecureTransport":"false"}"#, &[("aws:SecureTransport", "true")], false),
        (r#""Null":{"aws:TokenIssueTime":"true"}"#, &[], true),
        (r#""Null":{"aws:TokenIssueTime":"false"}"#, &[], false),
        (r#""NumericLessThanEquals":{"s3:max-keys":10}"#, &[("s3:max-keys", "10")], true),
        (r#""NumericGreaterThan":{"s3:max-keys":"10"}"#, &[("s3:max-keys", "9.5")], false),
        (r#""NumericNotEquals":{"s3:max-keys":"10"}"#, &[("s3:max-keys", "10.0")], false),
        (
            r#""DateGreaterThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"},"DateLessThan":{"aws:CurrentTime":"2026-01-02"}"#,
            &[("aws:CurrentTime", "2026-01-01T12:00:00Z")],
            true,
        ),
        (r#""DateLessThan":{"aws:EpochTime":"2020-01-01T00:00:00Z"}"#, &[("aws:EpochTime", "1600000000")], false),
        (r#""IpAddress":{"aws:SourceIp":["10.0.0.0/8","::1"]}"#, &[("aws:SourceIp", "10.9.9.9")], true),
        (r#""IpAddress":{"aws:SourceIp":"10.0.0.0/8"}"#, &[("aws:SourceIp", "11.0.0.1")], false),
        (r#""NotIpAddress":{"aws:SourceIp":"0.0.0.0/0"}"#, &[("aws:SourceIp", "11.0.0.1")], false),
        (
            r#""ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}"#,
            &[("aws:TagKeys", "a"), ("aws:TagKeys", "b")],
            true,
        ),
        (r#""ForAllValues:StringEquals":{"aws:TagKeys":["a"]}"#, &[("aws:TagKeys", "a"), ("aws:TagKeys", "c")], false),
        (r#""ForAllValues:StringEquals":{"aws:TagKeys":["a"]}"#, &[], true),
        (r#""ForAnyValue:StringLike":{"aws:TagKeys":["c*"]}"#, &[("aws:TagKeys", "a"), ("aws:TagKeys", "c")], true),
        (r#""ForAnyValue:StringEquals":{"aws:TagKeys":["a"]}"#, &[], false),
        (r#""StringEquals":{"aws:PrincipalServiceName":"sns.amazonaws.com"}"#, &[], true),
        (r#""Bool":{"aws:PrincipalIsAWSService":"true"}"#, &[], true),
        // What is not known here never opens a door, not even by its absence.
        (r#""StringNotEquals":{"foo:Bar":"1"}"#, &[], false),
    ];
    for (condition, context, applies) in cases {
        let policy = statement(&format!("\"Condition\":{{{condition}}}"));
        assert_eq!(policy.decide(&sns(context)) == Decision::Allow, *applies, "{condition} {context:?}");
    }
}

#[test]
fn unknown_keys_are_reported() {
    let policy = statement(r#""Condition":{"StringEquals":{"foo:Bar":"1","aws:RequestTag/x":"y"}}"#);
    assert_eq!(policy.doubt(&sns(&[])), "; what it says of foo:Bar can't be judged here");
}

#[test]
fn trust_policies() {
    let json = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["firehose.amazonaws.com"]},
        "Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"123456789012"}}}]}"#;
    let policy = Policy::parse(json, Kind::Trust).unwrap();
    let context = [("sts:ExternalId", "123456789012")];
    let of = |name| Request {
        principal: Principal::Service(name),
        action: "sts:AssumeRole",
        resource: "",
        context: &context,
        around: sns(&[]).around,
    };
    assert_eq!(policy.decide(&of("firehose.amazonaws.com")), Decision::Allow);
    assert_eq!(policy.decide(&of("sns.amazonaws.com")), Decision::ImplicitDeny);
}

#[test]
fn refusals() {
    let ok = r#""Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*""#;
    let cases = [
        (String::from("{"), "EOF while parsing an object at line 1 column 1"),
        ("[]".into(), "a policy is a JSON object"),
        ("{}".into(), "Missing required field Statement"),
        (r#"{"Version":"2020-01-01","Statement":[]}"#.into(), "The policy must contain a valid version string"),
        (r#"{"Statement":[]}"#.into(), "Statement must be a statement or a list of them"),
        (r#"{"Statement":[{}],"Foo":1}"#.into(), "Unknown field Foo"),
        (r#"{"Statement":[{}]}"#.into(), "Missing required field Effect"),
        (r#"{"Statement":[{"Effect":"Maybe"}]}"#.into(), "Invalid effect: Maybe"),
        (r#"{"Statement":[{"Effect":"Deny"}]}"#.into(), "Missing required field Principal"),
        (
            r#"{"Statement":[{"Effect":"Deny","Principal":{"AWS":"12"}}]}"#.into(),
            "Invalid principal in policy: \"AWS\":\"12\"",
        ),
        (r#"{"Statement":[{"Effect":"Deny","Principal":"*"}]}"#.into(), "Policy statement must contain actions."),
        (
            r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*"}]}"#.into(),
            "Policy statement must contain resources.",
        ),
        (format!(r#"{{"Statement":[{{{ok},"NotAction":"*"}}]}}"#), "Statement can have Action or NotAction, not both"),
        (format!(r#"{{"Statement":[{{{ok},"Foo":1}}]}}"#), "Unknown field Foo"),
        (format!(r#"{{"Statement":[{{{ok},"Condition":{{"Foo":{{}}}}}}]}}"#), "Invalid Condition type : Foo."),
        (
            format!(r#"{{"Statement":[{{{ok},"Sid":"a"}},{{{ok},"Sid":"a"}}]}}"#),
            "Statement IDs (SID) in a single policy must be unique.",
        ),
    ];
    for (json, message) in cases {
        assert_eq!(Policy::parse(&json, Kind::Resource).expect_err(&json).to_string(), message, "{json}");
    }
    let twice = format!(r#"{{"Statement":[{{{ok},"Sid":"a"}},{{{ok},"Sid":"a"}}]}}"#);
    assert!(Policy::parse(&twice, Kind::Bucket).is_ok(), "S3 takes a Sid twice");
    let with_principal = format!(r#"{{"Statement":[{{{ok}}}]}}"#);
    assert!(Policy::parse(&with_principal, Kind::Identity).is_err());
    assert!(Policy::parse(&with_principal, Kind::Trust).is_err());
}

proptest! {
    #[test]
    fn no_input_panics(field in "Action|Resource|Principal|Condition|Sid", value in "[\\[\\]{}:,\"*$a-c0-9/.]{0,40}") {
        let json = format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","{field}":{value}}}}}"#);
        for kind in [Kind::Resource, Kind::Bucket, Kind::Identity, Kind::Trust] {
            if let Ok(policy) = Policy::parse(&json, kind) {
                let _ = policy.explain(&sns(&[]));
            }
        }
    }
}
