//! What a run published, as `publish --json` wrote it down.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;

use super::LANDING;
use super::lines::Lines;
use crate::event::envelope::{Place, Sequence};
use crate::traffic::consumer::short_id;
use crate::traffic::places::Places;

/// So many events of a run are taken in: each is known by its id.
const MOST_EVENTS: usize = 10_000_000;
/// So many runs are named where it isn't said which is meant.
const RUNS: usize = 10;

/// Which types of events a queue is to get, where a filter policy keeps others out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expect {
    queue: String,
    types: BTreeSet<String>,
}

impl Expect {
    /// Reads `QUEUE=TYPE,TYPE`.
    ///
    /// # Errors
    /// What would be right.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (queue, types) = text.split_once('=').ok_or("a queue and types are needed, like orders=order.placed")?;
        let types: BTreeSet<_> = types.split(',').map(|it| it.trim().to_owned()).collect();
        if queue.trim().is_empty() || types.contains("") {
            return Err("a queue and types are needed, like orders=order.placed,payment.captured".into());
        }
        Ok(Self { queue: queue.trim().to_owned(), types })
    }
}

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
    /// When the first event happened.
    pub since: Option<Timestamp>,
    /// How many events the report at the end tells of, and what ended the run before its time; none without a report.
    pub report: Option<(u64, Option<String>)>,
    ids: HashMap<u128, Place>,
    /// What single queues are to get.
    expected: Vec<(Expect, Places)>,
}

#[derive(Deserialize)]
struct Line {
    record: Option<String>,
    run: Option<String>,
    event: Option<Event>,
    published: Option<Total>,
    error: Option<String>,
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
struct Total {
    events: u64,
}

impl Published {
    /// Reads what a file holds of a run; of its only one if none is named.
    ///
    /// # Errors
    /// What is wrong, with the name of the file and the number of the line.
    pub(crate) fn read(path: &Path, run: Option<&str>, expect: &[Expect]) -> Result<Self, String> {
        let mut lines = Lines::open(path)?;
        let expected = expect.iter().map(|expect| (expect.clone(), Places::default())).collect();
        let mut published = Self { run: run.unwrap_or_default().to_owned(), expected, ..Self::default() };
        let mut others = BTreeSet::new();
        while let Some(line) = lines.next::<Line>()? {
            match (line.record.as_deref(), line.event, line.published) {
                (Some("published"), Some(event), _) => {
                    if published.run.is_empty() {
                        published.run.clone_from(&event.runid);
                    }
                    if published.run != event.runid {
                        if others.len() < RUNS {
                            others.insert(event.runid);
                        }
                        continue;
                    }
                    published.take(event).map_err(|why| lines.here(&why))?;
                }
                (Some("report"), _, Some(Total { events })) if line.run.as_ref() == Some(&published.run) => {
                    published.report = Some((events, line.error));
                }
                (Some(_), ..) => {}
                (None, ..) => return Err(lines.here("it is no record of `messaging publish --json`")),
            }
        }
        let name = lines.name();
        if run.is_none() && !others.is_empty() {
            others.insert(published.run.clone());
            let others: Vec<_> = others.into_iter().collect();
            return Err(format!("{name} holds events of several runs ({}): --run says which", others.join(", ")));
        }
        if published.events == 0 {
            return Err(match run {
                Some(run) => format!("{name} holds no event of the run {run}"),
                None => format!("{name} holds no event of the built-in story"),
            });
        }
        Ok(published)
    }

    fn take(&mut self, event: Event) -> Result<(), String> {
        let sequence = event.sequence.number().ok_or("its sequence is no number")?;
        let place = Place { publisher: event.publisher, sequence };
        self.events += 1;
        let time = event.time.and_then(|time| time.parse().ok());
        self.since = [self.since, time].into_iter().flatten().min();
        self.all.insert(place);
        self.ids.insert(short_id(&event.id), place);
        if self.ids.len() > MOST_EVENTS {
            return Err(format!("there are more than {MOST_EVENTS} events of the run"));
        }
        if event.data.poison {
            self.poison.insert(place);
        } else if !self.acknowledged.insert(place) {
            self.doubles.insert(place);
        }
        for (expect, places) in &mut self.expected {
            if (!event.data.poison || expect.queue == LANDING) && expect.types.contains(&event.event_type) {
                places.insert(place);
            }
        }
        Ok(())
    }

    /// Where the event with an id stands.
    pub(super) fn place(&self, id: &str) -> Option<Place> {
        self.ids.get(&short_id(id)).copied()
    }

    /// What a queue is to get, or the bucket.
    pub(crate) fn expected(&self, queue: &str) -> &Places {
        let found = self.expected.iter().find(|(expect, _)| expect.queue == queue);
        let rest = if queue == LANDING { &self.all } else { &self.acknowledged };
        found.map_or(rest, |(_, places)| places)
    }

    /// The queues of which it was said what they are to get.
    pub(crate) fn expecting(&self) -> impl Iterator<Item = &str> {
        self.expected.iter().map(|(expect, _)| expect.queue.as_str())
    }
}
