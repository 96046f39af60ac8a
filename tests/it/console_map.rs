//! The map of the console: S3's notifications, what isn't there, where rules of chaos strike; and who received a message.

use std::borrow::Cow;
use std::time::Instant;

use aws_config::AppName;
use aws_sdk_s3::types::{Event, NotificationConfiguration, QueueConfiguration, TopicConfiguration};
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use engine::config::{Attributes, QueueConfig};
use engine::{Change, QueueId};
use serde_json::{Value, json};

use crate::helpers::api::{done, found};
use crate::helpers::cloud::{TestCloud, config};
use crate::helpers::queues::{arn, queue, receive, send};
use crate::helpers::topics::{subscribe, subscribe_only, topic};

fn edge<'m>(map: &'m Value, kind: &str, to: &str) -> &'m Value {
    let edges = map["edges"].as_array().unwrap();
    let found = edges.iter().find(|it| it["kind"] == kind && it["to"].as_str().unwrap().ends_with(to));
    found.unwrap_or_else(|| panic!("{kind} to {to}: {map:#}"))
}

fn node<'m>(map: &'m Value, name: &str) -> &'m Value {
    map["nodes"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("{name}: {map:#}"))
}

fn policy(action: &str, resource: &str) -> String {
    let allow = json!({"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": action, "Resource": resource});
    json!({"Version": "2012-10-17", "Statement": [allow]}).to_string()
}

/// A queue that got what S3 tells stood on the map as if nothing led to it.
#[tokio::test]
async fn the_map_shows_whom_a_bucket_tells_and_what_is_missing() {
    let cloud = TestCloud::start().await;
    let (sqs, s3) = (cloud.sqs(), cloud.s3());
    let made = "arn:aws:sqs:us-east-1:000000000000:made";
    queue(&sqs, "made", &[(Attribute::Policy, &policy("sqs:SendMessage", made))]).await;
    let gone = topic(&cloud.sns(), "gone", &[]).await;
    cloud
        .sns()
        .set_topic_attributes()
        .topic_arn(&gone)
        .attribute_name("Policy")
        .attribute_value(policy("sns:Publish", &gone))
        .send()
        .await
        .unwrap();
    s3.create_bucket().bucket("pictures").send().await.unwrap();
    let created = Event::from("s3:ObjectCreated:*");
    let queues = QueueConfiguration::builder().queue_arn(made).events(created).build().unwrap();
    let removed = Event::from("s3:ObjectRemoved:*");
    let topics = TopicConfiguration::builder().topic_arn(&gone).events(removed).build().unwrap();
    let all = NotificationConfiguration::builder().queue_configurations(queues).topic_configurations(topics).build();
    s3.put_bucket_notification_configuration().bucket("pictures").notification_configuration(all).send().await.unwrap();
    for key in ["a", "b"] {
        s3.put_object().bucket("pictures").key(key).send().await.unwrap();
    }
    let (orders, dead) = (topic(&cloud.sns(), "orders", &[]).await, "arn:aws:sqs:us-east-1:000000000000:nobody");
    subscribe_only(&cloud, &orders, "sqs", dead, &[]).await;
    let map = found(&cloud, "/map").await;
    let told = edge(&map, "notifies", ":made");
    let said = (&told["from"], &told["delivered"], &told["refused"], &told["what"]);
    assert_eq!(said, (&"arn:aws:s3:::pictures".into(), &2.into(), &0.into(), &"ObjectCreated:*".into()), "{told:#}");
    assert_eq!(edge(&map, "notifies", ":gone")["delivered"], 0);
    assert_eq!(node(&map, "pictures")["kind"], "bucket");
    assert_eq!(
        (&node(&map, "nobody")["kind"], &edge(&map, "subscription", ":nobody")["refused"]),
        (&"missing".into(), &0.into())
    );
    sqs.delete_queue().queue_url("made").send().await.unwrap();
    s3.put_object().bucket("pictures").key("c").send().await.unwrap();
    let map = found(&cloud, "/map").await;
    assert_eq!(
        (&node(&map, "made")["kind"], &edge(&map, "notifies", ":made")["refused"]),
        (&"missing".into(), &1.into())
    );
}

/// A rule on ReceiveMessage coloured every edge of its queue.
#[tokio::test]
async fn rules_of_chaos_stand_where_they_strike_and_nowhere_else() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let dead = queue(&sqs, "dead", &[]).await;
    let redrive = json!({"deadLetterTargetArn": arn(&sqs, &dead).await, "maxReceiveCount": 9}).to_string();
    let work = queue(&sqs, "work", &[(Attribute::RedrivePolicy, &redrive)]).await;
    let topic = topic(&cloud.sns(), "t", &[]).await;
    subscribe(&cloud, &topic, &work, &[]).await;
    receive(&sqs, &work).await;
    let rule = |service: &str, operation: &str| json!({"service": service, "operation": operation, "probability": 0.0});
    for (rules, polls, subscription, at_queue, at_topic) in [
        (rule("sqs", "ReceiveMessage"), true, false, false, false),
        (rule("sqs", "DeleteMessage"), true, false, false, false),
        (rule("sqs", "SendMessage"), false, false, true, false),
        (rule("sns", "Publish"), false, false, false, true),
        (rule("s3", "PutObject"), false, false, false, false),
        (json!({"service": "sqs", "duplicate": 0.5, "resource": "work"}), true, false, false, false),
        (json!({"service": "sqs", "duplicate": 0.5, "resource": "other"}), false, false, false, false),
        (
            json!({"service": "sqs", "probability": 0.0, "resource": "work", "region": "eu-west-1"}),
            false,
            false,
            false,
            false,
        ),
    ] {
        done(&cloud, "chaos", &json!({"do": "clear"})).await;
        done(&cloud, "chaos", &json!({"do": "add", "rules": [rules]})).await;
        let map = found(&cloud, "/map").await;
        let fault = |it: &Value| it["fault"].is_string();
        let consumer = map["edges"].as_array().unwrap().iter().find(|it| it["kind"] == "polls").unwrap();
        let found = [
            fault(consumer),
            fault(edge(&map, "subscription", ":work")),
            fault(node(&map, "work")),
            fault(node(&map, "t")),
        ];
        assert_eq!(found, [polls, subscription, at_queue, at_topic], "{rules}");
        assert!(!fault(edge(&map, "redrive", ":dead")), "{rules}");
    }
}

/// A story said that a message was received, and not by whom.
#[tokio::test]
async fn a_receive_names_who_did_it() {
    let cloud = TestCloud::start().await;
    let url = queue(&cloud.sqs(), "q", &[]).await;
    let id = send(&cloud.sqs(), &url, "x").await;
    for name in ["orders-api", "payments-api"] {
        let named = config(&cloud.endpoint).into_builder().app_name(AppName::new(name).unwrap()).build();
        assert_eq!(receive(&aws_sdk_sqs::Client::new(&named), &url).await.len(), 1);
        cloud.pass(31);
    }
    receive(&cloud.sqs(), &url).await;
    let life = found(&cloud, &format!("/messages/{id}")).await["copies"][0]["life"].clone();
    let by: Vec<&str> = life.as_array().unwrap().iter().map(|it| it["by"].as_str().unwrap()).collect();
    assert_eq!(by[..2], ["orders-api", "payments-api"], "{life:#}");
    assert!(by[2].starts_with("aws-sdk-rust/"), "{life:#}");
}

/// Of many queues one is found by its name, in pages, and as fast as the list itself.
#[tokio::test]
async fn what_is_in_a_list_is_found_by_its_name() {
    let cloud = TestCloud::start().await;
    let made = cloud.inside().core.execute(|tx| {
        for number in 0..5_000 {
            let id = QueueId(tx.engine().next_id());
            let arn = format!("arn:aws:sqs:us-east-1:000000000000:Queue{number:04}");
            let (attributes, tags) = (Attributes::new(), Attributes::new());
            let config = QueueConfig { id, arn, attributes, tags, created: 0, modified: 0, hidden: false };
            tx.apply(&Change::Queue(Cow::Owned(config)));
        }
        Ok(())
    });
    made.await.unwrap();
    let names = |page: &Value| -> Vec<String> {
        page["queues"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
    };
    let begun = Instant::now();
    let page = found(&cloud, "/queues?name=queue49&limit=60").await;
    let took = begun.elapsed();
    assert_eq!((names(&page).len(), &page["of"]), (60, &100.into()));
    let rest = found(&cloud, &format!("/queues?name=queue49&limit=60&next={}", page["next"].as_str().unwrap())).await;
    assert_eq!((names(&rest).len(), &rest["next"], &rest["of"]), (40, &Value::Null, &100.into()));
    assert_eq!(names(&found(&cloud, "/queues?name=0042").await), ["Queue0042"]);
    // What stands before the name in an ARN is no part of it.
    assert!(names(&found(&cloud, "/queues?name=us-east").await).is_empty());
    println!("of 5,000 queues: {took:?}");
    topic(&cloud.sns(), "orders", &[]).await;
    cloud.s3().create_bucket().bucket("orders-landing").send().await.unwrap();
    cloud.s3().create_bucket().bucket("other").send().await.unwrap();
    for (path, of) in [("/topics?name=ORD", 1), ("/topics?name=x", 0), ("/buckets?name=order", 1), ("/buckets", 2)] {
        assert_eq!(found(&cloud, path).await["of"], of, "{path}");
    }
    assert_eq!(found(&cloud, "/streams?name=a").await["of"], 0);
    assert_eq!(found(&cloud, "/stacks?name=a").await["of"], 0);
}
