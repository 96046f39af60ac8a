//! Searches what the journal remembers of messages.

use std::borrow::Cow;

use super::message::{Found, MessageKind, Messages};
use super::{Paging, body, name_of};
use crate::console::{Viewer, wrong};
use crate::core::journal::reading::Remembered;
use crate::core::journal::{Journal, What};
use crate::core::receive;
use engine::change::{self, Change, Target, Value};
use engine::ids::{self, Kind};
use engine::{Engine, Millis, Seq};
use text::arn;
use wire::{AwsError, Form};

/// Messages that are looked at for one page, and under one lock.
const SEARCHED: usize = 100_000;
const AT_ONCE: usize = 200;
/// Bytes of records that are looked at under one lock.
const BYTES: usize = 4 << 20;
/// Places that are named of where a message went.
const NAMED: usize = 10;

/// Which messages are wanted; with nothing said, all.
#[derive(Debug, Default)]
pub(crate) struct Search {
    pub text: Option<String>,
    pub group: Option<String>,
    pub attribute: Option<(String, String)>,
    /// A topic's, queue's or stream's name or ARN that it came to.
    pub topic: Option<String>,
    pub from: Option<Millis>,
    pub to: Option<Millis>,
    /// Those after the one with this number, the oldest first, as somebody follows them.
    pub after: Option<Seq>,
}

impl Search {
    /// Reads `text`, `group`, `attribute`, `topic`, `from`, `to` and `after`.
    ///
    /// # Errors
    /// A time or a number that is none, an attribute without a value.
    pub(crate) fn of(form: &Form) -> Result<Self, AwsError> {
        let given = |name: &str| form.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
        let number = |name: &str| match form.get(name).filter(|value| !value.is_empty()) {
            None => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| wrong(format!("The parameter {name} is a number."))),
        };
        let attribute = match given("attribute") {
            None => None,
            Some(text) => match text.split_once(':') {
                Some((name, value)) if !name.is_empty() && !value.is_empty() => {
                    Some((name.to_owned(), value.to_owned()))
                }
                _ => return Err(wrong("The parameter attribute is a name and a value, as kind:order.")),
            },
        };
        let (group, topic) = (given("group"), given("topic"));
        let (from, to, after) = (number("from")?, number("to")?, number("after")?);
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return Err(wrong("The parameter from is a moment before that of to."));
        }
        Ok(Self { text: given("text"), group, attribute, topic, from, to, after })
    }

    /// Whether a record may be what is wanted: texts stand in it as they are.
    fn may_be(&self, it: &Remembered, record: &[u8]) -> bool {
        let has = |text: &Option<String>| {
            text.as_ref().is_none_or(|text| memchr::memmem::find(record, text.as_bytes()).is_some())
        };
        self.from.is_none_or(|from| it.at >= from)
            && self.to.is_none_or(|to| it.at <= to)
            && has(&self.text)
            && has(&self.group)
            && self.attribute.as_ref().is_none_or(|(name, _)| memchr::memmem::find(record, name.as_bytes()).is_some())
    }

    fn takes(
        &self,
        topic: Option<&str>,
        to: &[String],
        group: Option<&str>,
        attributes: &[change::Attribute<'_>],
    ) -> bool {
        let is_named = |arn: &str| self.topic.as_deref().is_none_or(|name| name == arn || name == name_of(arn));
        if self.topic.is_some() && !topic.into_iter().chain(to.iter().map(String::as_str)).any(is_named) {
            return false;
        }
        if self.group.is_some() && self.group.as_deref() != group {
            return false;
        }
        let Some((name, value)) = &self.attribute else { return true };
        let has = |attribute: &change::Attribute<'_>| {
            attribute.name == name && matches!(attribute.value, Value::Text(text) if text == value)
        };
        attributes.iter().any(has)
    }
}

/// Searches what is remembered, newest first; with `after` what came since, oldest first.
pub(crate) fn messages(viewer: &Viewer, search: &Search, paging: &Paging) -> Result<Messages, AwsError> {
    let core = &viewer.cx.cloud.core;
    let mut at = match (&paging.next, search.after) {
        (Some(next), _) => next.parse().map_err(|_| wrong("The parameter next is what a page before gave."))?,
        (None, Some(after)) => after,
        (None, None) => Seq::MAX,
    };
    let forward = search.after.is_some();
    let (mut found, mut searched, mut next) = (Vec::new(), 0, None);
    let mut last = search.after;
    loop {
        let (seen, end, looked) = core.look(|engine, journal, _| match forward {
            true => look_at(engine, viewer, journal, search, journal.after(at, AT_ONCE)),
            false => look_at(engine, viewer, journal, search, journal.before(at, AT_ONCE)),
        });
        let Some(end) = end else { break };
        (at, searched) = (end, searched + looked);
        last = last.map(|_| end);
        for (number, one) in seen {
            if found.len() == paging.limit {
                // The next page begins with it.
                next = Some(if forward { number - 1 } else { number + 1 }.to_string());
                last = last.map(|_| number - 1);
                break;
            }
            found.push(one);
        }
        if next.is_some() {
            break;
        }
        if searched >= SEARCHED {
            next = Some(at.to_string());
            break;
        }
    }
    let (of, forgotten) = core.look(|_, journal, _| (journal.len(), journal.has_forgotten()));
    Ok(Messages { messages: found, searched, of, forgotten, last, next })
}

/// What is wanted of some messages, the number of the last of them, and how many they were: up to so many bytes.
fn look_at<'j>(
    engine: &Engine,
    viewer: &Viewer,
    journal: &Journal,
    search: &Search,
    some: impl Iterator<Item = (Remembered, &'j [u8])>,
) -> (Vec<(Seq, Found)>, Option<Seq>, usize) {
    let (mut seen, mut end, mut looked, mut bytes) = (Vec::new(), None, 0, 0);
    for (it, record) in some {
        (end, looked, bytes) = (Some(it.seq), looked + 1, bytes + record.len());
        if search.may_be(&it, record) {
            let found = found_of(engine, viewer, journal, &it, record, Some(search));
            seen.extend(found.map(|found| (it.seq, found)));
        }
        if bytes > BYTES {
            break;
        }
    }
    (seen, end, looked)
}

/// Whether a copy is nowhere any more.
pub(crate) fn is_over(what: What) -> bool {
    use What::{Deleted, Expired, GivenUp, Gone, Landed, Purged};
    matches!(what, Deleted | Expired | Purged | Gone | Landed | GivenUp)
}

/// The row of a message, if it is of the viewer's account and what is searched.
fn found_of(
    engine: &Engine,
    viewer: &Viewer,
    journal: &Journal,
    it: &Remembered,
    record: &[u8],
    search: Option<&Search>,
) -> Option<Found> {
    let change = receive::put(record).ok()?;
    let to = targets(engine, &change);
    let topic = topic_of(&change);
    let arn = topic.or_else(|| to.first().map(String::as_str))?;
    if !viewer.sees(arn) {
        return None;
    }
    let (id, kind) = id_of(engine, &change, it.seq);
    let (text, group, subject, attributes): (Cow<'_, str>, _, _, &[_]) = match &change {
        Change::Sent(sent) => {
            (sent.bodies.first().copied().unwrap_or_default().into(), sent.group, sent.subject, &sent.attributes)
        }
        Change::Put(put) => (String::from_utf8_lossy(put.data), None, None, &[]),
        _ => return None,
    };
    if search.is_some_and(|search| !search.takes(topic, &to, group, attributes)) {
        return None;
    }
    let lives = |index: &u32| journal.last(it.seq, *index as u16).is_none_or(|moment| !is_over(moment.what));
    // What becomes of it in another account is that account's affair.
    let is_own = |index: &u32| {
        let to = match &change {
            Change::Sent(sent) if viewer.is_signed => sent.deliveries.get(*index as usize),
            _ => None,
        };
        to.and_then(|delivery| target_arn(engine, &delivery.to))
            .is_none_or(|to| arn::account(to) == &*viewer.cx.account)
    };
    Some(Found {
        id,
        number: it.seq,
        kind,
        at: it.at,
        topic: topic.map(str::to_owned),
        group: group.map(str::to_owned),
        subject: subject.map(str::to_owned),
        body: body::cut(&text, body::IN_LIST).0,
        bytes: text.len(),
        copies: it.copies as usize,
        waiting: (0..it.copies).filter(lives).filter(is_own).count(),
        to: to.into_iter().take(NAMED).collect(),
    })
}

/// The topic of a message.
pub(crate) fn topic_of<'c>(change: &Change<'c>) -> Option<&'c str> {
    match change {
        Change::Sent(sent) => sent.topic,
        _ => None,
    }
}

/// A message's id, and how it came.
pub(crate) fn id_of(engine: &Engine, change: &Change<'_>, seq: Seq) -> (String, MessageKind) {
    match change {
        Change::Sent(sent) if sent.topic.is_some() => (engine.notification_id(seq), MessageKind::Published),
        Change::Put(_) => (engine.record_id(seq), MessageKind::Put),
        _ => (engine.message_id(seq, 0), MessageKind::Sent),
    }
}

/// The ARN of where a copy went, if it is still there.
fn target_arn<'e>(engine: &'e Engine, to: &Target) -> Option<&'e str> {
    match to {
        Target::Queue { queue, .. } => engine.queue(*queue).map(|queue| queue.config.arn.as_str()),
        Target::Stream { stream, .. } => engine.stream(*stream).map(|stream| stream.config.arn.as_str()),
    }
}

/// The ARNs of where a message went, of what is still there.
fn targets(engine: &Engine, change: &Change<'_>) -> Vec<String> {
    let arn = |to: &Target| target_arn(engine, to).map(str::to_owned);
    match change {
        Change::Sent(sent) => sent.deliveries.iter().filter_map(|delivery| arn(&delivery.to)).collect(),
        Change::Put(put) => engine.stream(put.stream).map(|stream| stream.config.arn.clone()).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The number of the message with an id: of a publish, of one of its copies, or of a stream's record.
pub(crate) fn number_of(viewer: &Viewer, id: &str) -> Option<Seq> {
    let core = &viewer.cx.cloud.core;
    let mut at = Seq::MAX;
    loop {
        let (salt, slice) = core.look(|engine, journal, _| {
            let slice = journal.before(at, 10 * AT_ONCE).map(|(it, _)| (it.seq, it.copies));
            (engine.salt(), slice.collect::<Vec<_>>())
        });
        let is = |kind: Kind, seq: Seq, index: u16| text::uuid::format(ids::uuid(salt, kind, seq, index)) == id;
        for (seq, copies) in &slice {
            if is(Kind::Notification, *seq, 0) || (0..*copies).any(|index| is(Kind::Message, *seq, index as u16)) {
                return Some(*seq);
            }
        }
        at = slice.last()?.0;
    }
}

/// The message with an id, as a search shows it.
pub(crate) fn by_id(viewer: &Viewer, id: &str) -> Messages {
    let seq = if text::uuid::is_uuid(id) { number_of(viewer, id) } else { None };
    viewer.cx.cloud.core.look(|engine, journal, _| {
        let found = seq.and_then(|seq| {
            let (it, record) = journal.before(seq + 1, 1).find(|(it, _)| it.seq == seq)?;
            found_of(engine, viewer, journal, &it, record, None)
        });
        let (messages, of) = (found.into_iter().collect(), journal.len());
        Messages { messages, searched: of, of, forgotten: journal.has_forgotten(), last: None, next: None }
    })
}
