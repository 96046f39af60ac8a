//! The envelope: CloudEvents 1.0 in its JSON format, with what the ledger needs as extension attributes.
//!
//! `runid` names the run that published it, `publisher` who in that run, `sequence` its place in that publisher's
//! order, from 0. `sequence` follows CloudEvents' Sequence extension: a string that sorts as it counts. `time` and
//! `runid` are of the run; everything else comes from the seed.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::EventKind;
use super::data::{Data, cents};
use super::story::Happening;

/// Where an event stands: the ledger's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub publisher: u32,
    pub sequence: u64,
}

/// An event on its way out.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Event {
    specversion: &'static str,
    pub id: String,
    source: &'static str,
    #[serde(rename = "type")]
    event_type: &'static str,
    subject: String,
    #[serde(serialize_with = "rfc3339")]
    pub time: Timestamp,
    datacontenttype: &'static str,
    runid: String,
    publisher: u32,
    /// Twelve digits, so that it sorts as it counts.
    sequence: String,
    pub data: Data,
    #[serde(skip)]
    pub place: Place,
}

fn rfc3339<S: serde::Serializer>(time: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(time)
}

/// A message attribute of SNS or SQS, as filter policies see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub name: Cow<'static, str>,
    /// `String` or `Number`, perhaps with more behind a dot.
    pub data_type: Cow<'static, str>,
    pub value: String,
}

impl Attribute {
    fn new(name: &'static str, data_type: &'static str, value: String) -> Self {
        Self { name: name.into(), data_type: data_type.into(), value }
    }

    /// The bytes that count: of its name, its type and its value.
    pub(crate) fn size(&self) -> usize {
        self.name.len() + self.data_type.len() + self.value.len()
    }
}

impl Event {
    /// Wraps what happened; `time` is when it is published.
    pub(crate) fn new(happening: Happening, run: &str, place: Place, time: Timestamp) -> Self {
        let kind = happening.data.kind();
        Self {
            specversion: "1.0",
            id: happening.id,
            source: kind.source(),
            event_type: kind.event_type(),
            subject: happening.data.subject().to_owned(),
            time,
            datacontenttype: "application/json",
            runid: run.to_owned(),
            publisher: place.publisher,
            sequence: format!("{:012}", place.sequence),
            data: happening.data,
            place,
        }
    }

    pub(crate) fn kind(&self) -> EventKind {
        self.data.kind()
    }

    /// The message's body.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings, numbers and timestamps always serialize")
    }

    /// What filter policies can select by: `event_type`, `kind`, and `amount` (in whole currency units, with cents).
    pub(crate) fn attributes(&self) -> Vec<Attribute> {
        let kind = self.kind();
        let mut attributes = vec![
            Attribute::new("event_type", "String", kind.event_type().into()),
            Attribute::new("kind", "String", kind.name().into()),
        ];
        if let Some(amount) = self.data.amount_cents() {
            attributes.push(Attribute::new("amount", "Number", cents(amount)));
        }
        attributes
    }
}

/// An event as it arrives: any CloudEvent, ours or not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Arrived {
    pub id: String,
    pub event_type: String,
    pub time: Option<Timestamp>,
    /// Run and place, when the publisher was ours.
    pub run: Option<(String, Place)>,
    pub data: Value,
}

/// Why a body is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("not JSON: {0}")]
    NotJson(String),
    #[error("not a CloudEvent: {0}")]
    NotCloudEvent(String),
    #[error("CloudEvents {0:?} is not understood, only \"1.0\" is")]
    Version(String),
}

#[derive(Deserialize)]
struct Wire {
    specversion: String,
    id: String,
    /// Demanded by CloudEvents; nothing here depends on its value.
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "type")]
    event_type: String,
    time: Option<String>,
    runid: Option<String>,
    publisher: Option<u32>,
    sequence: Option<Sequence>,
    #[serde(default)]
    data: Value,
}

/// CloudEvents' Sequence extension is a string; a number is understood too.
#[derive(Deserialize)]
#[serde(untagged)]
enum Sequence {
    Text(String),
    Number(u64),
}

impl Arrived {
    /// Reads a CloudEvent in its JSON format.
    pub(crate) fn parse(body: &str) -> Result<Self, Unreadable> {
        // A list would do for serde, which then counts its elements.
        if !body.trim_start().starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(body).is_ok() {
            return Err(Unreadable::NotCloudEvent("it is no JSON object".into()));
        }
        let wire: Wire = serde_json::from_str(body).map_err(|error| {
            if error.is_data() {
                Unreadable::NotCloudEvent(error.to_string())
            } else {
                Unreadable::NotJson(error.to_string())
            }
        })?;
        if wire.specversion != "1.0" {
            return Err(Unreadable::Version(wire.specversion.chars().take(20).collect()));
        }
        let time = match wire.time.map(|time| time.parse()) {
            Some(Ok(time)) => Some(time),
            Some(Err(_)) => return Err(Unreadable::NotCloudEvent("its time is no RFC 3339 timestamp".into())),
            None => None,
        };
        let sequence = match wire.sequence {
            Some(Sequence::Text(text)) => text.parse().ok(),
            Some(Sequence::Number(number)) => Some(number),
            None => None,
        };
        let run = match (wire.runid, wire.publisher, sequence) {
            (Some(run), Some(publisher), Some(sequence)) => Some((run, Place { publisher, sequence })),
            _ => None,
        };
        Ok(Self { id: wire.id, event_type: wire.event_type, time, run, data: wire.data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::story::Story;

    const TIME: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn an_event_survives_the_way() {
        let mut story = Story::new(5, 0, &[]);
        for sequence in 0..50 {
            let place = Place { publisher: 3, sequence };
            let event = Event::new(story.next_event(), "run1", place, TIME);
            let arrived = Arrived::parse(&event.to_json()).unwrap();
            assert_eq!(arrived.id, event.id);
            assert_eq!(arrived.event_type, event.kind().event_type());
            assert_eq!(arrived.time, Some(TIME));
            assert_eq!(arrived.run, Some(("run1".into(), place)));
            assert_eq!(arrived.data, serde_json::to_value(&event.data).unwrap());
        }
    }

    #[test]
    fn names_are_what_cloudevents_demands() {
        let event = Event::new(Story::new(5, 0, &[]).next_event(), "r", Place { publisher: 0, sequence: 41 }, TIME);
        let json = serde_json::to_value(&event).unwrap();
        for (name, value) in json.as_object().unwrap() {
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{name}");
            assert!(name == "data" || value.is_string() || value.is_i64(), "{name} is no CloudEvents type");
        }
        assert_eq!(json["sequence"], "000000000041");
        assert_eq!(json["time"], "1970-01-01T00:00:00Z");
    }

    #[test]
    fn amounts_are_numbers_for_filter_policies() {
        let mut story = Story::new(5, 0, &[EventKind::Order]);
        let event = Event::new(story.next_event(), "r", Place { publisher: 0, sequence: 0 }, TIME);
        let attributes = event.attributes();
        assert_eq!(attributes[0].value, "order.placed");
        assert_eq!(attributes[2].data_type, "Number");
        assert_eq!(attributes[2].value.parse::<f64>().unwrap() * 100.0, event.data.amount_cents().unwrap() as f64);
    }

    #[test]
    fn what_is_no_event_is_said_so() {
        for (body, says) in [
            ("hello", "not JSON"),
            ("", "not JSON"),
            // It told of its own struct and how many elements that has.
            ("[]", "not a CloudEvent: it is no JSON object"),
            ("[1,2]", "not a CloudEvent: it is no JSON object"),
            ("7", "not a CloudEvent: it is no JSON object"),
            (r#"{"id":"1"}"#, "not a CloudEvent: missing field"),
            (r#"{"specversion":"0.3","id":"1","source":"/","type":"t"}"#, "\"0.3\" is not understood"),
        ] {
            let error = Arrived::parse(body).unwrap_err().to_string();
            assert!(error.contains(says), "{body}: {error}");
        }
        assert!(Arrived::parse(r#"{"specversion":"1.0","id":"1","source":"/","type":"t"}"#).is_ok());
    }
}
