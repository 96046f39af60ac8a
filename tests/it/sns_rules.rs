//! SNS's pages, quotas and attributes, each with the page of AWS that says so.

use std::borrow::Cow;
use std::collections::HashSet;

use engine::config::SubscriptionConfig;
use engine::{Change, SubscriptionId};
use serde_json::{Value, json};

use crate::helpers::cloud::{TestCloud, code};
use crate::helpers::topics::{ACCOUNT, declare_topics, topic};

/// Declares subscriptions of a topic without asking.
async fn declare_subscriptions(cloud: &TestCloud, topic_arn: &str, count: usize, confirmed: bool, filter: bool) {
    let made = cloud.inside().core.execute(|tx| {
        let topic = tx.engine().topic_by_arn(topic_arn).unwrap().config.id;
        for _ in 0..count {
            let id = SubscriptionId(tx.engine().next_id());
            let policy = filter.then(|| ("FilterPolicy".to_owned(), r#"{"a":["b"]}"#.to_owned()));
            let config = SubscriptionConfig {
                id,
                arn: format!("{topic_arn}:{}", id.0),
                topic,
                topic_arn: topic_arn.to_owned(),
                protocol: "sqs".to_owned(),
                endpoint: format!("arn:aws:sqs:us-east-1:000000000000:q{}", id.0),
                owner: "000000000000".to_owned(),
                attributes: policy.into_iter().collect(),
                confirmed,
                token: String::new(),
                outbox: None,
                created: 0,
            };
            tx.apply(&Change::Subscription(Cow::Owned(config)));
        }
        Ok(())
    });
    made.await.unwrap();
}

/// "ListTopics", "ListSubscriptions", "ListSubscriptionsByTopic": 100 entries a call.
#[tokio::test]
async fn lists_have_pages_of_100() {
    let cloud = TestCloud::start().await;
    let sns = cloud.sns();
    declare_topics(&cloud, (0..230).map(|number| format!("t{number:03}"))).await;
    let first = format!("{ACCOUNT}:t000");
    declare_subscriptions(&cloud, &first, 120, true, false).await;
    let (mut token, mut sizes, mut seen) = (None, Vec::new(), HashSet::new());
    loop {
        let page = sns.list_topics().set_next_token(token).send().await.unwrap();
        sizes.push(page.topics().len());
        seen.extend(page.topics().iter().map(|topic| topic.topic_arn.clone().unwrap()));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!((sizes, seen.len()), (vec![100, 100, 30], 230));
    let page = sns.list_subscriptions().send().await.unwrap();
    assert_eq!(page.subscriptions().len(), 100);
    let rest = sns.list_subscriptions().set_next_token(page.next_token).send().await.unwrap();
    assert_eq!((rest.subscriptions().len(), rest.next_token), (20, None));
    let page = sns.list_subscriptions_by_topic().topic_arn(&first).send().await.unwrap();
    assert_eq!(page.subscriptions().len(), 100);
    let rest = sns.list_subscriptions_by_topic().topic_arn(&first).set_next_token(page.next_token).send().await;
    assert_eq!(rest.unwrap().subscriptions().len(), 20);
    assert_eq!(code(sns.list_topics().next_token("nonsense").send().await), "InvalidParameter");
}

/// "ListPlatformApplications", "ListEndpointsByPlatformApplication", "ListPhoneNumbersOptedOut": 100 entries a call.
#[tokio::test]
async fn lists_of_phones_have_pages_of_100() {
    let cloud = TestCloud::start().await;
    let sns = cloud.sns();
    let filled = cloud.inside().core.execute(|tx| {
        for number in 0..101 {
            tx.put_doc(&format!("sns/opted-out/us-east-1/000000000000/+1555000{number:04}"), b"{}");
        }
        Ok(())
    });
    filled.await.unwrap();
    let page = sns.list_phone_numbers_opted_out().send().await.unwrap();
    assert_eq!(page.phone_numbers().len(), 100);
    let rest = sns.list_phone_numbers_opted_out().set_next_token(page.next_token).send().await.unwrap();
    assert_eq!((rest.phone_numbers().join(" "), rest.next_token), ("+15550000100".to_owned(), None));
    let application = sns.create_platform_application().name("app").platform("GCM");
    let application = application.attributes("PlatformCredential", "x").send().await.unwrap();
    let application = application.platform_application_arn.unwrap();
    for number in 0..101 {
        let token = format!("token-{number}");
        sns.create_platform_endpoint().platform_application_arn(&application).token(token).send().await.unwrap();
    }
    let list = || sns.list_endpoints_by_platform_application().platform_application_arn(&application);
    let page = list().send().await.unwrap();
    assert_eq!(page.endpoints().len(), 100);
    let rest = list().set_next_token(page.next_token).send().await.unwrap();
    assert_eq!((rest.endpoints().len(), rest.next_token), (1, None));
}

/// "Amazon SNS endpoints and quotas": 1,000 FIFO topics, 100 subscriptions of each, 5,000 that wait; "Filter policy
/// constraints in Amazon SNS": 200 policies a topic.
#[tokio::test]
async fn topics_subscriptions_and_filter_policies_have_quotas() {
    let cloud = TestCloud::start().await;
    let sns = cloud.sns();
    declare_topics(&cloud, (0..1000).map(|number| format!("f{number}.fifo"))).await;
    let create = sns.create_topic().name("one-more.fifo").attributes("FifoTopic", "true");
    assert_eq!(code(create.send().await), "TopicLimitExceeded");
    // One that is there is found again.
    let again = sns.create_topic().name("f7.fifo").attributes("FifoTopic", "true").send().await.unwrap();
    assert_eq!(again.topic_arn.unwrap(), format!("{ACCOUNT}:f7.fifo"));
    let subscribe = |topic: &str, protocol: &str, endpoint: &str| {
        sns.subscribe().topic_arn(topic).protocol(protocol).endpoint(endpoint)
    };
    let queue = "arn:aws:sqs:us-east-1:000000000000:q.fifo";
    let fifo = format!("{ACCOUNT}:f0.fifo");
    declare_subscriptions(&cloud, &fifo, 99, true, false).await;
    subscribe(&fifo, "sqs", queue).send().await.unwrap();
    let another = subscribe(&fifo, "sqs", &queue.replace(":q", ":r")).send().await;
    assert_eq!(code(another), "SubscriptionLimitExceeded");

    let plain = topic(&sns, "plain", &[]).await;
    declare_subscriptions(&cloud, &plain, 200, true, true).await;
    let filtered = subscribe(&plain, "sqs", "arn:aws:sqs:us-east-1:000000000000:q");
    let with_policy = filtered.clone().attributes("FilterPolicy", r#"{"a":["b"]}"#).send().await;
    assert_eq!(code(with_policy), "FilterPolicyLimitExceeded");
    let arn = filtered.send().await.unwrap().subscription_arn.unwrap();
    let set = sns.set_subscription_attributes().subscription_arn(&arn).attribute_name("FilterPolicy");
    assert_eq!(code(set.attribute_value(r#"{"a":["b"]}"#).send().await), "FilterPolicyLimitExceeded");

    declare_subscriptions(&cloud, &plain, 5_000, false, false).await;
    let waiting = subscribe(&plain, "email", "somebody@example.com").send().await;
    assert_eq!(code(waiting), "SubscriptionLimitExceeded");
}

/// "CreateSMSSandboxPhoneNumber" and its like.
#[tokio::test]
async fn phones_of_the_sandbox_are_verified_with_the_password_they_got() {
    let cloud = TestCloud::start().await;
    let sns = cloud.sns();
    for wrong in ["+123", "12345678901", "phone", ""] {
        let refused = sns.create_sms_sandbox_phone_number().phone_number(wrong).send().await;
        assert_eq!(code(refused), "InvalidParameter", "{wrong}");
    }
    for number in 0..10 {
        let number = format!("+1555000000{number}");
        sns.create_sms_sandbox_phone_number().phone_number(number).send().await.unwrap();
    }
    let eleventh = sns.create_sms_sandbox_phone_number().phone_number("+15550000099").send().await;
    assert_eq!(code(eleventh), "UserError");
    let page: Value = outbox(&cloud).await;
    let sent = page["messages"].as_array().unwrap().iter().find(|message| message["to"] == "+15550000001").unwrap();
    let password = sent["message"].as_str().unwrap().rsplit(' ').next().unwrap().to_owned();
    let verify = |number: &str, password: &str| {
        sns.verify_sms_sandbox_phone_number().phone_number(number).one_time_password(password).send()
    };
    assert_eq!(code(verify("+15550000098", &password).await), "ResourceNotFound");
    let other = if password == "000000" { "000001" } else { "000000" };
    assert_eq!(code(verify("+15550000001", other).await), "VerificationException");
    assert_eq!(code(verify("+15550000001", "1234").await), "InvalidParameter");
    verify("+15550000001", &password).await.unwrap();
    let page = sns.list_sms_sandbox_phone_numbers().max_results(2).send().await.unwrap();
    let shown: Vec<_> = page.phone_numbers.iter().map(|it| it.status.clone().unwrap().as_str().to_owned()).collect();
    assert_eq!(shown, ["Pending", "Verified"]);
    let rest = sns.list_sms_sandbox_phone_numbers().set_next_token(page.next_token).send().await.unwrap();
    assert_eq!(rest.phone_numbers.len(), 8);
    assert_eq!(code(sns.list_sms_sandbox_phone_numbers().max_results(101).send().await), "ValidationError");
    sns.delete_sms_sandbox_phone_number().phone_number("+15550000001").send().await.unwrap();
    let gone = sns.delete_sms_sandbox_phone_number().phone_number("+15550000001").send().await;
    assert_eq!(code(gone), "ResourceNotFound");
    assert!(sns.list_origination_numbers().send().await.unwrap().phone_numbers().is_empty());
    assert_eq!(code(sns.list_origination_numbers().max_results(31).send().await), "ValidationError");
    assert!(!sns.get_sms_sandbox_account_status().send().await.unwrap().is_in_sandbox);
}

async fn outbox(cloud: &TestCloud) -> Value {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let authority = cloud.endpoint.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(authority).await.unwrap();
    let request = format!("GET /_messaging/outbox HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let start = answer.find('{').unwrap();
    serde_json::from_str(&answer[start..=answer.rfind('}').unwrap()]).unwrap()
}

/// "Subscribe" and "SetSubscriptionAttributes": what each attribute takes.
#[tokio::test]
async fn attributes_of_subscriptions_are_checked() {
    let cloud = TestCloud::start().await;
    let sns = cloud.sns();
    let standard = topic(&sns, "t", &[]).await;
    let fifo = topic(&sns, "t.fifo", &[("FifoTopic", "true")]).await;
    let queue = "arn:aws:sqs:us-east-1:000000000000:q";
    let fifo_queue = "arn:aws:sqs:us-east-1:000000000000:q.fifo";
    let dead = |arn: &str| json!({ "deadLetterTargetArn": arn }).to_string();
    let (to_fifo, to_standard) = (dead(fifo_queue), dead(queue));
    let elsewhere = dead("arn:aws:sqs:eu-west-1:000000000000:q");
    let deep = r#"{"a":{"b":["c"]}}"#;
    let six = r#"{"a":["x"],"b":["x"],"c":["x"],"d":["x"],"e":["x"],"f":["x"]}"#;
    let many = format!(r#"{{"a":[{}]}}"#, vec!["1"; 151].join(","));
    let huge = format!(r#"{{"a":["{}"]}}"#, "x".repeat(256 * 1024));
    let cases = [
        (&standard, "email", "a@example.com", "RawMessageDelivery", "true"),
        (&standard, "email", "a@example.com", "DeliveryPolicy", "{}"),
        (&standard, "sqs", queue, "FilterPolicyScope", "Headers"),
        (&standard, "sqs", queue, "FilterPolicy", deep),
        (&standard, "sqs", queue, "FilterPolicy", six),
        (&standard, "sqs", queue, "FilterPolicy", many.as_str()),
        (&standard, "sqs", queue, "FilterPolicy", huge.as_str()),
        (&standard, "sqs", queue, "RedrivePolicy", to_fifo.as_str()),
        (&standard, "sqs", queue, "RedrivePolicy", elsewhere.as_str()),
        (&standard, "sqs", queue, "ReplayPolicy", r#"{"PointType":"Timestamp"}"#),
        (&standard, "sqs", queue, "SubscriptionRoleArn", "arn:aws:iam::000000000000:role/r"),
        (&standard, "sqs", queue, "Nonsense", "x"),
        (&fifo, "sqs", fifo_queue, "RedrivePolicy", to_standard.as_str()),
    ];
    for (topic, protocol, endpoint, name, value) in cases {
        let subscribe = sns.subscribe().topic_arn(topic).protocol(protocol).endpoint(endpoint);
        assert_eq!(code(subscribe.attributes(name, value).send().await), "InvalidParameter", "{name} {value:.60}");
    }
    let http = sns.subscribe().topic_arn(&standard).protocol("http").endpoint("http://127.0.0.1:9/");
    let http = http.return_subscription_arn(true).send().await.unwrap().subscription_arn.unwrap();
    let policies = [
        r#"{"healthyRetryPolicy":{"numRetries":101}}"#,
        r#"{"healthyRetryPolicy":{"minDelayTarget":30,"maxDelayTarget":20,"numRetries":3}}"#,
        r#"{"healthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":3601,"numRetries":3}}"#,
        r#"{"healthyRetryPolicy":{"backoffFunction":"sudden","minDelayTarget":1,"maxDelayTarget":1,"numRetries":3}}"#,
        r#"{"throttlePolicy":{"maxReceivesPerSecond":0}}"#,
        r#"{"requestPolicy":{"headerContentType":"image/png"}}"#,
        r#"{"unknown":{}}"#,
        "not JSON",
    ];
    for policy in policies {
        let set = sns.set_subscription_attributes().subscription_arn(&http).attribute_name("DeliveryPolicy");
        assert_eq!(code(set.attribute_value(policy).send().await), "InvalidParameter", "{policy}");
    }
}
