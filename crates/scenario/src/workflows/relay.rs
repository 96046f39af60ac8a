//! Brings what stands in the outbox to the queue.
//!
//! Who writes a row of the outbox has it for the time of a lease, and hands it to a courier of the same process, which sends
//! up to ten at once and takes them out of the outbox. What is left (the queue was away, the process was killed) is swept up by any
//! process once its lease is over. A kill between the send and the removal has a message sent twice: its workflow is consumed
//! once, the second message is void.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_sqs::types::{
    MessageSystemAttributeNameForSends, MessageSystemAttributeValue, SendMessageBatchRequestEntry,
};
use futures::future::join_all;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use service::metrics::Metrics;
use service::record::{Record, Tell};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::consumer::Message;
use super::store::{Outgoing, Store};

/// SQS takes so many messages in a request.
const BATCH: usize = 10;
/// So many requests are sent at once.
const COURIERS: usize = 4;
/// So many rows wait for a courier; further ones wait in the outbox.
const INBOX: usize = 1_000;
/// How long a send may take: less than the lease of a row.
const SEND_TIME: Duration = Duration::from_secs(5);
/// How long a request waits until its message is sent.
const REQUEST_PATIENCE: Duration = Duration::from_secs(2);
/// How often what is left is looked for.
const SWEEP: Duration = Duration::from_secs(1);
/// The longest pause after sends that failed.
const MAX_PAUSE: Duration = Duration::from_secs(8);

/// A row on its way, and who waits for it.
type Parcel = (Outgoing, oneshot::Sender<()>);

/// Brings what stands in the outbox to the queue.
pub(super) struct Relay {
    store: Arc<dyn Store>,
    sqs: aws_sdk_sqs::Client,
    queue_url: String,
    tell: Tell,
    inbox: mpsc::Sender<Parcel>,
    parcels: Mutex<mpsc::Receiver<Parcel>>,
    /// Whether the last send failed: nobody waits for the next one then.
    is_away: AtomicBool,
    waiting: Gauge,
    sent: Counter,
}

impl Relay {
    /// One that runs once [`Self::run`] is called.
    pub(super) fn new(
        store: Arc<dyn Store>,
        sqs: aws_sdk_sqs::Client,
        queue_url: String,
        metrics: &Metrics,
        tell: Tell,
    ) -> Arc<Self> {
        let (inbox, parcels) = mpsc::channel(INBOX);
        let (waiting, sent) = (Gauge::default(), Counter::default());
        metrics.register("messaging_workflows_outbox", "Messages that are still to be sent", waiting.clone());
        metrics.register("messaging_workflows_sent", "Messages that were sent to the queue", sent.clone());
        let (parcels, is_away) = (Mutex::new(parcels), AtomicBool::new(false));
        Arc::new(Self { store, sqs, queue_url, tell, inbox, parcels, is_away, waiting, sent })
    }

    /// Sends a row that the caller has just written, and waits for that a moment. If it can't be sent now it is sent later.
    pub(super) async fn send(&self, outgoing: Outgoing) {
        let id = outgoing.id;
        if !self.is_away.load(Ordering::Relaxed) {
            let (done, sent) = oneshot::channel();
            match self.inbox.try_send((outgoing, done)) {
                Ok(()) => {
                    _ = timeout(REQUEST_PATIENCE, sent).await;
                    return;
                }
                // The couriers have ended: this is one of the last requests.
                Err(mpsc::error::TrySendError::Closed((outgoing, _))) => {
                    self.deliver(vec![outgoing]).await;
                    return;
                }
                Err(mpsc::error::TrySendError::Full(_)) => {}
            }
        }
        self.release(&[id], false).await;
    }

    /// Runs until it is to stop, and sends what is in hand before it ends.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let couriers = join_all((0..COURIERS).map(|_| self.courier(&stop)));
        tokio::join!(couriers, self.sweep(&stop));
    }

    /// Sends what requests hand over.
    async fn courier(&self, stop: &CancellationToken) {
        loop {
            let mut parcels = Vec::with_capacity(BATCH);
            {
                let mut inbox = self.parcels.lock().await;
                tokio::select! {
                    biased;
                    n = inbox.recv_many(&mut parcels, BATCH) => if n == 0 { return },
                    () = stop.cancelled() => { inbox.close(); continue; }
                }
            }
            let (rows, done): (Vec<_>, Vec<_>) = parcels.into_iter().unzip();
            self.deliver(rows).await;
            done.into_iter().for_each(|done| _ = done.send(()));
        }
    }

    /// Sends what is left, again and again.
    async fn sweep(&self, stop: &CancellationToken) {
        let mut pause = SWEEP;
        loop {
            let all_sent = self.sweep_once(stop).await;
            pause = if all_sent { SWEEP } else { (pause * 2).min(MAX_PAUSE) };
            tokio::select! {
                () = sleep(pause) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn sweep_once(&self, stop: &CancellationToken) -> bool {
        if let Ok(waiting) = self.store.waiting().await {
            self.waiting.set(waiting);
        }
        while !stop.is_cancelled() {
            match self.store.lease(BATCH).await {
                Ok(rows) if rows.is_empty() => return true,
                Ok(rows) => {
                    if !self.deliver(rows).await {
                        return false;
                    }
                }
                // The health says so too, and whoever asks for something.
                Err(_) => return false,
            }
        }
        true
    }

    /// Sends rows and takes them out of the outbox; what can't be sent goes back into it. Whether the queue answered.
    async fn deliver(&self, rows: Vec<Outgoing>) -> bool {
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let entries = rows.iter().enumerate().filter_map(|(n, row)| entry(n, row)).collect();
        let request = self.sqs.send_message_batch().queue_url(&self.queue_url).set_entries(Some(entries)).send();
        let why = match timeout(SEND_TIME, request).await {
            Ok(Ok(answer)) => {
                let mut refused = HashMap::new();
                for failed in answer.failed() {
                    let id = failed.id().parse().ok().and_then(|n: usize| ids.get(n)).copied();
                    refused.extend(id.map(|id| (id, failed.message().unwrap_or(failed.code()).to_owned())));
                }
                self.answered(&ids, refused).await;
                return true;
            }
            Ok(Err(error)) => reason(error),
            Err(_) => format!("no answer within {} s", SEND_TIME.as_secs()),
        };
        self.release(&ids, false).await;
        if !self.is_away.swap(true, Ordering::Relaxed) {
            self.tell.tell(Record::note(format!("The queue takes no messages; the outbox keeps them: {why}")));
        }
        false
    }

    async fn answered(&self, ids: &[i64], refused: HashMap<i64, String>) {
        if self.is_away.swap(false, Ordering::Relaxed) {
            self.tell.tell(Record::note("The queue takes messages again."));
        }
        let sent: Vec<i64> = ids.iter().copied().filter(|id| !refused.contains_key(id)).collect();
        self.sent.inc_by(sent.len() as u64);
        // What stays though it was sent is sent once more, and void.
        _ = self.store.sent(&sent).await;
        if let Some(why) = refused.values().next() {
            self.tell.tell(Record::note(format!(
                "The queue refused {} messages, they are tried again: {why}",
                refused.len()
            )));
            self.release(&refused.into_keys().collect::<Vec<_>>(), true).await;
        }
    }

    /// Rows that couldn't be sent. If that fails too, they are free when their lease ends.
    async fn release(&self, ids: &[i64], refused: bool) {
        _ = self.store.release(ids, refused).await;
    }
}

/// A row as an entry of a request.
fn entry(n: usize, row: &Outgoing) -> Option<SendMessageBatchRequestEntry> {
    let body = serde_json::to_string(&Message { uuid: row.uuid, generation: row.generation }).ok()?;
    let trace = MessageSystemAttributeValue::builder().data_type("String").string_value(&row.trace).build().ok()?;
    SendMessageBatchRequestEntry::builder()
        .id(n.to_string())
        .message_body(body)
        .message_system_attributes(MessageSystemAttributeNameForSends::AwsTraceHeader, trace)
        .build()
        .ok()
}

/// What a failed request says, in a line.
pub(super) fn reason(error: impl std::error::Error) -> String {
    let mut deepest: &dyn std::error::Error = &error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
