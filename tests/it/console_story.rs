//! What became of a message: from the publish over filters, receives and dead letters to the object in which it landed.

use std::time::Duration;

use aws_config::AppName;
use aws_sdk_sns::types::MessageAttributeValue;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde_json::{Value, json};

use crate::helpers::api::{done, found, get};
use crate::helpers::cloud::{TestCloud, config};
use crate::helpers::queues::{arn, delete, queue, receive, send};
use crate::helpers::streams::{BUCKET, create, destination};
use crate::helpers::topics::{publish, subscribe, subscribe_only, topic};

/// A topic with two queues, one of which wants payments and the other has a dead-letter queue, and a stream.
struct FanOut {
    cloud: TestCloud,
    topic: String,
    orders: String,
    dead: String,
}

async fn fan_out() -> FanOut {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let topic = topic(&cloud.sns(), "t", &[]).await;
    let dead = queue(&sqs, "dead", &[]).await;
    let redrive = json!({"deadLetterTargetArn": arn(&sqs, &dead).await, "maxReceiveCount": 1}).to_string();
    let orders = queue(&sqs, "orders", &[(Attribute::RedrivePolicy, &redrive)]).await;
    let payments = queue(&sqs, "payments", &[]).await;
    subscribe(&cloud, &topic, &orders, &[("RawMessageDelivery", "true")]).await;
    subscribe(&cloud, &topic, &payments, &[("FilterPolicy", r#"{"kind":["payment"]}"#)]).await;
    cloud.s3().create_bucket().bucket(BUCKET).send().await.unwrap();
    let stream = create(&cloud, destination()).await;
    let role = ("SubscriptionRoleArn", "arn:aws:iam::000000000000:role/sns");
    subscribe_only(&cloud, &topic, "firehose", &stream, &[role, ("RawMessageDelivery", "true")]).await;
    FanOut { cloud, topic, orders, dead }
}

async fn publish_order(it: &FanOut, body: &str) -> String {
    let kind = MessageAttributeValue::builder().data_type("String").string_value("order").build().unwrap();
    let publish = it.cloud.sns().publish().topic_arn(&it.topic).message(body).message_attributes("kind", kind);
    publish.send().await.unwrap().message_id.unwrap()
}

fn copy<'s>(story: &'s Value, to: &str) -> &'s Value {
    let copies = story["copies"].as_array().unwrap();
    copies.iter().find(|copy| copy["to"].as_str().unwrap().ends_with(to)).unwrap_or_else(|| panic!("{story:#}"))
}

fn events(copy: &Value) -> Vec<&str> {
    copy["life"].as_array().unwrap().iter().map(|moment| moment["what"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_message_is_followed_from_its_publish_to_its_end() {
    let it = fan_out().await;
    let (cloud, sqs) = (&it.cloud, it.cloud.sqs());
    publish_order(&it, "first").await;
    let id = publish_order(&it, r#"{"total": 7}"#).await;
    let story = found(cloud, &format!("/messages/{id}")).await;
    assert_eq!((&story["kind"], &story["topic"]), (&"published".into(), &it.topic.as_str().into()), "{story:#}");
    let decisions: Vec<_> = story["decisions"].as_array().unwrap().iter().map(|it| it["outcome"].as_str()).collect();
    assert_eq!(decisions, [Some("delivered"), Some("filtered"), Some("delivered")], "{story:#}");
    assert_eq!(
        story["decisions"][1]["why"], r#"filtered out: kind is "order", the policy wants ["payment"]"#,
        "{story:#}"
    );
    // Looking receives nothing.
    for _ in 0..2 {
        let lying = found(cloud, "/queues/orders/messages?path=total=7").await;
        let message = &lying["messages"][0];
        assert_eq!((&message["receives"], &message["state"]), (&0.into(), &"visible".into()), "{lying:#}");
        assert_eq!((&lying["searched"], &lying["of"]), (&2.into(), &2.into()));
        assert_eq!(message["attributes"]["kind"], json!({"type": "String", "value": "order"}));
    }
    assert_eq!(receive(&sqs, &it.orders).await.len(), 2);
    let story = found(cloud, &format!("/messages/{id}")).await;
    let order = copy(&story, ":orders");
    assert_eq!((&order["state"], &order["receives"]), (&"in_flight".into(), &1.into()), "{story:#}");
    assert_eq!(order["until"].as_u64().unwrap(), cloud.now() + 30_000);
    cloud.clock.advance(Duration::from_secs(31));
    // Received once too often: it goes to the dead-letter queue.
    assert!(receive(&sqs, &it.orders).await.is_empty());
    let story = found(cloud, &format!("/messages/{id}")).await;
    let order = copy(&story, ":orders");
    assert_eq!(order["state"], "dead_lettered", "{story:#}");
    assert!(order["now_in"].as_str().unwrap().ends_with(":dead"));
    for message in receive(&sqs, &it.dead).await {
        delete(&sqs, &it.dead, &message).await;
    }
    let flushed = done(cloud, "flush", &json!({"stream": "events"})).await;
    assert_eq!(flushed["result"], json!({"records": 2, "landed": true}), "{flushed:#}");
    let story = found(cloud, &format!("/messages/{id}")).await;
    let order = copy(&story, ":orders");
    assert_eq!(order["state"], "deleted");
    assert_eq!(events(order), ["received", "dead_lettered", "received", "deleted"], "{story:#}");
    let landed = copy(&story, "/events");
    assert_eq!((&landed["state"], events(landed)), (&"landed".into(), vec!["landed"]), "{story:#}");
    let moment = &landed["life"][0];
    let key = moment["object"].as_str().unwrap().strip_prefix("s3://landing/").unwrap();
    let object = cloud.s3().get_object().bucket(BUCKET).key(key).send().await.unwrap();
    let bytes = object.body.collect().await.unwrap().to_vec();
    assert!(bytes[moment["byte"].as_u64().unwrap() as usize..].starts_with(br#"{"total": 7}"#), "{story:#}");
    let opened = found(cloud, &format!("/buckets/{BUCKET}/object?key={}", key.replace('/', "%2F"))).await;
    assert!(opened["lines"][0].as_str().unwrap().starts_with("first"), "{opened:#}");
    let objects = found(cloud, "/streams/events").await;
    assert_eq!((&objects["objects"][0]["key"], &objects["landed"]), (&key.into(), &2.into()), "{objects:#}");
}

#[tokio::test]
async fn the_map_counts_what_goes_each_way_and_what_doesnt() {
    let it = fan_out().await;
    let (cloud, sqs) = (&it.cloud, it.cloud.sqs());
    for _ in 0..3 {
        publish_order(&it, "x").await;
    }
    // The SDK tells whose it is.
    let named = config(&cloud.endpoint).into_builder().app_name(AppName::new("orders-api").unwrap()).build();
    let messages = receive(&aws_sdk_sqs::Client::new(&named), &it.orders).await;
    delete(&sqs, &it.orders, &messages[0]).await;
    let map = found(cloud, "/map").await;
    let edge = |kind: &str, to: &str| {
        let edges = map["edges"].as_array().unwrap();
        let found = edges.iter().find(|it| it["kind"] == kind && it["to"].as_str().unwrap().contains(to));
        found.unwrap_or_else(|| panic!("{kind} to {to}: {map:#}")).clone()
    };
    assert_eq!(edge("subscription", ":orders")["delivered"], 3);
    let payments = edge("subscription", ":payments");
    assert_eq!((&payments["delivered"], &payments["filtered_out"]), (&0.into(), &3.into()), "{payments:#}");
    assert_eq!(payments["filter"], r#"{"kind":["payment"]}"#);
    edge("redrive", ":dead");
    edge("lands", BUCKET);
    assert!(edge("polls", "consumer:orders-api")["from"].as_str().unwrap().ends_with(":orders"));
    let node = map["nodes"].as_array().unwrap().iter().find(|it| it["name"] == "orders").unwrap();
    let figures = &node["figures"];
    assert_eq!(
        (&figures["in_flight"], &figures["queued"], &figures["received"], &figures["deleted"]),
        (&2.into(), &3.into(), &3.into(), &1.into()),
        "{map:#}"
    );
    let dead = map["nodes"].as_array().unwrap().iter().find(|it| it["name"] == "dead").unwrap();
    assert!(dead["figures"]["dead_letters_of"][0].as_str().unwrap().ends_with(":orders"));
    let overview = found(cloud, "/overview").await;
    let totals = json!({"published": 3, "queued": 3, "received": 3, "deleted": 1, "dead_lettered": 0, "landed": 0});
    assert_eq!((&overview["totals"], &overview["history"]["messages"]), (&totals, &3.into()), "{overview:#}");
    assert_eq!(overview["counts"]["subscriptions"], 3);
}

/// The oldest are forgotten, which is said; with a history of nothing all are, and the figures go on.
#[tokio::test]
async fn what_is_forgotten_is_said_to_be() {
    let it = fan_out().await;
    let cloud = &it.cloud;
    cloud.inside().core.remember(cloud::History { messages: 3, bytes: 8 << 20 });
    let first = publish(&cloud.sns(), &it.topic, "first").await;
    for body in ["second", "third", "fourth: needle"] {
        publish(&cloud.sns(), &it.topic, body).await;
    }
    let (status, forgotten) = get(cloud, &format!("/messages/{first}")).await;
    assert_eq!((status.as_str(), &forgotten["error"]["code"]), ("404", &"Forgotten".into()));
    let page = found(cloud, "/messages?limit=2").await;
    let bodies = |page: &Value| -> Vec<String> {
        page["messages"].as_array().unwrap().iter().map(|it| it["body"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((bodies(&page), &page["forgotten"]), (vec!["fourth: needle".into(), "third".into()], &true.into()));
    let rest = found(cloud, &format!("/messages?limit=2&next={}", page["next"].as_str().unwrap())).await;
    assert_eq!((bodies(&rest), &rest["next"]), (vec!["second".to_owned()], &Value::Null), "{rest:#}");
    assert_eq!(bodies(&found(cloud, "/messages?text=needle&topic=t").await), ["fourth: needle"]);
    assert!(bodies(&found(cloud, "/messages?text=needle&topic=other").await).is_empty());
    let last = page["messages"][0]["number"].as_u64().unwrap();
    let none = found(cloud, &format!("/messages?after={last}")).await;
    assert!(bodies(&none).is_empty(), "{none:#}");
    let sent = send(&cloud.sqs(), &it.dead, "straight").await;
    let came = found(cloud, &format!("/messages?after={last}")).await;
    assert_eq!((bodies(&came), &came["messages"][0]["id"]), (vec!["straight".into()], &sent.as_str().into()));
    cloud.inside().core.remember(cloud::History { messages: 0, bytes: 8 << 20 });
    let gone = publish(&cloud.sns(), &it.topic, "fifth").await;
    assert_eq!(get(cloud, &format!("/messages/{gone}")).await.0, "404");
}
