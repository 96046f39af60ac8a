//! `POST /_messaging/reset`: everything that clients made is gone at once.

use std::path::Path;
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

use crate::helpers::accounts::{Caller, OWNER, TEMPLATE};
use crate::helpers::cloud::{PATIENCE, TestCloud};
use crate::helpers::raw::{ask, send, status, well};

const ECR: &str = "AmazonEC2ContainerRegistry_V20150921";

async fn reset(cloud: &TestCloud, more: &str) -> String {
    let head = "POST /_messaging/reset HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n";
    send(cloud, format!("{head}{more}\r\n").as_bytes()).await
}

/// Files below a folder.
fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

async fn fill(cloud: &TestCloud) {
    let owner = Caller::new(cloud, OWNER);
    owner.form("sqs", "CreateQueue", &[("QueueName", "q")]).await.ok();
    owner.form("sqs", "SendMessage", &[("QueueUrl", "q"), ("MessageBody", "x")]).await.ok();
    owner.form("sns", "CreateTopic", &[("Name", "t")]).await.ok();
    let topic = format!("arn:aws:sns:us-east-1:{OWNER}:t");
    let endpoint = format!("arn:aws:sqs:us-east-1:{OWNER}:q");
    let subscription = [("TopicArn", topic.as_str()), ("Protocol", "sqs"), ("Endpoint", endpoint.as_str())];
    owner.form("sns", "Subscribe", &subscription).await.ok();
    owner.s3("PUT /reset-me", &[], "").await.ok();
    owner.s3("PUT /reset-me/key", &[], "hello").await.ok();
    owner.role("r", "firehose.amazonaws.com", "s3:*").await;
    owner.stream("s", &format!("arn:aws:iam::{OWNER}:role/r"), "reset-me").await.ok();
    owner.put_record("s").await;
    owner.form("cloudformation", "CreateStack", &[("StackName", "c"), ("TemplateBody", TEMPLATE)]).await.ok();
    let parameter = json!({"Name": "p", "Value": "v", "Type": "String"});
    owner.json("AmazonSSM.PutParameter", parameter).await.ok();
    owner.json(&format!("{ECR}.CreateRepository"), json!({"repositoryName": "app"})).await.ok();
    let made: Value = serde_json::from_str(&owner.json("TrentService.CreateKey", json!({})).await.ok()).unwrap();
    let alias = json!({"AliasName": "alias/app", "TargetKeyId": made["KeyMetadata"]["KeyId"]});
    owner.json("TrentService.CreateAlias", alias).await.ok();
}

async fn is_empty(cloud: &TestCloud) {
    let owner = Caller::new(cloud, OWNER);
    for (service, action, element) in [
        ("sqs", "ListQueues", "<QueueUrl>"),
        ("sns", "ListTopics", "<TopicArn>"),
        ("sns", "ListSubscriptions", "<SubscriptionArn>"),
        ("iam", "ListRoles", "<RoleName>"),
        ("cloudformation", "ListStacks", "<StackName>"),
    ] {
        let answer = owner.form(service, action, &[]).await.ok();
        assert!(!answer.contains(element), "{answer}");
    }
    assert!(!owner.s3("GET /", &[], "").await.ok().contains("<Name>"));
    for (target, empty) in [
        ("Firehose_20150804.ListDeliveryStreams", "\"DeliveryStreamNames\":[]"),
        ("AmazonSSM.DescribeParameters", "\"Parameters\":[]"),
        (&format!("{ECR}.DescribeRepositories"), "\"repositories\":[]"),
        ("TrentService.ListKeys", "\"Keys\":[]"),
        ("TrentService.ListAliases", "\"Aliases\":[]"),
    ] {
        let listed = owner.json(target, json!({})).await.ok();
        assert!(listed.contains(empty), "{listed}");
    }
    assert_eq!(files(&cloud.data().join("objects")), 0);
}

#[tokio::test]
async fn a_reset_leaves_nothing_and_the_same_can_be_made_again() {
    let mut cloud = TestCloud::strict().await;
    let authority = ask(&cloud, "localhost", "/_messaging/ca.pem").await.split_once("\r\n\r\n").unwrap().1.to_owned();
    for _ in 0..2 {
        fill(&cloud).await;
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
    assert_eq!(status(&reset(&cloud, "Origin: https://evil.example\r\n").await), "403");
    assert_eq!(status(&reset(&cloud, "Sec-Fetch-Site: cross-site\r\n").await), "403");
    assert_eq!(status(&ask(&cloud, "evil.example", "/_messaging/reset").await), "403");
    assert_eq!(status(&ask(&cloud, "localhost", "/_messaging/reset").await), "405");
    assert_eq!(cloud.sqs().list_queues().send().await.unwrap().queue_urls().len(), 1);
}
