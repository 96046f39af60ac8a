//! What the console's API is asked with: each parameter that makes no sense is refused by its name.

use serde_json::{Value, json};

use crate::helpers::api::{address, done, found, get, post, read};
use crate::helpers::cloud::TestCloud;
use crate::helpers::queues::queue;
use crate::helpers::signed::{Ask, send};

/// Of a path: what is asked, and what its refusal has to say.
const REFUSED: [(&str, &str); 40] = [
    // Empty where something has to be, or half of it is.
    ("/series", "of is the ARN"),
    ("/series?of=", "of is the ARN"),
    ("/buckets/b/object", "key"),
    ("/buckets/b/object?key=", "key"),
    ("/messages?attribute=:", "attribute"),
    ("/messages?attribute=:x", "attribute"),
    ("/messages?attribute=x:", "attribute"),
    ("/messages?attribute=x", "attribute"),
    ("/queues/q/messages?path==x", "path"),
    ("/queues/q/messages?path=x", "path"),
    // Twice.
    ("/queues?limit=1&limit=2", "limit stands twice"),
    ("/queues?name=a&name=a", "name stands twice"),
    ("/messages?text=a&text=b", "text stands twice"),
    ("/series?of=a&of=b", "of stands twice"),
    ("/map?region=us-east-1&region=us-east-1", "region stands twice"),
    // Not known here.
    ("/overview?limit=1", "limit"),
    ("/map?name=q", "name"),
    ("/queues?nam=q", "nam"),
    ("/queues?names[]=q", "names[]"),
    ("/queues/q?text=x", "text"),
    ("/queues/q/messages?body=x", "body"),
    ("/topics/t/try?policy={}", "policy"),
    ("/messages?txt=x", "txt"),
    ("/notices?limit=1", "limit"),
    ("/events?after=1", "after"),
    ("/buckets?prefix=x", "prefix"),
    ("/messages?%3Cscript%3E=1", "<script>"),
    // Something else than it should be.
    ("/queues?limit=-1", "limit"),
    ("/queues?limit=1.5", "limit"),
    ("/queues?limit=99999999999999999999", "limit"),
    ("/queues/q/messages?whole=yes", "whole"),
    ("/queues/q/messages?state=all", "state"),
    ("/queues/q/messages?next=x", "next"),
    ("/messages?from=yesterday", "from"),
    ("/messages?from=2&to=1", "from"),
    ("/messages?after=-1", "after"),
    ("/messages?next=18446744073709551616", "next"),
    ("/notices?after=1.5", "after"),
    ("/queues?account=1", "account"),
    ("/queues?region=..", "region"),
];

/// `attribute=:` found nothing and said nothing; a `series` of nothing told of a resource without a name.
#[tokio::test]
async fn each_parameter_that_makes_no_sense_is_refused_by_its_name() {
    let cloud = TestCloud::start().await;
    queue(&cloud.sqs(), "q", &[]).await;
    cloud.s3().create_bucket().bucket("b-of-it").send().await.unwrap();
    let long = "x".repeat(3_000);
    let longest: Vec<(String, String)> = [("/queues", "name"), ("/messages", "text"), ("/queues/q/messages", "path")]
        .map(|(path, name)| (format!("{path}?{name}={long}"), format!("{name} has more than")))
        .into();
    let refused = REFUSED.iter().map(|(path, why)| ((*path).to_owned(), (*why).to_owned()));
    for (path, why) in refused.chain(longest) {
        let (status, json) = get(&cloud, &path).await;
        let message = json["error"]["message"].as_str().unwrap_or_default();
        // A method that isn't taken is told before anything else of the path.
        let status_is_told = status == "400" || path.contains("/try?") && status == "405";
        assert!(status_is_told && (message.contains(&why) || status == "405"), "{path}: {json:#}");
    }
    // What is empty is as good as not there, and a signature is looked at by others.
    for path in ["/queues?name=&limit=&next=&region=", "/messages?attribute=&from=", "/queues?X-Amz-Date=x", "/map?"] {
        found(&cloud, path).await;
    }
    assert_eq!(get(&cloud, "/nowhere?x=1").await.0, "404");
}

/// A field that wasn't known, or a text that was a number, was left out without a word.
#[tokio::test]
async fn each_field_of_an_action_that_makes_no_sense_is_refused_by_its_name() {
    let cloud = TestCloud::start().await;
    queue(&cloud.sqs(), "q", &[]).await;
    for (action, input, why) in [
        ("send", json!({"queue": "q", "body": "x", "dely": 5}), "dely"),
        ("send", json!({"queue": "q", "body": "x", "topic": "t"}), "topic"),
        ("send", json!({"queue": 5, "body": "x"}), "queue is a text"),
        ("send", json!({"queue": "q", "body": {"a": 1}}), "body is a text"),
        ("send", json!({"queue": "q", "body": "x", "group": 7}), "group is a text"),
        ("send", json!({"queue": "q", "body": "x", "delay": -1}), "delay"),
        ("send", json!({"queue": "q", "body": "x", "delay": "soon"}), "delay"),
        ("send", json!({"queue": "q", "body": "x", "attributes": [1]}), "attributes"),
        ("send", json!({"queue": "q", "body": "x", "region": 1}), "region is a text"),
        ("send", json!({"queue": "", "body": "x"}), "queue"),
        ("send", json!({"queue": "q"}), "body"),
        ("purge", json!({"queue": "q", "confirm": true}), "confirm is a text"),
        ("purge", json!({"queue": "q"}), "confirm"),
        ("redrive", json!({"queue": "q", "rate": 1.5}), "rate"),
        ("flush", json!({"stream": "s", "now": true}), "now"),
        ("presign", json!({"bucket": "b", "key": ""}), "key"),
        ("chaos", json!({"do": "stop"}), "do"),
        ("chaos", json!({"do": "add", "rules": ""}), "rules"),
        ("clock", json!({"by": "1h", "to": "2030-01-01T00:00:00Z"}), "clock"),
        ("clock", json!({"by": 5}), "by is a text"),
    ] {
        let (status, json) = post(&cloud, &format!("/actions/{action}"), &input).await;
        let message = json["error"]["message"].as_str().unwrap_or_default();
        assert!(status == "400" && message.contains(why), "{action} {input}: {json:#}");
    }
    let (status, json) = post(&cloud, "/topics/t/try", &json!({"polcy": "{}"})).await;
    assert!(status == "400" && json["error"]["message"].as_str().unwrap().contains("polcy"), "{json:#}");
    assert_eq!(post(&cloud, "/actions/try", &json!({})).await.0, "404");
    // Neither JSON nor a form says the same twice.
    for (kind, body) in [
        ("application/json", r#"{"queue": "q", "body": "x", "body": "y"}"#),
        ("application/x-www-form-urlencoded", "queue=q&body=x&body=y"),
    ] {
        let ask = Ask::new("POST", "/_messaging/api/v1/actions/send").header("content-type", kind).body(body);
        let (status, json) = read(&send(address(&cloud), &ask.bytes()).await);
        assert!(status == "400" && json["error"]["message"].as_str().unwrap().contains("twice"), "{json:#}");
    }
    // Of a rule within the list the last was taken.
    let rules = r#"{"do": "add", "rules": [{"service": "sqs", "probability": 0.1, "probability": 0.2}]}"#;
    let ask =
        Ask::new("POST", "/_messaging/api/v1/actions/chaos").header("content-type", "application/json").body(rules);
    let (status, json) = read(&send(address(&cloud), &ask.bytes()).await);
    assert!(status == "400" && json["error"]["message"].as_str().unwrap().contains("twice"), "{json:#}");
    let none: Value = found(&cloud, "/queues/q/messages").await;
    assert_eq!(none["of"], 0, "what was refused did nothing");
    done(&cloud, "send", &json!({"queue": "q", "body": "x", "group": null, "delay": null})).await;
}
