//! Consumers that wait: long polls of a queue that stays empty.

use super::Worker;
use crate::clients::Gone;
use crate::counts::{Did, Fault};
use crate::routes::IDLE;

/// Consumers that wait at the same time.
pub(super) const WAITING: usize = 20;

/// SQS's longest wait, in seconds ("ReceiveMessage").
const LONGEST: i32 = 20;

pub(super) async fn run(worker: Worker) -> Result<(), Gone> {
    loop {
        let receive = worker.clients.sqs.receive_message().queue_url(worker.clients.url(IDLE));
        let answer = worker.call(receive.wait_time_seconds(LONGEST).send()).await?;
        match answer {
            Ok(answer) if answer.messages().is_empty() => worker.counts().did(Did::Waited, 1),
            Ok(answer) => worker.counts().fault(Fault::Phantom, || format!("{:?}", answer.messages())),
            Err(why) => worker.counts().fault(Fault::Refused, || format!("ReceiveMessage of {IDLE}: {why}")),
        }
    }
}
