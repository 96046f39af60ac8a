//! Inputs read from forms, and forms that no client should send.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::from_form;
use crate::{AwsError, Blob, Form, Names, Pairs, Text};

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute<'a> {
    #[serde(borrow)]
    data_type: Option<Text<'a>>,
    #[serde(borrow)]
    string_value: Option<Text<'a>>,
    binary_value: Option<Blob>,
    #[serde(borrow)]
    string_list_values: Option<Vec<Text<'a>>>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    message: Option<Text<'a>>,
    delay_seconds: Option<i32>,
    #[serde(borrow)]
    message_attributes: Option<Pairs<'a, Attribute<'a>>>,
}

#[derive(Debug, PartialEq, Deserialize, Serialize, Clone, Copy)]
enum Mode {
    Fast,
    Slow,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input<'a> {
    #[serde(borrow)]
    topic_arn: Option<Text<'a>>,
    #[serde(borrow)]
    message: Option<Text<'a>>,
    #[serde(borrow)]
    message_attributes: Option<Pairs<'a, Attribute<'a>>>,
    #[serde(borrow)]
    attributes: Option<Pairs<'a>>,
    #[serde(borrow)]
    entries: Option<Vec<Entry<'a>>>,
    #[serde(borrow)]
    tag_keys: Option<Vec<Text<'a>>>,
    #[serde(rename = "tags", borrow)]
    tags: Option<Pairs<'a>>,
    seconds: Option<i32>,
    size: Option<u64>,
    ratio: Option<f64>,
    on: Option<bool>,
    mode: Option<Mode>,
}

fn form(body: &str) -> Form {
    Form::parse(&[body.as_bytes()]).unwrap()
}

/// Reads and shows, so that two forms' inputs can be compared.
fn read(body: &str, names: Names) -> Result<String, AwsError> {
    from_form::<Input>(&form(body), names).map(|input| format!("{input:?}"))
}

#[test]
fn wrapped_lists_and_maps() {
    let form = form(
        "Action=X&Version=1&TopicArn=t&MessageAttributes.entry.1.Name=a&MessageAttributes.entry.1.Value.DataType=String\
         &MessageAttributes.entry.1.Value.StringValue=x%20y&MessageAttributes.entry.2.Name=b\
         &MessageAttributes.entry.2.Value.BinaryValue=AQI%3D&Attributes.entry.1.key=k&Attributes.entry.1.value=v\
         &TagKeys.member.1=one&TagKeys.member.2=two&Entries.member.1.Id=1&Entries.member.1.DelaySeconds=5\
         &Seconds=-3&Size=18446744073709551615&Ratio=0.5&On=true&Mode=Slow&Unknown.member.1=z&Unknown=q",
    );
    let input: Input = from_form(&form, Names::Wrapped).unwrap();
    assert_eq!(input.topic_arn.as_deref(), Some("t"));
    let attributes = input.message_attributes.unwrap();
    assert_eq!(attributes.get("a").unwrap().string_value.as_deref(), Some("x y"));
    assert_eq!(&attributes.get("b").unwrap().binary_value.as_ref().unwrap()[..], [1, 2]);
    assert_eq!(input.attributes.unwrap().get("k").unwrap(), "v");
    assert_eq!(input.tag_keys.unwrap(), ["one", "two"]);
    assert_eq!(input.entries.unwrap()[0].delay_seconds, Some(5));
    assert_eq!((input.seconds, input.size, input.ratio), (Some(-3), Some(u64::MAX), Some(0.5)));
    assert_eq!((input.on, input.mode), (Some(true), Some(Mode::Slow)));
}

#[test]
fn flat_lists_and_maps() {
    let form = form(
        "Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=5&Tag.1.Key=a&Tag.1.Value=b&TagKey.1=x&TagKey.3=y\
         &SendMessageBatchRequestEntry.1.Id=i&SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=n\
         &SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringListValue.1=s",
    );
    let input: Input = from_form(&form, Names::Flat).unwrap();
    assert_eq!(input.attributes.unwrap().get("VisibilityTimeout").unwrap(), "5");
    assert_eq!(input.tags.unwrap().get("a").unwrap(), "b");
    assert_eq!(input.tag_keys.unwrap(), ["x", "y"]);
    let entry = &input.entries.unwrap()[0];
    let attribute = entry.message_attributes.as_ref().unwrap().get("n").unwrap();
    assert_eq!(attribute.string_list_values.as_ref().unwrap()[0], "s");
}

#[test]
fn the_oldest_sqs_forms_need_no_index() {
    let form = form("Attribute.Name=DelaySeconds&Attribute.Value=7&TagKey=all");
    let input: Input = from_form(&form, Names::Flat).unwrap();
    assert_eq!(input.attributes.unwrap().get("DelaySeconds").unwrap(), "7");
    assert_eq!(input.tag_keys.unwrap(), ["all"]);
}

#[test]
fn parameters_may_come_in_any_order() {
    let tidy =
        "Entries.member.2.Id=a&Entries.member.2.Message=m&Entries.member.10.Id=b&Entries.member.10.Message=n&Message=x";
    let mut params: Vec<&str> = tidy.split('&').collect();
    let expected = read(tidy, Names::Wrapped).unwrap();
    assert!(expected.contains("\"a\"") && expected.contains("\"b\""), "{expected}");
    for _ in 0..params.len() {
        params.rotate_left(1);
        assert_eq!(read(&params.join("&"), Names::Wrapped).unwrap(), expected);
        let reversed: Vec<&str> = params.iter().rev().copied().collect();
        let reversed = from_form::<Input>(&form(&reversed.join("&")), Names::Wrapped).map(|i| i.entries.unwrap().len());
        assert_eq!(reversed.unwrap(), 2);
    }
}

#[test]
fn borrows_from_the_form() {
    let form = form("Message=a%20b");
    let input: Input = from_form(&form, Names::Wrapped).unwrap();
    assert!(matches!(input.message.unwrap().into_cow(), std::borrow::Cow::Borrowed("a b")));
}

#[test]
fn edges() {
    // An empty list is sent as an empty value; the first of two equal parameters counts.
    let cases = [
        ("TagKeys=", "tag_keys: Some([])"),
        ("TagKeys.member=", "tag_keys: Some([])"),
        ("Attributes=", "attributes: Some(Pairs([]))"),
        ("Message=a&Message=b", "message: Some(\"a\")"),
        ("Message", "message: Some(\"\")"),
        ("Message.x=1&Message=a", "message: Some(\"a\")"),
        ("TagKeys.member.2=b&TagKeys.member.02=c&TagKeys.member.x=d", "tag_keys: Some([\"c\"])"),
        ("MessageAttributes.entry.1.Name=a", "message_attributes: Some(Pairs([(\"a\", Attribute { data_type: None"),
    ];
    for (body, expected) in cases {
        let input = read(body, Names::Wrapped).unwrap();
        assert!(input.contains(expected), "{body}: {input}");
    }
}

#[test]
fn what_cannot_be_read_is_refused() {
    let cases = [
        ("Seconds=x", Names::Wrapped, "MalformedInput"),
        ("Seconds=99999999999", Names::Wrapped, "MalformedInput"),
        ("On=perhaps", Names::Wrapped, "MalformedInput"),
        ("Message.member.1=x", Names::Wrapped, "MalformedInput"),
        ("TagKeys=x", Names::Wrapped, "MalformedInput"),
        // A text where a map or a structure was to be counted as none.
        ("Attributes=x", Names::Wrapped, "MalformedInput"),
        ("MessageAttributes.entry.1.Name=a&MessageAttributes.entry.1.Value=x", Names::Wrapped, "MalformedInput"),
        ("TagKeys.member.99999999999999999999=x", Names::Wrapped, "MalformedInput"),
        ("Attributes.entry.1.value=x", Names::Wrapped, "MalformedInput"),
        ("Attributes.entry.1.key=x", Names::Wrapped, "MalformedInput"),
        (
            "MessageAttributes.entry.1.Name=a&MessageAttributes.entry.1.Value.BinaryValue=%21",
            Names::Wrapped,
            "MalformedInput",
        ),
        ("Seconds=x", Names::Flat, "InvalidParameterValueException"),
    ];
    for (body, names, code) in cases {
        let error = read(body, names).unwrap_err();
        assert_eq!(error.code, code, "{body}: {error:?}");
    }
    let error = read("Seconds=x", Names::Flat).unwrap_err();
    assert_eq!(error.message, "Value x for parameter Seconds is invalid. Reason: Must be an integer.");
}

/// A list of many elements in the worst order is still read in one sort.
#[test]
fn a_long_list_backwards() {
    let body: Vec<String> = (1..=15_000).rev().map(|n| format!("TagKeys.member.{n}={n}")).collect();
    let form = form(&body.join("&"));
    let input: Input = from_form(&form, Names::Wrapped).unwrap();
    let keys = input.tag_keys.unwrap();
    assert_eq!((keys.len(), keys[0].as_str()), (15_000, "1"));
}

proptest! {
    #[test]
    fn never_panics(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        for names in [Names::Wrapped, Names::Flat] {
            if let Ok(form) = Form::parse(&[&body]) {
                let _ = from_form::<Input>(&form, names);
            }
        }
    }

    #[test]
    fn never_panics_on_paths(
        body in "((Message|TagKeys|Attributes|Entries|Attribute|Tag)(\\.(member|entry|1|2|03|key|Name|value|Id|\u{e9}|)){0,4}=?[a1]?&){0,12}"
    ) {
        for names in [Names::Wrapped, Names::Flat] {
            let _ = read(&body, names);
        }
    }

    /// What a client writes is what the operation gets, in whatever order.
    #[test]
    fn order_does_not_matter(
        values in proptest::collection::vec(("[a-z]{1,3}", "\\PC{0,8}"), 1..12),
        seed in any::<u64>(),
    ) {
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let mut params: Vec<String> = values.iter().enumerate().flat_map(|(at, (key, value))| {
            let at = at + 1;
            [format!("Attributes.entry.{at}.key={key}"), format!("Attributes.entry.{at}.value={}", encode(value))]
        }).collect();
        let mut state = seed;
        for at in (1..params.len()).rev() {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            params.swap(at, (state >> 33) as usize % (at + 1));
        }
        let form = form(&params.join("&"));
        let input: Input = from_form(&form, Names::Wrapped).unwrap();
        let read: Vec<(String, String)> =
            input.attributes.unwrap().into_iter().map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
        prop_assert_eq!(read, values);
    }
}
