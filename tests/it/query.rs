//! The query protocol as scripts speak it: by a GET, at a queue's URL, with answers in JSON.

use serde_json::{Value, json};

use crate::helpers::cloud::{TestCloud, code};
use crate::helpers::queues::{queue, send as send_message};
use crate::helpers::raw::{encoded, form, send, status};
use crate::helpers::topics::topic;

/// The answer to a GET of a client that takes `accept`.
async fn get(cloud: &TestCloud, path: &str, accept: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nConnection: close\r\n\r\n");
    send(cloud, request.as_bytes()).await
}

/// The JSON of an answer.
fn parsed(answer: &str) -> Value {
    assert!(answer.contains("content-type: application/json"), "{answer}");
    serde_json::from_str(&answer[answer.find('{').unwrap()..]).unwrap()
}

/// A client that said `Accept: application/json` got XML.
#[tokio::test]
async fn who_takes_json_gets_json() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    let url = queue(&sqs, "q", &[]).await;
    send_message(&sqs, &url, "hello").await;
    let list = "/?Action=ListQueues&Version=2012-11-05";
    let listed = parsed(&get(&cloud, list, "text/html, application/json;q=0.9").await);
    assert_eq!(
        listed["ListQueuesResponse"]["ListQueuesResult"],
        json!({ "queueUrls": ["http://localhost/000000000000/q"] })
    );
    assert!(listed["ListQueuesResponse"]["ResponseMetadata"]["RequestId"].is_string());
    assert!(get(&cloud, list, "*/*").await.contains("<ListQueuesResponse "));
    let received = parsed(&get(&cloud, "/000000000000/q?Action=ReceiveMessage", "application/json").await);
    assert_eq!(received["ReceiveMessageResponse"]["ReceiveMessageResult"]["messages"][0]["Body"], "hello");
    let path = "/000000000000/q?Action=GetQueueAttributes&AttributeName.1=DelaySeconds";
    let attributes = parsed(&get(&cloud, path, "application/json").await);
    let attributes = &attributes["GetQueueAttributesResponse"]["GetQueueAttributesResult"]["Attributes"];
    assert_eq!(*attributes, json!([{ "Name": "DelaySeconds", "Value": "0" }]));
    // Every service of this protocol.
    let topics = parsed(&get(&cloud, "/?Action=ListTopics&Version=2010-03-31", "application/json").await);
    assert_eq!(topics["ListTopicsResponse"]["ListTopicsResult"]["Topics"], json!([]));
    let wrong = parsed(&get(&cloud, "/?Action=GetTopicAttributes&Version=2010-03-31", "application/json").await);
    assert_eq!((&wrong["Error"]["Code"], &wrong["Error"]["Type"]), (&json!("InvalidParameter"), &json!("Sender")));
}

/// CreateQueue at a queue's URL made a queue.
#[tokio::test]
async fn at_a_queues_url_are_the_operations_of_a_queue_alone() {
    let cloud = TestCloud::start().await;
    queue(&cloud.sqs(), "q", &[]).await;
    for action in ["CreateQueue", "ListQueues", "GetQueueUrl", "ListMessageMoveTasks"] {
        for accept in ["*/*", "application/json"] {
            let answer = get(&cloud, &format!("/000000000000/q?Action={action}&QueueName=x"), accept).await;
            assert_eq!(status(&answer), "400", "{answer}");
            assert!(answer.contains(&format!("The action {action} is not valid for this endpoint.")), "{answer}");
        }
    }
    assert!(get(&cloud, "/000000000000/q?Action=ReceiveMessage", "*/*").await.contains("<ReceiveMessageResult/>"));
    assert_eq!(
        code(cloud.sqs().get_queue_url().queue_name("x").send().await),
        "AWS.SimpleQueueService.NonExistentQueue"
    );
}

/// SQS answered 404 InvalidAddress to a URL that is a host alone, and refused letters of other scripts in attributes' names.
#[tokio::test]
async fn a_host_alone_is_no_queue_and_names_of_attributes_have_letters_of_every_script() {
    let cloud = TestCloud::start().await;
    let sqs = cloud.sqs();
    for url in ["http://whatever", "http://whatever/"] {
        assert_eq!(
            code(sqs.purge_queue().queue_url(url).send().await),
            "AWS.SimpleQueueService.NonExistentQueue",
            "{url}"
        );
    }
    let url = queue(&sqs, "q", &[]).await;
    let value = aws_sdk_sqs::types::MessageAttributeValue::builder().data_type("String").string_value("x");
    let value = value.build().unwrap();
    for (name, taken) in [("attr.1øßä", true), ("日本", true), ("a§", false), ("a(", false), ("a b", false)] {
        let sent = sqs.send_message().queue_url(&url).message_body("m").message_attributes(name, value.clone()).send();
        assert_eq!(sent.await.is_ok(), taken, "{name}");
    }
    sqs.add_permission()
        .queue_url(&url)
        .label("l")
        .aws_account_ids("111111111111")
        .actions("SendMessage")
        .send()
        .await
        .unwrap();
    let policy = crate::helpers::queues::attribute(&sqs, &url, aws_sdk_sqs::types::QueueAttributeName::Policy).await;
    assert_eq!(serde_json::from_str::<Value>(&policy).unwrap()["Version"], "2008-10-17");
}

/// SNS told what else was missing before it told that the ARN was none; it looks at the ARN first, in every operation.
#[tokio::test]
async fn sns_looks_at_the_arn_before_anything_else() {
    let cloud = TestCloud::start().await;
    let told = "Reason: An ARN must have at least 6 elements, not 1";
    for (action, arn) in [
        ("SetPlatformApplicationAttributes", "PlatformApplicationArn"),
        ("CreatePlatformEndpoint", "PlatformApplicationArn"),
        ("SetEndpointAttributes", "EndpointArn"),
        ("SetTopicAttributes", "TopicArn"),
        ("SetSubscriptionAttributes", "SubscriptionArn"),
        ("Subscribe", "TopicArn"),
        ("ConfirmSubscription", "TopicArn"),
        ("AddPermission", "TopicArn"),
        ("RemovePermission", "TopicArn"),
        ("Publish", "TopicArn"),
        ("PublishBatch", "TopicArn"),
        ("TagResource", "ResourceArn"),
        ("UntagResource", "ResourceArn"),
        ("PutDataProtectionPolicy", "ResourceArn"),
    ] {
        let answer = cloud_form(&cloud, &format!("Action={action}&{arn}=invalid-arn")).await;
        assert!(answer.contains(&format!("Invalid parameter: {arn} {told}")), "{action}: {answer}");
    }
}

async fn cloud_form(cloud: &TestCloud, body: &str) -> String {
    let authorization = "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sns/aws4_request, \
                         SignedHeaders=host, Signature=00\r\nContent-Type: application/x-www-form-urlencoded";
    crate::helpers::raw::post(cloud, "/", authorization, format!("{body}&Version=2010-03-31").as_bytes()).await
}

/// A subscription was confirmed only with its own topic's ARN; AWS goes by the token.
#[tokio::test]
async fn a_token_says_which_subscription_is_confirmed() {
    let cloud = TestCloud::start().await;
    let sns = cloud.sns();
    let arn = topic(&sns, "t", &[]).await;
    let subscribed = sns.subscribe().topic_arn(&arn).protocol("email").endpoint("a@example.com");
    let subscription = subscribed.return_subscription_arn(true).send().await.unwrap().subscription_arn.unwrap();
    let outbox = get(&cloud, "/_messaging/outbox", "*/*").await;
    let token =
        outbox.split("Token=").nth(1).unwrap().split(|c: char| !c.is_ascii_hexdigit()).next().unwrap().to_owned();
    let confirm = |topic: &str, token: &str| {
        let sns = sns.clone();
        let (topic, token) = (topic.to_owned(), token.to_owned());
        async move { sns.confirm_subscription().topic_arn(topic).token(token).send().await }
    };
    let gone = "arn:aws:sns:us-east-1:000000000000:gone";
    for other in ["arn:aws:sns:us-east-1:111111111111:t", "arn:aws:sns:eu-west-1:000000000000:t"] {
        assert_eq!(code(confirm(other, &token).await), "InvalidParameter", "{other}");
    }
    for _ in 0..2 {
        assert_eq!(confirm(gone, &token).await.unwrap().subscription_arn.unwrap(), subscription);
    }
    assert_eq!(code(confirm(&arn, &"0".repeat(288)).await), "InvalidParameter");
    // By the link in a message.
    for (arn, token, told) in [
        ("nonsense", token.as_str(), "Invalid parameter: Topic<"),
        ("arn:aws:sns:eu-west-1:000000000000:t", token.as_str(), "Invalid parameter: Topic<"),
        (arn.as_str(), "123", "Invalid parameter: Token<"),
    ] {
        let path = format!("/?Action=ConfirmSubscription&TopicArn={}&Token={token}", encoded(arn));
        let answer = get(&cloud, &path, "*/*").await;
        assert!(answer.contains(told), "{arn}: {answer}");
    }
    assert_eq!(status(&form(&cloud, "Action=ListTopics&Version=2010-03-31").await), "200");
}
