//! The workers of a queue: one for all receivers, or, where they begin and die alone, one for each.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use worker::{Queue, Settings, Worker};

use super::clerk::{Clerk, Life};
use super::emptiness::Emptiness;
use super::{Listener, MAX_MESSAGES, Plan, call_error, hear};
use crate::aws::CallError;
use crate::stop::Stop;

/// What is left to do when the last message was handled gets so long.
const LAST_REQUESTS: Duration = Duration::from_secs(10);
/// How long it takes until another worker stands in the place of one that died.
const REPLACED: Duration = Duration::from_millis(200);

/// The workers of a queue, and what they share.
pub(super) struct Crew {
    pub client: Client,
    pub queue: Queue,
    pub plan: Plan,
    pub clerk: Arc<Clerk>,
    pub emptiness: Arc<Emptiness>,
    pub listener: Listener,
}

impl Crew {
    /// Works until the plan is done or a stop is requested; the first error ends all of them.
    pub(super) async fn work(&self, stop: &Stop) -> Result<(), CallError> {
        let receivers = self.plan.handling.receivers;
        let workers = if self.plan.handling.is_apart() { receivers } else { 1 };
        let working = (0..workers).map(|n| async move {
            let ended = self.work_as(n, receivers / workers, stop).await;
            if ended.is_err() {
                stop.request();
            }
            ended
        });
        futures::future::join_all(working).await.into_iter().collect()
    }

    /// Worker number `n`, with so many receivers: begins when it is to, and comes back whenever it died.
    async fn work_as(&self, n: u32, receivers: u32, stop: &Stop) -> Result<(), CallError> {
        let handling = &self.plan.handling;
        let begins_after = if handling.is_apart() { handling.begins_after(n) } else { Duration::ZERO };
        if !passes(begins_after, stop).await {
            return Ok(());
        }
        loop {
            let over = CancellationToken::new();
            let life = Arc::new(Life { clerk: self.clerk.clone(), over: over.clone() });
            let worker = Worker::new(self.client.clone(), self.queue.clone(), self.settings(receivers), life);
            let heard = hear(self.plan.api, self.plan.poll, self.emptiness.clone(), self.listener.clone());
            tokio::select! {
                biased;
                // What isn't worked on to its end any more is dropped, as by a crash: nothing is given back.
                () = over.cancelled() => {}
                ended = worker.listen(heard).run(stop.token()) => return ended.map_err(|error| call_error(&error)),
            }
            if !passes(REPLACED, stop).await {
                return Ok(());
            }
        }
    }

    fn settings(&self, receivers: u32) -> Settings {
        let (plan, handling) = (&self.plan, &self.plan.handling);
        let concurrency = receivers as usize;
        let visibility = handling.visibility.unwrap_or(self.queue.visibility);
        let defaults = Settings::default();
        let at_most = handling.work.usually_at_most();
        Settings {
            receivers,
            concurrency,
            buffer: match handling.prefetch {
                Some(prefetch) => prefetch * concurrency / (handling.receivers.max(1) as usize),
                None => prefetch(at_most, visibility) * concurrency,
            },
            receive: handling.receive,
            heartbeat: handling.heartbeat,
            visibility: handling.visibility,
            retry: handling.retry.unwrap_or(defaults.retry),
            grace: at_most.saturating_add(LAST_REQUESTS),
            poll: plan.poll,
            patience: Some(plan.patience),
            // But for its trace an event says all in its body.
            attributes: plan.trace,
            budget: plan.budget.clone(),
            ..defaults
        }
    }
}

/// Waits for so long; false when the end came first.
async fn passes(time: Duration, stop: &Stop) -> bool {
    if time.is_zero() {
        return true;
    }
    tokio::select! {
        biased;
        () = sleep(time) => true,
        () = stop.requested() => false,
    }
}

/// How many messages wait for a receiver's turn: none longer than half of the visibility timeout, so that others get their part.
/// Where there is no work to do, those of one receive wait while those of another are deleted.
fn prefetch(work: Duration, visibility: Duration) -> usize {
    if work.is_zero() {
        return 2 * MAX_MESSAGES;
    }
    let fits = visibility.as_millis() / 2 / work.as_millis().max(1);
    usize::try_from(fits).unwrap_or(MAX_MESSAGES).clamp(1, MAX_MESSAGES) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_fits_into_the_visibility_timeout() {
        let visibility = Duration::from_secs(30);
        for (work_ms, size) in [(0, 20), (20, 9), (1_500, 9), (5_000, 2), (20_000, 0)] {
            assert_eq!(prefetch(Duration::from_millis(work_ms), visibility), size);
        }
    }
}
