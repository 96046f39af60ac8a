//! Makes the requests.

use std::time::Duration;

use futures::StreamExt;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep, sleep_until};

use super::Run;
use super::plan::{self, Kind};
use crate::jobs::options::FAIL_ON;

/// How long to wait before a request is made again that wasn't answered, or was too many.
const PAUSE: Duration = Duration::from_millis(500);

/// A job that was accepted.
#[derive(Debug, Clone)]
pub(super) struct Accepted {
    pub id: String,
    pub kind: Kind,
    /// Index of the tenant.
    pub tenant: usize,
}

/// What came of the requests.
#[derive(Debug, Default)]
pub(super) struct Submitted {
    pub asked: u64,
    /// Wrong ones that were refused as they are to be.
    pub refused: u64,
    /// Accepted ones that are meant to fail.
    pub poison: u64,
    /// Requests whose answer was lost, or didn't say whether there is a job: those that are there nobody has the ids of.
    pub unanswered: u64,
    /// Requests that weren't answered as they are to be.
    pub unexpected: Vec<String>,
}

/// Makes all requests, so many at a time, at the rate; each accepted job is sent on.
pub(super) async fn all(run: &Run, accepted: UnboundedSender<Accepted>) -> Submitted {
    let traffic = &run.traffic;
    let started = Instant::now();
    let requests = futures::stream::iter(0..traffic.count)
        .map(|n| async move {
            if let Some(rate) = traffic.rate {
                sleep_until(started + Duration::from_secs_f64(n as f64 / rate)).await;
            }
            let mut unanswered = 0;
            let answer = one(run, n, &mut unanswered).await;
            (n, answer, unanswered)
        })
        .buffer_unordered(traffic.concurrency.max(1));
    let mut requests = std::pin::pin!(requests.take_until(traffic.stop.cancelled()));
    let mut all = Submitted::default();
    while let Some((n, answer, unanswered)) = requests.next().await {
        all.asked += 1;
        all.unanswered += unanswered;
        traffic.progress.ask(1);
        match answer {
            Ok(None) => {
                all.refused += 1;
                traffic.progress.finish(1);
            }
            Ok(Some(job)) => {
                all.poison += u64::from(job.kind == Kind::Poison);
                // The other side lives as long as this one.
                _ = accepted.send(job);
            }
            Err(why) => all.unexpected.push(format!("request {n}: {why}")),
        }
    }
    all
}

/// One request, again and again while nobody answers: the job that was accepted, or nothing where it is to be refused.
async fn one(run: &Run, n: u64, unanswered: &mut u64) -> Result<Option<Accepted>, String> {
    let traffic = &run.traffic;
    let fail_on = traffic.settings.get(FAIL_ON);
    let (kind, tenant) = plan::request(n, fail_on.is_some());
    let payload = plan::payload(traffic.seed, n, kind, fail_on);
    let deadline = Instant::now() + traffic.patience;
    loop {
        let answer = run.clients[tenant].submit(kind, payload.clone()).await;
        let is_known = |status: u16, answer: &Value| status < 500 || answer["jobId"].is_string();
        let is_unanswered = !answer.as_ref().is_ok_and(|(status, answer)| is_known(*status, answer));
        *unanswered += u64::from(is_unanswered && kind.status() == 200);
        let why = match answer {
            // In the queue, though the table was away.
            Ok((200 | 503, answer)) if answer["jobId"].is_string() && kind.status() == 200 => {
                let id = answer["jobId"].as_str().unwrap_or_default().to_owned();
                return Ok(Some(Accepted { id, kind, tenant }));
            }
            Ok((status, _)) if status == kind.status() && status != 200 => return Ok(None),
            Ok((status @ (429 | 503), answer)) => format!("{status}: {answer}"),
            Ok((status, answer)) => return Err(format!("{status} instead of {}: {answer}", kind.status())),
            Err(error) => error.to_string(),
        };
        if Instant::now() >= deadline {
            return Err(why);
        }
        sleep(PAUSE).await;
    }
}
