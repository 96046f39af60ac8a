//! The rules of queues and messages, through the operations as clients call them, under a clock that stands still.

use std::time::Duration;

use serde_json::{Value, json};

use crate::core::Cloud;
use crate::core::clock::Clock;
use crate::request::Context;
use crate::server::Options;
use crate::testing::call::{self, context};
use log::Durability;
use wire::AwsError;

const ARN: &str = "arn:aws:sqs:us-east-1:000000000000:";

/// A cloud and a client of it.
struct Client {
    cx: Context,
    clock: Clock,
    _folder: tempfile::TempDir,
}

impl Client {
    fn new(strict: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(1_000_000);
        let options =
            Options { durability: Durability::Memory, strict, clock: clock.clone(), ..Options::new(folder.path()) };
        let (cloud, _) = Cloud::open(options, |_| {}).unwrap();
        Self { cx: context(cloud, "000000000000"), clock, _folder: folder }
    }

    fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, AwsError> {
        call(&self.cx, operation, input).await
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|error| panic!("{operation}: {error:?}"))
    }

    /// The error's code in the query protocol, and its message.
    async fn refused(&self, operation: &str, input: Value) -> (String, String) {
        let error = self.call(operation, input).await.expect_err(operation);
        (error.query_code.unwrap_or(error.code).into_owned(), error.message)
    }

    async fn queue(&self, name: &str, attributes: Value) -> String {
        let created = self.ok("CreateQueue", json!({"QueueName": name, "Attributes": attributes})).await;
        created["QueueUrl"].as_str().unwrap().to_owned()
    }

    async fn fifo(&self, name: &str) -> String {
        self.queue(name, json!({"FifoQueue": "true", "ContentBasedDeduplication": "true"})).await
    }

    async fn send(&self, queue: &str, body: &str, group: Option<&str>) -> Value {
        self.ok("SendMessage", json!({"QueueUrl": queue, "MessageBody": body, "MessageGroupId": group})).await
    }

    async fn receive(&self, queue: &str) -> Vec<Value> {
        let input = json!({"QueueUrl": queue, "MaxNumberOfMessages": 10, "AttributeNames": ["All"]});
        match self.ok("ReceiveMessage", input).await["Messages"].take() {
            Value::Array(messages) => messages,
            _ => Vec::new(),
        }
    }

    async fn bodies(&self, queue: &str) -> Vec<String> {
        self.receive(queue).await.iter().map(|message| message["Body"].as_str().unwrap().to_owned()).collect()
    }

    async fn attribute(&self, queue: &str, name: &str) -> Value {
        self.ok("GetQueueAttributes", json!({"QueueUrl": queue, "AttributeNames": [name]})).await["Attributes"][name]
            .take()
    }
}

async fn call(cx: &Context, operation: &str, input: Value) -> Result<Value, AwsError> {
    call::call(cx, &super::SERVICE, operation, input).await
}

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
async fn a_handle_holds_until_its_message_is_gone_and_in_a_fifo_queue_until_its_deadline() {
    let client = Client::new(false);
    let url = client.queue("q", json!({"VisibilityTimeout": "10"})).await;
    client.send(&url, "m", None).await;
    let first = client.receive(&url).await;
    let old = json!({"QueueUrl": url, "ReceiptHandle": first[0]["ReceiptHandle"]});
    client.wait(10);
    assert_eq!(client.receive(&url).await[0]["Attributes"]["ApproximateReceiveCount"], "2");
    client.ok("DeleteMessage", old.clone()).await;
    client.ok("DeleteMessage", old).await;
    let change = json!({"QueueUrl": url, "ReceiptHandle": first[0]["ReceiptHandle"], "VisibilityTimeout": 1});
    assert!(client.refused("ChangeMessageVisibility", change).await.1.contains("Message does not exist"));

    let fifo = client.fifo("q.fifo").await;
    client.send(&fifo, "m", Some("g")).await;
    let first = client.receive(&fifo).await;
    let delete = json!({"QueueUrl": fifo, "ReceiptHandle": first[0]["ReceiptHandle"]});
    client.wait(30);
    let (code, message) = client.refused("DeleteMessage", delete.clone()).await;
    assert_eq!(code, "InvalidParameterValue");
    assert!(message.ends_with("Reason: The receipt handle has expired."), "{message}");
    client.receive(&fifo).await;
    assert_eq!(client.refused("DeleteMessage", delete).await.0, "InvalidParameterValue");
    let foreign = json!({"QueueUrl": url, "ReceiptHandle": first[0]["ReceiptHandle"]});
    assert_eq!(client.refused("DeleteMessage", foreign).await.0, "ReceiptHandleIsInvalid");
}

#[tokio::test]
async fn visibility_ends_twelve_hours_after_the_receive() {
    let client = Client::new(false);
    let url = client.queue("q", json!({"VisibilityTimeout": "43200"})).await;
    client.send(&url, "m", None).await;
    let message = client.receive(&url).await.remove(0);
    client.wait(3600);
    let change = |timeout: u64| json!({"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": timeout});
    client.ok("ChangeMessageVisibility", change(39_600)).await;
    let (_, text) = client.refused("ChangeMessageVisibility", change(39_601)).await;
    assert!(text.contains("beyond the limit [43200 seconds]"), "{text}");
}

#[tokio::test]
async fn a_fifo_queue_wants_groups_and_no_delays() {
    let client = Client::new(false);
    let url = client.fifo("q.fifo").await;
    let send = |extra: Value| {
        let mut input = json!({"QueueUrl": url, "MessageBody": "m", "MessageGroupId": "g"});
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        input
    };
    client.ok("SendMessage", send(json!({"DelaySeconds": 0}))).await;
    for (extra, problem) in [
        (json!({"MessageGroupId": null}), "must contain the parameter MessageGroupId"),
        (json!({"MessageGroupId": "a b"}), "can only include alphanumeric and punctuation characters"),
        (json!({"MessageDeduplicationId": "x".repeat(129)}), "1 to 128 in length"),
        (json!({"DelaySeconds": 5}), "not valid for this queue type"),
        (json!({"DelaySeconds": 901}), "DelaySeconds must be >= 0 and <= 900"),
        (json!({"MessageBody": "\u{1}"}), "Invalid characters found"),
    ] {
        let (_, message) = client.refused("SendMessage", send(extra)).await;
        assert!(message.contains(problem), "{message}");
    }
    let standard = client.queue("q", json!({})).await;
    client.send(&standard, "m", Some("tenant")).await;
    assert_eq!(client.receive(&standard).await[0]["Attributes"]["MessageGroupId"], "tenant");
    let input = json!({"QueueUrl": standard, "MessageBody": "m", "MessageDeduplicationId": "d"});
    assert_eq!(client.refused("SendMessage", input).await.0, "InvalidParameterValue");
}

#[tokio::test]
async fn a_receive_is_repeated_by_its_attempt_id() {
    let client = Client::new(false);
    let url = client.fifo("q.fifo").await;
    client.send(&url, "1", Some("g")).await;
    client.send(&url, "2", Some("g")).await;
    let receive = json!({"QueueUrl": url, "ReceiveRequestAttemptId": "a", "AttributeNames": ["All"]});
    let first = client.ok("ReceiveMessage", receive.clone()).await;
    client.wait(20);
    let again = client.ok("ReceiveMessage", receive).await;
    assert_eq!(again["Messages"][0]["Body"], first["Messages"][0]["Body"]);
    assert_eq!(again["Messages"][0]["Attributes"]["ApproximateReceiveCount"], "1");
    client.wait(20);
    assert!(client.receive(&url).await.is_empty(), "the second attempt moved the deadline");
}

#[tokio::test]
async fn a_changed_deduplication_scope_takes_a_minute() {
    let client = Client::new(false);
    let url = client.fifo("q.fifo").await;
    let attributes = json!({"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"});
    client.ok("SetQueueAttributes", json!({"QueueUrl": url, "Attributes": attributes})).await;
    client.send(&url, "m", Some("a")).await;
    client.send(&url, "m", Some("b")).await;
    assert_eq!(client.bodies(&url).await.len(), 1);
    client.wait(60);
    client.send(&url, "n", Some("c")).await;
    client.send(&url, "n", Some("d")).await;
    assert_eq!(client.attribute(&url, "ApproximateNumberOfMessages").await, "3");
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
    let mover = tokio::spawn(super::move_tasks::run::run(client.cx.cloud.clone(), stop.clone()));
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
    let mover = tokio::spawn(super::move_tasks::run::run(client.cx.cloud.clone(), stop.clone()));
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

#[tokio::test]
async fn batches_report_each_entry_or_are_refused_as_a_whole() {
    let client = Client::new(false);
    let url = client.queue("q", json!({"MaximumMessageSize": "1024"})).await;
    let batch = |entries: Value| json!({"QueueUrl": url, "Entries": entries});
    let long = "x".repeat(1025);
    let entries = json!([{"Id": "a", "MessageBody": "m"}, {"Id": "b", "MessageBody": long}, {"Id": "c"}]);
    let sent = client.ok("SendMessageBatch", batch(entries)).await;
    assert_eq!(sent["Failed"][1]["Code"], "MissingParameter");
    assert_eq!(sent["Successful"][0]["Id"], "a");
    assert_eq!((&sent["Failed"][0]["Id"], &sent["Failed"][0]["Code"]), (&json!("b"), &json!("InvalidParameterValue")));
    let half = "x".repeat(600_000);
    for (entries, code) in [
        (json!([]), "AWS.SimpleQueueService.EmptyBatchRequest"),
        (json!([{"Id": "a", "MessageBody": "m"}, {"Id": "a", "MessageBody": "m"}]), {
            "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"
        }),
        (json!([{"Id": "a b", "MessageBody": "m"}]), "AWS.SimpleQueueService.InvalidBatchEntryId"),
        (json!([{"Id": "a", "MessageBody": half}, {"Id": "b", "MessageBody": half}]), {
            "AWS.SimpleQueueService.BatchRequestTooLong"
        }),
        (json!([{"MessageBody": "m"}]), "MissingParameter"),
        (json!(null), "MissingParameter"),
    ] {
        assert_eq!(client.refused("SendMessageBatch", batch(entries)).await.0, code);
    }
    let handle = client.receive(&url).await[0]["ReceiptHandle"].take();
    let entries = json!([{"Id": "a", "ReceiptHandle": handle}, {"Id": "b", "ReceiptHandle": "garbage"}]);
    let deleted = client.ok("DeleteMessageBatch", batch(entries)).await;
    assert_eq!(deleted["Successful"], json!([{"Id": "a"}]));
    assert_eq!(deleted["Failed"][0]["Code"], "ReceiptHandleIsInvalid");
}

#[tokio::test]
async fn a_long_poll_gets_what_comes_and_what_comes_back() {
    let client = Client::new(false);
    let url = client.queue("q", json!({})).await;
    let poll = |cx: Context| {
        let input = json!({"QueueUrl": url, "WaitTimeSeconds": 20, "VisibilityTimeout": 5});
        tokio::spawn(async move { call(&cx, "ReceiveMessage", input).await })
    };
    let (first, second) = (poll(client.cx.clone()), poll(client.cx.clone()));
    tokio::task::yield_now().await;
    client.send(&url, "m", None).await;
    let mut polls = [first, second];
    while !polls.iter().any(tokio::task::JoinHandle::is_finished) {
        tokio::task::yield_now().await;
    }
    // Nobody deletes it: the other poll gets it when its deadline has passed, though nobody sends anything.
    while !polls.iter().all(tokio::task::JoinHandle::is_finished) {
        client.wait(1);
        tokio::task::yield_now().await;
    }
    for poll in &mut polls {
        assert_eq!(poll.await.unwrap().unwrap()["Messages"][0]["Body"], "m");
    }
    let waiting = poll(client.cx.clone());
    tokio::task::yield_now().await;
    client.ok("DeleteQueue", json!({"QueueUrl": url})).await;
    assert_eq!(&*waiting.await.unwrap().unwrap_err().code, "QueueDoesNotExist");
}

#[tokio::test]
async fn a_noisy_tenant_waits_behind_the_others() {
    let client = Client::new(false);
    let url = client.queue("q", json!({})).await;
    for _ in 0..50 {
        client.send(&url, "noisy", Some("a")).await;
    }
    client.send(&url, "quiet", Some("b")).await;
    client.send(&url, "alone", None).await;
    for _ in 0..3 {
        assert_eq!(client.bodies(&url).await, ["noisy"; 10]);
    }
    assert_eq!(client.bodies(&url).await[..3], ["quiet", "alone", "noisy"]);
}

/// Three polls wait, three messages become visible in one moment: each poll wakes and takes one.
/// A poll used to look again every second; without that, whoever woke first left the others asleep.
#[tokio::test]
async fn polls_that_wait_share_what_becomes_visible() {
    let client = Client::new(false);
    let queue = client.queue("orders", json!({})).await;
    for body in ["a", "b", "c"] {
        client.send(&queue, body, None).await;
    }
    assert_eq!(client.receive(&queue).await.len(), 3);
    let poll = || async {
        let input = json!({"QueueUrl": queue, "MaxNumberOfMessages": 1, "WaitTimeSeconds": 20});
        let answer = client.ok("ReceiveMessage", input).await;
        answer["Messages"][0]["Body"].as_str().map(str::to_owned)
    };
    client.wait(15);
    // The clock moves when all of them sleep: the runtime has one thread and turns to this branch last.
    let moved = async {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        client.wait(16);
    };
    let (one, two, three, ()) = tokio::join!(poll(), poll(), poll(), moved);
    let mut taken = [one, two, three];
    taken.sort();
    assert_eq!(taken, ["a", "b", "c"].map(|body| Some(body.to_owned())));
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
