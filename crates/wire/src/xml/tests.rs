//! Answers as the query protocol writes them.

use proptest::prelude::*;
use serde::Serialize;

use super::escape::{escape, mended};
use super::response;
use crate::{Blob, Names, Pairs, Text, Timestamp};

fn write<T: Serialize>(operation: &'static str, names: Names, output: &T) -> String {
    let xml = String::from_utf8(response(operation, "ns", names, "id", output).unwrap()).unwrap();
    let (_, rest) = xml.split_once(&format!("<{operation}Response xmlns=\"ns\">")).unwrap();
    let end = format!("<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></{operation}Response>");
    rest.strip_suffix(&end).unwrap().to_owned()
}

fn pairs<'a>(entries: &[(&'a str, &'a str)]) -> Pairs<'a> {
    entries.iter().map(|(key, value)| (Text::from(*key), Text::from(*value))).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Stack<'a> {
    name: &'a str,
    created: Timestamp,
    missing: Option<&'a str>,
    enabled: bool,
    count: u32,
    outputs: Vec<Pair<'a>>,
    capabilities: Vec<&'a str>,
    attributes: Pairs<'a>,
    data: Blob,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Pair<'a> {
    key: &'a str,
}

#[test]
fn wrapped() {
    let stack = Stack {
        name: "a<b>&\"c\"\r\u{1}\u{ffff}",
        created: Timestamp(1_700_000_000_042),
        missing: None,
        enabled: true,
        count: 3,
        outputs: vec![Pair { key: "x" }, Pair { key: "y" }],
        capabilities: vec![],
        attributes: pairs(&[("k", "v")]),
        data: Blob(vec![1, 2].into()),
    };
    assert_eq!(
        write("Op", Names::Wrapped, &stack),
        "<OpResult><Name>a&lt;b&gt;&amp;&quot;c&quot;&#xD;\u{fffd}\u{fffd}</Name>\
         <Created>2023-11-14T22:13:20.042Z</Created><Enabled>true</Enabled><Count>3</Count>\
         <Outputs><member><Key>x</Key></member><member><Key>y</Key></member></Outputs><Capabilities></Capabilities>\
         <Attributes><entry><key>k</key><value>v</value></entry></Attributes><Data>AQI=</Data></OpResult>"
    );
    assert_eq!(serde_json::to_value(stack.created).unwrap(), serde_json::json!(1_700_000_000.042));
}

#[test]
fn no_output_and_an_empty_output_differ() {
    #[derive(Serialize)]
    struct Empty {}
    assert_eq!(write("DeleteTopic", Names::Wrapped, &()), "");
    assert_eq!(write("TagResource", Names::Wrapped, &Empty {}), "<TagResourceResult></TagResourceResult>");
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Received<'a> {
    messages: Vec<Message<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Message<'a> {
    body: &'a str,
    attributes: Option<Pairs<'a>>,
    message_attributes: Option<Pairs<'a, Value<'a>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Value<'a> {
    string_value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Batch<'a> {
    successful: Vec<Pair<'a>>,
    failed: Vec<Pair<'a>>,
}

#[test]
fn flat() {
    let message = |attributes| Message {
        body: "b",
        attributes,
        message_attributes: Some([(Text::from("n"), Value { string_value: "v" })].into_iter().collect()),
    };
    let received = Received { messages: vec![message(Some(pairs(&[("SenderId", "s"), ("X", "y")]))), message(None)] };
    assert_eq!(
        write("ReceiveMessage", Names::Flat, &received),
        "<ReceiveMessageResult><Message><Body>b</Body><Attribute><Name>SenderId</Name><Value>s</Value></Attribute>\
         <Attribute><Name>X</Name><Value>y</Value></Attribute><MessageAttribute><Name>n</Name><Value>\
         <StringValue>v</StringValue></Value></MessageAttribute></Message><Message><Body>b</Body><MessageAttribute>\
         <Name>n</Name><Value><StringValue>v</StringValue></Value></MessageAttribute></Message></ReceiveMessageResult>"
    );
    let batch = Batch { successful: vec![Pair { key: "a" }], failed: vec![Pair { key: "b" }] };
    assert_eq!(
        write("DeleteMessageBatch", Names::Flat, &batch),
        "<DeleteMessageBatchResult><DeleteMessageBatchResultEntry><Key>a</Key></DeleteMessageBatchResultEntry>\
         <BatchResultErrorEntry><Key>b</Key></BatchResultErrorEntry></DeleteMessageBatchResult>"
    );
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Tagged<'a> {
        tags: Pairs<'a>,
    }
    assert_eq!(
        write("ListQueueTags", Names::Flat, &Tagged { tags: pairs(&[("a", "b")]) }),
        "<ListQueueTagsResult><Tag><Key>a</Key><Value>b</Value></Tag></ListQueueTagsResult>"
    );
}

proptest! {
    /// Whatever text is written, a parser reads it back.
    #[test]
    fn escaped_text_comes_back(text in "[ -~\t\n\r\u{e9}\u{fffd}\u{1f600}]{0,40}") {
        let mut out = Vec::new();
        escape(&text, &mut out);
        let escaped = String::from_utf8(out).unwrap();
        prop_assert!(!escaped.contains(['<', '>', '\r']));
        prop_assert_eq!(quick_xml::escape::unescape(&escaped).unwrap(), text);
    }

    /// A stack's output held U+001B, which was written as `&#x1B;`: no parser took the answer, nor that about all stacks.
    #[test]
    fn whatever_is_written_is_xml(text in "[\\x00-\\x7f\u{fffd}-\u{10000}]{0,40}") {
        let xml = response("Op", "ns", Names::Wrapped, "id", &Pair { key: &text }).unwrap();
        let xml = std::str::from_utf8(&xml).unwrap();
        let is_char = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
        let (_, key) = xml.split_once("<Key>").unwrap();
        let key = quick_xml::escape::unescape(key.split_once("</Key>").unwrap().0).unwrap();
        prop_assert!(!xml.contains('\r') && key.chars().all(is_char));
        let expected: String = text.chars().map(|c| if is_char(c) { c } else { '\u{fffd}' }).collect();
        prop_assert_eq!(&*key, expected);
        // The same of a document that another writer made, which escapes only what it must.
        let bare = quick_xml::escape::escape(&*text).into_owned();
        let mended = mended(bare.as_bytes()).map_or(bare, |mended| String::from_utf8(mended).unwrap());
        prop_assert_eq!(quick_xml::escape::unescape(&mended).unwrap(), key);
    }
}
