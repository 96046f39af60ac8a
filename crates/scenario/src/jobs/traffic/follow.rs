//! Asks for each job's status until it has ended, and looks at its result.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep, timeout};

use super::Run;
use super::plan::{Kind, TENANTS};
use super::submit::Accepted;
use crate::jobs::api::{JobInfo, JobStatus};
use crate::jobs::failure::tell;
use crate::jobs::weather::{self, Weather};
use crate::ledger::{Check, Latencies, Tenant};

/// How long to wait between two rounds that saw nothing end.
const PAUSE: Duration = Duration::from_millis(150);

/// What came of the jobs.
pub(super) struct Followed {
    pub done: u64,
    /// Dead letters: ids, and the reasons that their statuses give.
    pub dead: BTreeMap<String, String>,
    /// Jobs that ended otherwise than they are to.
    pub unexpected: Vec<String>,
    /// Jobs that haven't ended.
    pub open: Vec<String>,
    /// Jobs that are to fail where no status tells of it.
    pub untold: Vec<String>,
    /// Jobs that have, as they are to be found again.
    pub ended: Vec<Ended>,
    /// Ids of the first jobs of each tenant that are done.
    pub examples: Vec<(usize, String)>,
    pub lead: Latencies,
    pub execution: Latencies,
    pub tenants: Vec<Tenant>,
    pub links: Check,
    pub results: Check,
    pub attempts: Check,
}

/// A job that has ended.
pub(super) struct Ended {
    pub job: Accepted,
    pub is_done: bool,
    /// A digest of its status then: there may be many jobs.
    pub status: u64,
}

/// How many jobs of each tenant are examples.
const EXAMPLES: usize = 5;

impl Followed {
    pub(super) fn new() -> Self {
        let tenant = |name: &&str| Tenant { name: (*name).to_owned(), asked: 0, wait: Latencies::default() };
        Self {
            done: 0,
            dead: BTreeMap::new(),
            unexpected: Vec::new(),
            open: Vec::new(),
            untold: Vec::new(),
            ended: Vec::new(),
            examples: Vec::new(),
            lead: Latencies::default(),
            execution: Latencies::default(),
            tenants: TENANTS.iter().map(tenant).collect(),
            links: Check::new("links give the objects of the bucket"),
            results: Check::new("results are the job's 99 observations"),
            attempts: Check::new("jobs that fail once are done the second time"),
        }
    }
}

/// Follows all jobs until they have ended, or nothing moves any more.
pub(super) async fn all(run: &Run, mut accepted: UnboundedReceiver<Accepted>) -> Followed {
    let traffic = &run.traffic;
    let mut all = Followed::new();
    let mut open: VecDeque<Accepted> = VecDeque::new();
    let mut moved = Instant::now();
    let mut more = true;
    while (more || !open.is_empty()) && moved.elapsed() < traffic.patience && !traffic.stop.is_cancelled() {
        // Waits a moment for another job; then those that are there are asked after.
        while let Ok(next) = timeout(if open.is_empty() { PAUSE } else { Duration::ZERO }, accepted.recv()).await {
            let Some(job) = next else {
                more = false;
                break;
            };
            moved = Instant::now();
            all.tenants[job.tenant].asked += 1;
            match run.literal && job.kind == Kind::Poison {
                true => all.untold.push(job.id),
                false => open.push_back(job),
            }
        }
        let some: Vec<Accepted> = open.drain(..open.len().min(traffic.concurrency.max(1) * 4)).collect();
        let asked = futures::stream::iter(some).map(|job| async move { (look(run, &job).await, job) });
        let asked: Vec<_> = asked.buffer_unordered(traffic.concurrency.max(1)).collect().await;
        let mut has_ended = false;
        for (ended, job) in asked {
            match ended {
                Some(end) => {
                    has_ended = true;
                    all.add(job, end);
                    traffic.progress.finish(1);
                }
                None => open.push_back(job),
            }
        }
        match has_ended {
            true => moved = Instant::now(),
            false => sleep(PAUSE).await,
        }
    }
    accepted.close();
    while let Some(job) = accepted.recv().await {
        open.push_back(job);
    }
    all.open = open.into_iter().map(|job| job.id).collect();
    all
}

/// The end of a job.
pub(super) enum End {
    Complete {
        info: JobInfo,
        link: Result<(), String>,
        result: Result<(), String>,
    },
    Failed(JobInfo),
    /// What can't be.
    Wrong(String),
}

impl End {
    /// A digest of the status, without its link, which is another one each time.
    pub(super) fn status(&self) -> u64 {
        let (Self::Complete { info, .. } | Self::Failed(info)) = self else { return 0 };
        let info = JobInfo { job_processed_payload_link: None, ..info.clone() };
        let mut hasher = DefaultHasher::new();
        // It is what was read from JSON.
        serde_json::to_string(&info).unwrap_or_default().hash(&mut hasher);
        hasher.finish()
    }
}

/// Asks for a job's status; nothing if it hasn't ended, or nobody answers.
pub(super) async fn look(run: &Run, job: &Accepted) -> Option<End> {
    let client = &run.clients[job.tenant];
    let (status, answer) = client.status(&job.id).await.ok()?;
    if status >= 500 || status == 429 {
        return None;
    }
    if status != 200 {
        // An accepted job is known from the moment of its answer on.
        return Some(End::Wrong(format!("its status is {status}: {answer}")));
    }
    let info: JobInfo = match serde_json::from_value(answer.clone()) {
        Ok(info) => info,
        Err(error) => return Some(End::Wrong(format!("its status can't be read: {error}: {answer}"))),
    };
    match info.job_status {
        JobStatus::Submitted => None,
        JobStatus::Failed => Some(End::Failed(info)),
        JobStatus::Complete => {
            let (link, result) = results(run, job, &info).await;
            Some(End::Complete { info, link, result })
        }
    }
}

/// Whether the link gives what lies in the bucket, and whether that is what the job's result is to be.
async fn results(run: &Run, job: &Accepted, info: &JobInfo) -> (Result<(), String>, Result<(), String>) {
    let id = &job.id;
    let wrong = |why: String| Err(format!("job {id}: {why}"));
    let link = info.job_processed_payload_link.as_deref().unwrap_or_default();
    let fetched = match run.clients[job.tenant].fetch(link).await {
        Ok(fetched) => fetched,
        Err(why) => return (wrong(why.clone()), wrong(why)),
    };
    let stored = async {
        let get = run.traffic.clients.s3.get_object().bucket(&run.bucket).key(id).send().await;
        let object = get.map_err(|error| tell(&error))?;
        let trace = object.metadata().and_then(|all| all.get("trace")).cloned().unwrap_or_default();
        let body = object.body.collect().await.map_err(|error| error.to_string())?;
        Ok::<_, String>((body.to_vec(), trace))
    };
    let link = match stored.await {
        Ok((body, _)) if body != fetched => wrong("the link gives another content than the bucket".into()),
        Ok((_, trace)) if trace != info.trace || trace.is_empty() => wrong(format!("the object's trace is {trace:?}")),
        Ok(_) => Ok(()),
        Err(why) => wrong(why),
    };
    let sent = Duration::from_millis(u64::try_from(info.sent_timestamp).unwrap_or_default());
    let result = match serde_json::from_slice::<Weather>(&fetched) {
        Ok(weather) if weather != weather::of(id, sent) => wrong("its weather is another job's".into()),
        Ok(weather) => weather.check().or_else(wrong),
        Err(error) => wrong(format!("no weather: {error}")),
    };
    (link, result)
}

impl Followed {
    fn add(&mut self, job: Accepted, end: End) {
        if !matches!(end, End::Wrong(_)) {
            let is_done = matches!(end, End::Complete { .. });
            self.ended.push(Ended { job: job.clone(), is_done, status: end.status() });
        }
        let millis =
            |value: Option<f64>| Duration::try_from_secs_f64(value.unwrap_or_default() / 1e3).unwrap_or_default();
        let info = match end {
            End::Wrong(why) => {
                self.unexpected.push(format!("job {}: {why}", job.id));
                return;
            }
            End::Failed(info) => {
                let reason = info.reason.clone().unwrap_or_default();
                if job.kind != Kind::Poison {
                    self.unexpected.push(format!("job {} failed: {reason}", job.id));
                }
                self.dead.insert(job.id, reason);
                return;
            }
            End::Complete { info, link, result } => {
                self.links.look(link);
                self.results.look(result);
                info
            }
        };
        if job.kind == Kind::Poison {
            self.unexpected.push(format!("job {} is complete, and was to fail", job.id));
        }
        if job.kind == Kind::Flaky {
            let attempts = info.attempts.unwrap_or_default();
            let why = || format!("job {} was done at attempt {attempts}", job.id);
            self.attempts.look(if attempts >= 2 { Ok(()) } else { Err(why()) });
        }
        self.done += 1;
        let (execution, lead) = (millis(info.execution_ms), millis(info.lead_ms));
        self.execution.add(execution);
        self.lead.add(lead);
        self.tenants[job.tenant].wait.add(lead.saturating_sub(execution));
        if self.examples.iter().filter(|(tenant, _)| *tenant == job.tenant).count() < EXAMPLES {
            self.examples.push((job.tenant, job.id));
        }
    }
}
