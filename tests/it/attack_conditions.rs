//! Condition keys, by whoever decides on them: each has its value in a request that AWS gives one; what can't be judged opens
//! nothing, neither by an Allow nor past a Deny.

use serde_json::{Value, json};

use crate::helpers::accounts::{Caller, OWNER, STRANGER, role_of};
use crate::helpers::cloud::{TestCloud, eventually};
use crate::helpers::signed::{Ask, B, Guarded, status};

/// What a condition is in a request.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Is {
    True,
    False,
    Unjudged,
}
use Is::{False, True, Unjudged};

/// Conditions on what a client asks; `$type`, `$account` and `$id` are the caller's. The clock stands at 2026-03-14T23:30:00Z.
const OF_A_CLIENT: &[(&str, Is)] = &[
    (r#"{"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}"#, True),
    (r#"{"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}"#, False),
    (r#"{"NotIpAddress": {"aws:SourceIp": "127.0.0.1/32"}}"#, False),
    (r#"{"DateGreaterThan": {"AWS:CURRENTTIME": "2009-01-31T12:00Z"}}"#, True),
    (r#"{"DateLessThan": {"aws:CurrentTime": "2026-03-15T00:00:00+01:00"}}"#, False),
    (r#"{"DateLessThan": {"aws:CurrentTime": "someday"}}"#, Unjudged),
    (r#"{"NumericGreaterThan": {"aws:EpochTime": "1600000000"}}"#, True),
    (r#"{"NumericGreaterThan": {"aws:EpochTime": "yesterday"}}"#, Unjudged),
    (r#"{"DateLessThan": {"aws:EpochTime": "2026-03-15"}}"#, True),
    (r#"{"StringEquals": {"aws:RequestedRegion": "us-east-1"}}"#, True),
    (r#"{"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}"#, False),
    (r#"{"StringLike": {"aws:UserAgent": "agent/*"}}"#, True),
    (r#"{"StringNotLike": {"aws:UserAgent": "agent/*"}}"#, False),
    (r#"{"StringLike": {"aws:Referer": "https://page.example/*"}}"#, True),
    (r#"{"StringNotLike": {"aws:Referer": "https://page.example/*"}}"#, False),
    (r#"{"StringEquals": {"aws:PrincipalType": "$type"}}"#, True),
    (r#"{"StringEquals": {"aws:PrincipalType": "AssumedRole"}}"#, False),
    (r#"{"StringEquals": {"aws:PrincipalAccount": "$account"}}"#, True),
    (r#"{"StringEquals": {"aws:userid": "$id"}}"#, True),
    (r#"{"StringEquals": {"aws:ResourceAccount": "222222222222"}}"#, True),
    (r#"{"StringEquals": {"aws:ResourceAccount": "111111111111"}}"#, False),
    (r#"{"Bool": {"aws:ViaAWSService": "false"}}"#, True),
    (r#"{"Bool": {"aws:PrincipalIsAWSService": "true"}}"#, False),
    // What such a request doesn't have on AWS either.
    (r#"{"Null": {"aws:username": "true"}}"#, True),
    (r#"{"Null": {"aws:TokenIssueTime": "false"}}"#, False),
    (r#"{"Null": {"aws:CalledVia": "false"}}"#, False),
    (r#"{"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}"#, True),
    (r#"{"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}"#, True),
    (r#"{"StringEquals": {"aws:SourceVpce": "vpce-1"}}"#, False),
    (r#"{"ArnLike": {"aws:SourceArn": "*"}}"#, False),
    (r#"{"StringEquals": {"aws:SourceAccount": "111111111111"}}"#, False),
    // What nobody here can tell.
    (r#"{"StringEquals": {"foo:Bar": "x"}}"#, Unjudged),
    (r#"{"StringNotEquals": {"foo:Bar": "x"}}"#, Unjudged),
    (r#"{"StringEqualsIfExists": {"foo:Bar": "x"}}"#, Unjudged),
    (r#"{"ForAllValues:StringEquals": {"foo:Bar": "x"}}"#, Unjudged),
    (r#"{"Null": {"foo:Bar": "true"}}"#, Unjudged),
    (r#"{"StringNotEquals": {"aws:RequestedRegion": "${foo:Bar}"}}"#, Unjudged),
    // All of a statement's conditions must hold: one that doesn't decides.
    (r#"{"StringEquals": {"foo:Bar": "x"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}"#, False),
];

/// A request from this machine crosses no wire. A policy that asks for TLS, as many templates have it, shut its own owner out.
const ON_LOOPBACK: &[(&str, Is)] =
    &[(r#"{"Bool": {"aws:SecureTransport": "false"}}"#, False), (r#"{"Bool": {"aws:SecureTransport": "true"}}"#, True)];

/// Websites have no TLS on AWS either.
const OF_A_VISITOR: &[(&str, Is)] =
    &[(r#"{"Bool": {"aws:SecureTransport": "false"}}"#, True), (r#"{"Bool": {"aws:SecureTransport": "true"}}"#, False)];

/// Conditions on what a service does in its own name: it talks by TLS, and its address is AWS's affair.
const OF_A_SERVICE: &[(&str, Is)] = &[
    (r#"{"DateGreaterThan": {"aws:CurrentTime": "2009-01-31T12:00Z"}}"#, True),
    (r#"{"DateGreaterThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}}"#, False),
    (r#"{"NumericLessThan": {"aws:EpochTime": "1600000000"}}"#, False),
    (r#"{"Bool": {"aws:SecureTransport": "true"}}"#, True),
    (r#"{"Bool": {"aws:SecureTransport": "false"}}"#, False),
    (r#"{"StringEquals": {"aws:RequestedRegion": "us-east-1"}}"#, True),
    (r#"{"StringEquals": {"aws:ResourceAccount": "222222222222"}}"#, True),
    (r#"{"StringEquals": {"aws:SourceAccount": "222222222222"}}"#, True),
    (r#"{"Bool": {"aws:ViaAWSService": "false"}}"#, True),
    (r#"{"Bool": {"aws:PrincipalIsAWSService": "true"}}"#, True),
    (r#"{"Null": {"aws:PrincipalArn": "true"}}"#, True),
    (r#"{"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}"#, Unjudged),
    (r#"{"NotIpAddress": {"aws:SourceIp": "127.0.0.1/32"}}"#, Unjudged),
    (r#"{"StringLike": {"aws:UserAgent": "*"}}"#, Unjudged),
    (r#"{"StringNotEquals": {"foo:Bar": "x"}}"#, Unjudged),
];

/// Who asks.
struct Who {
    kind: &'static str,
    account: &'static str,
    id: &'static str,
}

const A_STRANGER: Who = Who { kind: "Account", account: STRANGER, id: STRANGER };
const NOBODY: Who = Who { kind: "Anonymous", account: "anonymous", id: "anonymous" };

/// Asks with each condition in the only Allow, and in a Deny beside an Allow.
async fn judge(
    decider: &str,
    table: &[(&str, Is)],
    who: &Who,
    (action, resource): (&str, Option<&str>),
    passes: impl AsyncFn(String) -> bool,
) {
    for (condition, is) in table {
        let text = condition.replace("$type", who.kind).replace("$account", who.account).replace("$id", who.id);
        let condition: Value = serde_json::from_str(&text).unwrap();
        let statement = |effect: &str, condition: Option<&Value>| {
            let mut statement = json!({"Effect": effect, "Principal": "*", "Action": action});
            if let Some(resource) = resource {
                statement["Resource"] = json!(resource);
            }
            if let Some(condition) = condition {
                statement["Condition"] = condition.clone();
            }
            statement
        };
        let policy = |statements: &[Value]| json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let allowed = passes(policy(&[statement("Allow", Some(&condition))])).await;
        let denied = !passes(policy(&[statement("Allow", None), statement("Deny", Some(&condition))])).await;
        assert_eq!((allowed, denied), (*is == True, *is != False), "{decider}: {text} is {is:?}");
    }
}

const QUEUE: &str = "arn:aws:sqs:us-east-1:222222222222:q";
const TOPIC: &str = "arn:aws:sns:us-east-1:222222222222:t";
const URL: &str = "http://localhost/222222222222/q";

async fn set_queue_policy(owner: Caller<'_>, policy: &str) {
    let attribute = [("QueueUrl", URL), ("Attribute.1.Name", "Policy"), ("Attribute.1.Value", policy)];
    owner.form("sqs", "SetQueueAttributes", &attribute).await.ok();
}

async fn set_topic_policy(owner: Caller<'_>, policy: &str) {
    let attribute = [("TopicArn", TOPIC), ("AttributeName", "Policy"), ("AttributeValue", policy)];
    owner.form("sns", "SetTopicAttributes", &attribute).await.ok();
}

const HEADERS: [(&str, &str); 3] = [
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("User-Agent", "agent/1.0"),
    ("Referer", "https://page.example/x"),
];

/// A Deny of an address, a time or a transport was without effect between accounts.
#[tokio::test]
async fn what_a_client_asks_of_anothers_is_judged_by_every_key() {
    let cloud = TestCloud::start().await;
    let (owner, stranger) = (Caller::new(&cloud, OWNER), Caller::new(&cloud, STRANGER));
    owner.form("sqs", "CreateQueue", &[("QueueName", "q")]).await.ok();
    owner.form("sns", "CreateTopic", &[("Name", "t")]).await.ok();
    owner.role("r", "firehose.amazonaws.com", "s3:PutObject").await;

    let send = async |policy: String| {
        set_queue_policy(owner, &policy).await;
        let body = format!("Action=SendMessage&QueueUrl={URL}&MessageBody=x");
        matches!(stranger.send("POST /", "sqs", &HEADERS, &body).await.code(), "OK")
    };
    judge("SendMessage", OF_A_CLIENT, &A_STRANGER, ("sqs:SendMessage", Some(QUEUE)), send).await;
    judge("SendMessage", ON_LOOPBACK, &A_STRANGER, ("sqs:SendMessage", Some(QUEUE)), send).await;

    let publish = async |policy: String| {
        set_topic_policy(owner, &policy).await;
        let body = format!("Action=Publish&TopicArn={TOPIC}&Message=x");
        matches!(stranger.send("POST /", "sns", &HEADERS, &body).await.code(), "OK")
    };
    judge("Publish", OF_A_CLIENT, &A_STRANGER, ("sns:Publish", Some(TOPIC)), publish).await;
    judge("Publish", ON_LOOPBACK, &A_STRANGER, ("sns:Publish", Some(TOPIC)), publish).await;

    let assume = async |policy: String| {
        let trust = [("RoleName", "r"), ("PolicyDocument", policy.as_str())];
        owner.form("iam", "UpdateAssumeRolePolicy", &trust).await.ok();
        let body = format!("Action=AssumeRole&RoleArn={}&RoleSessionName=me", role_of(OWNER, "r"));
        matches!(stranger.send("POST /", "sts", &HEADERS, &body).await.code(), "OK")
    };
    judge("AssumeRole", OF_A_CLIENT, &A_STRANGER, ("sts:AssumeRole", None), assume).await;
    judge("AssumeRole", ON_LOOPBACK, &A_STRANGER, ("sts:AssumeRole", None), assume).await;

    let notices = cloud.notices();
    for what in [QUEUE, TOPIC, &role_of(OWNER, "r")] {
        let told = |notice: &String| notice.contains(what) && notice.contains("foo:Bar can't be judged here");
        assert!(notices.iter().any(told), "{what}: {notices:?}");
    }
}

/// "Example policies for Amazon SNS" hold subscriptions to a protocol; these keys had no value either.
#[tokio::test]
async fn a_subscription_is_judged_by_its_protocol_and_endpoint() {
    let cloud = TestCloud::start().await;
    let (owner, stranger) = (Caller::new(&cloud, OWNER), Caller::new(&cloud, STRANGER));
    owner.form("sns", "CreateTopic", &[("Name", "t")]).await.ok();
    let table = [
        (r#"{"StringEquals": {"sns:Protocol": "email"}}"#, True),
        (r#"{"StringNotEquals": {"sns:Protocol": "email"}}"#, False),
        (r#"{"StringLike": {"sns:Endpoint": "*@example.com"}}"#, True),
        (r#"{"StringNotLike": {"sns:Endpoint": "*@example.com"}}"#, False),
    ];
    let subscribe = async |policy: String| {
        set_topic_policy(owner, &policy).await;
        let parameters = [("TopicArn", TOPIC), ("Protocol", "email"), ("Endpoint", "me@example.com")];
        stranger.form("sns", "Subscribe", &parameters).await.code() == "OK"
    };
    judge("Subscribe", &table, &A_STRANGER, ("sns:Subscribe", Some(TOPIC)), subscribe).await;
}

/// An owner's own Deny was overlooked where its text didn't hold the word.
#[tokio::test]
async fn a_deny_is_one_however_it_is_written() {
    let cloud = TestCloud::start().await;
    let owner = Caller::new(&cloud, OWNER);
    owner.form("sqs", "CreateQueue", &[("QueueName", "q")]).await.ok();
    owner.form("sns", "CreateTopic", &[("Name", "t")]).await.ok();
    let deny = |action: &str, resource: &str| {
        let statement = json!({"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource});
        json!({"Statement": statement}).to_string().replace("Deny", "\\u0044eny")
    };
    set_queue_policy(owner, &deny("sqs:SendMessage", QUEUE)).await;
    set_topic_policy(owner, &deny("sns:Publish", TOPIC)).await;
    let sent = owner.form("sqs", "SendMessage", &[("QueueUrl", URL), ("MessageBody", "x")]).await;
    assert_eq!(sent.code(), "AccessDenied");
    let published = owner.form("sns", "Publish", &[("TopicArn", TOPIC), ("Message", "x")]).await;
    assert_eq!(published.code(), "AuthorizationError");
}

/// SNS and S3 delivered nothing where a policy spoke of the time, and all where it denied by it.
#[tokio::test]
async fn what_services_deliver_is_judged_by_every_key() {
    let cloud = TestCloud::start().await;
    let owner = Caller::new(&cloud, OWNER);
    owner.form("sqs", "CreateQueue", &[("QueueName", "q")]).await.ok();
    owner.form("sns", "CreateTopic", &[("Name", "t")]).await.ok();
    owner.s3("PUT /bucket", &[], "").await.ok();
    let action = ("sqs:SendMessage", Some(QUEUE));
    let service = Who { kind: "", account: "", id: "" };

    let notification = format!(
        "<NotificationConfiguration><QueueConfiguration><Queue>{QUEUE}</Queue><Event>s3:ObjectCreated:*</Event>\
         </QueueConfiguration></NotificationConfiguration>"
    );
    let notify = async |policy: String| {
        set_queue_policy(owner, &policy).await;
        owner.s3("PUT /bucket?notification", &[], &notification).await.code() == "OK"
    };
    judge("S3", OF_A_SERVICE, &service, action, notify).await;
    owner.s3("PUT /bucket?notification", &[], "<NotificationConfiguration/>").await.ok();

    let subscription = [("TopicArn", TOPIC), ("Protocol", "sqs"), ("Endpoint", QUEUE)];
    owner.form("sns", "Subscribe", &subscription).await.ok();
    let deliver = async |policy: String| {
        set_queue_policy(owner, &policy).await;
        let before = messages(owner).await;
        owner.form("sns", "Publish", &[("TopicArn", TOPIC), ("Message", "x")]).await.ok();
        messages(owner).await > before
    };
    judge("SNS", OF_A_SERVICE, &service, action, deliver).await;

    // Time goes on though no declaration changes.
    let until = json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": QUEUE,
        "Condition": {"DateLessThan": {"aws:CurrentTime": "2026-03-14T23:31:00Z"}}}});
    assert!(deliver(until.to_string()).await);
    let before = messages(owner).await;
    cloud.pass(60);
    owner.form("sns", "Publish", &[("TopicArn", TOPIC), ("Message", "x")]).await.ok();
    assert_eq!(messages(owner).await, before);
}

async fn messages(owner: Caller<'_>) -> u32 {
    let asked = [("QueueUrl", URL), ("AttributeName.1", "ApproximateNumberOfMessages")];
    owner.form("sqs", "GetQueueAttributes", &asked).await.element("Value").parse().unwrap()
}

/// Firehose wrote past a Deny of the time, the region, the owner's account.
#[tokio::test]
async fn what_firehose_writes_is_judged_by_every_key() {
    let cloud = TestCloud::start().await;
    let (owner, stranger) = (Caller::new(&cloud, OWNER), Caller::new(&cloud, STRANGER));
    owner.s3("PUT /theirs", &[], "").await.ok();
    owner.s3("DELETE /theirs?publicAccessBlock", &[], "").await.code();
    stranger.role("r", "firehose.amazonaws.com", "s3:PutObject").await;
    let role = role_of(STRANGER, "r");
    let statement = |effect: &str, condition: &str| {
        let condition: Value = serde_json::from_str(condition).unwrap();
        json!({"Effect": effect, "Principal": {"AWS": role}, "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::theirs/*", "Condition": condition})
    };
    let table = [
        (r#"{"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}"#, True),
        (r#"{"StringEquals": {"aws:ResourceAccount": "222222222222", "aws:RequestedRegion": "us-east-1"}}"#, True),
        (
            r#"{"StringEquals": {"aws:PrincipalType": "AssumedRole", "s3:x-amz-acl": "bucket-owner-full-control"}}"#,
            True,
        ),
        (r#"{"Bool": {"aws:SecureTransport": "false"}}"#, False),
        (r#"{"StringNotLike": {"aws:UserAgent": "x"}}"#, Unjudged),
    ];
    for (index, (condition, is)) in table.into_iter().enumerate() {
        for effect in ["Allow", "Deny"] {
            let mut statements = vec![statement(effect, condition)];
            if effect == "Deny" {
                statements.push(statement("Allow", "{}"));
            }
            let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
            owner.s3("PUT /theirs?policy", &[], &policy).await.ok();
            let (before, refused) = (owner.objects("theirs").await, cloud.notices().len());
            let stream = format!("s{index}{effect}");
            stranger.stream(&stream, &role, "theirs").await.ok();
            stranger.put_record(&stream).await;
            cloud.pass(60);
            let landed = eventually(async || {
                let landed = owner.objects("theirs").await > before;
                let told = cloud.notices()[refused..].iter().any(|notice| notice.contains(&stream));
                (landed || told).then_some(landed)
            });
            let expected = if effect == "Allow" { is == True } else { is == False };
            assert_eq!(landed.await, Some(expected), "{effect} {condition}");
            let name = json!({"DeliveryStreamName": stream, "AllowForceDelete": true});
            stranger.json("Firehose_20150804.DeleteDeliveryStream", name).await.ok();
        }
    }
}

/// Websites showed what their bucket's policy denied, to an address, to a page, by the time or by a tag; and nothing by a
/// Referer that it asked for.
#[tokio::test]
async fn a_website_is_judged_by_every_key() {
    let cloud = Guarded::start().await;
    let own = async |ask: Ask| {
        let answer = cloud.signed(&ask, B, "s3").await;
        assert!(status(&answer).starts_with('2'), "{} {answer}", ask.target);
    };
    own(Ask::new("PUT", "/site")).await;
    own(Ask::new("PUT", "/site/k").header("x-amz-tagging", "kind=draft").body("x")).await;
    own(Ask::new("DELETE", "/site?publicAccessBlock")).await;
    let website = "<WebsiteConfiguration><IndexDocument><Suffix>i</Suffix></IndexDocument></WebsiteConfiguration>";
    own(Ask::new("PUT", "/site?website").body(website)).await;
    let visit = async |policy: String| {
        own(Ask::new("PUT", "/site?policy").body(&policy)).await;
        let mut ask = Ask::new("GET", "/k").host("site.s3-website-us-east-1.amazonaws.com");
        for (name, value) in &HEADERS[1..] {
            ask = ask.header(name, value);
        }
        status(&cloud.send(&ask.header("connection", "close")).await) == "200"
    };
    let action = ("s3:GetObject", Some("arn:aws:s3:::site/*"));
    judge("website", OF_A_CLIENT, &NOBODY, action, visit).await;
    judge("website", OF_A_VISITOR, &NOBODY, action, visit).await;
    let table = [
        (r#"{"StringEquals": {"s3:ExistingObjectTag/kind": "draft"}}"#, True),
        (r#"{"StringEquals": {"s3:ExistingObjectTag/kind": "final"}}"#, False),
        (r#"{"Null": {"s3:ExistingObjectTag/other": "true"}}"#, True),
        (r#"{"StringEquals": {"s3:authType": "REST-HEADER"}}"#, False),
        (r#"{"NumericLessThan": {"s3:TlsVersion": "1.2"}}"#, False),
        (r#"{"StringEquals": {"s3:something-new": "x"}}"#, Unjudged),
    ];
    judge("website", &table, &NOBODY, action, visit).await;
}
