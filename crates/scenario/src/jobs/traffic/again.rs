//! Looks at everything once more when all have ended: what was right when a job ended may be lost or changed since, and there may
//! be more than was asked for.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt;
use tokio::time::{Instant, sleep};

use super::Run;
use super::follow::{End, Ended, Followed, look};
use super::submit::Submitted;
use crate::jobs::failure::{Failure, tell};
use crate::ledger::Check;

/// How long to wait between two looks.
pub(super) const PAUSE: Duration = Duration::from_millis(200);

/// Each job's status, link and result are what they were when it ended.
pub(super) async fn jobs(run: &Run, followed: &Followed) -> Check {
    let mut check = Check::new("jobs are as they were when they ended");
    let looks =
        futures::stream::iter(0..followed.ended.len()).map(|n| async move { one(run, &followed.ended[n]).await });
    let mut looks = std::pin::pin!(looks.buffer_unordered(run.traffic.concurrency.max(1)));
    while let Some(result) = looks.next().await {
        check.look(result);
    }
    check
}

async fn one(run: &Run, ended: &Ended) -> Result<(), String> {
    let id = &ended.job.id;
    let deadline = Instant::now() + run.traffic.patience;
    let end = loop {
        match look(run, &ended.job).await {
            Some(end) => break end,
            // Nobody answers; or it hasn't ended any more.
            None if Instant::now() < deadline && !run.traffic.stop.is_cancelled() => sleep(PAUSE).await,
            None => return Err(format!("job {id} had ended, and its status doesn't say so any more")),
        }
    };
    let status = end.status();
    match end {
        End::Wrong(why) => return Err(format!("job {id}: {why}")),
        End::Complete { link, result, .. } => link.and(result)?,
        End::Failed(_) => {}
    }
    if status == ended.status { Ok(()) } else { Err(format!("job {id} has another status than when it ended")) }
}

/// The names of all objects in the bucket.
pub(super) async fn objects(run: &Run) -> Result<BTreeSet<String>, Failure> {
    let list = run.traffic.clients.s3.list_objects_v2().bucket(&run.bucket);
    let mut pages = list.into_paginator().send();
    let mut all = BTreeSet::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| Failure { throttled: false, why: tell(&error) })?;
        all.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
    }
    Ok(all)
}

/// Every job that is done has its object, and what else came into the bucket since `before` are the jobs of requests whose answers
/// were lost: each was made again, and may be two jobs.
pub(super) fn count(
    before: Result<BTreeSet<String>, Failure>,
    now: Result<BTreeSet<String>, Failure>,
    submitted: &Submitted,
    followed: &Followed,
) -> Check {
    let mut check = Check::new("the bucket has an object for each job that is done, and no others");
    let (before, now) = match (before, now) {
        (Ok(before), Ok(now)) => (before, now),
        (Err(failure), _) | (_, Err(failure)) => {
            check.look(Err(format!("the bucket can't be listed: {}", failure.why)));
            return check;
        }
    };
    let done: BTreeSet<&String> = followed.ended.iter().filter(|it| it.is_done).map(|it| &it.job.id).collect();
    for id in &done {
        let is_there = now.contains(*id);
        check.look(if is_there { Ok(()) } else { Err(format!("there is no object {id} any more")) });
    }
    let mut unanswered = submitted.unanswered;
    let open: BTreeSet<&String> = followed.open.iter().collect();
    for id in now.difference(&before).filter(|id| !done.contains(id) && !open.contains(id)) {
        // A failed job has none, whatever was answered.
        if unanswered > 0 && !followed.dead.contains_key(id) {
            unanswered -= 1;
        } else {
            check.look(Err(format!("there is an object {id}, which nobody asked for")));
        }
    }
    check
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::traffic::plan::Kind;
    use crate::jobs::traffic::submit::Accepted;

    fn names(names: &[&str]) -> Result<BTreeSet<String>, Failure> {
        Ok(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// Jobs that nobody had asked for, and objects that were deleted, were no loss to a run's ledger.
    #[test]
    fn objects_that_are_too_few_or_too_many_are_seen() {
        let mut followed = Followed::new();
        for id in ["a", "b"] {
            let job = Accepted { id: id.into(), kind: Kind::Good, tenant: 0 };
            followed.ended.push(Ended { job, is_done: true, status: 0 });
        }
        followed.dead.insert("d".into(), "bad".into());
        followed.open.push("o".into());
        let check = |now: &[&str], unanswered| {
            let submitted = Submitted { unanswered, ..Submitted::default() };
            count(names(&["old"]), names(now), &submitted, &followed)
        };
        assert!(check(&["a", "b", "old"], 0).is_right());
        assert!(check(&["a", "b", "o"], 0).is_right());
        assert_eq!(check(&["a", "old"], 0).wrong, ["there is no object b any more"]);
        assert_eq!(check(&["a", "b", "x"], 0).wrong, ["there is an object x, which nobody asked for"]);
        assert!(check(&["a", "b", "x"], 1).is_right());
        assert!(!check(&["a", "b", "x", "y"], 1).is_right());
        assert!(!check(&["a", "b", "d"], 1).is_right());
        let failure = Failure { why: "no".into(), throttled: false };
        assert!(!count(Err(failure), names(&[]), &Submitted::default(), &followed).is_right());
    }
}
