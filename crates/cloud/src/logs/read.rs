//! Pages of events.

use super::chunk::{self, Chunk, Event};
use super::error::{INVALID, checks};
use super::position::{Position, Way};
use crate::turns;
use engine::Millis;
use wire::AwsError;
use wire::check;

/// "GetLogEvents" and "FilterLogEvents", API Reference: events of a page.
const MAX_EVENTS: i64 = 10_000;
/// And its bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Which events are wanted: those from a time on, and before another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub from: Millis,
    pub before: Millis,
}

/// A page of events, in the order that was asked for.
pub(super) struct Page<'c> {
    pub events: Vec<(Position, u64, Event<'c>)>,
    /// Whether more may follow in the same direction.
    pub more: bool,
}

/// Checks a page's size.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn check_limit(limit: Option<i64>) -> Result<usize, AwsError> {
    let limit = limit.unwrap_or(MAX_EVENTS);
    let mut checks = checks();
    checks.number(limit, "limit", 1..=MAX_EVENTS);
    checks.done()?;
    Ok(usize::try_from(limit).unwrap_or(1))
}

/// Checks a time of a range.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn check_time(time: Option<i64>, member: &str) -> Result<Option<Millis>, AwsError> {
    let checked = time.map(|time| {
        let below = || check::failed(INVALID, time, member, "Member must have value greater than or equal to 0");
        Millis::try_from(time).map_err(|_| below())
    });
    checked.transpose()
}

impl Range {
    /// The range with nothing in it that is older than `horizon`.
    pub(super) fn within(self, horizon: Millis) -> Self {
        Self { from: self.from.max(horizon), ..self }
    }

    /// Whether a chunk may hold events of the range.
    pub(super) fn meets(self, chunk: &Chunk) -> bool {
        chunk.head.last >= self.from && chunk.head.first < self.before
    }

    fn holds(self, event: &Event<'_>) -> bool {
        (self.from..self.before).contains(&event.at)
    }
}

/// The page behind a position, or before it; from the first event or the last without. `fits` is asked for as many events as the
/// page needs.
pub(super) fn page<'c>(
    chunks: &'c [Chunk],
    range: Range,
    way: Way,
    from: Option<Position>,
    limit: usize,
    fits: impl Fn(&Event<'_>) -> bool,
) -> Page<'c> {
    let beyond = |position: Position| match (way, from) {
        (_, None) => true,
        (Way::Forward, Some(from)) => position >= from,
        (Way::Backward, Some(from)) => position < from,
    };
    let mut found: Vec<(Position, u64, Event<'c>)> = Vec::new();
    for chunk in chunks {
        for (index, event) in chunk::events(&chunk.bytes).into_iter().enumerate() {
            let position = Position::of(&event, chunk.number, index);
            if range.holds(&event) && beyond(position) {
                found.push((position, chunk.head.stream, event));
            }
        }
    }
    found.sort_unstable_by_key(|(position, ..)| *position);
    if way == Way::Backward {
        found.reverse();
    }
    let mut page = Page { events: Vec::new(), more: false };
    let mut bytes = 0;
    for entry in found.into_iter().filter(|(.., event)| fits(event)) {
        bytes += entry.2.bytes();
        if page.events.len() == limit || (bytes > MAX_BYTES && !page.events.is_empty()) {
            page.more = true;
            break;
        }
        page.events.push(entry);
    }
    page
}

/// Does what takes a while where no request has to wait for it.
///
/// # Errors
/// An internal one if it panicked.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AwsError> {
    turns::aside(work).await.map_err(|error| AwsError::internal(error.to_string()))
}
