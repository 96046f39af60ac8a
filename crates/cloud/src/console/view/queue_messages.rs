//! The messages of a queue as they lie there: nobody receives them, no count rises and nothing is hidden.

use super::body::{self, IN_LIST, WHOLE, cut, has_at_path};
use super::queue::{Lying, QueueMessages, find};
use super::{Paging, SLICE};
use crate::console::{Viewer, absent, wrong};
use crate::core::receive;
use crate::sqs;
use engine::change::{Attribute, Sent};
use engine::queue::{Entry, State};
use engine::{Millis, Position, ids};
use wire::{AwsError, Form};

/// Messages that are looked at for one page.
const SEARCHED: usize = 5_000;
/// Bytes of bodies that are read for one page.
const MAX_BYTES: usize = 16 << 20;

/// Which messages are wanted.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// In the body.
    pub text: Option<String>,
    /// A JSON path of the body, and the value there.
    pub path: Option<(String, String)>,
    pub state: Option<String>,
    /// Whole bodies, up to 256 KiB each, and not only their beginnings.
    pub whole: bool,
}

impl Wanted {
    /// Reads `text`, `path`, `state` and `whole`.
    ///
    /// # Errors
    /// A path without a value, a state that there isn't.
    pub(crate) fn of(form: &Form) -> Result<Self, AwsError> {
        let given = |name: &str| form.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
        let path = match given("path") {
            None => None,
            Some(path) => match path.split_once('=') {
                Some((path, value)) if !path.is_empty() => Some((path.to_owned(), value.to_owned())),
                _ => return Err(wrong("The parameter path is a JSON path and its value, as a.b[0]=value.")),
            },
        };
        let state = given("state");
        if state.as_deref().is_some_and(|state| !["visible", "in_flight", "delayed"].contains(&state)) {
            return Err(wrong("The parameter state is visible, in_flight or delayed."));
        }
        let whole = given("whole");
        if whole.as_deref().is_some_and(|whole| whole != "1") {
            return Err(wrong("The parameter whole is 1."));
        }
        Ok(Self { text: given("text"), path, state, whole: whole.is_some() })
    }

    fn takes(&self, body: &str) -> bool {
        self.text.as_ref().is_none_or(|text| body.contains(text.as_str()))
            && self.path.as_ref().is_none_or(|(path, value)| has_at_path(body, path, value))
    }
}

/// What a message in a queue is doing, and until when.
pub(crate) fn state_of(entry: &Entry, now: Millis) -> (&'static str, Option<Millis>) {
    match entry.state {
        State::InFlight if entry.visible_at > now => ("in_flight", Some(entry.visible_at)),
        State::Delayed if entry.visible_at > now => ("delayed", Some(entry.visible_at)),
        _ => ("visible", None),
    }
}

/// A message before its record is read.
struct Found {
    position: Position,
    entry: Entry,
    id: String,
    source: Option<String>,
}

/// A page of a queue's messages, in the order in which they came to it.
///
/// # Errors
/// 404 for a queue that isn't there; 400 for a `next` that no page gave; a log that can't be read.
pub(crate) async fn messages(
    viewer: &Viewer,
    name: &str,
    wanted: &Wanted,
    paging: &Paging,
) -> Result<QueueMessages, AwsError> {
    let arn = find(viewer, name)?;
    let mut from = match &paging.next {
        None => 0,
        Some(next) => next.parse::<Position>().map_err(|_| wrong("The parameter next is what a page before gave."))?,
    };
    let core = &viewer.cx.cloud.core;
    let (mut messages, mut searched, mut bytes) = (Vec::new(), 0, 0);
    let mut next = None;
    'all: loop {
        let slice = core.read(|engine, now| {
            let queue = engine.queue(engine.queue_id(&arn)?)?;
            let alive = |entry: &Entry| entry.sent_at.saturating_add(queue.settings.retention) > now;
            let lying = queue.messages_from(from).take(SLICE).filter(|(_, entry)| alive(entry));
            let found = lying.map(|(position, entry)| Found {
                position,
                entry: *entry,
                id: engine.message_id(entry.seq, entry.index),
                source: queue
                    .stray(position)
                    .and_then(|stray| engine.queue(stray.source?))
                    .map(|source| source.config.arn.clone()),
            });
            let more = queue.messages_from(from).nth(SLICE).map(|(position, _)| position);
            Some((now, engine.salt(), queue.settings.fifo, found.collect::<Vec<_>>(), more))
        });
        let Some((now, salt, fifo, found, more)) = slice else { return Err(absent("queue", name)) };
        for found in found {
            if messages.len() == paging.limit || searched == SEARCHED || bytes >= MAX_BYTES {
                next = Some(found.position.to_string());
                break 'all;
            }
            searched += 1;
            if wanted.state.as_deref().is_some_and(|state| state_of(&found.entry, now).0 != state) {
                continue;
            }
            // One after the other: a record holds a megabyte at most, all of them together may not.
            let records = core.payloads(&[found.entry.seq]).await?;
            let Some(record) = records.first().filter(|record| !record.is_empty()) else { continue };
            let sent = receive::sent(record)?;
            let (text, attributes) = sqs::text_of(&viewer.cx.cloud, &sent, found.entry.index)?;
            bytes += text.len();
            if !wanted.takes(&text) {
                continue;
            }
            messages.push(shown(found, &sent, (&text, attributes), wanted.whole, (salt, fifo, now)));
        }
        match more {
            Some(more) => from = more,
            None => break,
        }
    }
    let of = core.count(|engine, now| {
        let id = engine.queue_id(&arn)?;
        let depth = engine.queue_mut(id)?.depth(now);
        Some(depth.visible + depth.in_flight + depth.delayed)
    });
    Ok(QueueMessages { queue: arn, messages, next, searched, of: of.unwrap_or_default() })
}

/// A message as it is shown; with the salt, whether the queue is FIFO, and the time.
fn shown(
    found: Found,
    sent: &Sent<'_>,
    (text, attributes): (&str, &[Attribute<'_>]),
    whole: bool,
    (salt, fifo, now): (u128, bool, Millis),
) -> Lying {
    let (state, until) = state_of(&found.entry, now);
    let (body, is_cut) = cut(text, if whole { WHOLE } else { IN_LIST });
    Lying {
        id: found.id,
        position: found.position,
        body,
        cut: is_cut,
        bytes: text.len(),
        attributes: body::attributes(attributes),
        group: sent.group_in(fifo).map(str::to_owned),
        deduplication_id: sent.deduplication.as_deref().filter(|_| fifo).map(str::to_owned),
        sequence_number: fifo.then(|| ids::sequence_number(salt, found.entry.seq)),
        sent_at: found.entry.sent_at,
        first_received_at: (found.entry.first_received > 0).then_some(found.entry.first_received),
        receives: found.entry.count,
        state,
        until,
        dead_letter_source: found.source,
    }
}
