//! Where an event stands among those of its group, and the tokens that name such a place.

use super::chunk::Event;
use engine::Millis;

/// A place in the order of events: by time, then by when they came, then as they were put ("FilterLogEvents", API Reference). It
/// lies before the event that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Position {
    at: Millis,
    ingested: Millis,
    chunk: u64,
    index: u64,
}

/// Digits of each of a position's numbers in a token.
const DIGITS: usize = 20;

impl Position {
    /// An event's place: the chunk's number, and the event's within it.
    pub(super) fn of(event: &Event<'_>, chunk: u64, index: usize) -> Self {
        Self { at: event.at, ingested: event.ingested, chunk, index: index as u64 }
    }

    /// The place behind the event.
    pub(super) fn behind(self) -> Self {
        Self { index: self.index + 1, ..self }
    }

    /// As text.
    pub(super) fn write(self) -> String {
        let Self { at, ingested, chunk, index } = self;
        format!("{at:020}{ingested:020}{chunk:020}{index:020}")
    }

    /// Reads what [`Self::write`] wrote.
    pub(super) fn read(text: &str) -> Option<Self> {
        if text.len() != 4 * DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut numbers = [0; 4];
        for (at, number) in numbers.iter_mut().enumerate() {
            *number = text[at * DIGITS..][..DIGITS].parse().ok()?;
        }
        let [at, ingested, chunk, index] = numbers;
        Some(Self { at, ingested, chunk, index })
    }

    /// An event's id: 56 digits, as AWS's have.
    pub(super) fn event_id(self) -> String {
        format!("{:020}{:020}{:016}", self.at, self.chunk, self.index)
    }
}

/// Which way a page goes on from a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// To newer events.
    Forward,
    /// To older ones.
    Backward,
}

impl Way {
    /// A token: AWS's begin with `f/` and `b/` too.
    pub(super) fn token(self, position: Position) -> String {
        let way = if self == Self::Forward { 'f' } else { 'b' };
        format!("{way}/{}/s", position.write())
    }

    /// Reads a token.
    pub(super) fn read(token: &str) -> Option<(Self, Position)> {
        let (way, rest) = token.split_once('/')?;
        let position = Position::read(rest.strip_suffix("/s")?)?;
        match way {
            "f" => Some((Self::Forward, position)),
            "b" => Some((Self::Backward, position)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_way_and_place_and_nothing_else_is_one() {
        let position = Position::of(&Event { at: 5, ingested: u64::MAX, message: "" }, 3, 7);
        for way in [Way::Forward, Way::Backward] {
            assert_eq!(Way::read(&way.token(position)), Some((way, position)));
        }
        assert!(position < position.behind());
        assert_eq!(position.event_id().len(), 56);
        for wrong in
            ["", "f/", "f/1/s", "x/00/s", &Way::Forward.token(position)[..50], &format!("f/{}/s", "9".repeat(80))]
        {
            assert_eq!(Way::read(wrong), None, "{wrong}");
        }
    }
}
