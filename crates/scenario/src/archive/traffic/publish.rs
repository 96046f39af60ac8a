//! Sends the books to the input queue.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, sleep, sleep_until};

use super::board::Board;
use crate::Traffic;
use crate::archive::reason::reason;

/// How many message groups a publisher has: the books of each are filed in order, beside those of others.
const GROUPS: usize = 4;
/// How often a book is sent that couldn't be sent, with a pause in between that makes up half a minute.
const TRIES: u32 = 8;

/// Sends all, by so many publishers side by side.
pub(super) async fn all(traffic: &Traffic, queue: &str, board: &Board) {
    let publishers = traffic.concurrency.clamp(1, board.stories.len().max(1));
    let started = Instant::now();
    join_all((0..publishers).map(|publisher| one(traffic, queue, board, publisher, publishers, started))).await;
}

async fn one(traffic: &Traffic, queue: &str, board: &Board, publisher: usize, publishers: usize, started: Instant) {
    for n in (publisher..board.stories.len()).step_by(publishers) {
        if let Some(rate) = traffic.rate.filter(|rate| *rate > 0.0) {
            let due = started + Duration::try_from_secs_f64(n as f64 / rate).unwrap_or_default();
            tokio::select! {
                () = sleep_until(due) => {}
                () = traffic.stop.cancelled() => return,
            }
        }
        if traffic.stop.is_cancelled() {
            return;
        }
        let group = format!("{}-{publisher}-{}", board.run, n / publishers % GROUPS);
        board.sending(n);
        board.sent(n, send(traffic, queue, board, n, &group).await);
    }
}

/// Sends a book; again with the same deduplication id when there was no answer.
async fn send(traffic: &Traffic, queue: &str, board: &Board, n: usize, group: &str) -> Result<String, String> {
    let mut pause = Duration::from_millis(250);
    let mut tries = 1;
    loop {
        let send = traffic.clients.sqs.send_message();
        let send = send.queue_url(queue).message_body(&board.stories[n].body).message_group_id(group);
        match send.message_deduplication_id(format!("{}-message-{n}", board.run)).send().await {
            Ok(sent) => return Ok(sent.message_id.unwrap_or_default()),
            Err(error) if tries >= TRIES || traffic.stop.is_cancelled() => return Err(reason(&error)),
            Err(_) => sleep(pause).await,
        }
        tries += 1;
        pause *= 2;
    }
}
