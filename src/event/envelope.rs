//! The envelope: CloudEvents 1.0 in its JSON format, with what the ledger needs as extension attributes.
//!
//! `runid` names the run that published it, `publisher` who in that run, `sequence` its place in that publisher's
//! order, from 0. `sequence` follows CloudEvents' Sequence extension: a string that sorts as it counts. `time` and
//! `runid` are of the run; everything else comes from the seed.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use rand::RngExt;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::EventKind;
use super::data::{Data, cents};
use super::dice::Dice;
use super::story::Happening;

/// Where an event stands: the ledger's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub publisher: u32,
    pub sequence: u64,
}

/// An event on its way out.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub id: String,
    pub time: Timestamp,
    run: String,
    pub data: Data,
    pub place: Place,
    /// Whose it is: an attribute, and on topics that aren't FIFO the message group.
    pub tenant: Option<Arc<str>>,
    /// The message group on a FIFO topic; without it the consumer.
    pub group: Option<Arc<str>>,
    /// It was published before, and is on purpose again.
    pub again: bool,
    /// No consumer can handle it.
    pub poison: bool,
    /// Attributes that the user gives it, beside the story's or in their stead.
    pub given: Vec<Attribute>,
    /// What the user puts into its body, outside of the data.
    members: Map<String, Value>,
    /// What makes it larger.
    filler: String,
}

/// A member of a body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    /// The names that lead to it, from the outside; at least one.
    pub path: Vec<String>,
    pub value: Value,
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let kind = self.kind();
        let mut out = out.serialize_map(None)?;
        out.serialize_entry("specversion", "1.0")?;
        out.serialize_entry("id", &self.id)?;
        out.serialize_entry("source", self.text("source").unwrap_or(kind.source()))?;
        out.serialize_entry("type", self.event_type())?;
        out.serialize_entry("subject", self.text("subject").unwrap_or(self.data.subject()))?;
        out.serialize_entry("time", &format_args!("{}", self.time))?;
        out.serialize_entry("datacontenttype", "application/json")?;
        out.serialize_entry("runid", &self.run)?;
        out.serialize_entry("publisher", &self.place.publisher)?;
        // Twelve digits, so that it sorts as it counts.
        out.serialize_entry("sequence", &format_args!("{:012}", self.place.sequence))?;
        for (name, value) in self.members.iter().filter(|(name, _)| !SAID.contains(&name.as_str())) {
            out.serialize_entry(name, value)?;
        }
        match (self.poison, self.filler.as_str()) {
            (false, "") => out.serialize_entry("data", &self.data)?,
            (false, filler) => out.serialize_entry("data", &Filled { data: &self.data, filler })?,
            (true, filler) => out.serialize_entry("data", &Filled { data: &Poison { poison: true }, filler })?,
        }
        out.end()
    }
}

/// What the envelope has a place of its own for.
const SAID: [&str; 3] = ["source", "type", "subject"];

/// Data that something makes larger.
#[derive(Serialize)]
struct Filled<'a, D> {
    #[serde(flatten)]
    data: &'a D,
    #[serde(skip_serializing_if = "str::is_empty")]
    filler: &'a str,
}

/// Data that no consumer understands.
#[derive(Serialize)]
struct Poison {
    poison: bool,
}

/// What a filler is made of: as random as a text can be, so that it doesn't compress to nothing.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// What `filler` takes beside its text: `,"filler":""`.
const FILLER: usize = 12;

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
        Self {
            id: happening.id,
            time,
            run: run.to_owned(),
            data: happening.data,
            place,
            tenant: None,
            group: None,
            again: false,
            poison: false,
            given: Vec::new(),
            members: Map::new(),
            filler: String::new(),
        }
    }

    /// Makes its body as many bytes long, if it isn't longer already.
    pub(crate) fn fill(&mut self, bytes: usize, dice: &mut Dice) {
        let missing = bytes.saturating_sub(self.to_json().len() + FILLER);
        let mut word = 0_u64;
        let letter = |n| {
            // Ten letters of each number: six bits choose one.
            word = if n % 10 == 0 { dice.random() } else { word >> 6 };
            char::from(LETTERS[(word & 63) as usize])
        };
        self.filler = (0..missing).map(letter).collect();
    }

    /// Puts a member into its body; what is no object on the way to it becomes one.
    pub(crate) fn put(&mut self, member: Member) {
        let Some((last, above)) = member.path.split_last() else { return };
        let mut object = &mut self.members;
        for name in above {
            let next = object.entry(name.as_str()).or_insert_with(|| Map::new().into());
            if !next.is_object() {
                *next = Map::new().into();
            }
            let Some(below) = next.as_object_mut() else { return };
            object = below;
        }
        object.insert(last.clone(), member.value);
    }

    pub(crate) fn kind(&self) -> EventKind {
        self.data.kind()
    }

    /// What it calls itself.
    pub(crate) fn event_type(&self) -> &str {
        self.text("type").unwrap_or(self.kind().event_type())
    }

    /// A text that the user put in the place of the story's.
    fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str()
    }

    /// The message's body.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings, numbers and timestamps always serialize")
    }

    /// What filter policies can select by: `event_type`, `kind`, `amount` (in whole currency units, with cents),
    /// `tenant`, and what the user gave it.
    pub(crate) fn attributes(&self) -> Vec<Attribute> {
        let kind = self.kind();
        let mut attributes = vec![
            Attribute::new("event_type", "String", self.event_type().into()),
            Attribute::new("kind", "String", kind.name().into()),
        ];
        if let Some(amount) = self.data.amount_cents() {
            attributes.push(Attribute::new("amount", "Number", cents(amount)));
        }
        if let Some(tenant) = &self.tenant {
            attributes.push(Attribute::new("tenant", "String", tenant.to_string()));
        }
        attributes.retain(|known| self.given.iter().all(|given| given.name != known.name));
        attributes.extend(self.given.iter().cloned());
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
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Sequence {
    Text(String),
    Number(u64),
}

impl Sequence {
    /// What it counts; nothing if it is no number.
    pub(crate) fn number(&self) -> Option<u64> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Number(number) => Some(*number),
        }
    }
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
        let sequence = wire.sequence.as_ref().and_then(Sequence::number);
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
    fn filler_and_poison_stand_in_the_data() {
        let mut event = Event::new(Story::new(5, 0, &[]).next_event(), "r", Place { publisher: 0, sequence: 0 }, TIME);
        let bare = event.to_json();
        event.fill(bare.len() + 5, &mut crate::event::dice::dice("t", 1, 0));
        assert_eq!(event.to_json(), bare, "there is no room for a filler");
        event.fill(bare.len() + 100, &mut crate::event::dice::dice("t", 1, 0));
        let arrived = Arrived::parse(&event.to_json()).unwrap();
        assert_eq!(event.to_json().len(), bare.len() + 100);
        assert_eq!(arrived.data["filler"].as_str().unwrap().len(), 100 - FILLER);
        assert!(arrived.data["consumer_id"].is_string());
        event.poison = true;
        let arrived = Arrived::parse(&event.to_json()).unwrap();
        assert!(arrived.data["poison"] == true && arrived.data["consumer_id"].is_null() && arrived.run.is_some());
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
