//! Heartbeats: what is held stays hidden, and a lease that can't be kept ends in time.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use crate::calls::{MAX_MESSAGES, Outcome, seconds};
use crate::event::Event;
use crate::held::{Held, Loss, Step};
use crate::shared::Shared;

/// How soon an extension that failed is tried again.
const PAUSE: Duration = Duration::from_millis(500);

impl Shared {
    /// Keeps what is held until the worker ends.
    pub(crate) async fn keep(self: Arc<Self>) {
        loop {
            let mut came = pin!(self.came.notified());
            came.as_mut().enable();
            let (due, lost, next) = self.look_over(Instant::now());
            for (held, loss) in lost {
                self.lose(&held, loss);
            }
            for batch in due.chunks(MAX_MESSAGES) {
                let (shared, batch) = (self.clone(), batch.to_vec());
                self.spawn(async move { shared.extend(&batch).await });
            }
            let next = async {
                match next {
                    Some(next) => sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! { biased; () = next => {}, () = came => {} }
        }
    }

    /// What is to be extended now, what is lost, and when to look again.
    fn look_over(&self, now: Instant) -> (Vec<Arc<Held>>, Vec<(Arc<Held>, Loss)>, Option<Instant>) {
        let visibility = self.measure();
        let (mut due, mut lost, mut next) = (Vec::new(), Vec::new(), None);
        let state = self.state.lock();
        for held in state.held.values() {
            match held.step(now, visibility, false) {
                Step::Extend => due.push(held.clone()),
                Step::Lose(loss) => lost.push((held.clone(), loss)),
                Step::Wait(Some(at)) => next = Some(next.map_or(at, |next: Instant| next.min(at))),
                Step::Wait(None) => {}
            }
        }
        if !due.is_empty() {
            // A request takes ten as well as one: who would be next joins.
            for held in state.held.values() {
                if let Step::Extend = held.step(now, visibility, true) {
                    due.push(held.clone());
                }
            }
        }
        (due, lost, next)
    }

    /// Extends the visibility of up to ten messages.
    async fn extend(self: &Arc<Self>, batch: &[Arc<Held>]) {
        let visibility = self.measure();
        let sent = Instant::now();
        let mut entries: Vec<_> =
            batch.iter().map(|held| (held.clone(), seconds(visibility.min(held.left())))).collect();
        // Hidden for no second longer it would be visible at once.
        entries.retain(|(held, seconds)| {
            let lasts = *seconds > 0;
            if !lasts {
                held.not_extended("it was held as long as it may be".to_owned(), None);
            }
            lasts
        });
        if entries.is_empty() {
            return;
        }
        let end = batch.iter().map(|held| held.end(visibility)).min().unwrap_or(sent);
        // An answer that comes later is of no use, and its message is given up by then.
        let answer = timeout_at(end.max(sent + PAUSE), self.call_change(&entries)).await;
        let again = Some(Instant::now() + PAUSE.min(visibility / 8));
        match answer {
            Ok(Ok(outcomes)) => {
                let mut extended = 0;
                for ((held, seconds), outcome) in entries.iter().zip(outcomes) {
                    match outcome {
                        Outcome::Done => {
                            extended += 1;
                            let by = Duration::from_secs(seconds.unsigned_abs().into());
                            held.extended(sent + by, by);
                        }
                        Outcome::Failed(why) => held.not_extended(why, again),
                        Outcome::Refused(why) => {
                            held.not_extended(why.clone(), None);
                            self.lose(held, Loss::Gone(why));
                        }
                    }
                }
                if extended > 0 {
                    self.tell(Event::Extended { n: extended });
                }
            }
            Ok(Err(error)) => {
                let why = error.to_string();
                entries.iter().for_each(|(held, _)| held.not_extended(why.clone(), again));
                self.trouble_of(&error);
                if error.is_final() {
                    self.fail(error);
                }
            }
            Err(_) => {
                entries.iter().for_each(|(held, _)| held.not_extended("no answer in time".to_owned(), again));
            }
        }
        self.extended.notify_waiters();
        self.came.notify_one();
    }
}
