//! What can't land is tried again for a day, then given up.

use super::buffer;
use crate::core::Cloud;
use engine::{Change, Millis};
use wire::AwsError;

/// The first wait after a failure; each further one is twice as long.
const FIRST_WAIT: Millis = 1_000;
/// No wait is longer.
const MAX_WAIT: Millis = 60_000;
/// "Handle data delivery failures": Firehose keeps what it can't deliver for 24 hours; then it is lost.
const RETENTION: Millis = 24 * 3_600_000;

/// What is known of a buffer whose last flush failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failing {
    retry_at: Millis,
    wait: Millis,
}

impl Failing {
    /// After a failure at `now`, the first one or one more. `oldest` is when the oldest record that waits came: the next try is
    /// no later than the end of its 24 hours, so that it is given up then.
    pub(super) fn after(before: Option<Self>, now: Millis, oldest: Option<Millis>) -> Self {
        let wait = before.map_or(FIRST_WAIT, |before| (before.wait * 2).min(MAX_WAIT));
        let end = oldest.map_or(Millis::MAX, |oldest| oldest + RETENTION);
        let retry_at = if end > now { end.min(now + wait) } else { now + wait };
        Self { retry_at, wait }
    }

    /// When it is tried again. A time further away than any wait was set by a clock that has been set back since.
    pub(super) fn retry_at(self, now: Millis) -> Millis {
        if self.retry_at > now + MAX_WAIT { 0 } else { self.retry_at }
    }
}

/// Whether a record that came at `arrived` is given up at `now`.
pub(super) fn is_given_up(arrived: Millis, now: Millis) -> bool {
    arrived + RETENTION <= now
}

/// Gives up records, or parts of them: `changes` name them, `count` says how many they are. The operator is told.
///
/// # Errors
/// The log can't be written; then they still wait.
pub(super) async fn give_up(
    cloud: &Cloud,
    stream: &str,
    count: usize,
    changes: &[Change<'_>],
    reason: &str,
) -> Result<(), AwsError> {
    buffer::remove(cloud, changes).await?;
    cloud.notice(&loss(stream, count, reason));
    Ok(())
}

/// What the operator is told of records that are given up.
fn loss(stream: &str, records: usize, reason: &str) -> String {
    format!(
        "DATA LOSS: {records} records of the delivery stream {stream} could not be delivered for 24 hours and are \
         discarded, as AWS does: {reason}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_with_the_retention() {
        let mut failing = Failing::after(None, 0, Some(0));
        let mut waits = vec![failing.wait];
        for _ in 0..7 {
            failing = Failing::after(Some(failing), failing.retry_at, Some(0));
            waits.push(failing.wait);
        }
        assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
        assert_eq!(Failing::after(Some(failing), RETENTION - 5, Some(0)).retry_at, RETENTION);
        assert!(is_given_up(0, RETENTION) && !is_given_up(1, RETENTION));
    }
}
