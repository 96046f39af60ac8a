//! Looks at the objects, and fills the ledger.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use futures::{StreamExt, stream};
use serde_json::Value;

use super::board::{Asks, Board, Fate};
use super::story::{self, End};
use crate::archive::{GENRES, options, reason::reason};
use crate::ledger::{Check, Leg};
use crate::{Error, Ledger, Traffic};

/// How many objects are read side by side.
const AT_ONCE: usize = 16;
/// For so long SQS knows a deduplication id; a message that comes again beyond it is no fault.
const WINDOW: Duration = Duration::from_secs(300);
/// A key has at most so many bytes, and a title of fewer than these stands in it uncut.
const MAX_KEY: usize = 1_024;
const CUT: usize = 950;
/// So many characters of a title or a key are shown.
const SHOWN: usize = 60;

/// The ledger of a run; `left` messages are still in the input queue.
pub(super) async fn verify(traffic: &Traffic, board: &Board, left: u64) -> Result<Ledger, Error> {
    let (fates, heard, asks) = board.known();
    let mut ledger = Ledger::default();
    ledger.legs.push(books(board, &fates, left, &mut ledger.notes));
    ledger.legs.push(asking(&asks));
    let good = objects(traffic, board, &fates).await;
    ledger.checks.extend(good);
    ledger.checks.push(in_order(&heard));
    if board.stories.iter().any(|story| matches!(story.end, End::Dead(_))) {
        ledger.checks.push(reasons(board, &fates));
    }
    if !asks.taken.is_empty() {
        ledger.checks.push(taken(board, &fates, &asks));
    } else {
        ledger.notes.push("GET / took none: others took all the books".into());
    }
    if left > 0 && left != u64::MAX {
        ledger.notes.push(format!("{left} messages are still in the input queue"));
    }
    Ok(ledger)
}

/// What became of the books.
fn books(board: &Board, fates: &[Fate], left: u64, notes: &mut Vec<String>) -> Leg {
    let mut leg = Leg::new("books");
    let mut later = 0_u64;
    for (n, (story, fate)) in board.stories.iter().zip(fates).enumerate() {
        if fate.sent.is_none() {
            continue;
        }
        leg.asked += 1;
        let named = story::id(&board.run, n);
        if let Some(why) = &fate.not_sent {
            leg.failed += 1;
            leg.name_one(format!("{named} could not be sent: {why}"));
            continue;
        }
        if let Some(lead) = fate.lead {
            leg.lead.add(lead);
        }
        let mut times: Vec<Duration> = fate.filed.iter().map(|filed| filed.at).collect();
        times.sort();
        times.dedup();
        for pair in times.windows(2) {
            if pair[1] - pair[0] >= WINDOW {
                later += 1;
            } else {
                leg.twice += 1;
                leg.name_one(format!("{named} was told of twice"));
            }
        }
        match (&story.end, fate.filed.first(), &fate.dead) {
            (_, _, Some(why)) => {
                leg.dead += 1;
                if matches!(story.end, End::Dead(_)) {
                    leg.dead_expected += 1;
                } else {
                    leg.name_one(format!("{named} is a dead letter: {why}"));
                }
            }
            (_, Some(filed), None) => {
                leg.done += 1;
                leg.execution.add(filed.execution);
            }
            // Its effect is that there is none: what counts is that its message is gone.
            (End::AsBefore, None, None) if left == 0 => leg.done += 1,
            _ => {
                leg.lost += 1;
                leg.name_one(format!("{named} has no end"));
            }
        }
    }
    if later > 0 {
        notes.push(format!("{later} books were told of again beyond SQS's five minutes of deduplication"));
    }
    leg
}

/// What became of the calls.
fn asking(asks: &Asks) -> Leg {
    let mut leg = Leg::new("GET /");
    leg.asked = asks.answered + asks.refused + asks.failures;
    (leg.done, leg.refused, leg.failed) = (asks.answered, asks.refused, asks.failures);
    asks.failed.iter().for_each(|why| leg.name_one(why));
    asks.took.iter().for_each(|took| leg.lead.add(*took));
    leg
}

/// Reads each object that was told of.
async fn objects(traffic: &Traffic, board: &Board, fates: &[Fate]) -> Vec<Check> {
    let genres = traffic.outputs.get(GENRES).and_then(|list| options::genres(list).ok()).unwrap_or_default();
    let buckets: BTreeMap<String, String> =
        genres.into_iter().filter_map(|(genre, bucket)| Some((genre, bucket?))).collect();
    let filed = board.stories.iter().zip(fates).filter_map(|(story, fate)| match &story.end {
        End::Filed { genre, book } => Some((*genre, book, fate.filed.first()?.clone())),
        _ => None,
    });
    let filed: Vec<_> = filed.collect();
    let mut equal = Check::new("objects equal their messages");
    let mut placed = Check::new("objects are named after titles, in the buckets of their genres");
    let mut own = Check::new("each book has an object of its own");
    let mut seen = BTreeSet::new();
    for (genre, book, filed) in &filed {
        let bucket = buckets.get(*genre).map_or(*genre, String::as_str);
        placed.look(is_placed(bucket, book, &filed.bucket, &filed.key));
        let is_new = seen.insert((filed.bucket.clone(), filed.key.clone()));
        own.look(if is_new { Ok(()) } else { Err(format!("two books lie at {}/{}", filed.bucket, filed.key)) });
    }
    let looks: Vec<_> = filed
        .into_iter()
        .map(|(_, book, filed)| equals(traffic.clients.s3.clone(), filed.bucket, filed.key, book.clone()))
        .collect();
    let mut looks = stream::iter(looks).buffer_unordered(AT_ONCE);
    while let Some(look) = looks.next().await {
        equal.look(look);
    }
    vec![equal, placed, own]
}

async fn equals(s3: aws_sdk_s3::Client, bucket: String, key: String, book: Value) -> Result<(), String> {
    let at = || format!("{bucket}/{}", key.chars().take(SHOWN).collect::<String>());
    let object = s3.get_object().bucket(&bucket).key(&key).send().await;
    let object = object.map_err(|error| format!("{}: {}", at(), reason(&error)))?;
    let bytes = object.body.collect().await.map_err(|why| format!("{}: {why}", at()))?.into_bytes();
    let there: Value = serde_json::from_slice(&bytes).map_err(|why| format!("{} is no JSON: {why}", at()))?;
    if there == book { Ok(()) } else { Err(format!("{} is not what was sent", at())) }
}

/// A title of letters and spaces stands in the key as it is, or the begin of a very long one; behind it there may be a digest.
fn is_placed(genre_bucket: &str, book: &Value, bucket: &str, key: &str) -> Result<(), String> {
    let title = book["title"].as_str().unwrap_or_default();
    let show = |text: &str| text.chars().take(SHOWN).collect::<String>();
    if bucket != genre_bucket {
        return Err(format!("{} is in {bucket}, not in {genre_bucket}", show(key)));
    }
    let is_plain = title.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ' || b == b'-');
    let is_key = key.len() <= MAX_KEY && !key.contains('/') && !key.chars().any(char::is_control);
    let named = key.strip_suffix(".json").is_some_and(|name| {
        let (begin, digest) = name.split_once('~').unwrap_or((name, ""));
        !is_plain || begin == title || !digest.is_empty() && title.len() > CUT && title.starts_with(begin)
    });
    if is_key && named { Ok(()) } else { Err(format!("{:?} is called {:?}", show(title), show(key))) }
}

/// Publishers send the books of a group by number: so they must have been heard of.
fn in_order(heard: &HashMap<String, Vec<usize>>) -> Check {
    let mut check = Check::new("each group's books are told of in order");
    for (group, numbers) in heard {
        let sorted = numbers.is_sorted();
        check.look(if sorted { Ok(()) } else { Err(format!("{group} came as {numbers:?}")) });
    }
    check
}

fn reasons(board: &Board, fates: &[Fate]) -> Check {
    let mut check = Check::new("dead letters say why");
    for (n, (story, fate)) in board.stories.iter().zip(fates).enumerate() {
        if let (End::Dead(words), Some(why)) = (&story.end, &fate.dead) {
            let told = if why.contains(words) { Ok(()) } else { Err(format!("{}: {why}", story::id(&board.run, n))) };
            check.look(told);
        }
    }
    check
}

/// What `GET /` named was sent by these publishers, and came to an end; books of others don't count.
fn taken(board: &Board, fates: &[Fate], asks: &Asks) -> Check {
    let mut check = Check::new("what GET / took came to its end");
    for (story, fate) in board.stories.iter().zip(fates) {
        if let Some(message) = fate.message.as_ref().filter(|message| asks.taken.contains(*message)) {
            let has_end = !fate.filed.is_empty() || fate.dead.is_some() || story.end == End::AsBefore;
            check.look(if has_end { Ok(()) } else { Err(format!("message {message} has no end")) });
        }
    }
    check
}
