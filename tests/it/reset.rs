//! `POST /_messaging/reset`: everything that clients made is gone at once.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

use crate::helpers::accounts::{Caller, OWNER, TEMPLATE, allow};
use crate::helpers::cloud::{LATE_EVENING, PATIENCE, TestCloud};
use crate::helpers::raw::{ask, post, send, status, well};
use crate::helpers::signed::{A, Ask, Guarded};

const ECR: &str = "AmazonEC2ContainerRegistry_V20150921";

async fn reset(cloud: &TestCloud, more: &str) -> String {
    let head = "POST /_messaging/reset HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n";
    send(cloud, format!("{head}{more}\r\n").as_bytes()).await
}

/// Files below a folder.
pub(crate) fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

/// One of everything that there is, or nearly.
pub(crate) async fn fill(cloud: &TestCloud) {
    let owner = Caller::new(cloud, OWNER);
    messages(&owner).await;
    objects(&owner).await;
    identities(&owner).await;
    let logs = |action: &'static str, body| owner.json(action, body);
    logs("Logs_20140328.CreateLogGroup", json!({"logGroupName": "g"})).await.ok();
    logs("Logs_20140328.CreateLogStream", json!({"logGroupName": "g", "logStreamName": "s"})).await.ok();
    let event = json!({"timestamp": LATE_EVENING, "message": "x"});
    let events = json!({"logGroupName": "g", "logStreamName": "s", "logEvents": [event]});
    logs("Logs_20140328.PutLogEvents", events).await.ok();
    let parameter = json!({"Name": "/p", "Value": "x", "Type": "SecureString"}).to_string();
    let target = [("X-Amz-Target", "AmazonSSM.PutParameter"), ("Content-Type", "application/x-amz-json-1.1")];
    owner.send("POST /", "ssm", &target, &parameter).await.ok();
    owner.json(&format!("{ECR}.CreateRepository"), json!({"repositoryName": "app"})).await.ok();
    let made: Value = serde_json::from_str(&owner.json("TrentService.CreateKey", json!({})).await.ok()).unwrap();
    let alias = json!({"AliasName": "alias/app", "TargetKeyId": made["KeyMetadata"]["KeyId"]});
    owner.json("TrentService.CreateAlias", alias).await.ok();
    let stack = [("StackName", "c"), ("TemplateBody", EXPORTS)];
    owner.form("cloudformation", "CreateStack", &stack).await.ok();
    let set = [("StackName", "d"), ("ChangeSetName", "n"), ("ChangeSetType", "CREATE"), ("TemplateBody", TEMPLATE)];
    owner.form("cloudformation", "CreateChangeSet", &set).await.ok();
}

const EXPORTS: &str = "Resources: {T: {Type: 'AWS::SNS::Topic'}}\nOutputs: {O: {Value: v, Export: {Name: e}}}";

/// Queues and topics of both kinds, what lies in them, and what was recorded for endpoints that aren't here.
async fn messages(owner: &Caller<'_>) {
    let attribute =
        |name: &'static str, value: &'static str| [("Attribute.1.Name", name), ("Attribute.1.Value", value)];
    let fifo = [&[("QueueName", "q.fifo")][..], &attribute("FifoQueue", "true")].concat();
    for queue in [&[("QueueName", "q")][..], &[("QueueName", "dead")], &fifo] {
        owner.form("sqs", "CreateQueue", queue).await.ok();
    }
    let long = "x".repeat(100_000);
    for body in [&*long, "x"] {
        owner.form("sqs", "SendMessage", &[("QueueUrl", "q"), ("MessageBody", body)]).await.ok();
    }
    owner.form("sqs", "ReceiveMessage", &[("QueueUrl", "q")]).await.ok();
    let grouped =
        [("QueueUrl", "q.fifo"), ("MessageBody", "x"), ("MessageGroupId", "g"), ("MessageDeduplicationId", "d")];
    owner.form("sqs", "SendMessage", &grouped).await.ok();
    let entry =
        |key: &'static str, value: &'static str| [("Attributes.entry.1.key", key), ("Attributes.entry.1.value", value)];
    let archived = [
        ("Attributes.entry.2.key", "ArchivePolicy"),
        ("Attributes.entry.2.value", r#"{"MessageRetentionPeriod":"30"}"#),
    ];
    let archived = [&[("Name", "t.fifo")][..], &entry("FifoTopic", "true"), &archived].concat();
    owner.form("sns", "CreateTopic", &[("Name", "t")]).await.ok();
    owner.form("sns", "CreateTopic", &archived).await.ok();
    let (topic, fifo) = (format!("arn:aws:sns:us-east-1:{OWNER}:t"), format!("arn:aws:sns:us-east-1:{OWNER}:t.fifo"));
    let queue = format!("arn:aws:sqs:us-east-1:{OWNER}:q");
    // Nobody listens there: what is to be delivered waits.
    for (protocol, endpoint) in [("sqs", &*queue), ("email", "a@example.com"), ("http", "http://127.0.0.1:9/")] {
        let subscription = [("TopicArn", &*topic), ("Protocol", protocol), ("Endpoint", endpoint)];
        owner.form("sns", "Subscribe", &subscription).await.ok();
    }
    owner.form("sns", "Publish", &[("TopicArn", &*topic), ("Message", "x")]).await.ok();
    owner.form("sns", "Publish", &[("PhoneNumber", "+12065550100"), ("Message", "x")]).await.ok();
    let grouped = [("TopicArn", &*fifo), ("Message", "x"), ("MessageGroupId", "g"), ("MessageDeduplicationId", "d")];
    owner.form("sns", "Publish", &grouped).await.ok();
    let platform = [("Name", "a"), ("Platform", "GCM"), ("Attributes.entry.1.key", "PlatformCredential")];
    let platform = [&platform[..], &[("Attributes.entry.1.value", "x")]].concat();
    let platform = owner.form("sns", "CreatePlatformApplication", &platform).await.element("PlatformApplicationArn");
    let endpoint = [("PlatformApplicationArn", &*platform), ("Token", "x")];
    let endpoint = owner.form("sns", "CreatePlatformEndpoint", &endpoint).await.element("EndpointArn");
    owner.form("sns", "Publish", &[("TargetArn", &*endpoint), ("Message", "x")]).await.ok();
}

/// Objects, versions, a part of an upload, and a stream's records on the way to become one.
async fn objects(owner: &Caller<'_>) {
    owner.s3("PUT /reset-me", &[], "").await.ok();
    let on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    owner.s3("PUT /reset-me?versioning", &[], on).await.ok();
    for body in ["hello", "again"] {
        owner.s3("PUT /reset-me/key", &[], body).await.ok();
    }
    owner.s3("DELETE /reset-me/key", &[], "").await.ok();
    let upload = owner.s3("POST /reset-me/large?uploads", &[], "").await.element("UploadId");
    owner.s3(&format!("PUT /reset-me/large?partNumber=1&uploadId={upload}"), &[], "part").await.ok();
    owner.role("r", "firehose.amazonaws.com", "s3:*").await;
    owner.stream("s", &format!("arn:aws:iam::{OWNER}:role/r"), "reset-me").await.ok();
    owner.put_record("s").await;
}

async fn identities(owner: &Caller<'_>) {
    let policy = allow(json!("*"), "sqs:*", "*").replace("\"Principal\":\"*\",", "");
    for (action, parameters) in [
        ("CreateUser", &[("UserName", "u")][..]),
        ("CreateGroup", &[("GroupName", "g")]),
        ("AddUserToGroup", &[("GroupName", "g"), ("UserName", "u")]),
        ("CreateAccessKey", &[("UserName", "u")]),
        ("CreateLoginProfile", &[("UserName", "u"), ("Password", "aA1!aA1!aA1!")]),
        ("PutUserPolicy", &[("UserName", "u"), ("PolicyName", "p"), ("PolicyDocument", &*policy)]),
        ("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", &*policy)]),
        ("CreateInstanceProfile", &[("InstanceProfileName", "i")]),
        ("AddRoleToInstanceProfile", &[("InstanceProfileName", "i"), ("RoleName", "r")]),
        (
            "CreateOpenIDConnectProvider",
            &[("Url", "https://example.com"), ("ThumbprintList.member.1", "0000000000000000000000000000000000000000")],
        ),
        ("CreateServiceLinkedRole", &[("AWSServiceName", "sns.amazonaws.com")]),
    ] {
        let answer = owner.form("iam", action, parameters).await;
        assert!(answer.code() == "OK" || action == "CreateServiceLinkedRole", "{action} {answer:?}");
    }
    let role = [("RoleArn", format!("arn:aws:iam::{OWNER}:role/r")), ("RoleSessionName", "n".to_owned())];
    let role: Vec<(&str, &str)> = role.iter().map(|(name, value)| (*name, value.as_str())).collect();
    owner.form("sts", "AssumeRole", &role).await;
}

/// All documents that are there, by what their keys begin with, and how much else was declared.
fn contents(cloud: &TestCloud) -> (BTreeSet<String>, usize) {
    let contents = cloud.inside().core.read(|engine, _| engine.contents());
    let kind = |key: &String| key.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
    let declared = contents.gone().count() - contents.documents.len();
    (contents.documents.iter().map(kind).collect(), declared)
}

async fn is_empty(cloud: &TestCloud) {
    let owner = Caller::new(cloud, OWNER);
    for (service, action, element) in [
        ("sqs", "ListQueues", "<QueueUrl>"),
        ("sns", "ListTopics", "<TopicArn>"),
        ("sns", "ListSubscriptions", "<SubscriptionArn>"),
        ("iam", "ListRoles", "<RoleName>"),
        ("iam", "ListUsers", "<UserName>"),
        ("iam", "ListGroups", "<GroupName>"),
        ("iam", "ListInstanceProfiles", "<InstanceProfileName>"),
        ("iam", "ListOpenIDConnectProviders", "<Arn>"),
        ("cloudformation", "ListExports", "<Name>"),
        ("cloudformation", "ListStacks", "<StackName>"),
    ] {
        let answer = owner.form(service, action, &[]).await.ok();
        assert!(!answer.contains(element), "{answer}");
    }
    assert!(!owner.s3("GET /", &[], "").await.ok().contains("<Name>"));
    for (target, empty) in [
        ("Firehose_20150804.ListDeliveryStreams", "\"DeliveryStreamNames\":[]"),
        ("Logs_20140328.DescribeLogGroups", "\"logGroups\":[]"),
        ("AmazonSSM.DescribeParameters", "\"Parameters\":[]"),
        (&format!("{ECR}.DescribeRepositories"), "\"repositories\":[]"),
        ("TrentService.ListKeys", "\"Keys\":[]"),
        ("TrentService.ListAliases", "\"Aliases\":[]"),
    ] {
        let listed = owner.json(target, json!({})).await.ok();
        assert!(listed.contains(empty), "{listed}");
    }
    let recorded = ask(cloud, "localhost", "/_messaging/outbox").await;
    assert!(!recorded.contains("example.com") && !recorded.contains("+1206"), "{recorded}");
    // Whatever else there is, or will be.
    let (documents, declared) = contents(cloud);
    let kept = ["sns/signing-key", "sts/secret", "tls/authority"];
    assert!(documents.iter().all(|kind| kept.contains(&&**kind)) && declared == 0, "{documents:?} {declared}");
    // What nobody can reach any more is given back by the log as well.
    let live = cloud.inside().core.read(|engine, _| engine.live_bytes());
    assert!(live < 16 << 10, "{live}");
    assert_eq!(files(&cloud.data().join("objects")), 0);
}

#[tokio::test]
async fn a_reset_leaves_nothing_and_the_same_can_be_made_again() {
    let mut cloud = TestCloud::strict().await;
    let authority = ask(&cloud, "localhost", "/_messaging/ca.pem").await.split_once("\r\n\r\n").unwrap().1.to_owned();
    for _ in 0..2 {
        fill(&cloud).await;
        let (documents, declared) = contents(&cloud);
        for service in ["cfn", "iam", "logs", "s3", "sns", "ssm"] {
            assert!(documents.iter().any(|kind| kind.starts_with(service)), "{service}: {documents:?}");
        }
        assert!(declared > 10, "{declared}");
        // The stack's operation may run still: it is waited for.
        let answer = reset(&cloud, "").await;
        assert_eq!(status(&answer), "200", "{answer}");
        is_empty(&cloud).await;
    }
    cloud.pass(120);
    cloud.restart().await;
    is_empty(&cloud).await;
    assert!(
        ask(&cloud, "localhost", "/_messaging/ca.pem").await.ends_with(&authority),
        "who trusts the server still does"
    );
    well(&cloud, "a reset").await;
}

#[tokio::test]
async fn a_long_poll_hears_that_its_queue_is_gone() {
    let cloud = TestCloud::live().await;
    let sqs = cloud.sqs();
    let wait = [(QueueAttributeName::ReceiveMessageWaitTimeSeconds, "20".to_owned())].into_iter().collect();
    let queue = sqs.create_queue().queue_name("q").set_attributes(Some(wait)).send().await.unwrap().queue_url.unwrap();
    let poll = sqs.receive_message().queue_url(&queue).send();
    let poll = tokio::spawn(tokio::time::timeout(Duration::from_secs(15), poll));
    while cloud.inside().core.waiters.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(status(&reset(&cloud, "").await), "200");
    let answer = tokio::time::timeout(PATIENCE, poll).await.unwrap().unwrap();
    assert!(answer.is_ok(), "it waited for a queue that was gone");
}

/// A page could empty the developer's cloud.
#[tokio::test]
async fn no_foreign_page_and_no_link_resets_anything() {
    let cloud = TestCloud::start().await;
    cloud.sqs().create_queue().queue_name("q").send().await.unwrap();
    // Pages of other servers on this machine reset it.
    for page in ["Origin: https://evil.example", "Origin: http://localhost:3000", "Sec-Fetch-Site: same-site"] {
        assert_eq!(status(&reset(&cloud, &format!("{page}\r\n")).await), "403", "{page}");
    }
    assert_eq!(status(&reset(&cloud, "Sec-Fetch-Site: cross-site\r\n").await), "403");
    assert_eq!(status(&ask(&cloud, "evil.example", "/_messaging/reset").await), "403");
    assert_eq!(status(&ask(&cloud, "localhost", "/_messaging/reset").await), "405");
    assert_eq!(cloud.sqs().list_queues().send().await.unwrap().queue_urls().len(), 1);
}

/// Whose keys the server checks may do all in his account, and this would do it in all of them.
#[tokio::test]
async fn a_server_that_checks_signatures_is_reset_by_nobody() {
    let cloud = Guarded::start().await;
    let queue = Ask::json("AmazonSQS.CreateQueue", r#"{"QueueName":"q"}"#);
    assert_eq!(status(&cloud.signed(&queue, A, "sqs").await), "200");
    for path in ["/_messaging/reset", "/_messaging/reset?account=111111111111"] {
        let ask = Ask::new("POST", path);
        assert_eq!(status(&cloud.send(&ask).await), "403");
        let answer = cloud.signed(&ask, A, "sqs").await;
        assert!(status(&answer) == "403" && answer.contains("isn't reset"), "{answer}");
    }
    let queues = cloud.signed(&Ask::json("AmazonSQS.ListQueues", "{}"), A, "sqs").await;
    assert!(queues.contains("/q"), "{queues}");
}

/// `?account=` was not looked at, and all accounts were emptied.
#[tokio::test]
async fn a_reset_of_less_than_everything_is_refused() {
    let cloud = TestCloud::start().await;
    cloud.sqs().create_queue().queue_name("q").send().await.unwrap();
    for query in ["account=111111111111", "service=sqs", "%0a", "x".repeat(10_000).as_str()] {
        let answer = post(&cloud, &format!("/_messaging/reset?{query}"), "Accept: */*", b"").await;
        assert_eq!(status(&answer), "400", "{answer}");
        assert!(answer.contains("takes no parameter") && answer.len() < 1_000, "{answer}");
    }
    assert_eq!(cloud.sqs().list_queues().send().await.unwrap().queue_urls().len(), 1);
}

/// Everything at once: stacks that are being made, long polls, deliveries and uploads, and a reset between them.
#[tokio::test]
async fn a_reset_amid_everything_leaves_a_server_that_works() {
    let cloud = TestCloud::live().await;
    let owner = Caller::new(&cloud, OWNER);
    let stacks = async {
        for number in 0..20 {
            let name = format!("s{number}");
            let stack = [("StackName", &*name), ("TemplateBody", EXPORTS)];
            // Two at a time have the same export: one of them may fail.
            owner.form("cloudformation", "CreateStack", &stack).await;
        }
    };
    let messages = async {
        for _ in 0..100 {
            owner.form("sqs", "CreateQueue", &[("QueueName", "q")]).await.ok();
            owner.form("sqs", "SendMessage", &[("QueueUrl", "q"), ("MessageBody", "x")]).await;
            owner.form("sqs", "ReceiveMessage", &[("QueueUrl", "q"), ("WaitTimeSeconds", "1")]).await;
        }
    };
    let objects = async {
        for _ in 0..50 {
            owner.s3("PUT /amid", &[], "").await;
            owner.s3("PUT /amid/key", &[], "hello").await;
        }
    };
    let resets = async {
        for _ in 0..20 {
            let answer = reset(&cloud, "").await;
            assert_eq!(status(&answer), "200", "{answer}");
        }
    };
    tokio::join!(stacks, messages, objects, resets);
    assert_eq!(status(&reset(&cloud, "").await), "200");
    is_empty(&cloud).await;
    well(&cloud, "resets").await;
}
