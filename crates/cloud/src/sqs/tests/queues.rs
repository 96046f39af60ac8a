//! The rules of queues: their declaration, their lists, who may use them, and how dead letters come back.

use serde_json::{Value, json};

use super::{ARN, Client, call};
use crate::testing::call::context;

#[tokio::test]
async fn a_queue_is_created_once() {
    let client = Client::new(false);
    let url = client.queue("q", json!({"VisibilityTimeout": "5"})).await;
    assert_eq!(client.queue("q", json!({})).await, url);
    assert_eq!(client.queue("q", json!({"VisibilityTimeout": "5", "DelaySeconds": "0"})).await, url);
    let input = json!({"QueueName": "q", "Attributes": {"DelaySeconds": "1"}});
    let (code, message) = client.refused("CreateQueue", input).await;
    assert_eq!(code, "QueueAlreadyExists");
    assert!(message.ends_with("different value for attribute DelaySeconds"), "{message}");
    for (name, attributes, code) in [
        ("a b", json!({}), "InvalidParameterValue"),
        ("q.fifo", json!({}), "InvalidParameterValue"),
        ("q2", json!({"FifoQueue": "true"}), "InvalidParameterValue"),
        ("q2", json!({"FifoQueue": "false"}), "InvalidAttributeName"),
        ("q2", json!({"Color": "red"}), "InvalidAttributeName"),
        ("q2", json!({"DelaySeconds": "901"}), "InvalidAttributeValue"),
        ("q2", json!({"Policy": "no"}), "InvalidAttributeValue"),
        ("q2", json!({"KmsMasterKeyId": "k", "SqsManagedSseEnabled": "true"}), "InvalidAttributeValue"),
        ("q2.fifo", json!({"FifoQueue": "true", "FifoThroughputLimit": "perMessageGroupId"}), "InvalidAttributeValue"),
    ] {
        let refused = client.refused("CreateQueue", json!({"QueueName": name, "Attributes": attributes})).await;
        assert_eq!(refused.0, code, "{name} {attributes}");
    }
}

#[tokio::test]
async fn a_strict_cloud_has_cool_downs() {
    let client = Client::new(true);
    let url = client.queue("q", json!({})).await;
    client.ok("PurgeQueue", json!({"QueueUrl": url})).await;
    let (code, message) = client.refused("PurgeQueue", json!({"QueueUrl": url})).await;
    assert_eq!(code, "AWS.SimpleQueueService.PurgeQueueInProgress");
    assert_eq!(message, "Only one PurgeQueue operation on q is allowed every 60 seconds.");
    client.ok("DeleteQueue", json!({"QueueUrl": url})).await;
    let (code, _) = client.refused("CreateQueue", json!({"QueueName": "q"})).await;
    assert_eq!(code, "AWS.SimpleQueueService.QueueDeletedRecently");
    client.wait(60);
    client.queue("q", json!({})).await;
}

#[tokio::test]
async fn encryption_settings_exclude_each_other() {
    let client = Client::new(false);
    let url = client.queue("q", json!({"KmsMasterKeyId": "k"})).await;
    assert_eq!(client.attribute(&url, "SqsManagedSseEnabled").await, "false");
    assert_eq!(client.attribute(&url, "KmsDataKeyReusePeriodSeconds").await, "300");
    client.ok("SetQueueAttributes", json!({"QueueUrl": url, "Attributes": {"SqsManagedSseEnabled": "true"}})).await;
    assert_eq!(client.attribute(&url, "KmsMasterKeyId").await, Value::Null);
}

#[tokio::test]
async fn lists_come_in_pages() {
    let client = Client::new(false);
    for name in ["a1", "a2", "a3", "b1"] {
        client.queue(name, json!({})).await;
    }
    let first = client.ok("ListQueues", json!({"QueueNamePrefix": "a", "MaxResults": 2})).await;
    assert_eq!(first["QueueUrls"], json!(["http://localhost/000000000000/a1", "http://localhost/000000000000/a2"]));
    let input = json!({"QueueNamePrefix": "a", "MaxResults": 2, "NextToken": first["NextToken"]});
    let second = client.ok("ListQueues", input).await;
    assert_eq!(second, json!({"QueueUrls": ["http://localhost/000000000000/a3"]}));
    assert_eq!(client.refused("ListQueues", json!({"NextToken": "x"})).await.0, "InvalidParameterValue");
}

#[tokio::test]
async fn messages_go_to_the_dead_letter_queue_and_back() {
    let client = Client::new(false);
    let dead = client.queue("dead", json!({})).await;
    let policy = format!("{{\"deadLetterTargetArn\":\"{ARN}dead\",\"maxReceiveCount\":\"1\"}}");
    let url = client.queue("q", json!({"RedrivePolicy": policy, "VisibilityTimeout": "0"})).await;
    let missing = policy.replace("dead\"", "none\"");
    let input = json!({"QueueUrl": url, "Attributes": {"RedrivePolicy": missing}});
    assert!(client.refused("SetQueueAttributes", input).await.1.ends_with("Dead letter target does not exist."));
    for body in ["1", "2", "3"] {
        client.send(&url, body, None).await;
    }
    assert_eq!(client.bodies(&url).await.len(), 3);
    assert!(client.bodies(&url).await.is_empty());
    let sources = client.ok("ListDeadLetterSourceQueues", json!({"QueueUrl": dead})).await;
    assert_eq!(sources, json!({"queueUrls": [url]}));

    let start = json!({"SourceArn": format!("{ARN}dead"), "MaxNumberOfMessagesPerSecond": 2});
    let stop = tokio_util::sync::CancellationToken::new();
    let mover = tokio::spawn(crate::sqs::move_tasks::run::run(client.cx.cloud.clone(), stop.clone()));
    client.ok("StartMessageMoveTask", start).await;
    let list = json!({"SourceArn": format!("{ARN}dead")});
    let task = async || client.ok("ListMessageMoveTasks", list.clone()).await["Results"][0].take();
    while task().await["ApproximateNumberOfMessagesMoved"] != 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(task().await["Status"], "RUNNING");
    client.wait(1);
    while task().await["Status"] != "COMPLETED" {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    mover.await.unwrap();
    assert_eq!(task().await["ApproximateNumberOfMessagesMoved"], 3);
    let back = client.receive(&url).await;
    assert_eq!((back.len(), &back[0]["Attributes"]["ApproximateReceiveCount"]), (3, &json!("1")));
}

/// "StartMessageMoveTask": which sources and destinations are refused.
#[tokio::test]
async fn a_move_task_has_a_source_that_is_a_dead_letter_queue_and_a_destination_of_its_type() {
    let client = Client::new(false);
    client.queue("dead", json!({})).await;
    client.fifo("other.fifo").await;
    let policy = format!("{{\"deadLetterTargetArn\":\"{ARN}dead\",\"maxReceiveCount\":\"1\"}}");
    client.queue("q", json!({"RedrivePolicy": policy})).await;
    let gone = |parameter| format!("The resource that you specified for the {parameter} parameter doesn't exist.");
    let text = |text: &str| text.to_owned();
    let cases = [
        ("q", None, "InvalidParameterValue", text("Source queue must be configured as a Dead Letter Queue.")),
        ("nobody", None, "ResourceNotFoundException", gone("SourceArn")),
        ("dead", Some("nobody"), "ResourceNotFoundException", gone("DestinationArn")),
        ("dead", Some("dead"), "InvalidParameterValue", {
            text("Source queue arn and destination queue arn cannot be the same.")
        }),
        ("dead", Some("other.fifo"), "InvalidParameterValue", {
            text("Source queue and destination queue must be of the same type.")
        }),
    ];
    for (source, destination, code, message) in cases {
        let mut input = json!({"SourceArn": format!("{ARN}{source}")});
        if let Some(destination) = destination {
            input["DestinationArn"] = format!("{ARN}{destination}").into();
        }
        let refused = client.refused("StartMessageMoveTask", input).await;
        assert_eq!(refused, (text(code), message), "{source} {destination:?}");
    }
}

/// "CancelMessageMoveTask", and the limits of "Learn how to configure a dead-letter queue redrive in Amazon SQS".
#[tokio::test]
async fn a_move_task_is_cancelled_when_the_mover_sees_it_and_an_account_has_100() {
    let client = Client::new(false);
    for number in 0..101 {
        client.queue(&format!("dead{number}"), json!({})).await;
        let policy = format!("{{\"deadLetterTargetArn\":\"{ARN}dead{number}\",\"maxReceiveCount\":\"1\"}}");
        client.queue(&format!("q{number}"), json!({"RedrivePolicy": policy})).await;
    }
    let start = |number| json!({"SourceArn": format!("{ARN}dead{number}")});
    let first = client.ok("StartMessageMoveTask", start(0)).await["TaskHandle"].take();
    assert!(client.refused("StartMessageMoveTask", start(0)).await.1.starts_with("There is already a task running."));
    for number in 1..100 {
        client.ok("StartMessageMoveTask", start(number)).await;
    }
    assert_eq!(client.refused("StartMessageMoveTask", start(100)).await.0, "OverLimit");
    for (rate, number) in [(0, 100), (501, 100)] {
        let input = json!({"SourceArn": format!("{ARN}dead{number}"), "MaxNumberOfMessagesPerSecond": rate});
        let (_, message) = client.refused("StartMessageMoveTask", input).await;
        assert!(message.ends_with("Reason: Must be between 1 and 500, if provided."), "{message}");
    }
    client.ok("CancelMessageMoveTask", json!({"TaskHandle": first})).await;
    let status = async || client.ok("ListMessageMoveTasks", start(0)).await["Results"][0].take();
    assert_eq!(status().await["Status"], "CANCELLING");
    assert_eq!(status().await["TaskHandle"], Value::Null);
    let (_, message) = client.refused("CancelMessageMoveTask", json!({"TaskHandle": first})).await;
    assert_eq!(message, "Only active tasks can be cancelled.");
    let stop = tokio_util::sync::CancellationToken::new();
    let mover = tokio::spawn(crate::sqs::move_tasks::run::run(client.cx.cloud.clone(), stop.clone()));
    while status().await["Status"] != "CANCELLED" {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    mover.await.unwrap();
}

#[tokio::test]
async fn other_accounts_need_the_queues_permission() {
    let client = Client::new(false);
    let url = client.queue("q", json!({})).await;
    let other = context(client.cx.cloud.clone(), "111111111111");
    let send = json!({"QueueUrl": url, "MessageBody": "m"});
    let refused = call(&other, "SendMessage", send.clone()).await.unwrap_err();
    assert_eq!((refused.status, &*refused.code), (403, "AccessDeniedException"));
    let permission = json!({
        "QueueUrl": url, "Label": "l", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"],
    });
    client.ok("AddPermission", permission.clone()).await;
    call(&other, "SendMessage", send.clone()).await.unwrap();
    assert!(call(&other, "ReceiveMessage", json!({"QueueUrl": url})).await.is_err());
    let (_, message) = client.refused("AddPermission", permission).await;
    assert_eq!(message, "Value l for parameter Label is invalid. Reason: Already exists.");
    client.ok("RemovePermission", json!({"QueueUrl": url, "Label": "l"})).await;
    assert!(call(&other, "SendMessage", send).await.is_err());
    assert_eq!(client.attribute(&url, "Policy").await, Value::Null);
}

/// An explicit Deny holds for everybody, the owner included; the policy itself can still be changed.
#[tokio::test]
async fn a_deny_holds_for_the_owner() {
    let client = Client::new(false);
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": format!("{ARN}closed")}
    ]});
    let queue = client.queue("closed", json!({"Policy": policy.to_string()})).await;
    let (code, message) = client.refused("SendMessage", json!({"QueueUrl": queue, "MessageBody": "m"})).await;
    assert_eq!(code, "AccessDenied");
    assert!(message.ends_with("with an explicit deny in a resource-based policy"), "{message}");
    assert!(client.receive(&queue).await.is_empty());
    client.ok("SetQueueAttributes", json!({"QueueUrl": queue, "Attributes": {"Policy": ""}})).await;
    client.send(&queue, "m", None).await;
}
