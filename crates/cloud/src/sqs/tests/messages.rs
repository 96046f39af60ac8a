//! The rules of messages: handles, visibility, groups, batches and long polls.

use serde_json::{Value, json};

use super::{Client, call};
use crate::core::journal::History;
use crate::request::Context;

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

/// An attempt was answered with other receipt handles, and with the same messages also after one was given more time.
#[tokio::test]
async fn a_repeated_attempt_has_the_same_handles_until_something_was_changed() {
    let client = Client::new(false);
    let url = client.fifo("q.fifo").await;
    client.send(&url, "1", Some("g")).await;
    let receive = json!({"QueueUrl": url, "ReceiveRequestAttemptId": "a"});
    let first = client.ok("ReceiveMessage", receive.clone()).await;
    client.wait(5);
    let again = client.ok("ReceiveMessage", receive.clone()).await;
    let handle = &first["Messages"][0]["ReceiptHandle"];
    assert_eq!(&again["Messages"][0]["ReceiptHandle"], handle);
    let longer = json!({"QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": 100});
    client.ok("ChangeMessageVisibility", longer).await;
    assert_eq!(client.ok("ReceiveMessage", receive).await["Messages"], Value::Null);
}

/// A message that was visible again was hidden for as long as an old handle said.
#[tokio::test]
async fn an_expired_handle_hides_nothing() {
    let client = Client::new(false);
    let url = client.queue("q", json!({"VisibilityTimeout": "1"})).await;
    client.send(&url, "m", None).await;
    let handle = client.receive(&url).await[0]["ReceiptHandle"].clone();
    client.wait(2);
    let hide = json!({"QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": 600});
    client.ok("ChangeMessageVisibility", hide).await;
    let entries = json!([{"Id": "a", "ReceiptHandle": handle, "VisibilityTimeout": 600}]);
    let both = client.ok("ChangeMessageVisibilityBatch", json!({"QueueUrl": url, "Entries": entries})).await;
    assert_eq!(both["Successful"][0]["Id"], "a");
    assert_eq!(client.receive(&url).await.len(), 1);
}

/// Two messages of one deduplication id had one id in the dead-letter queue as well.
#[tokio::test]
async fn in_a_dead_letter_queue_the_id_for_deduplication_is_the_messages_own() {
    let client = Client::new(false);
    let dead = client.fifo("dead.fifo").await;
    let url = client.fifo("q.fifo").await;
    let policy = json!({"deadLetterTargetArn": client.attribute(&dead, "QueueArn").await, "maxReceiveCount": 1});
    let attributes = json!({"RedrivePolicy": policy.to_string(), "VisibilityTimeout": "1"});
    client.ok("SetQueueAttributes", json!({"QueueUrl": url, "Attributes": attributes})).await;
    let send = json!({"QueueUrl": url, "MessageBody": "m", "MessageGroupId": "g", "MessageDeduplicationId": "d"});
    let sent = client.ok("SendMessage", send).await;
    assert_eq!(client.receive(&url).await[0]["Attributes"]["MessageDeduplicationId"], "d");
    client.wait(2);
    assert!(client.receive(&url).await.is_empty());
    assert_eq!(client.receive(&dead).await[0]["Attributes"]["MessageDeduplicationId"], sent["MessageId"]);
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

/// A consumer's delete of a message whose time was over counted as an expiry, and without a history every receive and delete looked
/// its messages up all the same.
#[tokio::test]
async fn what_consumers_delete_is_told_from_what_expires_with_and_without_a_history() {
    for messages in [0, 100] {
        let client = Client::new(false);
        let core = &client.cx.cloud.core;
        core.remember(History { messages, bytes: 1 << 20 });
        let url = client.queue("q", json!({"MessageRetentionPeriod": "60", "VisibilityTimeout": "300"})).await;
        for body in ["deleted", "expires"] {
            client.send(&url, body, None).await;
        }
        let received = client.receive(&url).await;
        client.wait(61);
        client.ok("DeleteMessage", json!({"QueueUrl": url, "ReceiptHandle": received[0]["ReceiptHandle"]})).await;
        assert!(client.receive(&url).await.is_empty());
        let (count, remembered) = core.look(|engine, journal, _| {
            let id = engine.queues("").next().unwrap().config.id;
            (journal.counts.get(id.0), journal.len())
        });
        assert_eq!((count.came, count.received, count.gone), (2, 2, 1), "{messages}");
        assert_eq!(remembered, messages.min(2));
    }
}
