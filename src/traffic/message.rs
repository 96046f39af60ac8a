//! A body as it comes out of a queue or a landed object: the event itself (raw delivery), or SNS's envelope around it.

use serde::Deserialize;

use crate::event::envelope::{Arrived, Unreadable};

#[derive(Deserialize)]
struct SnsEnvelope {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "Message")]
    message: String,
}

/// Reads the event in a body.
pub(crate) fn read(body: &str) -> Result<Arrived, Unreadable> {
    let error = match Arrived::parse(body) {
        Ok(event) => return Ok(event),
        Err(error) => error,
    };
    match serde_json::from_str::<SnsEnvelope>(body) {
        Ok(envelope) if envelope.kind == "Notification" => Arrived::parse(&envelope.message),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_and_enveloped_are_the_same() {
        let raw = r#"{"specversion":"1.0","id":"1","source":"/s","type":"order.placed","data":{"a":1}}"#;
        let enveloped = serde_json::json!({"Type": "Notification", "MessageId": "m", "Message": raw}).to_string();
        assert_eq!(read(raw).unwrap(), read(&enveloped).unwrap());
    }

    #[test]
    fn an_envelope_around_nothing_is_unreadable() {
        for body in [r#"{"Type":"Notification","Message":"hello"}"#, r#"{"Type":"Other","Message":"{}"}"#, "\u{0}"] {
            assert!(read(body).is_err(), "{body}");
        }
    }
}
