//! Where a request that wants a workflow meets the message that was received for it.
//!
//! A receive is a worker's, which gives a message to its handler; the request knows the message only once the receive has
//! returned. Whoever comes first waits for the other. A message that nobody comes for goes back.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::timeout;
use worker::{Handler, Job, Verdict};

use super::consumer::{Consumer, Outcome};
use super::csv::Format;

/// How long a message waits for its request: the request is gone if it takes longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// A request that waits for a workflow.
struct Caller {
    format: Format,
    reply: oneshot::Sender<Outcome>,
}

/// Who came first.
enum First {
    Handler(oneshot::Sender<Caller>),
    Caller(Caller),
}

/// Messages and requests that wait for each other, by the message's id and how often it was received.
#[derive(Clone, Default)]
pub(super) struct Handover(Arc<Mutex<HashMap<(String, u32), First>>>);

impl Handover {
    /// A request's side: has the workflow of a received message consumed. Nothing if the worker stops.
    pub(super) async fn consume(&self, job: &Job, format: Format) -> Option<Outcome> {
        let (reply, mut answer) = oneshot::channel();
        let caller = Caller { format, reply };
        let key = key(job);
        {
            let mut waiting = self.0.lock();
            match waiting.remove(&key) {
                Some(First::Handler(handler)) => handler.send(caller).ok()?,
                _ => _ = waiting.insert(key.clone(), First::Caller(caller)),
            }
        }
        // Whatever happens to the request, nothing of it stays behind.
        let gone = Gone { handover: self, key };
        tokio::select! {
            biased;
            answer = &mut answer => return answer.ok(),
            () = job.lease().over() => {}
        }
        // Given back or lost before its handler met the request: no handler comes any more. One that has met it answers.
        if self.0.lock().remove(&gone.key).is_some() {
            return Some(Outcome::Void("it is for others by now"));
        }
        answer.await.ok()
    }

    /// A message's side: the request that waits for it.
    async fn caller(&self, job: &Job) -> Option<Caller> {
        let key = key(job);
        let came = {
            let mut waiting = self.0.lock();
            match waiting.remove(&key) {
                Some(First::Caller(caller)) => return Some(caller),
                _ => {
                    let (handler, came) = oneshot::channel();
                    waiting.insert(key.clone(), First::Handler(handler));
                    came
                }
            }
        };
        let _gone = Gone { handover: self, key };
        timeout(PATIENCE, came).await.ok()?.ok()
    }
}

fn key(job: &Job) -> (String, u32) {
    (job.id.clone(), job.receives)
}

/// Takes away what nobody waits for any more.
struct Gone<'a> {
    handover: &'a Handover,
    key: (String, u32),
}

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.handover.0.lock().remove(&self.key);
    }
}

/// The handler of a worker that receives on demand.
pub(super) struct OnDemand {
    pub consumer: Consumer,
    pub handover: Handover,
}

#[async_trait]
impl Handler for OnDemand {
    async fn handle(&self, job: Arc<Job>) -> Verdict {
        let Some(caller) = self.handover.caller(&job).await else { return Verdict::GiveBack };
        // Who went away before the workflow is consumed gets none: it is for somebody else.
        if caller.reply.is_closed() {
            return Verdict::GiveBack;
        }
        let (verdict, outcome) = self.consumer.consume(&job, caller.format).await;
        // Who went away meanwhile can have the CSV again.
        _ = caller.reply.send(outcome);
        verdict
    }
}

#[cfg(test)]
mod tests {
    use service::database::Address;
    use service::metrics::Metrics;
    use service::record::Tell;

    use super::*;
    use crate::workflows::store;

    /// A handler over an empty store, in which no message names anything: whatever is consumed is a dead letter.
    async fn on_demand(folder: &tempfile::TempDir) -> OnDemand {
        let address = Address::parse(None, &folder.path().join("it.db")).unwrap();
        let (_, store) = store::open(&address).await.unwrap();
        let consumer = Consumer { store, metrics: Metrics::default(), tell: Tell::nobody() };
        OnDemand { consumer, handover: Handover::default() }
    }

    #[tokio::test]
    async fn a_message_and_its_request_meet_whoever_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let on_demand = on_demand(&folder).await;
        for request_first in [true, false] {
            let job = Arc::new(Job::new("a", "no workflow"));
            let request = on_demand.handover.consume(&job, Format::default());
            let message = on_demand.handle(job.clone());
            let (outcome, verdict) = match request_first {
                true => tokio::join!(biased; request, message),
                false => {
                    let (verdict, outcome) = tokio::join!(biased; message, request);
                    (outcome, verdict)
                }
            };
            assert!(matches!(outcome, Some(Outcome::Dead(_))), "{outcome:?}");
            assert!(matches!(verdict, Verdict::Dead { .. }), "{verdict:?}");
            assert!(on_demand.handover.0.lock().is_empty());
        }
    }

    // A process stood still for longer than a message waits: the message went back, and the request, which came to it only then,
    // waited for half a minute while other workflows were there.
    #[tokio::test]
    async fn a_request_does_not_wait_for_a_message_that_has_gone_back() {
        let handover = Handover::default();
        let job = Job::lost("a", "no workflow");
        let outcome = handover.consume(&job, Format::default()).await;
        assert!(matches!(outcome, Some(Outcome::Void(_))), "{outcome:?}");
        assert!(handover.0.lock().is_empty());
    }

    #[tokio::test]
    async fn a_request_that_is_gone_gets_nothing_and_leaves_nothing() {
        use futures::FutureExt;
        let folder = tempfile::tempdir().unwrap();
        let on_demand = on_demand(&folder).await;
        let job = Arc::new(Job::new("a", "no workflow"));
        // The message waits, the request comes and goes before the message's side looks.
        let mut message = Box::pin(on_demand.handle(job.clone()));
        assert!((&mut message).now_or_never().is_none());
        assert!(on_demand.handover.consume(&job, Format::default()).now_or_never().is_none());
        assert_eq!(message.await, Verdict::GiveBack);
        assert!(on_demand.handover.0.lock().is_empty());
        // The request came and went before its message.
        assert!(on_demand.handover.consume(&job, Format::default()).now_or_never().is_none());
        assert!(on_demand.handover.0.lock().is_empty());
    }
}
