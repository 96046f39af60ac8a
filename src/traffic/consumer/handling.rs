//! How the API behind a queue works on its messages: how long, how often it fails or dies, and whether it does anything twice.

use std::time::Duration;

use rand::RngExt;

use super::Backoff;
use crate::event::dice::{Dice, attempt_dice};
use crate::traffic::spread::Spread;
use crate::units;

/// No work takes longer than SQS hides a message: twelve hours (API reference of SQS, ChangeMessageVisibility).
const LONGEST: Duration = Duration::from_secs(12 * 3_600);
/// What a text should look like.
const FORM: &str = "a time like 20ms, a range like 5ms..50ms, or lognormal(20ms,2) is needed";

/// How long the work on a message takes; microseconds are told apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Work(Spread);

impl Work {
    /// No time at all.
    pub(crate) const NONE: Self = Self(Spread::Uniform { least: 0, most: 0 });

    /// Reads `20ms`, `5ms..50ms` or `lognormal(20ms,2)`.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let whole = |why: String| if why.contains("of which unit") { why } else { FORM.to_owned() };
        let number = |text: &str| match units::parse_duration(text).map_err(whole)? {
            time if time > LONGEST => Err("no work takes longer than twelve hours: so long SQS hides a message".into()),
            time => Ok(time.as_micros() as u64),
        };
        Spread::parse(text, FORM, number).map(Self)
    }

    /// What hardly any takes longer than.
    pub(crate) fn usually_at_most(self) -> Duration {
        Duration::from_micros(self.0.usually_at_most()).min(LONGEST)
    }

    fn draw(self, dice: &mut Dice) -> Duration {
        Duration::from_micros(self.0.draw(dice)).min(LONGEST)
    }
}

/// How the API behind a queue works on its messages.
#[derive(Debug, Clone)]
pub(crate) struct Handling {
    /// How many receivers ask for messages side by side, each handling a message at a time.
    pub receivers: u32,
    /// Over how long they begin, one after the other.
    pub slow_start: Duration,
    /// How many messages a receive asks for at most.
    pub receive: usize,
    /// How many messages may wait here to be handled; without it as many as keeps the receivers busy.
    pub prefetch: Option<usize>,
    /// For how long a message that was received is hidden; the queue's own timeout without it.
    pub visibility: Option<Duration>,
    /// Whether the visibility of what is held is extended.
    pub heartbeat: bool,
    /// How long the API works on a message.
    pub work: Work,
    /// The share of events on which the API fails, from 0 to 1: on each of them every time that it comes.
    pub fail_rate: f64,
    /// The share of attempts in which the worker dies.
    pub crash_rate: f64,
    /// Whether it knows what it did, and does nothing twice.
    pub idempotent: bool,
    /// When a message that failed comes back; without it, when its visibility ends.
    pub retry: Option<Backoff>,
    /// Chooses how long the work takes, which events fail and in which attempts the worker dies.
    pub seed: u64,
}

impl Default for Handling {
    fn default() -> Self {
        Self {
            receivers: 1,
            slow_start: Duration::ZERO,
            receive: super::MAX_MESSAGES,
            prefetch: None,
            visibility: None,
            heartbeat: true,
            work: Work::NONE,
            fail_rate: 0.0,
            crash_rate: 0.0,
            idempotent: false,
            retry: None,
            seed: 0,
        }
    }
}

/// When a worker dies of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dies {
    /// In the middle of its work.
    Before,
    /// When all is done but the delete.
    After,
}

/// What becomes of one attempt at a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attempt {
    pub work: Duration,
    pub dies: Option<Dies>,
}

impl Handling {
    /// Whether each receiver is a worker of its own, which begins and dies alone.
    pub(super) fn is_apart(&self) -> bool {
        self.crash_rate > 0.0 || !self.slow_start.is_zero()
    }

    /// Whether a message that was handled may come again without anybody's fault.
    pub(crate) fn leaves_messages(&self) -> bool {
        self.crash_rate > 0.0 || !self.heartbeat
    }

    /// For how long nothing may be seen of a message that is there.
    pub(crate) fn slowest(&self) -> Duration {
        self.slow_start.saturating_add(self.work.usually_at_most())
    }

    /// How long after the first moment receiver number `n` begins: the last of them when the slow start is over.
    pub(super) fn begins_after(&self, n: u32) -> Duration {
        self.slow_start.mul_f64(f64::from(n + 1) / f64::from(self.receivers.max(1)))
    }

    /// What becomes of the attempt of this number at the event with an id.
    pub(super) fn attempt(&self, id: &str, number: u32) -> Attempt {
        let work = match self.work {
            Work(Spread::Uniform { least, most }) if least == most => Duration::from_micros(least),
            work => work.draw(&mut attempt_dice("work", self.seed, id, number)),
        };
        if self.crash_rate <= 0.0 {
            return Attempt { work, dies: None };
        }
        let mut dice = attempt_dice("crash", self.seed, id, number);
        let dies = dice.random::<f64>() < self.crash_rate;
        let when = if dice.random() { Dies::After } else { Dies::Before };
        Attempt { work, dies: dies.then_some(when) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_read_and_what_is_wrong_is_told() {
        let micros = |least, most| Ok(Work(Spread::Uniform { least, most }));
        assert_eq!(Work::parse("20ms"), micros(20_000, 20_000));
        assert_eq!(Work::parse("5ms .. 1s"), micros(5_000, 1_000_000));
        assert_eq!(Work::parse("lognormal(20ms, 2)"), Ok(Work(Spread::Lognormal { median: 20_000, factor: 2.0 })));
        assert_eq!(Work::parse("0s"), Ok(Work::NONE));
        for (text, why) in [
            ("", "a time like"),
            ("20", "20ms or 20s"),
            ("lognormal(20ms)", "a time like"),
            ("lognormal(20ms,0)", "the factor"),
            ("5s..1s", "the least is more"),
            ("13h", "twelve hours"),
            ("-1s", "a time like"),
        ] {
            let error = Work::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn an_attempt_is_of_its_seed_its_event_and_its_number() {
        let work = Work::parse("lognormal(20ms,2)").unwrap();
        let handling = |seed| Handling { work, crash_rate: 0.5, seed, ..Handling::default() };
        let drawn = |seed| (0..2_000).map(|n| handling(seed).attempt(&(n / 2).to_string(), n % 2)).collect::<Vec<_>>();
        assert_eq!(drawn(1), drawn(1));
        assert!(drawn(1) != drawn(2) && drawn(1)[0] != drawn(1)[1]);
        let how_many = |dies| drawn(1).iter().filter(|it| it.dies == dies).count();
        assert!((900..1_100).contains(&how_many(None)), "{}", how_many(None));
        assert!((430..570).contains(&how_many(Some(Dies::After))), "{}", how_many(Some(Dies::After)));
        let short = drawn(1).iter().filter(|it| it.work < Duration::from_millis(20)).count();
        assert!((900..1_100).contains(&short), "{short}");
    }

    #[test]
    fn receivers_begin_one_after_the_other() {
        let handling = Handling { receivers: 4, slow_start: Duration::from_secs(10), ..Handling::default() };
        let begins: Vec<_> = (0..4).map(|n| handling.begins_after(n).as_millis()).collect();
        assert_eq!(begins, [2_500, 5_000, 7_500, 10_000]);
        assert!(Handling::default().begins_after(0).is_zero());
    }
}
