//! SQS by the real SDK: what a queue promises, with the clock in the test's hand.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, MessageAttributeValue,
    MessageSystemAttributeName as System, MessageSystemAttributeNameForSends, MessageSystemAttributeValue,
    QueueAttributeName as Attribute, SendMessageBatchRequestEntry,
};

use crate::helpers::cloud::{LATE_EVENING, TestCloud, code, eventually};
use crate::helpers::queues::{arn, attribute, bodies, delete, drain, queue, receive, send, system};

#[tokio::test]
async fn a_message_is_sent_received_and_deleted() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let url = queue(&sqs, "orders", &[]).await;
    assert_eq!(url, format!("{}/000000000000/orders", cloud.endpoint));
    let text = MessageAttributeValue::builder().data_type("String").string_value("order.placed").build().unwrap();
    let bytes = MessageAttributeValue::builder().data_type("Binary.png").binary_value(vec![0, 255].into());
    let bytes = bytes.build().unwrap();
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793";
    let traced = MessageSystemAttributeValue::builder().data_type("String").string_value(trace).build().unwrap();
    let sent = sqs
        .send_message()
        .queue_url(&url)
        .message_body("größer ✓")
        .message_attributes("event_type", text.clone())
        .message_attributes("picture", bytes.clone())
        .message_system_attributes(MessageSystemAttributeNameForSends::AwsTraceHeader, traced)
        .send()
        .await
        .unwrap();
    // md5sum of the body's UTF-8 bytes.
    assert_eq!(sent.md5_of_message_body.as_deref(), Some("86e9a5b0fddef4c571a71f80b258ba13"));

    let messages = receive(&sqs, &url).await;
    let [message] = messages.as_slice() else { panic!("{messages:?}") };
    assert_eq!(message.body.as_deref(), Some("größer ✓"));
    assert_eq!(message.message_id, sent.message_id);
    assert_eq!(message.md5_of_body, sent.md5_of_message_body);
    assert_eq!(message.md5_of_message_attributes, sent.md5_of_message_attributes);
    let attributes = message.message_attributes.as_ref().unwrap();
    assert_eq!(attributes["event_type"], text);
    assert_eq!(attributes["picture"], bytes);
    assert_eq!(system(message, System::ApproximateReceiveCount), "1");
    assert_eq!(system(message, System::SentTimestamp), cloud.clock.now().to_string());
    assert_eq!(system(message, System::AwsTraceHeader), trace);

    delete(&sqs, &url, message).await;
    cloud.pass(3600);
    assert!(receive(&sqs, &url).await.is_empty());
    assert_eq!(attribute(&sqs, &url, Attribute::ApproximateNumberOfMessages).await, "0");
}

#[tokio::test]
async fn what_is_not_deleted_comes_back_when_its_visibility_ends() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let url = queue(&sqs, "orders", &[(Attribute::VisibilityTimeout, "45")]).await;
    send(&sqs, &url, "one").await;
    let first = receive(&sqs, &url).await.remove(0);
    assert_eq!(attribute(&sqs, &url, Attribute::ApproximateNumberOfMessagesNotVisible).await, "1");
    cloud.pass(44);
    assert!(receive(&sqs, &url).await.is_empty());
    cloud.pass(1);
    let second = receive(&sqs, &url).await.remove(0);
    assert_eq!(second.message_id, first.message_id);
    assert_ne!(second.receipt_handle, first.receipt_handle);
    assert_eq!(system(&second, System::ApproximateReceiveCount), "2");
    assert_eq!(
        system(&second, System::ApproximateFirstReceiveTimestamp),
        system(&first, System::ApproximateFirstReceiveTimestamp)
    );

    let handle = second.receipt_handle.as_deref().unwrap();
    let change =
        |seconds| sqs.change_message_visibility().queue_url(&url).receipt_handle(handle).visibility_timeout(seconds);
    change(600).send().await.unwrap();
    cloud.pass(599);
    assert!(receive(&sqs, &url).await.is_empty());
    change(0).send().await.unwrap();
    let third = receive(&sqs, &url).await.remove(0);
    assert_eq!(system(&third, System::ApproximateReceiveCount), "3");
    assert_eq!(code(change(43_201).send().await), "InvalidParameterValue");
}

#[tokio::test]
async fn delays_hold_back() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let url = queue(&sqs, "later", &[(Attribute::DelaySeconds, "10")]).await;
    send(&sqs, &url, "by the queue").await;
    sqs.send_message().queue_url(&url).message_body("by itself").delay_seconds(60).send().await.unwrap();
    sqs.send_message().queue_url(&url).message_body("at once").delay_seconds(0).send().await.unwrap();
    assert_eq!(attribute(&sqs, &url, Attribute::ApproximateNumberOfMessagesDelayed).await, "2");
    assert_eq!(bodies(&receive(&sqs, &url).await), ["at once"]);
    cloud.pass(10);
    assert_eq!(bodies(&receive(&sqs, &url).await), ["by the queue"]);
    cloud.pass(49);
    assert!(!bodies(&receive(&sqs, &url).await).contains(&"by itself"));
    cloud.pass(1);
    assert!(bodies(&receive(&sqs, &url).await).contains(&"by itself"));
    let too_long = sqs.send_message().queue_url(&url).message_body("never").delay_seconds(901).send().await;
    assert_eq!(code(too_long), "InvalidParameterValue");
}

#[tokio::test]
async fn a_long_poll_is_woken_by_a_message_and_ends_without_one() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let url = queue(&sqs, "orders", &[]).await;
    let poll = |sqs: Client, url: String| async move {
        let answer = sqs.receive_message().queue_url(url).wait_time_seconds(20).send().await.unwrap();
        answer.messages.unwrap_or_default()
    };
    let poller = tokio::spawn(poll(sqs.clone(), url.clone()));
    send(&sqs, &url, "here").await;
    assert_eq!(bodies(&poller.await.unwrap()), ["here"]);

    // The clock stands still: the poll ends only when it is moved on. It is moved on until the poll has begun.
    let poller = tokio::spawn(poll(sqs.clone(), url.clone()));
    eventually(async || {
        cloud.pass(5);
        poller.is_finished().then_some(())
    })
    .await
    .expect("the poll ends");
    assert!(poller.await.unwrap().iter().all(|message| message.body.as_deref() == Some("here")));

    // A message that becomes visible again wakes it too.
    sqs.purge_queue().queue_url(&url).send().await.unwrap();
    send(&sqs, &url, "again").await;
    let taken = receive(&sqs, &url).await.remove(0);
    let poller = tokio::spawn(poll(sqs.clone(), url.clone()));
    let handle = taken.receipt_handle.unwrap();
    sqs.change_message_visibility().queue_url(&url).receipt_handle(handle).visibility_timeout(0).send().await.unwrap();
    assert_eq!(bodies(&poller.await.unwrap()), ["again"]);
}

#[tokio::test]
async fn what_fails_too_often_ends_in_the_dead_letter_queue_and_can_be_moved_back() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let dead = queue(&sqs, "dead", &[]).await;
    let dead_arn = arn(&sqs, &dead).await;
    let redrive = format!(r#"{{"deadLetterTargetArn":"{dead_arn}","maxReceiveCount":2}}"#);
    let url = queue(&sqs, "orders", &[(Attribute::RedrivePolicy, &redrive)]).await;
    let id = send(&sqs, &url, "poison").await;
    for _ in 0..2 {
        assert_eq!(bodies(&receive(&sqs, &url).await), ["poison"]);
        cloud.pass(30);
    }
    assert!(receive(&sqs, &url).await.is_empty());
    let messages = receive(&sqs, &dead).await;
    assert_eq!(bodies(&messages), ["poison"]);
    assert_eq!(messages[0].message_id.as_deref(), Some(id.as_str()));
    assert_eq!(system(&messages[0], System::DeadLetterQueueSourceArn), arn(&sqs, &url).await);
    assert_eq!(system(&messages[0], System::ApproximateReceiveCount), "3");

    let sources = sqs.list_dead_letter_source_queues().queue_url(&dead).send().await.unwrap();
    assert_eq!(sources.queue_urls(), std::slice::from_ref(&url));
    cloud.pass(30);
    sqs.start_message_move_task().source_arn(&dead_arn).send().await.unwrap();
    let back = eventually(async || {
        let messages = receive(&sqs, &url).await;
        (!messages.is_empty()).then_some(messages)
    });
    let back = back.await.expect("it is moved back");
    assert_eq!(bodies(&back), ["poison"]);
    // "Learn how to configure a dead-letter queue redrive in Amazon SQS": a new message.
    assert_ne!(back[0].message_id.as_deref(), Some(id.as_str()));
    assert_eq!(system(&back[0], System::SentTimestamp), (LATE_EVENING + 90_000).to_string());
    let done = eventually(async || {
        let tasks = sqs.list_message_move_tasks().source_arn(&dead_arn).send().await.unwrap().results.unwrap();
        (tasks[0].status() == Some("COMPLETED")).then(|| tasks[0].clone())
    });
    assert_eq!(done.await.expect("the task completes").approximate_number_of_messages_moved, 1);
}

#[tokio::test]
async fn a_fifo_queue_keeps_each_groups_order_and_drops_doubles() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let attributes = [(Attribute::FifoQueue, "true"), (Attribute::ContentBasedDeduplication, "true")];
    let url = queue(&sqs, "orders.fifo", &attributes).await;
    let send =
        |group: &str, body: &str| sqs.send_message().queue_url(&url).message_group_id(group).message_body(body).send();
    let first = send("a", "a1").await.unwrap();
    let second = send("a", "a2").await.unwrap();
    let double = send("a", "a1").await.unwrap();
    send("b", "b1").await.unwrap();
    assert_eq!(double.message_id, first.message_id);
    assert_eq!(double.sequence_number, first.sequence_number);
    let number = |sent: &Option<String>| sent.as_deref().unwrap().parse::<u128>().unwrap();
    assert_eq!(first.sequence_number.as_deref().unwrap().len(), 20);
    assert!(number(&first.sequence_number) < number(&second.sequence_number));

    let one = sqs.receive_message().queue_url(&url).max_number_of_messages(1).send().await.unwrap().messages.unwrap();
    assert_eq!(bodies(&one), ["a1"]);
    // Group a is blocked while a1 is in flight.
    assert_eq!(bodies(&receive(&sqs, &url).await), ["b1"]);
    delete(&sqs, &url, &one[0]).await;
    let next = receive(&sqs, &url).await;
    assert_eq!(bodies(&next), ["a2"]);
    assert_eq!(system(&next[0], System::MessageGroupId), "a");
    assert_eq!(system(&next[0], System::SequenceNumber), second.sequence_number.as_deref().unwrap());

    // The window is five minutes from the first, deleted or not.
    cloud.pass(299);
    let still = send("a", "a1").await.unwrap();
    assert_eq!(still.message_id, first.message_id);
    cloud.pass(1);
    let new = send("a", "a1").await.unwrap();
    assert_ne!(new.message_id, first.message_id);
    let no_group = sqs.send_message().queue_url(&url).message_body("x").send().await;
    assert_eq!(code(no_group), "MissingParameter");
}

#[tokio::test]
async fn one_attempt_is_repeated_with_its_id() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let url = queue(&sqs, "orders.fifo", &[(Attribute::FifoQueue, "true")]).await;
    for (group, id) in [("a", "1"), ("a", "2"), ("b", "3")] {
        let send = sqs.send_message().queue_url(&url).message_group_id(group).message_deduplication_id(id);
        send.message_body(id).send().await.unwrap();
    }
    let attempt = async |id: &str| {
        let receive = sqs.receive_message().queue_url(&url).max_number_of_messages(10).receive_request_attempt_id(id);
        receive.send().await.unwrap().messages.unwrap_or_default()
    };
    let first = attempt("x").await;
    let again = attempt("x").await;
    assert_eq!(bodies(&first), bodies(&again));
    assert_eq!(first.len(), 3);
    assert!(attempt("y").await.is_empty());
}

#[tokio::test]
async fn in_a_batch_each_entry_stands_for_itself() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let url = queue(&sqs, "orders", &[]).await;
    let entry = |id: &str, body: &str| SendMessageBatchRequestEntry::builder().id(id).message_body(body);
    let sent = sqs
        .send_message_batch()
        .queue_url(&url)
        .entries(entry("good", "one").build().unwrap())
        .entries(entry("late", "two").delay_seconds(901).build().unwrap())
        .entries(entry("also-good", "three").build().unwrap())
        .send()
        .await
        .unwrap();
    let ids: Vec<_> = sent.successful.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["good", "also-good"]);
    assert_eq!(sent.failed.iter().map(|it| (it.id.as_str(), it.sender_fault)).collect::<Vec<_>>(), [("late", true)]);

    let messages = receive(&sqs, &url).await;
    assert_eq!(messages.len(), 2);
    let handle = |index: usize| messages[index].receipt_handle.clone().unwrap();
    let change = |id: &str, handle: String| {
        let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(id).receipt_handle(handle);
        entry.visibility_timeout(0).build().unwrap()
    };
    let changed = sqs
        .change_message_visibility_batch()
        .queue_url(&url)
        .entries(change("a", handle(0)))
        .entries(change("b", "nonsense".into()))
        .send()
        .await
        .unwrap();
    assert_eq!((changed.successful.len(), changed.failed.len()), (1, 1));
    assert_eq!(changed.failed[0].code, "ReceiptHandleIsInvalid");

    let messages: Vec<_> = [receive(&sqs, &url).await, messages].concat();
    let mut deletion = sqs.delete_message_batch().queue_url(&url);
    for (index, message) in messages.iter().enumerate() {
        let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
        deletion = deletion.entries(entry.receipt_handle(message.receipt_handle.clone().unwrap()).build().unwrap());
    }
    let deleted = deletion.send().await.unwrap();
    assert!(deleted.failed.is_empty(), "{deleted:?}");
    cloud.pass(60);
    assert!(receive(&sqs, &url).await.is_empty());

    let refused = [
        (vec![], "AWS.SimpleQueueService.EmptyBatchRequest"),
        (vec![("a", "x"), ("a", "y")], "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
        (vec![("no spaces", "x")], "AWS.SimpleQueueService.InvalidBatchEntryId"),
    ];
    for (entries, expected) in refused {
        let entries = entries.into_iter().map(|(id, body)| entry(id, body).build().unwrap()).collect();
        let refused = sqs.send_message_batch().queue_url(&url).set_entries(Some(entries)).send().await;
        assert_eq!(code(refused), expected);
    }
    let eleven = (0..11).map(|i| entry(&i.to_string(), "x").build().unwrap()).collect();
    let refused = sqs.send_message_batch().queue_url(&url).set_entries(Some(eleven)).send().await;
    assert_eq!(code(refused), "AWS.SimpleQueueService.TooManyEntriesInBatchRequest");
}

#[tokio::test]
async fn attributes_are_kept_checked_and_have_their_effect() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let url = queue(&sqs, "orders", &[]).await;
    let answer = sqs.get_queue_attributes().queue_url(&url).attribute_names(Attribute::All).send().await.unwrap();
    let all = answer.attributes.unwrap();
    let now = (cloud.clock.now() / 1000).to_string();
    for (name, value) in [
        (Attribute::VisibilityTimeout, "30"),
        (Attribute::MaximumMessageSize, "1048576"),
        (Attribute::MessageRetentionPeriod, "345600"),
        (Attribute::DelaySeconds, "0"),
        (Attribute::ReceiveMessageWaitTimeSeconds, "0"),
        (Attribute::SqsManagedSseEnabled, "true"),
        (Attribute::QueueArn, "arn:aws:sqs:us-east-1:000000000000:orders"),
        (Attribute::CreatedTimestamp, now.as_str()),
    ] {
        assert_eq!(all.get(&name).map(String::as_str), Some(value), "{name:?}");
    }
    let set = |name: Attribute, value: &str| sqs.set_queue_attributes().queue_url(&url).attributes(name, value).send();
    set(Attribute::MaximumMessageSize, "1024").await.unwrap();
    let too_long = sqs.send_message().queue_url(&url).message_body("x".repeat(1025)).send().await;
    assert_eq!(code(too_long), "InvalidParameterValue");
    set(Attribute::MessageRetentionPeriod, "60").await.unwrap();
    send(&sqs, &url, "short-lived").await;
    cloud.pass(61);
    assert!(receive(&sqs, &url).await.is_empty());
    for (name, value) in [
        (Attribute::VisibilityTimeout, "43201"),
        (Attribute::MessageRetentionPeriod, "59"),
        (Attribute::DelaySeconds, "-1"),
        (Attribute::MaximumMessageSize, "many"),
    ] {
        assert_eq!(code(set(name, value).await), "InvalidAttributeValue", "{value}");
    }
}

#[tokio::test]
async fn queues_are_named_listed_tagged_purged_and_gone() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    for name in ["orders-a", "orders-b", "payments"] {
        queue(&sqs, name, &[]).await;
    }
    let listed = sqs.list_queues().queue_name_prefix("orders").max_results(1).send().await.unwrap();
    assert_eq!(listed.queue_urls().len(), 1);
    let rest = sqs.list_queues().queue_name_prefix("orders").max_results(1).next_token(listed.next_token.unwrap());
    let rest = rest.send().await.unwrap();
    assert!(rest.queue_urls()[0].ends_with("orders-b"));

    let url = sqs.get_queue_url().queue_name("payments").send().await.unwrap().queue_url.unwrap();
    sqs.tag_queue().queue_url(&url).tags("team", "payments").tags("env", "test").send().await.unwrap();
    sqs.untag_queue().queue_url(&url).tag_keys("env").send().await.unwrap();
    let tags = sqs.list_queue_tags().queue_url(&url).send().await.unwrap().tags.unwrap();
    assert_eq!(tags, HashMap::from([("team".to_owned(), "payments".to_owned())]));

    send(&sqs, &url, "x").await;
    sqs.purge_queue().queue_url(&url).send().await.unwrap();
    assert!(receive(&sqs, &url).await.is_empty());

    let permit = sqs.add_permission().queue_url(&url).label("mine").aws_account_ids("111122223333");
    permit.actions("SendMessage").send().await.unwrap();
    assert!(attribute(&sqs, &url, Attribute::Policy).await.contains("arn:aws:iam::111122223333:root"));
    sqs.remove_permission().queue_url(&url).label("mine").send().await.unwrap();
    assert!(!attribute(&sqs, &url, Attribute::Policy).await.contains("111122223333"));

    sqs.delete_queue().queue_url(&url).send().await.unwrap();
    let missing = "AWS.SimpleQueueService.NonExistentQueue";
    assert_eq!(code(sqs.send_message().queue_url(&url).message_body("x").send().await), missing);
    assert_eq!(code(sqs.receive_message().queue_url(&url).send().await), missing);
    assert_eq!(code(sqs.get_queue_url().queue_name("payments").send().await), missing);
}

#[tokio::test]
async fn a_strict_cloud_keeps_the_minutes_of_rest() {
    let cloud = TestCloud::strict().await;
    let sqs = cloud.sqs();
    let url = queue(&sqs, "orders", &[]).await;
    let purge = async || sqs.purge_queue().queue_url(&url).send().await;
    purge().await.unwrap();
    cloud.pass(59);
    assert_eq!(code(purge().await), "AWS.SimpleQueueService.PurgeQueueInProgress");
    cloud.pass(1);
    purge().await.unwrap();
    sqs.delete_queue().queue_url(&url).send().await.unwrap();
    cloud.pass(59);
    let create = async || sqs.create_queue().queue_name("orders").send().await;
    assert_eq!(code(create().await), "AWS.SimpleQueueService.QueueDeletedRecently");
    cloud.pass(1);
    create().await.unwrap();
}

#[tokio::test]
async fn many_receivers_share_a_queue_and_each_message_is_given_once() {
    let cloud = TestCloud::live().await;
    let sqs = cloud.sqs();
    let url = queue(&sqs, "orders", &[]).await;
    for batch in 0..20 {
        let entries = (0..10).map(|i| {
            let entry = SendMessageBatchRequestEntry::builder().id(i.to_string());
            entry.message_body((batch * 10 + i).to_string()).build().unwrap()
        });
        sqs.send_message_batch().queue_url(&url).set_entries(Some(entries.collect())).send().await.unwrap();
    }
    let receivers = (0..8).map(|_| {
        let (sqs, url) = (sqs.clone(), url.clone());
        tokio::spawn(async move { drain(&sqs, &url).await })
    });
    let mut numbers = Vec::new();
    for receiver in receivers.collect::<Vec<_>>() {
        let messages = tokio::time::timeout(Duration::from_secs(30), receiver).await.unwrap().unwrap();
        numbers.extend(bodies(&messages).into_iter().map(|body| body.parse::<u32>().unwrap()));
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..200).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_restart_changes_nothing() {
    let mut cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let url = queue(&sqs, "orders", &[(Attribute::VisibilityTimeout, "100")]).await;
    for body in ["deleted", "in flight", "waiting"] {
        send(&sqs, &url, body).await;
        if body != "waiting" {
            let message = receive(&sqs, &url).await.remove(0);
            if body == "deleted" {
                delete(&sqs, &url, &message).await;
            }
        }
    }
    cloud.pass(40);
    cloud.restart().await;
    let sqs = cloud.sqs();
    let url = sqs.get_queue_url().queue_name("orders").send().await.unwrap().queue_url.unwrap();
    assert_eq!(bodies(&receive(&sqs, &url).await), ["waiting"]);
    cloud.pass(59);
    assert!(receive(&sqs, &url).await.is_empty());
    cloud.pass(1);
    let back = receive(&sqs, &url).await;
    assert_eq!(bodies(&back), ["in flight"]);
    assert_eq!(system(&back[0], System::ApproximateReceiveCount), "2");
}
