//! The archive's traffic: publishers send books, askers call `GET /`, readers hear what was filed and what was not.
//!
//! ```text
//! story     the books: good ones, odd ones, and those that can't be filed
//! board     what is known of each book
//! publish   sends the books to the input queue
//! ask       calls `GET /`, and asks for what there is not
//! read      the output queue and the dead-letter queue
//! verify    looks at the objects, and fills the ledger
//! ```

mod ask;
mod board;
mod publish;
mod read;
mod story;
mod verify;

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName as Name;
use futures::future::{join, join_all};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use self::board::Board;
use super::reason::reason;
use crate::{Error, Ledger, Traffic};

/// How often it is looked whether all is done.
const LOOK: Duration = Duration::from_millis(50);
/// How many read the output queue side by side.
const READERS: usize = 2;
/// How many ask the API side by side.
const ASKERS: usize = 2;

/// Makes the traffic, waits for what becomes of it, and looks whether that is right.
pub(super) async fn run(traffic: Traffic) -> Result<Ledger, Error> {
    let input = traffic.outputs.get(super::INPUT).cloned();
    let output = traffic.outputs.get(super::OUTPUT).cloned();
    let (Some(input), Some(output)) = (input, output) else {
        return Err(Error::usage("The stack tells of no queues", "Deploy the template of the archive."));
    };
    let sqs = &traffic.clients.sqs;
    let queue = worker::Queue::look(sqs, &input).await;
    let queue = queue.map_err(|why| Error::failed("Can't use the input queue", why))?;
    let board = Arc::new(Board::new(story::write(traffic.seed, traffic.count), traffic.progress.clone()));
    let http = reqwest::Client::builder().timeout(Duration::from_secs(40)).build();
    let http = http.map_err(|why| Error::failed("Can't make an HTTP client", why))?;

    // Those who ask and read do so until all has its end.
    let over = traffic.stop.child_token();
    let _over_at_the_end = over.clone().drop_guard();
    let readers =
        (0..READERS).map(|_| tokio::spawn(read::filed(sqs.clone(), output.clone(), board.clone(), over.clone())));
    let mut beside: Vec<_> = readers.collect();
    if let Some(dead) = queue.dead_letters {
        beside.push(tokio::spawn(read::dead(sqs.clone(), dead, board.clone(), over.clone())));
    }
    let askers =
        (0..ASKERS).map(|_| tokio::spawn(ask::ask(http.clone(), traffic.api.clone(), board.clone(), over.clone())));
    let askers: Vec<_> = askers.collect();
    join(publish::all(&traffic, &input, &board), ask::wrongly(&http, &traffic, &board)).await;
    let left = wait(&traffic, &input, &board).await;
    over.cancel();
    join_all(beside.into_iter().chain(askers)).await;
    verify::verify(&traffic, &board, left).await
}

/// Waits until each book has its end and the queue is empty, or nothing moves for the patience. How many messages are left.
async fn wait(traffic: &Traffic, input: &str, board: &Board) -> u64 {
    let mut seen = board.moves();
    let mut since = Instant::now();
    loop {
        let ended = board.all_ended();
        let left = if ended { left(&traffic.clients.sqs, input, &traffic.stop).await } else { Ok(u64::MAX) };
        if left == Ok(0) || traffic.stop.is_cancelled() {
            return left.unwrap_or(u64::MAX);
        }
        if board.moves() != seen {
            (seen, since) = (board.moves(), Instant::now());
        }
        if since.elapsed() > traffic.patience {
            return left.unwrap_or(u64::MAX);
        }
        sleep(LOOK).await;
    }
}

/// How many messages the queue has, in flight or not.
async fn left(sqs: &aws_sdk_sqs::Client, url: &str, stop: &CancellationToken) -> Result<u64, String> {
    let names = [Name::ApproximateNumberOfMessages, Name::ApproximateNumberOfMessagesNotVisible];
    let ask = sqs.get_queue_attributes().queue_url(url).set_attribute_names(Some(names.to_vec())).send();
    let answer = tokio::select! {
        answer = ask => answer.map_err(|error| reason(&error))?,
        () = stop.cancelled() => return Err("stopped".into()),
    };
    let attributes = answer.attributes.unwrap_or_default();
    let number = |name| attributes.get(name).and_then(|n| n.parse::<u64>().ok());
    names.iter().map(number).sum::<Option<u64>>().ok_or_else(|| "SQS tells no numbers".into())
}
