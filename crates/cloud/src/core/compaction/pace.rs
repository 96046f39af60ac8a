//! How fast a compaction goes: it leaves the processors to requests for as long as there is no hurry.
//!
//! On a machine of two cores a compaction that never rests takes one of them for a second or more, and whoever is woken by a request
//! waits for its turn, some milliseconds.

use std::time::{Duration, Instant};

use crate::core::cloud::Cloud;

/// It rests for so many times as long as it worked.
const REST: f64 = 3.0;
/// Shorter rests are saved up: timers count in milliseconds.
const SHORTEST: Duration = Duration::from_millis(2);

/// A compaction's pace; by itself it never rests.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Rests for so many times as long as it works.
    share: f64,
    began: Option<Instant>,
    /// What it is still to rest.
    owed: Duration,
}

impl Pace {
    /// Rests the less the further the log is beyond what is promised. Where the clock stands still nobody is to wait for more than has to
    /// be done.
    pub(super) fn leave_time(&mut self, cloud: &Cloud) {
        let stands_still = cloud.core.clock().factor().is_none();
        self.share = if stands_still { 0.0 } else { share(super::beyond(cloud), cloud.core.segment_bytes()) };
    }

    /// A piece of work begins.
    pub(super) fn begin(&mut self) {
        self.began = Some(Instant::now());
    }

    /// It is done: a rest, which it returns, or at least others' turn.
    pub(super) async fn rest(&mut self) -> bool {
        let worked = self.began.take().map_or(Duration::ZERO, |began| began.elapsed());
        // Who was held up by others hasn't worked.
        self.owed += worked.min(SHORTEST).mul_f64(self.share);
        let rests = self.owed >= SHORTEST;
        match rests {
            true => tokio::time::sleep(std::mem::take(&mut self.owed)).await,
            false => tokio::task::yield_now().await,
        }
        rests
    }
}

/// How much rest there is for so many bytes beyond what is promised: none from a segment's bytes on, so that the log grows no further.
fn share(beyond: u64, segment: u64) -> f64 {
    REST * (1.0 - beyond as f64 / segment.max(1) as f64).max(0.0)
}

#[cfg(test)]
mod tests {
    use log::Durability;

    use super::*;
    use crate::core::clock::Clock;
    use crate::server::Options;

    /// The pace of a compaction of a cloud with this clock, whose log is no larger than promised.
    fn pace(clock: Clock) -> Pace {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { durability: Durability::Memory, clock, ..Options::new(folder.path()) };
        let (cloud, _) = Cloud::open(options, |_| {}).unwrap();
        let mut pace = Pace::default();
        pace.leave_time(&cloud);
        pace
    }

    /// A request beside a compaction waited for the processor.
    #[tokio::test]
    async fn there_is_no_hurry_while_the_log_is_little_beyond_what_is_promised() {
        assert_eq!([share(0, 100), share(50, 100), share(100, 100), share(1_000, 100)], [REST, REST / 2.0, 0.0, 0.0]);
        assert_eq!(pace(Clock::System).share, REST);
        assert_eq!(pace(Clock::manual(0)).share, 0.0, "a clock that stands still waits for what is due");
        let mut pace = Pace { owed: SHORTEST, ..Pace::default() };
        tokio::time::pause();
        let before = tokio::time::Instant::now();
        assert!(pace.rest().await && before.elapsed() >= SHORTEST);
        assert!(!pace.rest().await, "it worked for no time since");
    }
}
