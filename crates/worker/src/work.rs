//! Jobs with their handlers.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

use futures::FutureExt;
use tokio::time::{Instant, timeout};

use crate::event::Event;
use crate::handler::Verdict;
use crate::held::{Held, moment};
use crate::shared::Shared;

impl Shared {
    /// Begins with as much of what waits as may be worked on at once.
    pub(crate) fn pump(self: &Arc<Self>) {
        loop {
            let held = {
                let mut state = self.state.lock();
                if state.stopping || state.working >= self.settings.concurrency.max(1) {
                    return;
                }
                let Some(held) = state.buffer.next() else { return };
                state.working += 1;
                held
            };
            let shared = self.clone();
            self.spawn(async move { shared.work_from(held).await });
        }
    }

    /// Works on a message, then on others as long as some wait.
    async fn work_from(self: Arc<Self>, mut held: Arc<Held>) {
        loop {
            if AssertUnwindSafe(self.work_on(&held)).catch_unwind().await.is_err() {
                // A handler that panicked while it was dropped, or a listener: the message is left, and not kept for ever.
                self.finish(&held, None).await;
            }
            let mut state = self.state.lock();
            let next = if state.stopping { None } else { state.buffer.next() };
            let Some(next) = next else {
                state.working -= 1;
                return;
            };
            held = next;
        }
    }

    async fn work_on(self: &Arc<Self>, held: &Arc<Held>) {
        let job = &held.job;
        if let Some(loss) = held.loss() {
            return self.settle(held, Verdict::GiveBack, Some(loss)).await;
        }
        self.tell(Event::Started { job });
        let started = Instant::now();
        let verdict = {
            let handling = async { self.handler.handle(job.clone()).await };
            let mut handling = pin!(AssertUnwindSafe(handling).catch_unwind());
            tokio::select! {
                biased;
                ended = &mut handling => judge(ended),
                () = job.lease().over() => match timeout(moment(self.measure()), handling).await {
                    Ok(ended) => judge(ended),
                    Err(_) => Verdict::GiveBack,
                },
            }
        };
        let loss = held.loss();
        // Who is interrupted may say so in many ways: it isn't a failure.
        let verdict = match verdict {
            Verdict::Retry { .. } | Verdict::Leave { .. } if loss.is_some() => Verdict::GiveBack,
            verdict => verdict,
        };
        let execution = started.elapsed();
        // Where SQS didn't say when it was sent, it is known for as long as it was worked on.
        let lead = if job.sent.is_zero() { execution } else { (self.settings.now)().saturating_sub(job.sent) };
        self.tell(Event::Ended { job, verdict: &verdict, execution, lead });
        self.settle(held, verdict, loss).await;
    }
}

fn judge(ended: Result<Verdict, Box<dyn Any + Send>>) -> Verdict {
    ended.unwrap_or_else(|panic| {
        let told = panic.downcast_ref::<&str>().copied();
        let told = told.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word");
        Verdict::Retry { why: format!("panicked: {told}"), after: None }
    })
}
