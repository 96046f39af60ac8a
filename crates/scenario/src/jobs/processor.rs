//! The processor: a job's entry, then its result by the simulator, then the end in the entry.
//!
//! Killed at any moment, the message comes again, to this worker or another:
//! - before the entry: the API has written it, or it is written now;
//! - between entry and object: the entry is there already, the object is written now;
//! - between object and end: the object is there, and would be the same again: it is the job's id that its weather comes from;
//! - between end and the message's delete: the entry is complete, and there is nothing left to do.
//!
//! Two workers that have the same message, as a standard queue may give it twice, do the same with the same effect.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use serde::de::IgnoredAny;
use serde_json::Value;
use service::clock;
use tokio::time::Instant;
use uuid::Uuid;
use worker::{Handler, Job, Verdict};

use super::TENANT;
use super::failure::Failure;
use super::figures::{Call, Figures, Part};
use super::tracking::{End, Outcome, Request, Status, Tracking, Trouble};
use super::weather;
use crate::{Clients, message};

/// A reason has at most so many characters, in the entry as in the dead letter's attribute.
const MAX_REASON: usize = 1_000;

/// Works on jobs.
pub(super) struct Processor {
    pub clients: Clients,
    pub bucket: String,
    pub tracking: Arc<dyn Tracking>,
    pub figures: Figures,
    /// How often the queue lets a message be received.
    pub max_receives: Option<u32>,
    /// The payload's member that makes it fail, in simulations.
    pub fail_on: Option<String>,
}

/// Why a job isn't done.
#[derive(Debug)]
enum Undone {
    /// It may be done later.
    Later { why: String, throttled: bool },
    /// It never will be.
    Never(String),
}

impl From<Failure> for Undone {
    fn from(failure: Failure) -> Self {
        Self::Later { why: failure.why, throttled: failure.throttled }
    }
}

impl From<Trouble> for Undone {
    fn from(trouble: Trouble) -> Self {
        Self::Later { why: format!("The tracking table: {}", trouble.why), throttled: trouble.throttled }
    }
}

/// The job's id: that of the message that was submitted. A dead letter is another message, which names the first one's; sent
/// back to the queue it is the same job. Whoever can send may write anything there: what is no id of a message counts for nothing,
/// since the id is a key of the table and of the bucket.
pub(super) fn id_of(job: &Job) -> &str {
    job.attributes.get(worker::MESSAGE_ID).filter(|id| is_message_id(id)).unwrap_or(&job.id)
}

/// Whether it is written as SQS writes the ids of messages: a UUID in lower case, with its hyphens.
fn is_message_id(id: &str) -> bool {
    Uuid::try_parse(id).is_ok_and(|uuid| uuid.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()) == id)
}

#[async_trait]
impl Handler for Processor {
    async fn handle(&self, job: Arc<Job>) -> Verdict {
        let started = Instant::now();
        let id = id_of(&job);
        let ended = self.process(&job, id, started).await;
        let call = match &ended {
            Ok(()) => Call::Well,
            Err(Undone::Later { throttled: true, .. }) => Call::Throttled,
            Err(_) => Call::Failed,
        };
        self.figures.called(Part::Processor, call, started.elapsed(), id, job.trace.as_deref().unwrap_or_default());
        let (why, is_last) = match ended {
            Ok(()) => return Verdict::Done,
            Err(Undone::Never(why)) => (why, true),
            Err(Undone::Later { why, .. }) => (why, self.max_receives.is_some_and(|most| job.receives >= most)),
        };
        if is_last {
            // The entry first: killed in between, the message comes again and ends as this one, or SQS moves it. An entry that
            // can't be written is no reason to keep the message from the dead-letter queue.
            let why: String = why.chars().take(MAX_REASON).collect();
            let end = end(&job, Outcome::Failed { why: &why }, started);
            let told = self.tracking.end(id, &end).await;
            self.figures.asked("end", told.is_ok());
            return Verdict::Dead { why };
        }
        Verdict::Retry { why, after: None }
    }
}

impl Processor {
    async fn process(&self, job: &Job, id: &str, started: Instant) -> Result<(), Undone> {
        let request = Request {
            job: id,
            tenant: job.attributes.get(TENANT).map_or("", String::as_str),
            payload: &job.body,
            sent: job.sent,
            trace: job.trace.as_deref().unwrap_or_default(),
        };
        let added = self.tracking.add(&request).await;
        self.figures.asked("add", added.is_ok());
        added?;
        let read = self.tracking.get(id).await;
        self.figures.asked("get", read.is_ok());
        let entry = read?;
        if entry.as_ref().is_some_and(|entry| entry.status == Status::Complete) {
            return Ok(());
        }
        // The API refuses what is no JSON; others who send to the queue may not.
        if let Err(error) = serde_json::from_str::<IgnoredAny>(&job.body) {
            return Err(Undone::Never(format!("The payload is no JSON: {error}")));
        }
        self.fail_on_purpose(job)?;
        let sent = entry.and_then(|entry| u64::try_from(entry.sent).ok()).map_or(job.sent, Duration::from_millis);
        self.simulate(id, sent, &request).await?;
        let end = end(job, Outcome::Complete { bucket: &self.bucket, key: id }, started);
        let ended = self.tracking.end(id, &end).await;
        self.figures.asked("end", ended.is_ok());
        Ok(ended?)
    }

    /// What a simulation asks for: a payload whose member is true fails for ever, one whose member is a number so often.
    fn fail_on_purpose(&self, job: &Job) -> Result<(), Undone> {
        let Some(member) = &self.fail_on else { return Ok(()) };
        let payload: Value = serde_json::from_str(&job.body).unwrap_or_default();
        match &payload[member] {
            Value::Bool(true) => Err(Undone::Never(format!("The payload asks to fail: {member} is true"))),
            Value::Number(times) if times.as_u64().is_some_and(|times| u64::from(job.receives) <= times) => {
                let why = format!("The payload asks to fail {times} times, this is the {}.", job.receives);
                Err(Undone::Later { why, throttled: false })
            }
            _ => Ok(()),
        }
    }

    /// Writes the job's weather into the bucket, unless it is there.
    async fn simulate(&self, id: &str, sent: Duration, request: &Request<'_>) -> Result<(), Failure> {
        let started = Instant::now();
        let written = self.write(id, sent, request).await;
        let call = match &written {
            Ok(()) => Call::Well,
            Err(failure) if failure.throttled => Call::Throttled,
            Err(_) => Call::Failed,
        };
        self.figures.called(Part::Simulator, call, started.elapsed(), id, request.trace);
        written.map_err(|failure| Failure { why: format!("The bucket: {}", failure.why), ..failure })
    }

    async fn write(&self, id: &str, sent: Duration, request: &Request<'_>) -> Result<(), Failure> {
        let text = serde_json::to_vec(&weather::of(id, sent));
        let text = text.map_err(|error| Failure { why: error.to_string(), throttled: false })?;
        let put = self.clients.s3.put_object().bucket(&self.bucket).key(id).body(ByteStream::from(text));
        // Whoever was here before has written the same.
        let mut put = put.content_type("application/json").if_none_match("*");
        if message::is_metadata(request.trace) {
            put = put.metadata("trace", request.trace);
        }
        match put.send().await {
            Err(error) if error.code() == Some("PreconditionFailed") => Ok(()),
            written => Ok(written.map(drop)?),
        }
    }
}

/// The end of a job that began to be worked on at `started`.
fn end<'a>(job: &Job, outcome: Outcome<'a>, started: Instant) -> End<'a> {
    let lead = clock::since_epoch().saturating_sub(job.sent);
    End { outcome, attempts: job.receives, execution: started.elapsed(), lead }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_letter_that_was_sent_back_is_the_same_job() {
        let mut job = Job::new("new", "{}");
        assert_eq!(id_of(&job), "new");
        let first = "0b2f2c1e-5a3f-4a55-8f5e-3a3d6b9f9a10";
        job.attributes.insert(worker::MESSAGE_ID.into(), first.into());
        assert_eq!(id_of(&job), first);
    }

    /// A message was sent with an id of its sender's choice, which became the name of an object.
    #[test]
    fn an_id_that_no_message_has_is_not_believed() {
        for wrong in [
            "",
            "first",
            "../../other",
            "0b2f2c1e5a3f4a558f5e3a3d6b9f9a10",
            "{0b2f2c1e-5a3f-4a55-8f5e-3a3d6b9f9a10}",
            "urn:uuid:0b2f2c1e-5a3f-4a55-8f5e-3a3d6b9f9a10",
            "0B2F2C1E-5A3F-4A55-8F5E-3A3D6B9F9A10",
            "0b2f2c1e-5a3f-4a55-8f5e-3a3d6b9f9a10 ",
        ] {
            let mut job = Job::new("own", "{}");
            job.attributes.insert(worker::MESSAGE_ID.into(), wrong.into());
            assert_eq!(id_of(&job), "own", "{wrong:?}");
        }
    }
}
