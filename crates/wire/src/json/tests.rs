//! JSON in and out.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::strict::from_slice;
use super::to_vec;
use crate::{Blob, Pairs, Text};

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Input<'a> {
    #[serde(borrow)]
    body: Option<Text<'a>>,
    delay: Option<i32>,
    data: Option<Blob>,
    #[serde(borrow)]
    names: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    attributes: Option<Pairs<'a>>,
    on: Option<bool>,
}

#[test]
fn reads_and_writes() {
    let body = br#"{"Body":"b","Delay":5,"Data":"AQI=","Names":["a"],"Attributes":{"k":"v"},"On":true}"#;
    let input: Input = from_slice(body).unwrap();
    assert_eq!(to_vec(&input).unwrap(), body);
    assert!(matches!(input.body.unwrap().into_cow(), std::borrow::Cow::Borrowed("b")));
    let input: Input = from_slice(br#"{"Body":null,"Unknown":[{}]}"#).unwrap();
    assert!(input.body.is_none() && input.names.is_none());
    assert!(from_slice::<Input>(b"").is_ok());
    assert_eq!(to_vec(&()).unwrap(), b"");
}

#[test]
fn says_what_it_cannot_read_in_aws_words() {
    let cases = [
        (r#"{"Body":5}"#, "NUMBER_VALUE can not be converted to a String"),
        (r#"{"Body":true}"#, "TRUE_VALUE can not be converted to a String"),
        (r#"{"Body":{}}"#, "Start of structure or map found where not expected."),
        (r#"{"Body":[]}"#, "Start of list found where not expected"),
        (r#"{"Delay":"5"}"#, "STRING_VALUE can not be converted to an Integer"),
        (r#"{"Names":"a"}"#, "Unexpected value type in payload"),
        ("[]", "Start of list found where not expected"),
    ];
    for (body, message) in cases {
        let error = from_slice::<Input>(body.as_bytes()).unwrap_err();
        assert_eq!((&*error.code, &*error.message), ("SerializationException", message), "{body}");
    }
    assert!(from_slice::<Input>(b"{\"Body\":").unwrap_err().message.contains("not valid JSON"));
    let deep = "[".repeat(100_000);
    assert!(from_slice::<Input>(format!("{{\"X\":{deep}").as_bytes()).is_err());
}

proptest! {
    #[test]
    fn never_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = from_slice::<Input>(&body);
    }

    #[test]
    fn never_panics_on_json(body in "[\\[\\]{}:,\"a15.eE+-]{0,60}") {
        let _ = from_slice::<Input>(body.as_bytes());
    }
}
