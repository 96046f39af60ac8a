//! What consumers say that they handled, a line of JSON for each event.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::bucket::next;
use super::lines::Lines;
use super::published::Published;
use crate::event::envelope::{Place, Sequence};
use crate::traffic::account::Account;
use crate::traffic::leg::Leg;

/// So many queues are told apart.
const MOST_QUEUES: usize = 64;
/// The name of a queue is at most so long (API reference of SQS, CreateQueue), and that of its file may be.
const MAX_NAME: usize = 256;
/// How a queue is called that no line names.
const UNNAMED: &str = "handled";

/// What was handled, by queue.
#[derive(Debug, Default)]
pub(crate) struct Handled {
    legs: BTreeMap<String, HandledLeg>,
    /// Lines about events of other runs, and about ids that the run has none of.
    pub other_runs: u64,
    pub unknown: u64,
}

/// What was handled of one queue.
#[derive(Debug)]
pub(crate) struct HandledLeg {
    leg: Leg,
    /// How often what was handled was handled again, with its effect.
    pub effect_twice: u64,
}

/// A line: an event by its id, or by its publisher and sequence.
#[derive(Deserialize)]
struct Line {
    record: Option<String>,
    #[serde(alias = "event_id")]
    id: Option<String>,
    /// SNS's id of it, in SNS's envelope.
    #[serde(rename = "MessageId")]
    message_id: Option<String>,
    #[serde(alias = "runid")]
    run: Option<String>,
    publisher: Option<u32>,
    sequence: Option<Sequence>,
    #[serde(alias = "api")]
    queue: Option<String>,
    effect: Option<bool>,
    /// Of an event of somebody's own: its text, or what `consume --json` tells of it.
    #[serde(alias = "own", alias = "Message")]
    message: Option<String>,
    /// The number of the line that it was published from.
    line: Option<u64>,
}

impl Handled {
    /// Takes in what a file says.
    ///
    /// # Errors
    /// What is wrong, with the name of the file and the number of the line.
    pub(crate) fn read(&mut self, path: &Path, published: &Published) -> Result<(), String> {
        let mut lines = Lines::open(path)?;
        while let Some(line) = lines.next::<Line>()? {
            // What `consume` says of failures, deaths and its end.
            if line.record.as_deref().is_some_and(|record| record != "handled") {
                continue;
            }
            self.take(line, published).map_err(|why| lines.here(&why))?;
        }
        Ok(())
    }

    fn take(&mut self, line: Line, published: &Published) -> Result<(), String> {
        let sequence = line.sequence.map(|it| it.number().ok_or("its sequence is no number")).transpose()?;
        if line.run.is_some_and(|run| run != published.run) {
            self.other_runs += 1;
            return Ok(());
        }
        let queue = line.queue.as_deref().unwrap_or(UNNAMED);
        let seen = self.legs.get(queue).map(|leg| &leg.leg);
        let place = match (line.publisher, sequence, line.id.as_ref().or(line.message_id.as_ref())) {
            (Some(publisher), Some(sequence), _) => Some(Place { publisher, sequence }),
            // Another run may have published the same text.
            (.., Some(id)) if published.is_own && line.id.is_none() => published.place(id),
            (_, _, id) if published.is_own => {
                let by_line = line.line.map(|line| Place { publisher: 0, sequence: line });
                let by_text = || next(seen, published.places_of(line.message.as_deref()?));
                if id.is_none() && line.line.is_none() && line.message.is_none() {
                    return Err("it has neither an \"id\" nor a \"line\" nor a \"message\"".into());
                }
                by_line.or_else(|| published.place(id?)).or_else(by_text)
            }
            (_, _, Some(id)) => published.place(id),
            _ => return Err("it has neither an \"id\" nor a \"publisher\" and a \"sequence\"".into()),
        };
        let Some(place) = place else {
            self.unknown += 1;
            return Ok(());
        };
        if queue.len() > MAX_NAME {
            return Err(format!("its queue's name is longer than {MAX_NAME} bytes"));
        }
        if !self.legs.contains_key(queue) {
            if self.legs.len() == MOST_QUEUES {
                return Err(format!("it names one more than {MOST_QUEUES} queues"));
            }
            self.legs.insert(queue.to_owned(), HandledLeg { leg: Leg::unhurried(), effect_twice: 0 });
        }
        let Some(leg) = self.legs.get_mut(queue) else { return Ok(()) };
        if leg.leg.handle(place, None, None) {
            leg.effect_twice += u64::from(line.effect != Some(false));
            if published.doubles.contains(place) {
                leg.leg.expect_twice(place);
            }
        }
        Ok(())
    }

    /// The queues that lines named, each with what was handled of it.
    pub(crate) fn queues(&self) -> impl Iterator<Item = (&str, &HandledLeg)> {
        self.legs.iter().map(|(queue, leg)| (queue.as_str(), leg))
    }

    /// The queues, each with what was handled of it; also those of which it was said what they are to get.
    pub(crate) fn legs(&mut self, published: &Published) -> impl Iterator<Item = (&str, &HandledLeg)> {
        for queue in published.expecting() {
            let none = || HandledLeg { leg: Leg::unhurried(), effect_twice: 0 };
            self.legs.entry(queue.to_owned()).or_insert_with(none);
        }
        self.queues()
    }
}

impl HandledLeg {
    /// Why it may lack what it lacks, in words, if a filter policy that nobody told of would explain it; `known` are the queues of the
    /// stack, if that was looked at.
    pub(crate) fn hint(&self, queue: &str, published: &Published, known: Option<&[&str]>) -> Option<String> {
        let (none, all) = published.by_types(queue, |places| self.leg.balance(places).lost.unwrap_or(0))?;
        let policies = match known {
            Some(known) => format!(
                "the stack has no queue {queue}, whose policy would tell: it has {}. Lines whose \"queue\" is one of them, or",
                known.join(", ")
            ),
            None => "--look reads the stack's policies, or".to_owned(),
        };
        let (types, only) = (none.join(", "), all.join(","));
        Some(format!(
            "a filter policy keeps them out: {queue} saw no {types}, and all else. {policies} --expect {queue}={only} says what it \
             is to get"
        ))
    }

    /// How a queue balances.
    pub(crate) fn account(&self, queue: &str, published: &Published) -> Account {
        self.leg.balance(published.expected(queue))
    }
}
