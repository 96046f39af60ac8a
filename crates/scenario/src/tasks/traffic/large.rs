//! One large text, measured: how fast it is taken, how fast its numbers are added up beside a plain read of it, and how much
//! memory that takes. The text is made as it is sent, and lies nowhere but in the bucket.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use service::objects::{Buffers, Objects};
use tokio::time::Instant;

use super::client::Client;
use super::files::{self, File};
use crate::ledger::{Check, Leg};
use crate::tasks::BUCKET;
use crate::tasks::size::Size;
use crate::tasks::sum::Summary;
use crate::tasks::task::{Kind, Status};
use crate::{Error, Ledger, Traffic};

/// The text is made of blocks of so many words, of which there are so many kinds.
const WORDS: usize = 60_000;
const BLOCKS: usize = 16;
/// How much of a text a plain reader reads at a time, in bytes: as sum-even does.
const RANGE: u64 = 32 << 20;
/// What must stay free beside the text, in bytes.
const SPARE: u64 = 1_000_000_000;

/// Sends the text, waits for its sum, and reads it plainly.
pub(super) async fn run(traffic: &Traffic, size: Size) -> Result<Ledger, Error> {
    if !traffic.clients.is_aws {
        check_space(&traffic.folder, size)?;
    }
    let mut leg = Leg::new(Kind::SumEven.name());
    let mut sums = Check::new("the sum is the sum");
    let mut notes = Vec::new();
    let client = Client::new(traffic)?;
    let (body, expected, length) = text(traffic.seed, size.0);
    leg.asked = 1;
    traffic.progress.ask(1);
    let begun = Instant::now();
    let answer = tokio::select! {
        answer = client.post_stream(Kind::SumEven, body) => answer,
        () = traffic.stop.cancelled() => Err("it was stopped".to_owned()),
    };
    let token = match answer {
        Ok(answer) if answer.status == 201 => answer.token(),
        Ok(answer) => return Err(Error::failed("The text was not taken", answer.shown())),
        Err(why) => return Err(Error::failed("The text was not taken", why)),
    };
    let token = token.ok_or_else(|| Error::failed("The text was not taken", "the answer has no token"))?;
    notes.push(speed("Upload", length, begun.elapsed()));
    let limit = Instant::now() + traffic.patience + Duration::from_secs(length / 10_000_000);
    let end = client.end(Kind::SumEven, &token, || Instant::now() < limit).await;
    match end {
        Ok(end) => {
            let execution = Duration::from_secs_f64(end.execution_ms.unwrap_or(0.0) / 1_000.0);
            leg.execution.add(execution);
            leg.lead.add(Duration::from_secs_f64(end.lead_ms.unwrap_or(0.0) / 1_000.0));
            match end.status {
                Status::Finished => leg.done = 1,
                _ => leg.failed = 1,
            }
            sums.look(is_sum(&client, &token, &expected).await);
            let plain = plain_reads(traffic, &token, length).await?;
            notes.push(speed("sum-even", length, execution));
            notes.push(speed("Plain read, by as many readers", length, plain.parallel));
            notes.push(speed("Plain read, by one reader", length, plain.alone));
            let share = |plain: Duration| plain.as_secs_f64() / execution.as_secs_f64().max(1e-9) * 100.0;
            notes.push(format!(
                "sum-even has {:.0} % of the speed of one plain reader, {:.0} % of that of as many readers.",
                share(plain.alone),
                share(plain.parallel)
            ));
        }
        Err(why) => {
            leg.lost = 1;
            leg.name_one(format!("{token}: {why}"));
        }
    }
    traffic.progress.finish(1);
    if let Some(most) = peak_memory() {
        let what =
            if traffic.clients.is_aws { "API, worker and clients" } else { "API, worker, clients and their cloud" };
        notes.push(format!("This process ({what}, if it holds them all) had {} of memory at most.", Size(most)));
    }
    Ok(Ledger { legs: vec![leg], checks: vec![sums], tenants: Vec::new(), notes })
}

/// A text by chance of about so many bytes as a body, what it comes to, and its exact length.
fn text(seed: u64, size: u64) -> (reqwest::Body, Summary, u64) {
    let mut chance = StdRng::seed_from_u64(seed);
    let blocks: Arc<Vec<_>> = Arc::new(
        (0..BLOCKS)
            .filter_map(|_| match files::text(&mut chance, WORDS) {
                File::Text(bytes, summary) => Some((bytes, summary)),
                File::Picture(..) => None,
            })
            .collect(),
    );
    let mut all = (0_i128, 0, 0, 0);
    let (mut order, mut length) = (Vec::new(), 0);
    // At least one; the last one may be too much.
    while length < size || order.is_empty() {
        let block = chance.random_range(0..blocks.len() as u8);
        let (bytes, summary) = &blocks[usize::from(block)];
        // Blocks are of numbers that fit.
        all.0 += summary.sum.parse::<i128>().unwrap_or_default();
        (all.1, all.2, all.3) = (all.1 + summary.even, all.2 + summary.odd, all.3 + summary.not_numbers);
        length += bytes.len() as u64;
        order.push(block);
    }
    let (sum, even, odd, not_numbers) = all;
    let expected = Summary { sum: sum.to_string(), even, odd, not_numbers, first_not_numbers: Vec::new() };
    let pieces = order.into_iter().map(move |block| Ok::<Bytes, std::io::Error>(blocks[usize::from(block)].0.clone()));
    (reqwest::Body::wrap_stream(stream::iter(pieces)), expected, length)
}

async fn is_sum(client: &Client, token: &str, expected: &Summary) -> Result<(), String> {
    let answer = client.result(Kind::SumEven, token, "application/json").await?;
    let got: Summary = serde_json::from_slice(&answer.body).map_err(|_| answer.shown())?;
    if (&got.sum, got.even, got.odd, got.not_numbers)
        == (&expected.sum, expected.even, expected.odd, expected.not_numbers)
    {
        return Ok(());
    }
    Err(format!("{} of {} numbers instead of {} of {}", got.sum, got.even, expected.sum, expected.even))
}

/// How long it takes to read a text and do nothing with it.
struct Plain {
    parallel: Duration,
    alone: Duration,
}

async fn plain_reads(traffic: &Traffic, token: &str, length: u64) -> Result<Plain, Error> {
    let failed = |why: String| Error::failed("Can't read the text plainly", why);
    let bucket = traffic.outputs.get(BUCKET).cloned().unwrap_or_default();
    let objects = Objects::new(traffic.clients.s3.clone(), &bucket, Buffers::default());
    let prefix = format!("tasks/{}/{token}/payload-", Kind::SumEven.name());
    let list = traffic.clients.s3.list_objects_v2().bucket(&bucket).prefix(prefix).send().await;
    let list = list.map_err(|why| failed(why.to_string()))?;
    let key = list.contents().first().and_then(|object| object.key()).unwrap_or_default();
    let read = async |readers: usize, size: u64| {
        let begun = Instant::now();
        let ranges = (0..length.div_ceil(size)).map(|n| n * size..length.min((n + 1) * size));
        let reads = stream::iter(ranges).map(|range| {
            let (objects, key) = (objects.clone(), key.to_owned());
            tokio::spawn(async move { objects.read_range(&key, None, range, |_| ControlFlow::Continue(())).await })
        });
        let reads = reads.buffer_unordered(readers).map(|read| read.map_err(|why| why.to_string()));
        reads.try_for_each(|read| async { read.map_err(|why| why.to_string()) }).await.map_err(failed)?;
        Ok(begun.elapsed())
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(Plain { parallel: read(2 * cores, RANGE).await?, alone: read(1, length.max(1)).await? })
}

fn speed(what: &str, length: u64, time: Duration) -> String {
    let per_second = length as f64 / time.as_secs_f64().max(1e-9) / 1e6;
    format!("{what}: {} in {:.2} s, {per_second:.0} MB/s.", Size(length), time.as_secs_f64())
}

/// Refuses to fill a disk.
fn check_space(folder: &Path, size: Size) -> Result<(), Error> {
    let there = folder.ancestors().find(|folder| folder.exists());
    let Some(free) = there.and_then(free_space) else { return Ok(()) };
    let need = size.0.saturating_add(SPARE);
    if free < need {
        return Err(Error::usage(
            format!("There is no room for {size}: {} are free", Size(free)),
            format!("{} are needed; --data-dir names a folder on another disk.", Size(need)),
        ));
    }
    Ok(())
}

/// How many bytes are free where a folder lies.
fn free_space(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// How much memory this process had at most, in bytes.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}
