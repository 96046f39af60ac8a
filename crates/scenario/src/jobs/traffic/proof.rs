//! What the cloud says afterwards: the dead letters, what is left in the queue, and whether tenants see each other's jobs.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_sqs::types::{Message, QueueAttributeName as Name};
use tokio::time::{Instant, sleep};

use super::Run;
use super::again::{self, PAUSE};
use super::follow::Followed;
use super::submit::Submitted;
use crate::jobs::api::UNKNOWN;
use crate::jobs::failure::{Failure, tell};
use crate::ledger::{Check, Ledger};

/// How long a dead letter that was looked at is hidden: until all have been looked at.
const HIDDEN: i32 = 60;
/// So many dead letters are looked at: some may be of earlier runs.
const MAX_LOOKED_AT: usize = 5_000;

/// Adds the checks to the ledger.
///
/// `before` are the objects of the bucket before the run.
pub(super) async fn add(
    run: &Run,
    submitted: &Submitted,
    followed: Followed,
    before: Result<BTreeSet<String>, Failure>,
    ledger: &mut Ledger,
) {
    if submitted.poison > 0 {
        let check = dead_letters(run, &followed, ledger).await;
        ledger.checks.push(check);
    }
    if followed.done > 0 {
        ledger.checks.push(tenants(run, &followed).await);
    }
    ledger.checks.push(nothing_left(run).await);
    // The last looks: nothing happens any more.
    let now = again::objects(run).await;
    let again = [again::jobs(run, &followed).await, again::count(before, now, submitted, &followed)];
    for check in again.into_iter().chain([followed.links, followed.results, followed.attempts]) {
        // Of none there is nothing to be said, as when a run was stopped early.
        if check.of > 0 {
            ledger.checks.push(check);
        }
    }
    if submitted.poison > 0 {
        ledger.notes.push(format!(
            "{} asked to fail for ever: their jobs are in the dead-letter queue, which keeps them.",
            if submitted.poison == 1 { "1 payload".to_owned() } else { format!("{} payloads", submitted.poison) }
        ));
    }
}

/// Every job that failed is in the dead-letter queue, once, with the reason that its status gives.
async fn dead_letters(run: &Run, followed: &Followed, ledger: &mut Ledger) -> Check {
    let mut check = Check::new("failed jobs are dead letters with their reason");
    let wanted = followed.dead.keys().cloned().collect();
    let found = match receive_all(run, &wanted, Instant::now() + run.traffic.patience).await {
        Ok(found) => found,
        Err(why) => {
            check.look(Err(format!("the dead-letter queue: {why}")));
            return check;
        }
    };
    for (id, reason) in &followed.dead {
        check.look(match found.get(id).map(Vec::as_slice) {
            None | Some([]) => Err(format!("job {id} isn't in the dead-letter queue")),
            Some([only]) if only == reason && !reason.is_empty() => Ok(()),
            Some([only]) => Err(format!("job {id} is a dead letter for {only:?}, its status says {reason:?}")),
            Some(several) => {
                if let Some(leg) = ledger.legs.first_mut() {
                    leg.twice += several.len() as u64 - 1;
                    leg.name_one(id.clone());
                }
                Err(format!("job {id} is {} dead letters", several.len()))
            }
        });
    }
    check
}

/// Finds the end of those jobs whose status never tells of it: in the dead-letter queue.
pub(super) async fn settle_untold(run: &Run, followed: &mut Followed) {
    let mut moved = Instant::now();
    while !followed.untold.is_empty() {
        let wanted = followed.untold.iter().cloned().collect();
        // What can't be received now is tried again, and told by the check of the dead letters.
        let found = receive_all(run, &wanted, Instant::now() + PAUSE).await.unwrap_or_default();
        for (id, reasons) in found {
            moved = Instant::now();
            followed.untold.retain(|untold| *untold != id);
            followed.dead.insert(id, reasons.into_iter().next().unwrap_or_default());
            run.traffic.progress.finish(1);
        }
        if moved.elapsed() > run.traffic.patience || run.traffic.stop.is_cancelled() {
            break;
        }
    }
    followed.open.append(&mut followed.untold);
}

/// The reasons of the dead letters of some jobs, until all are found or the deadline has come. They become visible again.
async fn receive_all(
    run: &Run,
    wanted: &BTreeSet<String>,
    deadline: Instant,
) -> Result<BTreeMap<String, Vec<String>>, String> {
    let sqs = &run.traffic.clients.sqs;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut handles = Vec::new();
    // A queue may have messages and give none for once: only when all are there, or nothing came for a while, it is the end.
    let mut empty = 0;
    while handles.len() < MAX_LOOKED_AT && Instant::now() < deadline && empty < 3 {
        let receive = sqs.receive_message().queue_url(&run.dead_letters).max_number_of_messages(10);
        let receive = receive.visibility_timeout(HIDDEN).wait_time_seconds(1).message_attribute_names("All");
        let got = receive.send().await.map_err(|error| tell(&error))?;
        let messages = got.messages.unwrap_or_default();
        let all_found = wanted.iter().all(|id| found.contains_key(id));
        empty = if messages.is_empty() { empty + if all_found { 3 } else { 1 } } else { 0 };
        for message in messages {
            let id = text(&message, worker::MESSAGE_ID).or_else(|| message.message_id.clone()).unwrap_or_default();
            if wanted.contains(&id) {
                found.entry(id).or_default().push(text(&message, worker::REASON).unwrap_or_default());
            }
            handles.extend(message.receipt_handle);
        }
    }
    for handle in handles {
        let change = sqs.change_message_visibility().queue_url(&run.dead_letters).receipt_handle(handle);
        // Otherwise it is visible a little later.
        _ = change.visibility_timeout(0).send().await;
    }
    Ok(found)
}

fn text(message: &Message, attribute: &str) -> Option<String> {
    message.message_attributes.as_ref()?.get(attribute)?.string_value.clone()
}

/// A job isn't there for another tenant.
async fn tenants(run: &Run, followed: &Followed) -> Check {
    let mut check = Check::new("another tenant's jobs are unknown");
    for (tenant, id) in &followed.examples {
        let other = &run.clients[(tenant + 1) % run.clients.len()];
        check.look(match other.status(id).await {
            Ok((_, answer)) if answer["Error Message"] == format!("{UNKNOWN}{id}") => Ok(()),
            Ok((status, answer)) => Err(format!("{} sees job {id}: {status} {answer}", other.name)),
            Err(error) => Err(format!("job {id}: {error}")),
        });
    }
    check
}

/// The queue is empty.
async fn nothing_left(run: &Run) -> Check {
    let mut check = Check::new("nothing is left in the queue");
    let names = [
        Name::ApproximateNumberOfMessages,
        Name::ApproximateNumberOfMessagesNotVisible,
        Name::ApproximateNumberOfMessagesDelayed,
    ];
    let deadline = Instant::now() + run.traffic.patience;
    loop {
        let ask = run.traffic.clients.sqs.get_queue_attributes().queue_url(&run.queue);
        let left = match ask.set_attribute_names(Some(names.to_vec())).send().await {
            Ok(told) => {
                let all = told.attributes.unwrap_or_default();
                let left: u64 = names.iter().filter_map(|name| all.get(name)?.parse::<u64>().ok()).sum();
                if left == 0 { Ok(()) } else { Err(format!("{left} messages are left")) }
            }
            Err(error) => Err(tell(&error)),
        };
        if left.is_ok() || Instant::now() >= deadline || run.traffic.stop.is_cancelled() {
            check.look(left);
            return check;
        }
        sleep(PAUSE).await;
    }
}
