//! The rules of groups, streams and events, through the operations as clients call them, under a clock that stands still.

use std::time::Duration;

use serde_json::{Value, json};

use super::store;
use crate::core::Cloud;
use crate::core::clock::Clock;
use crate::request::Context;
use crate::server::Options;
use crate::testing::call::{call, context};
use log::Durability;

/// 2026-03-01T23:59:30Z.
const NOW: u64 = 1_772_409_570_000;
const DAY: u64 = 24 * 3_600_000;

struct Client {
    cx: Context,
    clock: Clock,
    _folder: tempfile::TempDir,
}

impl Client {
    /// A cloud with the group `g` and the stream `s`.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(NOW);
        let options = Options { durability: Durability::Memory, clock: clock.clone(), ..Options::new(folder.path()) };
        let (cloud, _) = Cloud::open(options, |_| {}).unwrap();
        let client = Self { cx: context(cloud, "000000000000"), clock, _folder: folder };
        client.ok("CreateLogGroup", json!({"logGroupName": "g"})).await;
        client.ok("CreateLogStream", json!({"logGroupName": "g", "logStreamName": "s"})).await;
        client
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        let done = call(&self.cx, &super::SERVICE, operation, input).await;
        done.unwrap_or_else(|error| panic!("{operation}: {error:?}"))
    }

    /// The error's code and message.
    async fn refused(&self, operation: &str, input: Value) -> (String, String) {
        let error = call(&self.cx, &super::SERVICE, operation, input).await.expect_err(operation);
        (error.code.into_owned(), error.message)
    }

    /// Puts events into a stream of the group `g`.
    async fn put(&self, stream: &str, events: &[(u64, &str)]) -> Value {
        let events: Vec<Value> =
            events.iter().map(|(at, message)| json!({"timestamp": at, "message": message})).collect();
        self.ok("PutLogEvents", json!({"logGroupName": "g", "logStreamName": stream, "logEvents": events})).await
    }

    /// A page of the stream `s`: its messages, and its tokens.
    async fn get(&self, more: Value) -> (Vec<String>, String, String) {
        let mut input = json!({"logGroupName": "g", "logStreamName": "s"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let page = self.ok("GetLogEvents", input).await;
        let token = |name: &str| page[name].as_str().unwrap().to_owned();
        (messages(&page), token("nextForwardToken"), token("nextBackwardToken"))
    }

    async fn filter(&self, more: Value) -> Value {
        let mut input = json!({"logGroupName": "g"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.ok("FilterLogEvents", input).await
    }

    fn size(&self) -> u64 {
        self.cx.cloud.core.read(|engine, _| store::size(engine, 0))
    }
}

fn messages(page: &Value) -> Vec<String> {
    page["events"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn events_are_read_forward_and_backward_page_by_page() {
    let client = Client::new().await;
    client.put("s", &[(NOW, "1"), (NOW + 1, "2"), (NOW + 2, "3")]).await;
    // What happened before comes later, and stands before what happened after it.
    client.put("s", &[(NOW - 1, "0"), (NOW + 1, "2b"), (NOW + 3, "4")]).await;
    let (all, forward, backward) = client.get(json!({})).await;
    assert_eq!(all, ["0", "1", "2", "2b", "3", "4"]);
    // The end: the same tokens again, until something comes.
    assert_eq!(client.get(json!({"nextToken": forward})).await.1, forward);
    assert_eq!(client.get(json!({"nextToken": backward})).await.2, backward);
    client.put("s", &[(NOW + 9, "5")]).await;
    assert_eq!(client.get(json!({"nextToken": forward, "startFromHead": true})).await.0, ["5"]);
    // From the head.
    let (page, next, _) = client.get(json!({"startFromHead": true, "limit": 2})).await;
    assert_eq!(page, ["0", "1"]);
    let (page, next, back) = client.get(json!({"nextToken": next, "limit": 4})).await;
    assert_eq!(page, ["2", "2b", "3", "4"]);
    assert_eq!(client.get(json!({"nextToken": back, "limit": 9})).await.0, ["0", "1"]);
    assert_eq!(client.get(json!({"nextToken": next, "limit": 4})).await.0, ["5"]);
    // From the tail.
    let (page, end, back) = client.get(json!({"limit": 2})).await;
    assert_eq!(page, ["4", "5"]);
    assert_eq!(client.get(json!({"nextToken": back, "limit": 2})).await.0, ["2b", "3"]);
    // Beyond the end the way back begins with the last.
    let (page, _, back) = client.get(json!({"nextToken": end})).await;
    assert!(page.is_empty());
    assert_eq!(client.get(json!({"nextToken": back, "limit": 1})).await.0, ["5"]);
    // The end's time isn't included, the start's is.
    assert_eq!(client.get(json!({"startTime": NOW, "endTime": NOW + 2})).await.0, ["1", "2", "2b"]);
}

#[tokio::test]
async fn events_of_all_streams_are_filtered_in_one_order() {
    let client = Client::new().await;
    for stream in ["s2", "t"] {
        client.ok("CreateLogStream", json!({"logGroupName": "g", "logStreamName": stream})).await;
    }
    client.put("t", &[(NOW + 1, "ERROR t1"), (NOW + 3, "{\"code\": 500}")]).await;
    client.put("s", &[(NOW, "ERROR s0"), (NOW + 2, "fine s2")]).await;
    client.put("s2", &[(NOW + 1, "ERROR s2-1")]).await;
    let all = client.filter(json!({})).await;
    assert_eq!(messages(&all), ["ERROR s0", "ERROR t1", "ERROR s2-1", "fine s2", "{\"code\": 500}"]);
    assert_eq!(all["searchedLogStreams"], json!([]));
    assert!(all.get("nextToken").is_none());
    let ids: std::collections::HashSet<_> =
        all["events"].as_array().unwrap().iter().map(|event| event["eventId"].to_string()).collect();
    assert_eq!(ids.len(), 5);
    let found = client.filter(json!({"filterPattern": "ERROR", "logStreamNamePrefix": "s"})).await;
    assert_eq!(messages(&found), ["ERROR s0", "ERROR s2-1"]);
    let found = client.filter(json!({"filterPattern": "{ $.code >= 500 }", "logStreamNames": ["t"]})).await;
    assert_eq!(messages(&found), ["{\"code\": 500}"]);
    assert_eq!(found["events"][0]["logStreamName"], "t");
    // The end's time is included here.
    let found = client.filter(json!({"startTime": NOW + 1, "endTime": NOW + 2})).await;
    assert_eq!(messages(&found), ["ERROR t1", "ERROR s2-1", "fine s2"]);
    // Pages, in both directions.
    for (newest_first, expected) in
        [(false, ["ERROR s0", "ERROR t1", "ERROR s2-1"]), (true, ["ERROR s2-1", "ERROR t1", "ERROR s0"])]
    {
        let mut input =
            json!({"filterPattern": "?ERROR", "limit": 1, "startTime": NOW, "startFromHead": !newest_first});
        let mut pages = Vec::new();
        loop {
            let page = client.filter(input.clone()).await;
            pages.extend(messages(&page));
            match page.get("nextToken") {
                Some(token) => input["nextToken"] = token.clone(),
                None => break,
            }
        }
        assert_eq!(pages, expected);
    }
    for (input, words) in [
        (json!({"logStreamNames": ["s"], "logStreamNamePrefix": "s"}), "mutually exclusive"),
        (json!({"logStreamNames": ["none"]}), "The specified log stream does not exist."),
        (json!({"startFromHead": false}), "2024"),
        (json!({"nextToken": "x"}), "The specified nextToken is invalid."),
        (json!({"limit": 10_001}), "less than or equal to 10000"),
        (json!({"filterPattern": "x".repeat(1_025)}), "less than or equal to 1024"),
        (json!({"unmask": true}), "unmask is not simulated"),
        (json!({"logGroupIdentifier": "g"}), "mutually exclusive"),
    ] {
        let mut whole = json!({"logGroupName": "g"});
        whole.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
        let (_, message) = client.refused("FilterLogEvents", whole).await;
        assert!(message.contains(words), "{message}");
    }
}

/// "PutLogEvents", API Reference.
#[tokio::test]
async fn a_batch_has_its_bounds() {
    let client = Client::new().await;
    let batch = |events: Value| json!({"logGroupName": "g", "logStreamName": "s", "logEvents": events});
    let event = |at: u64, message: &str| json!({"timestamp": at, "message": message});
    let many = |count: usize| Value::from(vec![event(NOW, "m"); count]);
    for (events, words) in [
        (json!([]), "Member must have length greater than or equal to 1"),
        (many(10_001), "Member must have length less than or equal to 10000"),
        (json!([event(NOW, "")]), "'logEvents.1.member.message'"),
        (json!([{"message": "m"}]), "Value null at 'logEvents.1.member.timestamp'"),
        (json!([event(NOW, "b"), event(NOW - 1, "a")]), "must be in chronological order."),
        (json!([event(NOW - DAY, "a"), event(NOW + 1, "b")]), "cannot span more than 24 hours."),
        (json!([event(NOW, &"x".repeat((1 << 20) - 25))]), "Upload too large: 1048577 bytes exceeds limit of 1048576"),
    ] {
        let (code, message) = client.refused("PutLogEvents", batch(events)).await;
        assert_eq!(code, "InvalidParameterException");
        assert!(message.contains(words), "{message}");
    }
    client.ok("PutLogEvents", batch(json!([event(NOW, &"x".repeat((1 << 20) - 26))]))).await;
    client.ok("PutLogEvents", batch(many(10_000))).await;
    let put = client.put("s", &[(NOW - 15 * DAY, "old"), (NOW, "now"), (NOW + 3 * 3_600_000, "new")]).await;
    let rejected = json!({"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2});
    assert_eq!(put["rejectedLogEventsInfo"], rejected);
    // A token of any kind is ignored.
    let mut input = batch(json!([event(NOW, "m")]));
    input["sequenceToken"] = "wrong".into();
    input["entity"] = json!({"keyAttributes": {"Type": "Service", "Name": "n"}});
    let put = client.ok("PutLogEvents", input).await;
    assert!(put["nextSequenceToken"].is_string());
    // Agents say where they are: that isn't kept, and no reason to lose what they have to say.
    assert_eq!(put["rejectedEntityInfo"], json!({"errorType": "UnsupportedLogGroupType"}));
    for (group, stream, words) in [
        ("none", "s", "The specified log group does not exist."),
        ("g", "none", "The specified log stream does not exist."),
    ] {
        let mut input = batch(many(1));
        (input["logGroupName"], input["logStreamName"]) = (group.into(), stream.into());
        assert_eq!(client.refused("PutLogEvents", input).await, ("ResourceNotFoundException".into(), words.into()));
    }
}

/// Documents live in memory: who logs for ever must not fill it.
#[tokio::test]
async fn a_group_keeps_its_newest_events_within_its_bound_and_says_that_others_went() {
    let client = Client::new().await;
    let large = "x".repeat((1 << 20) - 100);
    for number in 0..20 {
        client.put("s", &[(NOW + number, &format!("{number:02} {large}"))]).await;
    }
    assert!(client.size() <= store::MAX_EVENTS && client.size() > store::MAX_EVENTS - (1 << 20), "{}", client.size());
    let (first, ..) = client.get(json!({"startFromHead": true, "limit": 1})).await;
    assert_eq!(&first[0][..2], "04");
    let notices = client.cx.cloud.notices.all();
    assert!(notices.iter().any(|(_, text)| text.contains("the log group g holds more")), "{notices:?}");
    // Small events share a document, and each counts.
    client.ok("CreateLogStream", json!({"logGroupName": "g", "logStreamName": "small"})).await;
    client.ok("DeleteLogStream", json!({"logGroupName": "g", "logStreamName": "s"})).await;
    assert_eq!(client.size(), 0);
    for number in 0..300 {
        client.put("small", &[(NOW + number, "twenty-four bytes each..")]).await;
    }
    assert_eq!(client.size(), 300 * 50);
    let chunks = client.cx.cloud.core.read(|engine, _| store::chunks(engine, 0).count());
    assert!(chunks <= 4, "{chunks}");
    assert_eq!(messages(&client.filter(json!({})).await).len(), 300);
}

#[tokio::test]
async fn events_older_than_the_retention_are_gone_and_their_documents_as_well() {
    let client = Client::new().await;
    client.ok("PutRetentionPolicy", json!({"logGroupName": "g", "retentionInDays": 3})).await;
    client.put("s", &[(NOW - DAY, "a day old"), (NOW, "new")]).await;
    let put = client.put("s", &[(NOW - 4 * DAY, "too old")]).await;
    assert_eq!(put["rejectedLogEventsInfo"], json!({"expiredLogEventEndIndex": 1}));
    client.clock.advance(Duration::from_millis(2 * DAY + 1));
    assert_eq!(client.get(json!({})).await.0, ["new"]);
    let streams = client.ok("DescribeLogStreams", json!({"logGroupName": "g"})).await;
    assert_eq!(streams["logStreams"][0]["firstEventTimestamp"], NOW);
    client.clock.advance(Duration::from_millis(DAY));
    assert!(client.get(json!({})).await.0.is_empty());
    super::sweep(&client.cx.cloud).await.unwrap();
    assert_eq!(client.size(), 0);
    let (code, message) =
        client.refused("PutRetentionPolicy", json!({"logGroupName": "g", "retentionInDays": 730})).await;
    assert_eq!(code, "InvalidParameterException");
    assert!(
        message.contains("Value '730' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum")
    );
    client.ok("DeleteRetentionPolicy", json!({"logGroupName": "g"})).await;
    let groups = client.ok("DescribeLogGroups", json!({})).await;
    assert!(groups["logGroups"][0].get("retentionInDays").is_none());
}

#[tokio::test]
async fn streams_are_listed_by_name_and_by_their_last_event() {
    let client = Client::new().await;
    for name in ["a", "b", "c/x"] {
        client.ok("CreateLogStream", json!({"logGroupName": "g", "logStreamName": name})).await;
    }
    client.put("b", &[(NOW + 5, "m")]).await;
    client.put("a", &[(NOW + 7, "m")]).await;
    let list = async |more: Value| {
        let mut input = json!({"logGroupIdentifier": "arn:aws:logs:us-east-1:000000000000:log-group:g", "limit": 3});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut names = Vec::new();
        loop {
            let page = client.ok("DescribeLogStreams", input.clone()).await;
            let page_names = page["logStreams"].as_array().unwrap().iter();
            names.extend(page_names.map(|stream| stream["logStreamName"].as_str().unwrap().to_owned()));
            match page.get("nextToken") {
                Some(token) => input["nextToken"] = token.clone(),
                None => return names,
            }
        }
    };
    assert_eq!(list(json!({})).await, ["a", "b", "c/x", "s"]);
    assert_eq!(list(json!({"descending": true})).await, ["s", "c/x", "b", "a"]);
    assert_eq!(list(json!({"logStreamNamePrefix": "c/"})).await, ["c/x"]);
    assert_eq!(list(json!({"orderBy": "LastEventTime"})).await, ["c/x", "s", "b", "a"]);
    assert_eq!(list(json!({"orderBy": "LastEventTime", "descending": true})).await, ["a", "b", "s", "c/x"]);
    let input = json!({"logGroupName": "g", "orderBy": "LastEventTime", "logStreamNamePrefix": "a"});
    let (_, message) = client.refused("DescribeLogStreams", input).await;
    assert_eq!(message, "Cannot order by LastEventTime with a logStreamNamePrefix.");
}

#[tokio::test]
async fn groups_are_made_once_found_by_name_and_deleted_with_all_that_is_in_them() {
    let client = Client::new().await;
    let exists = ("ResourceAlreadyExistsException".to_owned(), "The specified log group already exists".to_owned());
    assert_eq!(client.refused("CreateLogGroup", json!({"logGroupName": "g"})).await, exists);
    let stream = json!({"logGroupName": "g", "logStreamName": "s"});
    let (_, message) = client.refused("CreateLogStream", stream).await;
    assert_eq!(message, "The specified log stream already exists");
    for (input, words) in [
        (json!({"logGroupName": "a b"}), "Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"),
        (json!({"logGroupName": "x".repeat(513)}), "Member must have length less than or equal to 512"),
        (json!({}), "Value null at 'logGroupName'"),
        (json!({"logGroupName": "aws/x"}), "reserved for AWS"),
        (json!({"logGroupName": "x", "logGroupClass": "BEST"}), "Member must satisfy enum value set: [STANDARD"),
        (json!({"logGroupName": "x", "tags": {"aws:x": "y"}}), "aws:"),
    ] {
        let (code, message) = client.refused("CreateLogGroup", input).await;
        assert_eq!(code, "InvalidParameterException");
        assert!(message.contains(words), "{message}");
    }
    let (_, message) = client.refused("CreateLogStream", json!({"logGroupName": "g", "logStreamName": "a:b"})).await;
    assert!(message.contains("[^:*]*"), "{message}");
    for name in ["/aws/lambda/one", "/aws/lambda/two", "gamma"] {
        client.ok("CreateLogGroup", json!({"logGroupName": name, "logGroupClass": "STANDARD"})).await;
    }
    let names = |page: &Value| -> Vec<String> {
        let groups = page["logGroups"].as_array().unwrap().iter();
        groups.map(|group| group["logGroupName"].as_str().unwrap().to_owned()).collect()
    };
    let page = client.ok("DescribeLogGroups", json!({"limit": 3})).await;
    assert_eq!(names(&page), ["/aws/lambda/one", "/aws/lambda/two", "g"]);
    let rest = client.ok("DescribeLogGroups", json!({"limit": 3, "nextToken": page["nextToken"]})).await;
    assert_eq!((names(&rest), rest.get("nextToken")), (vec!["gamma".to_owned()], None));
    let page = client.ok("DescribeLogGroups", json!({"logGroupNamePrefix": "/aws/"})).await;
    assert_eq!(names(&page), ["/aws/lambda/one", "/aws/lambda/two"]);
    let page = client.ok("DescribeLogGroups", json!({"logGroupNamePattern": "amma"})).await;
    assert_eq!(names(&page), ["gamma"]);
    let page = client.ok("ListLogGroups", json!({"logGroupNamePattern": "^gam|two"})).await;
    assert_eq!(names(&page), ["/aws/lambda/two", "gamma"]);
    client.put("s", &[(NOW, "message")]).await;
    let group = client.ok("DescribeLogGroups", json!({"logGroupIdentifiers": ["g"]})).await["logGroups"][0].take();
    assert_eq!(group["storedBytes"], 33);
    assert_eq!(group["arn"], "arn:aws:logs:us-east-1:000000000000:log-group:g:*");
    let protection = |on: bool| json!({"logGroupIdentifier": "g", "deletionProtectionEnabled": on});
    client.ok("PutLogGroupDeletionProtection", protection(true)).await;
    assert_eq!(client.refused("DeleteLogGroup", json!({"logGroupName": "g"})).await.0, "ValidationException");
    client.ok("PutLogGroupDeletionProtection", protection(false)).await;
    client.ok("DeleteLogGroup", json!({"logGroupName": "g"})).await;
    let (_, message) = client.refused("DeleteLogGroup", json!({"logGroupName": "g"})).await;
    assert_eq!(message, "The specified log group does not exist.");
    client.ok("CreateLogGroup", json!({"logGroupName": "g"})).await;
    let streams = client.ok("DescribeLogStreams", json!({"logGroupName": "g"})).await;
    assert_eq!(streams["logStreams"], json!([]));
    for name in ["/aws/lambda/one", "/aws/lambda/two", "gamma", "g"] {
        client.ok("DeleteLogGroup", json!({"logGroupName": name})).await;
    }
    let left = client
        .cx
        .cloud
        .core
        .read(|engine, _| engine.docs("logs/", "").map(|(key, _)| key.to_owned()).collect::<Vec<_>>());
    assert_eq!(left, ["logs/state"]);
    let state =
        client.cx.cloud.core.read(|engine, _| String::from_utf8(engine.doc("logs/state").unwrap().to_vec()).unwrap());
    assert!(state.contains("\"events\":0,\"declared\":0"), "{state}");
}

#[tokio::test]
async fn tags_are_set_by_arn_and_by_name() {
    let client = Client::new().await;
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:g";
    client.ok("TagResource", json!({"resourceArn": arn, "tags": {"team": "data", "stage": "test"}})).await;
    client.ok("TagLogGroup", json!({"logGroupName": "g", "tags": {"team": "core"}})).await;
    client.ok("UntagResource", json!({"resourceArn": arn, "tagKeys": ["stage", "none"]})).await;
    let tags = json!({"tags": {"team": "core"}});
    assert_eq!(client.ok("ListTagsForResource", json!({"resourceArn": arn})).await, tags);
    assert_eq!(client.ok("ListTagsLogGroup", json!({"logGroupName": "g"})).await, tags);
    client.ok("UntagLogGroup", json!({"logGroupName": "g", "tags": ["team"]})).await;
    let many: serde_json::Map<_, _> = (0..50).map(|number| (number.to_string(), "v".into())).collect();
    client.ok("TagResource", json!({"resourceArn": arn, "tags": many})).await;
    let one_more = json!({"resourceArn": arn, "tags": {"50": "v"}});
    assert_eq!(client.refused("TagResource", one_more).await.0, "TooManyTagsException");
    for (arn, code) in [
        ("arn:aws:logs:eu-west-1:000000000000:log-group:g", "ResourceNotFoundException"),
        ("arn:aws:logs:us-east-1:111111111111:log-group:g", "ResourceNotFoundException"),
        ("arn:aws:sqs:us-east-1:000000000000:g", "InvalidParameterException"),
    ] {
        assert_eq!(client.refused("ListTagsForResource", json!({"resourceArn": arn})).await.0, code);
    }
}
