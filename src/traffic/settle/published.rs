//! What a run published, as `publish --json` wrote it down.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::LANDING;
use super::expected::{Architecture, Expect, Fate, Message};
use super::lines::{Lines, wrong_member};
use crate::event::envelope::{Attribute, Place, Sequence};
use crate::event::own;
use crate::traffic::consumer::short_id;
use crate::traffic::places::Places;

/// So many events of a run are taken in: each is known by its id.
const MOST_EVENTS: usize = 10_000_000;
/// So many types of events are told apart.
const TYPES: usize = 100;
/// So many runs are named where it isn't said which is meant.
const RUNS: usize = 10;

/// What a run published.
#[derive(Debug, Default)]
pub(crate) struct Published {
    pub run: String,
    /// Events, those that were published again included.
    pub events: u64,
    /// Each once, but for those that nobody can handle.
    pub acknowledged: Places,
    /// Each once: what lands.
    all: Places,
    /// Published more than once.
    pub doubles: Places,
    /// What nobody can handle.
    pub poison: Places,
    /// What somebody can handle, by its type.
    types: BTreeMap<String, Places>,
    /// When the first event happened, or where events tell no time, when publishing began.
    pub since: Option<Timestamp>,
    /// How many events the report at the end tells of, and what ended the run before its time; none without a report.
    pub report: Option<(u64, Option<String>)>,
    ids: HashMap<u128, Place>,
    /// Events of somebody's own by their text, which several may have.
    texts: HashMap<u128, Vec<Place>>,
    /// Whether its events are somebody's own.
    pub is_own: bool,
    /// What single queues are to get, as somebody said.
    expected: Vec<(Expect, Places)>,
    /// What the legs that were found are to get, by the topics that it may have been published to.
    fates: Vec<Fate>,
    topics: Vec<String>,
    /// Which topic it was, by its ARN.
    topic: Option<String>,
}

#[derive(Deserialize)]
struct Line {
    record: Option<String>,
    run: Option<String>,
    event: Option<Value>,
    /// Of an event of somebody's own: the number of its line, and its text.
    line: Option<u64>,
    message: Option<String>,
    message_id: Option<String>,
    attributes: Option<Map<String, Value>>,
    published: Option<Total>,
    error: Option<String>,
    merge: Option<Merged>,
}

#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    event_type: String,
    time: Option<String>,
    runid: String,
    publisher: u32,
    sequence: Sequence,
    #[serde(default)]
    data: Data,
}

#[derive(Default, Deserialize)]
struct Data {
    #[serde(default)]
    poison: bool,
}

#[derive(Deserialize)]
struct Merged {
    started_ms: i64,
}

#[derive(Deserialize)]
struct Total {
    events: u64,
    topic_arn: Option<String>,
}

impl Published {
    /// Reads what a file holds of a run that went through what was found of a stack; of its only run if none is named.
    ///
    /// # Errors
    /// What is wrong, with the name of the file and the number of the line.
    pub(crate) fn read(
        path: &Path,
        run: Option<&str>,
        expect: &[Expect],
        found: &Architecture,
    ) -> Result<Self, String> {
        let mut lines = Lines::open(path)?;
        let mut reading = Reading::new(run.unwrap_or_default(), expect, found);
        while let Some(line) = lines.next::<Line>()? {
            reading.take(line).map_err(|why| lines.here(&why))?;
        }
        let name = lines.name();
        let (published, mut others) = reading.end();
        if run.is_none() && !others.is_empty() {
            others.insert(published.run.clone());
            let others: Vec<_> = others.into_iter().collect();
            return Err(format!("{name} holds events of several runs ({}): --run says which", others.join(", ")));
        }
        if published.events == 0 {
            let others: Vec<_> = others.iter().map(String::as_str).collect();
            return Err(match run {
                Some(run) if others.is_empty() => format!("{name} holds no event of the run {run}"),
                Some(run) => format!("{name} holds no event of the run {run}, but of {}", others.join(", ")),
                None => format!("{name} holds no event"),
            });
        }
        Ok(published)
    }

    fn empty(run: &str, expect: &[Expect], found: &Architecture) -> Self {
        Self {
            run: run.to_owned(),
            expected: expect.iter().map(|expect| (expect.clone(), Places::default())).collect(),
            fates: found.legs.iter().cloned().map(Fate::new).collect(),
            topics: found.topics.clone(),
            ..Self::default()
        }
    }

    fn take(&mut self, event: Event, json: &Value, attributes: Option<&[Attribute]>) -> Result<(), String> {
        let sequence = event.sequence.number().ok_or("its sequence is no number")?;
        let place = Place { publisher: event.publisher, sequence };
        self.events += 1;
        let time = event.time.and_then(|time| time.parse().ok());
        self.since = [self.since, time].into_iter().flatten().min();
        self.all.insert(place);
        self.ids.insert(short_id(&event.id), place);
        self.check_size()?;
        if event.data.poison {
            self.poison.insert(place);
        } else if !self.acknowledged.insert(place) {
            self.doubles.insert(place);
        } else {
            self.note_type(&event.event_type, place);
        }
        for (expect, places) in &mut self.expected {
            if (!event.data.poison || expect.queue == LANDING) && expect.has(&event.event_type) {
                places.insert(place);
            }
        }
        let body = if self.fates.is_empty() { String::new() } else { json.to_string() };
        let message = Message { place, body: &body, attributes, poison: event.data.poison };
        self.fates.iter_mut().for_each(|fate| fate.take(&message));
        Ok(())
    }

    /// An event of somebody's own: its place is that of its line.
    fn take_own(
        &mut self,
        line: u64,
        text: &str,
        message_id: &str,
        attributes: Option<&[Attribute]>,
    ) -> Result<(), String> {
        let place = Place { publisher: 0, sequence: line };
        self.is_own = true;
        self.events += 1;
        self.all.insert(place);
        self.acknowledged.insert(place);
        self.ids.insert(short_id(message_id), place);
        self.texts.entry(short_id(text)).or_default().push(place);
        self.check_size()?;
        let body: Value = serde_json::from_str(text).unwrap_or_default();
        if let Some(id) = body["id"].as_str() {
            self.ids.entry(short_id(id)).or_insert(place);
        }
        body["type"].as_str().into_iter().for_each(|kind| self.note_type(kind, place));
        for (expect, places) in &mut self.expected {
            if body["type"].as_str().is_some_and(|event_type| expect.has(event_type)) {
                places.insert(place);
            }
        }
        let message = Message { place, body: text, attributes, poison: false };
        self.fates.iter_mut().for_each(|fate| fate.take(&message));
        Ok(())
    }

    fn note_type(&mut self, kind: &str, place: Place) {
        if self.types.len() < TYPES || self.types.contains_key(kind) {
            self.types.entry(kind.to_owned()).or_default().insert(place);
        }
    }

    /// The types of events of which a queue saw none, and those of which it lacks none, as `lost` tells of places; nothing where that is
    /// no clear cut, or where it is known what the queue is to get.
    pub(super) fn by_types(&self, queue: &str, lost: impl Fn(&Places) -> u64) -> Option<(Vec<&str>, Vec<&str>)> {
        let is_known = self.expected.iter().any(|(expect, _)| expect.queue == queue)
            || self.fates.iter().any(|fate| fate.is(queue));
        let (mut none, mut all) = (Vec::new(), Vec::new());
        for (kind, places) in self.types.iter().filter(|_| !is_known) {
            match lost(places) {
                0 => all.push(kind.as_str()),
                lost if lost == places.total => none.push(kind.as_str()),
                _ => return None,
            }
        }
        (!none.is_empty() && !all.is_empty()).then_some((none, all))
    }

    fn check_size(&self) -> Result<(), String> {
        match self.all.total > MOST_EVENTS as u64 {
            true => Err(format!("there are more than {MOST_EVENTS} events of the run")),
            false => Ok(()),
        }
    }

    /// Where the event with an id stands.
    pub(super) fn place(&self, id: &str) -> Option<Place> {
        self.ids.get(&short_id(id)).copied()
    }

    /// Where the events of somebody's own stand that have this text.
    pub(super) fn places_of(&self, text: &str) -> &[Place] {
        self.texts.get(&short_id(text)).map_or(&[], Vec::as_slice)
    }

    /// Which of the topics it was published to, if one of them is known to be it.
    fn topic(&self) -> Option<usize> {
        match &self.topic {
            Some(topic) => self.topics.iter().position(|known| known == topic),
            None => (self.topics.len() == 1).then_some(0),
        }
    }

    /// Why nobody can say what the legs that were found are to get.
    pub(crate) fn doubt(&self) -> Option<String> {
        match &self.topic {
            Some(topic) if !self.topics.is_empty() && self.topic().is_none() => {
                Some(format!("it was published to {topic}, which feeds no queue and no stream of the stack"))
            }
            _ => None,
        }
    }

    /// What a queue is to get, or the bucket.
    pub(crate) fn expected(&self, queue: &str) -> &Places {
        if let Some((_, places)) = self.expected.iter().find(|(expect, _)| expect.queue == queue) {
            return places;
        }
        let fate = self.fates.iter().find(|fate| fate.is(queue));
        if let Some(passed) = fate.zip(self.topic()).and_then(|(fate, topic)| fate.of(topic)) {
            return &passed.places;
        }
        if queue == LANDING { &self.all } else { &self.acknowledged }
    }

    /// How many events there are of which nobody can say whether a queue or the bucket is to get them.
    pub(crate) fn unsure(&self, queue: &str) -> u64 {
        if self.expected.iter().any(|(expect, _)| expect.queue == queue) {
            return 0;
        }
        let fate = self.fates.iter().find(|fate| fate.is(queue));
        fate.zip(self.topic()).and_then(|(fate, topic)| fate.of(topic)).map_or(0, |passed| passed.unsure)
    }

    /// The queues of which it was said what they are to get.
    pub(crate) fn expecting(&self) -> impl Iterator<Item = &str> {
        self.expected.iter().map(|(expect, _)| expect.queue.as_str())
    }
}

/// A file that is being read.
struct Reading<'a> {
    published: Published,
    /// Events of somebody's own: which run they are of, the report behind them says.
    own: Published,
    /// Other runs of the file.
    others: BTreeSet<String>,
    expect: &'a [Expect],
    found: &'a Architecture,
}

impl<'a> Reading<'a> {
    fn new(run: &str, expect: &'a [Expect], found: &'a Architecture) -> Self {
        let empty = |run| Published::empty(run, expect, found);
        Self { published: empty(run), own: empty(""), others: BTreeSet::new(), expect, found }
    }

    fn take(&mut self, line: Line) -> Result<(), String> {
        match (line.record.as_deref(), line.event, line.published) {
            (Some("published"), Some(event), _) => {
                let told: Event = serde_json::from_value(event.clone()).map_err(|why| no_event(&event, &why))?;
                if self.published.run.is_empty() {
                    self.published.run.clone_from(&told.runid);
                }
                if self.published.run != told.runid {
                    self.note_other(told.runid);
                    return Ok(());
                }
                self.published.take(told, &event, attributes(line.attributes)?.as_deref())
            }
            (Some("published"), None, _) => {
                let (Some(number), Some(text)) = (line.line, line.message) else {
                    return Err("it tells of no event".into());
                };
                let id = line.message_id.unwrap_or_default();
                self.own.take_own(number, &text, &id, attributes(line.attributes)?.as_deref())
            }
            (Some("report"), _, Some(total)) => {
                self.take_report(line.run.unwrap_or_default(), total, line.error, line.merge);
                Ok(())
            }
            (Some(_), ..) => Ok(()),
            (None, ..) => Err("it is no record of `messaging publish --json`".into()),
        }
    }

    fn take_report(&mut self, run: String, total: Total, error: Option<String>, merge: Option<Merged>) {
        if self.own.events > 0 {
            let mut own = std::mem::replace(&mut self.own, Published::empty("", self.expect, self.found));
            if self.published.events == 0 && [run.as_str(), ""].contains(&self.published.run.as_str()) {
                own.run.clone_from(&run);
                self.published = own;
            } else {
                self.note_other(run.clone());
            }
        }
        if run == self.published.run {
            let began = merge.and_then(|merge| Timestamp::from_millisecond(merge.started_ms).ok());
            self.published.since = self.published.since.or(began);
            self.published.topic = total.topic_arn;
            self.published.report = Some((total.events, error));
        }
    }

    fn note_other(&mut self, run: String) {
        if self.others.len() < RUNS {
            self.others.insert(run);
        }
    }

    /// What was published, and other runs. Of events whose report was cut off nobody says which run they are of.
    fn end(self) -> (Published, BTreeSet<String>) {
        let unnamed = self.published.events == 0 && self.published.run.is_empty();
        (if unnamed { self.own } else { self.published }, self.others)
    }
}

/// What is wrong with what is told as an event of the story.
fn no_event(event: &Value, why: &serde_json::Error) -> String {
    let why = match event {
        Value::Object(members) => wrong_member::<Event>(members, why),
        _ => "it is no object".to_owned(),
    };
    format!("its \"event\" isn't one that `messaging publish --json` tells: {why}")
}

/// The attributes of a record; none if it has no such member.
fn attributes(given: Option<Map<String, Value>>) -> Result<Option<Vec<Attribute>>, String> {
    let Some(given) = given else { return Ok(None) };
    given.iter().map(|(name, value)| own::attribute(name, value)).collect::<Result<Vec<_>, _>>().map(Some)
}
