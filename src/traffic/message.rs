//! A body as it comes out of a queue or a landed object: the event itself (raw delivery), or SNS's envelope around it.

use serde::Deserialize;

use crate::event::envelope::{Arrived, Unreadable};
use crate::event::own::is_own;

#[derive(Deserialize)]
struct SnsEnvelope {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "Message")]
    message: String,
    #[serde(rename = "MessageId")]
    id: Option<String>,
}

/// What a body holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    Event(Arrived),
    /// JSON that is no CloudEvent and doesn't claim to be one: an event of somebody's own, as it was published, and SNS's id of it where
    /// its envelope tells that.
    Own {
        text: String,
        id: Option<String>,
    },
}

/// Reads the event in a body.
pub(crate) fn read(body: &str) -> Result<Content, Unreadable> {
    let error = match Arrived::parse(body) {
        Ok(event) => return Ok(Content::Event(event)),
        Err(error) => error,
    };
    match serde_json::from_str::<SnsEnvelope>(body) {
        Ok(envelope) if envelope.kind == "Notification" => match Arrived::parse(&envelope.message) {
            Ok(event) => Ok(Content::Event(event)),
            Err(error) => own(envelope.message, envelope.id, error),
        },
        _ => own(body.to_owned(), None, error),
    }
}

fn own(text: String, id: Option<String>, error: Unreadable) -> Result<Content, Unreadable> {
    if is_own(&text) { Ok(Content::Own { text, id }) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enveloped(message: &str) -> String {
        serde_json::json!({"Type": "Notification", "MessageId": "m", "Message": message}).to_string()
    }

    #[test]
    fn raw_and_enveloped_are_the_same() {
        let raw = r#"{"specversion":"1.0","id":"1","source":"/s","type":"order.placed","data":{"a":1}}"#;
        assert_eq!(read(raw).unwrap(), read(&enveloped(raw)).unwrap());
    }

    /// JSON without our envelope was called unreadable, and left until it was a dead letter.
    #[test]
    fn json_of_somebodys_own_is_read_as_it_is() {
        for text in [r#"{"order": 1.0}"#, "[1]", "7", r#"{"Type":"Other","Message":"{}"}"#] {
            let own = |id| Content::Own { text: text.to_owned(), id };
            assert_eq!(read(text).unwrap(), own(None));
            assert_eq!(read(&enveloped(text)).unwrap(), own(Some("m".to_owned())));
        }
    }

    #[test]
    fn what_is_no_json_or_a_broken_event_is_unreadable() {
        for body in
            ["hello", "\u{0}", r#"{"specversion":"1.0"}"#, r#"{"specversion":"0.3","id":"1","source":"/","type":"t"}"#]
        {
            assert!(read(body).is_err(), "{body}");
            assert!(read(&enveloped(body)).is_err(), "{body}");
        }
    }
}
