//! SNS by the real SDK: who gets which message, in what form, and who is told when one couldn't be delivered.

use std::collections::HashMap;

use aws_sdk_sns::types::{MessageAttributeValue, PublishBatchRequestEntry};
use aws_sdk_sqs::types::{MessageSystemAttributeName as System, QueueAttributeName};
use serde_json::{Value, json};

use crate::helpers::cloud::{TestCloud, code};
use crate::helpers::queues::{arn, bodies, drain, queue, receive, system};
use crate::helpers::topics::{lets_send, publish, subscribe, subscribe_only, topic};

/// Message attributes as a filter's tests write them: strings, numbers, arrays of both.
fn attributes(object: &Value) -> HashMap<String, MessageAttributeValue> {
    let attribute = |value: &Value| {
        let (kind, text) = match value {
            Value::String(text) => ("String", text.clone()),
            Value::Array(_) => ("String.Array", value.to_string()),
            other => ("Number", other.to_string()),
        };
        MessageAttributeValue::builder().data_type(kind).string_value(text).build().unwrap()
    };
    object.as_object().unwrap().iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

const RAW: (&str, &str) = ("RawMessageDelivery", "true");

#[tokio::test]
async fn every_subscriber_gets_every_message_raw_or_in_an_envelope() {
    let cloud = TestCloud::start().await;
    let (sns, sqs) = (cloud.sns(), cloud.sqs());
    let topic = topic(&sns, "events", &[]).await;
    let raw = queue(&sqs, "raw", &[]).await;
    let enveloped = queue(&sqs, "enveloped", &[]).await;
    subscribe(&cloud, &topic, &raw, &[RAW]).await;
    let subscription = subscribe(&cloud, &topic, &enveloped, &[]).await;
    let given = attributes(&json!({"event_type": "order.placed", "total": 12}));
    let publish = sns.publish().topic_arn(&topic).message("\"größer\" ✓").subject("An order");
    let id = publish.set_message_attributes(Some(given)).send().await.unwrap().message_id.unwrap();

    let messages = receive(&sqs, &raw).await;
    assert_eq!(bodies(&messages), ["\"größer\" ✓"]);
    let got = messages[0].message_attributes.as_ref().unwrap();
    assert_eq!(got["event_type"].string_value.as_deref(), Some("order.placed"));
    assert_eq!((got["total"].data_type.as_str(), got["total"].string_value.as_deref()), ("Number", Some("12")));

    let messages = receive(&sqs, &enveloped).await;
    assert!(messages[0].message_attributes.as_ref().is_none_or(HashMap::is_empty));
    let envelope: Value = serde_json::from_str(messages[0].body.as_deref().unwrap()).unwrap();
    for (name, value) in [
        ("Type", "Notification"),
        ("MessageId", id.as_str()),
        ("TopicArn", topic.as_str()),
        ("Subject", "An order"),
        ("Message", "\"größer\" ✓"),
        ("Timestamp", "2026-03-14T23:30:00.000Z"),
        ("SignatureVersion", "1"),
    ] {
        assert_eq!(envelope[name], value, "{name}");
    }
    assert_eq!(envelope["MessageAttributes"]["total"], json!({"Type": "Number", "Value": "12"}));
    assert!(envelope["SigningCertURL"].as_str().unwrap().ends_with(".pem"));
    let unsubscribe = envelope["UnsubscribeURL"].as_str().unwrap();
    assert!(unsubscribe.contains("Action=Unsubscribe") && unsubscribe.contains(&subscription), "{unsubscribe}");
}

#[tokio::test]
async fn filter_policies_on_attributes_have_every_operator() {
    let cloud = TestCloud::start().await;
    let cases = json!([
        [{"type": ["order", "payment"]}, [{"type": "order"}], [{"type": "Order"}, {}]],
        [{"type": ["order"], "region": ["eu"]}, [{"type": "order", "region": "eu"}], [{"type": "order"}, {"region": "eu"}]],
        [{"type": [{"prefix": "order."}]}, [{"type": "order.placed"}], [{"type": "an order."}]],
        [{"type": [{"suffix": ".placed"}]}, [{"type": "order.placed"}], [{"type": "order.placed."}]],
        [{"type": [{"equals-ignore-case": "ORDER"}]}, [{"type": "oRdEr"}], [{"type": "orders"}]],
        [{"type": [{"wildcard": "order.*.eu"}]}, [{"type": "order.placed.eu"}], [{"type": "order.eu"}]],
        [{"type": [{"anything-but": ["order"]}]}, [{"type": "payment"}], [{"type": "order"}, {}]],
        [{"type": [{"anything-but": {"prefix": "order."}}]}, [{"type": "payment"}], [{"type": "order.placed"}]],
        [{"type": [{"anything-but": {"suffix": ".x"}}]}, [{"type": "order"}], [{"type": "order.x"}]],
        [{"type": [{"anything-but": {"wildcard": "o*r"}}]}, [{"type": "payment"}], [{"type": "order"}]],
        [{"type": [{"anything-but": [1, 2]}]}, [{"type": 3}], [{"type": 1}]],
        [{"total": [100]}, [{"total": 100}, {"total": 1e2}], [{"total": 101}]],
        [{"total": [{"numeric": ["=", 1.5]}]}, [{"total": 1.50}], [{"total": 1.51}, {"total": "1.5"}]],
        [{"total": [{"numeric": [">", 0, "<=", 100]}]}, [{"total": 100}, {"total": 0.5}], [{"total": 0}, {"total": 100.1}]],
        [{"total": [{"numeric": ["<", -1]}]}, [{"total": -1.5}], [{"total": -1}]],
        [{"ip": [{"cidr": "10.0.0.0/24"}]}, [{"ip": "10.0.0.255"}], [{"ip": "10.0.1.0"}]],
        [{"type": [{"exists": true}]}, [{"type": "x"}], [{"other": "x"}]],
        [{"type": [{"exists": false}]}, [{"other": "x"}], [{"type": "x"}, {}]],
        [{"$or": [{"type": ["order"]}, {"total": [{"numeric": [">", 9]}]}]}, [{"type": "order"}, {"total": 10}], [{"total": 9}]],
        [{"tags": ["new"]}, [{"tags": ["old", "new"]}], [{"tags": ["old"]}]],
        [{"tags": [1, true, null]}, [{"tags": [1]}, {"tags": [true]}, {"tags": [null]}], [{"tags": [2, false]}]],
    ]);
    filters(&cloud, "MessageAttributes", &cases).await;
}

#[tokio::test]
async fn filter_policies_on_the_body_have_them_too() {
    let cloud = TestCloud::start().await;
    let cases = json!([
        [{"type": ["order"]}, [{"type": "order", "x": 1}], [{"type": "payment"}, {}]],
        [{"data": {"total": [{"numeric": [">=", 10]}]}}, [{"data": {"total": 10}}], [{"data": {"total": 9}}, {"total": 10}]],
        [{"data": {"items": {"sku": [{"prefix": "a"}]}}}, [{"data": {"items": [{"sku": "b"}, {"sku": "ab"}]}}], [{"data": {"items": []}}]],
        [{"paid": [true]}, [{"paid": true}], [{"paid": false}, {"paid": "true"}]],
        [{"voucher": [null]}, [{"voucher": null}], [{"voucher": "x"}, {}]],
        [{"tags": [{"suffix": "w"}]}, [{"tags": ["old", "new"]}], [{"tags": ["old"]}]],
        [{"data": {"voucher": [{"exists": false}]}}, [{"data": {"x": 1}}], [{"data": {"voucher": "x"}}, {}]],
        [{"data": {"voucher": [{"exists": true}]}}, [{"data": {"voucher": "x"}}], [{"data": {"x": 1}}]],
        [{"type": [{"anything-but": ["order"]}]}, [{"type": "payment"}], [{"type": "order"}]],
        [{"type": [{"equals-ignore-case": "Order"}]}, [{"type": "ORDER"}], [{"type": "orders"}]],
        [{"type": [{"wildcard": "*.placed"}]}, [{"type": "order.placed"}], [{"type": "order.paid"}]],
        [{"ip": [{"cidr": "2001:db8::/32"}]}, [{"ip": "2001:db8::1"}], [{"ip": "2001:db9::1"}]],
        [{"$or": [{"a": [1]}, {"b": [2]}], "c": [3]}, [{"a": 1, "c": 3}, {"b": 2, "c": 3}], [{"a": 1, "b": 2}, {"c": 3}]],
    ]);
    filters(&cloud, "MessageBody", &cases).await;
}

/// Publishes what must and what must not match; exactly the first come.
async fn filters(cloud: &TestCloud, scope: &str, cases: &Value) {
    let (sns, sqs) = (cloud.sns(), cloud.sqs());
    let topic = topic(&sns, "events", &[]).await;
    let url = queue(&sqs, "filtered", &[]).await;
    let subscription = subscribe(cloud, &topic, &url, &[RAW, ("FilterPolicyScope", scope)]).await;
    for case in cases.as_array().unwrap() {
        let policy = case[0].to_string();
        let set = sns.set_subscription_attributes().subscription_arn(&subscription).attribute_name("FilterPolicy");
        set.attribute_value(&policy).send().await.unwrap_or_else(|error| panic!("{policy}: {error:?}"));
        let list = |index: usize| case[index].as_array().unwrap();
        for message in list(1).iter().chain(list(2)) {
            let mut publish = sns.publish().topic_arn(&topic).message(message.to_string());
            if scope == "MessageAttributes" {
                publish = publish.set_message_attributes(Some(attributes(message)));
            }
            publish.send().await.unwrap();
        }
        let mut got: Vec<_> = drain(&sqs, &url).await.into_iter().filter_map(|message| message.body).collect();
        let mut expected: Vec<_> = list(1).iter().map(Value::to_string).collect();
        got.sort();
        expected.sort();
        assert_eq!(got, expected, "{policy}");
    }
}

#[tokio::test]
async fn a_filter_policy_that_means_nothing_is_refused() {
    let cloud = TestCloud::start().await;
    let (sns, sqs) = (cloud.sns(), cloud.sqs());
    let topic = topic(&sns, "events", &[]).await;
    let url = queue(&sqs, "filtered", &[]).await;
    let subscription = subscribe(&cloud, &topic, &url, &[]).await;
    for policy in [
        "{",
        r#"{"type":"order"}"#,
        r#"{"type":[{"suffixx":"x"}]}"#,
        r#"{"a":[{"numeric":["<","x"]}]}"#,
        r#"{"a":{"b":["x"]}}"#,
    ] {
        let set = sns.set_subscription_attributes().subscription_arn(&subscription).attribute_name("FilterPolicy");
        assert_eq!(code(set.attribute_value(policy).send().await), "InvalidParameter", "{policy}");
    }
}

#[tokio::test]
async fn a_queue_whose_policy_is_silent_gets_nothing_and_the_server_says_so() {
    let cloud = TestCloud::start().await;
    let (sns, sqs) = (cloud.sns(), cloud.sqs());
    let topic_arn = topic(&sns, "events", &[]).await;
    let other = topic(&sns, "others", &[]).await;
    let url = queue(&sqs, "closed", &[]).await;
    let closed = arn(&sqs, &url).await;
    let policy = lets_send(&other, &closed);
    sqs.set_queue_attributes().queue_url(&url).attributes(QueueAttributeName::Policy, policy).send().await.unwrap();
    subscribe_only(&cloud, &topic_arn, "sqs", &closed, &[RAW]).await;
    publish(&sns, &topic_arn, "lost").await;
    assert!(receive(&sqs, &url).await.is_empty());
    cloud.notice_with(&["closed", "events", "policy"]).await;

    subscribe_only(&cloud, &other, "sqs", &closed, &[RAW]).await;
    publish(&sns, &other, "found").await;
    assert_eq!(bodies(&receive(&sqs, &url).await), ["found"]);
}

#[tokio::test]
async fn what_cannot_be_delivered_goes_to_the_subscriptions_dead_letter_queue() {
    let cloud = TestCloud::start().await;
    let (sns, sqs) = (cloud.sns(), cloud.sqs());
    let topic = topic(&sns, "events", &[]).await;
    let dead = queue(&sqs, "dead", &[]).await;
    let dead_arn = arn(&sqs, &dead).await;
    let policy = lets_send(&topic, &dead_arn);
    sqs.set_queue_attributes().queue_url(&dead).attributes(QueueAttributeName::Policy, policy).send().await.unwrap();
    let url = queue(&sqs, "closed", &[]).await;
    let closed = arn(&sqs, &url).await;
    let policy = lets_send("arn:aws:sns:us-east-1:000000000000:nobody", &closed);
    sqs.set_queue_attributes().queue_url(&url).attributes(QueueAttributeName::Policy, policy).send().await.unwrap();
    let redrive = json!({"deadLetterTargetArn": dead_arn}).to_string();
    subscribe_only(&cloud, &topic, "sqs", &closed, &[RAW, ("RedrivePolicy", &redrive)]).await;
    publish(&sns, &topic, "kept").await;
    assert_eq!(bodies(&drain(&sqs, &dead).await), ["kept"]);
    assert!(receive(&sqs, &url).await.is_empty());
    // A queue that is gone.
    sqs.delete_queue().queue_url(&url).send().await.unwrap();
    publish(&sns, &topic, "kept as well").await;
    assert_eq!(bodies(&drain(&sqs, &dead).await), ["kept as well"]);
}

/// What stands beside a raw body counts too: a queue got messages that it refuses when they are sent to it.
#[tokio::test]
async fn attributes_count_for_what_a_queue_takes() {
    let cloud = TestCloud::start().await;
    let (sns, sqs) = (cloud.sns(), cloud.sqs());
    let topic = topic(&sns, "events", &[]).await;
    let small = queue(&sqs, "small", &[(QueueAttributeName::MaximumMessageSize, "1024")]).await;
    subscribe(&cloud, &topic, &small, &[RAW]).await;
    let publish = |many: usize| {
        let attribute = aws_sdk_sns::types::MessageAttributeValue::builder().data_type("String");
        let attribute = attribute.string_value("v".repeat(many)).build().unwrap();
        sns.publish().topic_arn(&topic).message("m".repeat(1_000)).message_attributes("name", attribute).send()
    };
    publish(14).await.unwrap();
    publish(15).await.unwrap();
    assert_eq!(drain(&sqs, &small).await.len(), 1);
    cloud.notice_with(&["events", "1024 bytes"]).await;
}

#[tokio::test]
async fn a_fifo_topic_keeps_order_and_drops_doubles() {
    let cloud = TestCloud::start().await;
    let (sns, sqs) = (cloud.sns(), cloud.sqs());
    let topic = topic(&sns, "events.fifo", &[("FifoTopic", "true"), ("ContentBasedDeduplication", "true")]).await;
    let fifo = queue(&sqs, "fifo.fifo", &[(QueueAttributeName::FifoQueue, "true")]).await;
    let standard = queue(&sqs, "standard", &[]).await;
    subscribe(&cloud, &topic, &fifo, &[RAW]).await;
    subscribe(&cloud, &topic, &standard, &[RAW]).await;
    let mut ids = Vec::new();
    for body in ["1", "2", "1", "3"] {
        let sent = sns.publish().topic_arn(&topic).message_group_id("a").message(body).send().await.unwrap();
        assert_eq!(sent.sequence_number.as_deref().unwrap().len(), 20);
        ids.push(sent.message_id.unwrap());
    }
    assert_eq!(ids[0], ids[2]);
    let messages = receive(&sqs, &fifo).await;
    assert_eq!(bodies(&messages), ["1", "2", "3"]);
    assert!(messages.iter().all(|message| system(message, System::MessageGroupId) == "a"));
    let mut loose = drain(&sqs, &standard).await;
    loose.sort_by(|a, b| a.body.cmp(&b.body));
    assert_eq!(bodies(&loose), ["1", "2", "3"]);
    cloud.pass(300);
    sns.publish().topic_arn(&topic).message_group_id("b").message("1").send().await.unwrap();
    assert_eq!(bodies(&drain(&sqs, &standard).await), ["1"]);
    let no_group = sns.publish().topic_arn(&topic).message("x").send().await;
    assert_eq!(code(no_group), "InvalidParameter");
}

#[tokio::test]
async fn a_batch_is_ten_publishes_in_one() {
    let cloud = TestCloud::start().await;
    let (sns, sqs) = (cloud.sns(), cloud.sqs());
    let topic = topic(&sns, "events", &[]).await;
    let url = queue(&sqs, "orders", &[]).await;
    subscribe(&cloud, &topic, &url, &[RAW]).await;
    let entry = |id: usize| PublishBatchRequestEntry::builder().id(id.to_string()).message(format!("body {id}"));
    let mut batch = sns.publish_batch().topic_arn(&topic);
    for id in 0..10 {
        batch = batch.publish_batch_request_entries(entry(id).build().unwrap());
    }
    let sent = batch.clone().send().await.unwrap();
    assert_eq!((sent.successful().len(), sent.failed().len()), (10, 0));
    let mut messages = drain(&sqs, &url).await;
    messages.sort_by(|a, b| a.body.cmp(&b.body));
    assert_eq!(bodies(&messages), (0..10).map(|id| format!("body {id}")).collect::<Vec<_>>());
    let eleven = batch.publish_batch_request_entries(entry(10).build().unwrap()).send().await;
    assert_eq!(code(eleven), "TooManyEntriesInBatchRequest");
}

#[tokio::test]
async fn a_message_can_be_told_to_each_protocol_differently() {
    let cloud = TestCloud::start().await;
    let (sns, sqs) = (cloud.sns(), cloud.sqs());
    let topic = topic(&sns, "events", &[]).await;
    let url = queue(&sqs, "orders", &[]).await;
    subscribe(&cloud, &topic, &url, &[RAW]).await;
    let publish = |message: &str| sns.publish().topic_arn(&topic).message_structure("json").message(message).send();
    publish(r#"{"default":"for all","sqs":"for queues"}"#).await.unwrap();
    publish(r#"{"default":"for all","http":"for pages"}"#).await.unwrap();
    let mut messages = drain(&sqs, &url).await;
    messages.sort_by(|a, b| a.body.cmp(&b.body));
    assert_eq!(bodies(&messages), ["for all", "for queues"]);
    assert_eq!(code(publish(r#"{"sqs":"no default"}"#).await), "InvalidParameter");
}

#[tokio::test]
async fn topics_and_subscriptions_survive_a_restart_and_end_when_told_to() {
    let mut cloud = TestCloud::start().await;
    let topic_arn = topic(&cloud.sns(), "events", &[("DisplayName", "Events")]).await;
    let url = queue(&cloud.sqs(), "orders", &[]).await;
    let policy = r#"{"type":["order"]}"#;
    let subscription = subscribe(&cloud, &topic_arn, &url, &[RAW, ("FilterPolicy", policy)]).await;
    cloud.restart().await;
    // The counts of subscriptions follow later.
    cloud.pass(60);
    let (sns, sqs) = (cloud.sns(), cloud.sqs());
    let url = sqs.get_queue_url().queue_name("orders").send().await.unwrap().queue_url.unwrap();
    let shown =
        sns.get_subscription_attributes().subscription_arn(&subscription).send().await.unwrap().attributes.unwrap();
    assert_eq!(shown["FilterPolicy"], policy);
    assert_eq!(shown["RawMessageDelivery"], "true");
    let shown = sns.get_topic_attributes().topic_arn(&topic_arn).send().await.unwrap().attributes.unwrap();
    assert_eq!((shown["DisplayName"].as_str(), shown["SubscriptionsConfirmed"].as_str()), ("Events", "1"));
    let send = async |kind: &str| {
        let given = attributes(&json!({"type": kind}));
        sns.publish().topic_arn(&topic_arn).message(kind).set_message_attributes(Some(given)).send().await
    };
    send("order").await.unwrap();
    send("payment").await.unwrap();
    assert_eq!(bodies(&drain(&sqs, &url).await), ["order"]);
    sns.unsubscribe().subscription_arn(&subscription).send().await.unwrap();
    send("order").await.unwrap();
    assert!(receive(&sqs, &url).await.is_empty());
    sns.delete_topic().topic_arn(&topic_arn).send().await.unwrap();
    assert_eq!(code(send("order").await), "NotFound");
}

/// Nothing silent: for each message what every subscription did, and why.
#[tokio::test]
async fn each_subscription_is_explained() {
    let cloud = TestCloud::strict().await;
    let (sns, told) = (cloud.sns(), cloud.explain());
    let topic = topic(&sns, "events", &[]).await;
    let orders = queue(&cloud.sqs(), "orders", &[]).await;
    subscribe(&cloud, &topic, &orders, &[("RawMessageDelivery", "true")]).await;
    let payments = queue(&cloud.sqs(), "payments", &[]).await;
    subscribe(&cloud, &topic, &payments, &[("FilterPolicy", r#"{"kind":["payment"]}"#)]).await;
    let closed = queue(&cloud.sqs(), "closed", &[]).await;
    subscribe_only(&cloud, &topic, "sqs", &arn(&cloud.sqs(), &closed).await, &[]).await;
    let kind = MessageAttributeValue::builder().data_type("String").string_value("order").build().unwrap();
    let published = sns.publish().topic_arn(&topic).message("m").message_attributes("kind", kind).send().await.unwrap();
    let told = told.lock().unwrap().join("\n");
    let id = published.message_id.unwrap();
    for line in [
        format!("{id} to {topic}"),
        "  sqs orders: queued, raw".to_owned(),
        r#"  sqs payments: filtered out: kind is "order", the policy wants ["payment"]"#.to_owned(),
        "  sqs closed: NOT DELIVERED: the queue arn:aws:sqs:us-east-1:000000000000:closed has no policy that lets the topic \
         send; it is lost, for the subscription has no dead-letter queue"
            .to_owned(),
    ] {
        assert!(told.lines().any(|told| told == line), "{line:?} is not in\n{told}");
    }
}
