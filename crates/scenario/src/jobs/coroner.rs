//! Tells the table of jobs that nobody ended: SQS moves a message that was received too often to the dead-letter queue by itself, as when its
//! worker died each time, and says to nobody why. Whoever asked for the job would wait for ever.
//!
//! The queue is only counted at each look; its messages are received, and shown again, when it holds another number than before.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName::{ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible};
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName as Name};
use service::clock;
use service::record::{Record, Tell};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::TENANT;
use super::failure::tell;
use super::tracking::{End, Outcome, Request, Status, Tracking};

/// How often the queue is counted.
const LOOK: Duration = Duration::from_secs(10);
/// For so many seconds what was looked at is hidden, so that it doesn't come again while the rest is.
const HIDDEN: i32 = 30;
/// So many letters are looked at: a queue that holds more is somebody's business by then.
const MOST: usize = 10_000;
/// A receive takes at most ten messages (API reference of SQS, ReceiveMessage).
const BATCH: i32 = 10;

/// Looks into the dead-letter queue.
pub(super) struct Coroner {
    pub sqs: Client,
    pub dead_letters: String,
    pub tracking: Arc<dyn Tracking>,
    /// How often the queue lets a message be received.
    pub max_receives: Option<u32>,
    pub tell: Tell,
}

impl Coroner {
    /// Looks again and again until it is to stop.
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut settled = 0;
        loop {
            let looked = tokio::select! {
                looked = self.look(settled) => looked,
                () = stop.cancelled() => return,
            };
            match looked {
                Ok(held) => settled = held,
                Err(why) => self.tell.tell(Record::note(format!("The dead letters can't be looked at: {why}"))),
            }
            tokio::select! {
                () = sleep(LOOK) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Looks at the letters, if there are others than the `settled`; how many are settled now.
    async fn look(&self, settled: u64) -> Result<u64, String> {
        let held = self.held().await?;
        if held == settled || held == 0 {
            return Ok(held);
        }
        let (mut handles, mut failed) = (Vec::new(), None);
        while handles.len() < MOST && failed.is_none() {
            let letters = self.receive().await?;
            if letters.is_empty() {
                break;
            }
            for letter in letters {
                failed = self.certify(&letter).await.err().or(failed);
                handles.extend(letter.receipt_handle);
            }
        }
        for some in handles.chunks(BATCH as usize) {
            // Otherwise they are visible a little later.
            _ = self.show(some).await;
        }
        // What the table didn't take is looked at once more.
        failed.map_or(Ok(held), Err)
    }

    async fn held(&self) -> Result<u64, String> {
        let names = [ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible];
        let ask = self.sqs.get_queue_attributes().queue_url(&self.dead_letters).set_attribute_names(Some(names.into()));
        let answer = ask.send().await.map_err(|error| tell(&error))?;
        let counts = answer.attributes.unwrap_or_default();
        Ok(counts.values().filter_map(|n| n.parse::<u64>().ok()).sum())
    }

    async fn receive(&self) -> Result<Vec<Message>, String> {
        let receive = self.sqs.receive_message().queue_url(&self.dead_letters).max_number_of_messages(BATCH);
        let receive = receive.visibility_timeout(HIDDEN).message_attribute_names("All");
        let receive = receive
            .message_system_attribute_names(Name::SentTimestamp)
            .message_system_attribute_names(Name::AwsTraceHeader);
        let answer = receive.send().await.map_err(|error| tell(&error))?;
        Ok(answer.messages.unwrap_or_default())
    }

    async fn show(&self, handles: &[String]) -> Option<()> {
        let entry = |(n, handle): (usize, &String)| {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(n.to_string()).receipt_handle(handle);
            entry.visibility_timeout(0).build().ok()
        };
        let entries = handles.iter().enumerate().map(entry).collect::<Option<Vec<_>>>()?;
        let change = self.sqs.change_message_visibility_batch().queue_url(&self.dead_letters);
        change.set_entries(Some(entries)).send().await.ok().map(drop)
    }

    /// Writes down that a job has failed whose worker couldn't; of the others the table knows.
    async fn certify(&self, letter: &Message) -> Result<(), String> {
        let attribute = |name: &str| letter.message_attributes.as_ref()?.get(name)?.string_value.as_deref();
        let (Some(id), None) = (letter.message_id.as_deref(), attribute(worker::REASON)) else { return Ok(()) };
        let system = |name: &Name| letter.attributes.as_ref()?.get(name).map(String::as_str);
        let sent =
            system(&Name::SentTimestamp).and_then(|at| at.parse().ok()).map_or(Duration::ZERO, Duration::from_millis);
        let request = Request {
            job: id,
            tenant: attribute(TENANT).unwrap_or_default(),
            payload: letter.body.as_deref().unwrap_or_default(),
            sent,
            trace: system(&Name::AwsTraceHeader).unwrap_or_default(),
        };
        // The API may have been killed before it did.
        self.tracking.add(&request).await.map_err(|trouble| trouble.why)?;
        let entry = self.tracking.get(id).await.map_err(|trouble| trouble.why)?;
        if entry.is_none_or(|entry| entry.status != Status::Submitted) {
            return Ok(());
        }
        let attempts = self.max_receives.unwrap_or(0);
        let why = format!(
            "No worker ended it in {attempts} attempts: each died, or lost it. SQS moved it to the dead-letter queue."
        );
        let lead = clock::since_epoch().saturating_sub(sent);
        let end = End { outcome: Outcome::Failed { why: &why }, attempts, execution: Duration::ZERO, lead };
        self.tracking.end(id, &end).await.map_err(|trouble| trouble.why)?;
        self.tell.tell(Record::note(format!("job {id} has failed: {why}")));
        Ok(())
    }
}
