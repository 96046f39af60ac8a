//! Works on tasks.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use service::clock;
use service::objects::Error;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use worker::{Handler, Job, Verdict};

use super::fair::Fair;
use super::picture;
use super::store::Store;
use super::sum;
use super::task::{End, Kind, Meta, Order, State};
use super::watch::{Outcome, Watch};

/// How much memory the pictures of a process may take at a time, in MiB: the largest one, and what it becomes.
const PICTURES: u32 = 66;
/// How many characters of a reason are kept.
const MAX_REASON: usize = 1_000;

/// Works on tasks, of tenants in turn.
pub(super) struct Work {
    pub(super) store: Store,
    pub(super) fair: Fair,
    /// How many ranges of a text are read side by side.
    pub(super) readers: usize,
    /// At its last receive a task isn't tried any more: it is given up, and says so. A task that kills its worker at each
    /// attempt would end without a word otherwise.
    pub(super) max_receives: Option<u32>,
    pub(super) watch: Arc<Watch>,
    /// Memory for pictures, in MiB.
    memory: Arc<Semaphore>,
}

/// Why there is no result.
enum Fault {
    /// The file is wrong: trying again helps nothing.
    File(String),
    /// The payload isn't there: it has expired, or somebody deleted it.
    Gone,
    /// The cloud fails: it may be better later.
    Cloud(String),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Missing | Error::Exists => Self::Gone,
            error => Self::Cloud(error.to_string()),
        }
    }
}

#[async_trait]
impl Handler for Work {
    async fn handle(&self, job: Arc<Job>) -> Verdict {
        let order: Order = match serde_json::from_str(&job.body) {
            Ok(order) => order,
            Err(why) => return Verdict::Dead { why: format!("The message names no task: {why}") },
        };
        let work = async {
            // The tenant, or of a message that somebody sent by hand, itself.
            let _place = self.fair.enter(job.group.as_deref().unwrap_or(&job.id)).await;
            self.watch.begin(&job, &order);
            self.work(&job, &order).await
        };
        tokio::select! {
            verdict = work => verdict,
            () = job.lease().over() => Verdict::GiveBack,
        }
    }
}

impl Work {
    pub(super) fn new(
        store: Store,
        places: usize,
        readers: usize,
        max_receives: Option<u32>,
        watch: Arc<Watch>,
    ) -> Self {
        let memory = Arc::new(Semaphore::new(PICTURES as usize));
        Self { store, fair: Fair::new(places), readers, max_receives, watch, memory }
    }

    async fn work(&self, job: &Job, order: &Order) -> Verdict {
        let begun = (Instant::now(), clock::now());
        let retry = |why: String| Verdict::Retry { why, after: None };
        let found =
            futures::try_join!(self.store.meta(order.task, &order.token), self.store.end(order.task, &order.token));
        let (meta, end) = match found {
            Ok(found) => found,
            // It won't be better at another attempt, and whose task it is isn't known.
            Err(why @ Error::Broken { .. }) => return Verdict::Dead { why: why.to_string() },
            Err(why) => return retry(why.to_string()),
        };
        let Some(meta) = meta else {
            return Verdict::Dead {
                why: format!("There is no task {} of this token, or not any more", order.task.name()),
            };
        };
        self.watch.know(job, &meta);
        if end.is_some() {
            // A second message for it, or the first one once more after a crash between the end and the delete.
            self.watch.outcome(job, Outcome::Again);
            return Verdict::Done;
        }
        if self.max_receives.is_some_and(|most| most > 1 && job.receives >= most) {
            let why = format!("given up after {} attempts", job.receives - 1);
            let verdict = Verdict::Dead { why: why.clone() };
            return self.end(job, &meta, begun, Some(why)).await.map_or_else(retry, |()| verdict);
        }
        let state = State { received: begun.1, attempts: job.receives };
        if let Err(why) = self.store.receive(meta.task, &meta.token, &state).await {
            return retry(why.to_string());
        }
        let (error, verdict) = match self.make(&meta, job.trace.as_deref()).await {
            Ok(()) => (None, Verdict::Done),
            Err(Fault::Cloud(why)) => return retry(why),
            Err(Fault::File(why)) => {
                self.watch.outcome(job, Outcome::Errored);
                (Some(why), Verdict::Done)
            }
            Err(Fault::Gone) => {
                let why = "its file isn't in the bucket any more".to_owned();
                (Some(why.clone()), Verdict::Dead { why })
            }
        };
        self.end(job, &meta, begun, error).await.map_or_else(retry, |()| verdict)
    }

    /// Makes the result, and stores it.
    async fn make(&self, meta: &Meta, trace: Option<&str>) -> Result<(), Fault> {
        let result = match meta.task {
            Kind::Randomize => self.randomize(meta).await?,
            Kind::SumEven => {
                let summary = sum::sum_even(&self.store.objects, &meta.payload, self.readers).await?;
                serde_json::to_vec(&summary).map_err(|why| Fault::Cloud(why.to_string()))?
            }
        };
        Ok(self.store.put_result(meta.task, &meta.token, Bytes::from(result), trace).await?)
    }

    async fn randomize(&self, meta: &Meta) -> Result<Vec<u8>, Fault> {
        // The header again: how much memory it takes.
        let mut head = Vec::new();
        let header = 0..meta.length.min(picture::HEADER as u64);
        self.store
            .objects
            .read_range(&meta.payload, None, header, |bytes| {
                head.extend_from_slice(bytes);
                std::ops::ControlFlow::Continue(())
            })
            .await?;
        let pixels = picture::check(&head).map_err(Fault::File)?;
        // The pixels, and beside them what they are made of or what they become.
        let need = (pixels + pixels.max(meta.length)).div_ceil(1 << 20).min(PICTURES.into()) as u32;
        let memory = self.memory.clone().acquire_many_owned(need).await;
        let png = self.store.objects.read(&meta.payload, picture::MAX_FILE).await?.ok_or(Fault::Gone)?;
        let seed = meta.token.seed();
        let made = tokio::task::spawn_blocking(move || {
            let made = picture::randomize(&png, seed);
            // Here: this goes on when who waits for it is gone.
            drop((png, memory));
            made
        });
        match made.await {
            Ok(made) => made.map_err(Fault::File),
            Err(why) => Err(Fault::Cloud(format!("the work on the picture ended: {why}"))),
        }
    }

    /// Writes how it ended, unless that stands already.
    async fn end(
        &self,
        job: &Job,
        meta: &Meta,
        (begun, received): (Instant, Timestamp),
        error: Option<String>,
    ) -> Result<(), String> {
        let end = End {
            error: error.map(|why| why.chars().take(MAX_REASON).collect()),
            requested: meta.requested,
            received,
            ended: clock::now(),
            attempts: job.receives,
            execution_ms: begun.elapsed().as_secs_f64() * 1_000.0,
            trace: job.trace.clone(),
        };
        let first = self.store.finish(meta.task, &meta.token, &end).await.map_err(|why| why.to_string())?;
        if !first {
            self.watch.outcome(job, Outcome::Again);
        }
        Ok(())
    }
}
