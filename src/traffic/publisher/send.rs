//! A publisher's requests: sent until every event is acknowledged or given up.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::entry::{Entry, Fifo};
use super::{Notice, Publisher};
use crate::aws::{CallError, ErrorKind};

/// How often an entry that the service can't take is sent at most.
const ATTEMPTS: u32 = 5;
/// The shortest pause before something is sent again.
const PAUSE: Duration = Duration::from_millis(100);

impl Publisher {
    /// Sends a batch, whatever its size, until every entry is acknowledged or given up.
    pub(super) async fn send(&self, entries: Vec<Entry>) -> Result<(), CallError> {
        let mut entries = entries;
        if let Some(due) = entries.iter().map(|entry| entry.intended).max().filter(|_| self.plan.load.is_open()) {
            let late = Instant::now().saturating_duration_since(due);
            (self.listener)(Notice::Leaves { events: entries.len() as u64, late });
        }
        let mut attempt = 1;
        let mut silent_since: Option<Instant> = None;
        while !entries.is_empty() {
            self.under_way.events.store(entries.len() as u64, Ordering::Relaxed);
            let bytes: usize = entries.iter().map(|entry| entry.size).sum();
            self.under_way.bytes.store(bytes as u64, Ordering::Relaxed);
            let outcome = match &entries[..] {
                [entry] => self.publish_one(entry).await.map(|()| Vec::new()),
                batch => self.publish_batch(batch).await,
            };
            match outcome {
                // The numbers of those that the service couldn't take.
                Ok(again) => {
                    let mut at = 0;
                    entries.retain(|_| {
                        at += 1;
                        again.iter().any(|(n, _)| *n == at - 1)
                    });
                    if entries.is_empty() {
                        return Ok(());
                    }
                    if attempt == ATTEMPTS || self.stop.is_signalled() {
                        for (entry, (_, why)) in entries.iter().zip(&again) {
                            (self.listener)(Notice::Refused { event: &entry.outgoing, why });
                        }
                        return Ok(());
                    }
                    (self.listener)(Notice::Trouble { why: &again[0].1, unsure: None });
                    silent_since = None;
                    sleep(PAUSE * 2_u32.pow(attempt)).await;
                    attempt += 1;
                    (self.listener)(Notice::Again);
                }
                // It may pass: a restart, or too much at once, is no reason to lose an event.
                Err(error) if error.kind.may_pass() => {
                    let since = *silent_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > self.plan.patience || self.stop.is_requested() {
                        return Err(error);
                    }
                    sleep(PAUSE * 5).await;
                    (self.listener)(Notice::Again);
                }
                Err(error) if error.kind == ErrorKind::Other => {
                    let why = error.to_string();
                    for entry in &entries {
                        (self.listener)(Notice::Refused { event: &entry.outgoing, why: &why });
                    }
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Publishes an event on its own.
    async fn publish_one(&self, entry: &Entry) -> Result<(), CallError> {
        let Fifo { group, dedup } = self.fifo(entry);
        let answer = self
            .client
            .publish()
            .topic_arn(&self.topic_arn)
            .message(entry.body())
            .set_subject(entry.subject())
            .set_message_attributes(Some(entry.message_attributes().collect()))
            .set_message_group_id(group)
            .set_message_deduplication_id(dedup)
            .send()
            .await?;
        self.notify_sent(entry, answer.message_id().unwrap_or_default());
        Ok(())
    }

    /// Publishes a batch, and gives up the entries that the service doesn't want. Those that it couldn't take are left: their
    /// numbers, with the service's reasons.
    async fn publish_batch(&self, batch: &[Entry]) -> Result<Vec<(usize, String)>, CallError> {
        let mut request = self.client.publish_batch().topic_arn(&self.topic_arn);
        for (n, entry) in batch.iter().enumerate() {
            request = request.publish_batch_request_entries(entry.in_batch(n, self.fifo(entry))?);
        }
        let answer = request.send().await?;
        let number = |id: &str| id.parse::<usize>().ok().filter(|n| *n < batch.len());
        for sent in answer.successful() {
            if let Some(n) = sent.id().and_then(number) {
                self.notify_sent(&batch[n], sent.message_id().unwrap_or_default());
            }
        }
        let mut again = Vec::new();
        for failed in answer.failed() {
            let why = format!("{}: {}", failed.code(), failed.message().unwrap_or("no reason given"));
            match number(failed.id()) {
                Some(n) if failed.sender_fault() => {
                    (self.listener)(Notice::Refused { event: &batch[n].outgoing, why: &why });
                }
                Some(n) => again.push((n, why)),
                None => {}
            }
        }
        again.sort();
        Ok(again)
    }

    /// Tells the listener of an event that was acknowledged.
    fn notify_sent(&self, entry: &Entry, message_id: &str) {
        let latency = Instant::now().saturating_duration_since(entry.intended);
        let bytes = entry.body().len() as u64;
        let traceparent = entry.traceparent.as_deref();
        (self.listener)(Notice::Sent { event: &entry.outgoing, message_id, latency, bytes, traceparent });
    }

    fn fifo(&self, entry: &Entry) -> Fifo {
        entry.fifo(self.topic_arn.ends_with(".fifo"), &self.plan.run)
    }
}
