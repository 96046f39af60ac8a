//! What the user sees while a command runs: how often, and how much of it.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::traffic::load::Load;
use crate::ui::{self, Ui};
use crate::units::{count, duration};

/// Up to so many events a second are shown one by one.
pub(crate) const SHOWN_PER_SECOND: f64 = 20.0;
/// So few events are shown however fast they come.
pub(crate) const FEW: u64 = 20;
/// How often a plain line tells how it goes, when nobody watches a bar.
pub(crate) const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// How often somebody looks how it goes.
pub(crate) const TICK: Duration = Duration::from_millis(200);

/// Runs something to its end, and `tick` five times a second meanwhile.
pub(crate) async fn with_ticks<T>(work: impl Future<Output = T>, tick: impl FnMut()) -> T {
    with_ticks_every(TICK, work, tick).await
}

/// As [`with_ticks`], once in so long.
pub(crate) async fn with_ticks_every<T>(every: Duration, work: impl Future<Output = T>, mut tick: impl FnMut()) -> T {
    let mut work = std::pin::pin!(work);
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            _ = ticks.tick() => tick(),
        }
    }
}

/// Who is later than this is called late.
const LATE: Duration = Duration::from_millis(100);

/// How late the publishers of a load are that has `total` events, if there is an end: `left` of them are on their way or there,
/// `elapsed` after its start. Nothing if they keep up.
pub(crate) fn lateness(load: &Load, total: Option<u64>, left: u64, elapsed: Duration) -> Option<String> {
    let next = load.moment(left).filter(|_| total.is_none_or(|total| left < total))?;
    let late = elapsed.checked_sub(next).filter(|late| *late > LATE)?;
    Some(format!(", late by {}", duration(late)))
}

/// Shows errors that come again and again: the first few one by one, then one now and then, with the count of those
/// between.
#[derive(Debug)]
pub(crate) struct Complaints {
    ui: Ui,
    state: Mutex<ComplaintState>,
}

/// How many complaints there were, and when the last was shown.
#[derive(Debug)]
struct ComplaintState {
    made: u64,
    /// Those since the last that was shown.
    hidden: u64,
    last: Instant,
}

impl Complaints {
    /// So many are shown whatever their pace.
    const IN_FULL: u64 = 5;
    /// After those, one is shown in so long.
    const EVERY: Duration = Duration::from_secs(5);

    /// Complaints that are shown as warnings.
    pub(crate) fn new(ui: &Ui) -> Self {
        Self { ui: ui.clone(), state: Mutex::new(ComplaintState { made: 0, hidden: 0, last: Instant::now() }) }
    }

    /// Shows a complaint, or counts it.
    pub(crate) fn say(&self, text: &str) {
        let mut state = self.state.lock();
        state.made += 1;
        if state.made > Self::IN_FULL && state.last.elapsed() < Self::EVERY {
            state.hidden += 1;
            return;
        }
        state.last = Instant::now();
        match std::mem::take(&mut state.hidden) {
            0 => self.ui.warn(ui::short(text)),
            hidden => self.ui.warn(format!("{} ({} more since)", ui::short(text), count(hidden))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_falls_behind_is_late_until_all_has_left() {
        let load = Load::rate(10.0);
        let late = |total, left, ms| lateness(&load, total, left, Duration::from_millis(ms));
        assert_eq!((late(None, 10, 1_050), late(Some(10), 10, 5_000)), (None, None));
        assert_eq!(late(None, 10, 3_500).as_deref(), Some(", late by 2.50 s"));
        assert_eq!(lateness(&Load::max(), None, 0, Duration::from_secs(60)), None);
    }
}
