//! What a simulation came to.

use std::time::Duration;

use aws_sdk_sqs::Client;
use jiff::Timestamp;

use super::fan_out::Found;
use crate::aws::{Target, TargetKind};
use crate::clock;
use crate::command::{dead_letters, exit_of};
use crate::embedded::Embedded;
use crate::exit::Exit;
use crate::report::evidence::Looked;
use crate::report::merge::{Merge, VERSION, month_of};
use crate::report::{Landed, Outcome, Published, Queue, Verdict};
use crate::traffic::depths;
use crate::traffic::ledger::{LandingLedger, Ledger, QueueLedger};
use crate::traffic::leg::Leg;
use crate::traffic::name::LegName;
use crate::traffic::publisher::Plan;
use crate::traffic::run::{FanOut, FanOutLanding, FanOutQueue, Run};
use crate::ui::Ui;

/// What the run came to, as far as the ledger knows it.
pub(super) fn outcome(
    target: &Target,
    found: &Found,
    plan: &Plan,
    ledger: &Ledger,
    (at, elapsed): (Timestamp, Duration),
    embedded: Option<&Embedded>,
) -> Outcome {
    let fan_out = &found.fan_out;
    let queue = |(drained, queue): (&FanOutQueue, &QueueLedger)| {
        Queue::new(queue.name.clone(), drained.url.clone(), queue.tally, ledger.balance(&queue.leg))
    };
    let landed = |(to, landing): (&FanOutLanding, &LandingLedger)| Landed {
        leg: landing.name.clone(),
        bucket: to.landing.bucket.clone(),
        partitions: landing.totals.partitions.keys().cloned().collect(),
        objects: landing.totals.objects,
        bytes: landing.totals.bytes,
        unreadable: landing.totals.unreadable,
        account: ledger.balance(&landing.leg),
    };
    let published_for = ledger.published_for().as_secs_f64();
    let (month, period_s) = month_of(&plan.load, ledger.published.sent, published_for);
    let merge = Merge {
        version: VERSION,
        runs: vec![plan.run.clone()],
        started_ms: at.as_millisecond(),
        published_for_s: published_for,
        month,
        period_s,
        region: Some(target.region.clone()),
        on_aws: target.kind == TargetKind::Aws,
        usage: ledger.usage(),
        histograms: Merge::pack(ledger.histograms()),
    };
    let outcome = Outcome {
        command: "simulate",
        template: Some(found.template.clone()),
        target: target.describe(),
        run: Some(plan.run.clone()),
        seed: Some(plan.seed),
        elapsed_s: elapsed.as_secs_f64(),
        published: Some(Published::new(&ledger.published, plan.told_topics(), published_for, &plan.load)),
        queues: fan_out.queues.iter().zip(&ledger.queues).map(queue).collect(),
        landed: fan_out.landings.iter().zip(&ledger.landings).map(landed).collect(),
        not_followed: found.not_followed.clone(),
        verdict: None,
        evidence: None,
        error: None,
        // A run that is to be the same each time doesn't tell where it was.
        data_dir: embedded
            .filter(|_| !clock::is_stepped())
            .and_then(|embedded| Some(embedded.data_dir.as_ref()?.display().to_string())),
        killed: Vec::new(),
        hints: Vec::new(),
        faults: Vec::new(),
        cost: None,
        merge: None,
    };
    outcome.mergeable(merge)
}

/// How each leg was looked at, how much was to come there, and how much still waits, as [`held`] says.
pub(super) fn looked(ledger: &Ledger, held: &[u64]) -> Vec<Looked> {
    let queues = ledger.queues.iter().map(|queue| (&queue.name, queue.looked, &queue.leg, false));
    let landings = ledger.landings.iter().map(|landing| (&landing.name, landing.looked, &landing.leg, true));
    let look = |(n, (name, looked, leg, by_time)): (usize, (&LegName, bool, &Leg, bool))| Looked {
        name: name.name().to_owned(),
        looked,
        due: ledger.due(leg),
        by_time,
        held: held.get(n).copied().unwrap_or(0),
    };
    queues.chain(landings).enumerate().map(look).collect()
}

/// How many messages each leg still holds, if something is missing anywhere.
pub(super) async fn held(target: &Target, fan_out: &FanOut, run: &Run) -> Vec<u64> {
    if !run.ledger().is_anything_missing() {
        return Vec::new();
    }
    let urls: Vec<_> = fan_out.queues.iter().map(|queue| queue.url.as_str()).collect();
    let streams: Vec<_> = fan_out.landings.iter().map(|landing| landing.stream.as_str()).collect();
    depths::held(target, &urls, &streams).await
}

/// Puts into an outcome what became of the dead-letter queues since somebody looked `before`.
pub(super) async fn count_dead_letters(
    ui: &Ui,
    sqs: &Client,
    fan_out: &FanOut,
    before: Vec<dead_letters::Before>,
    outcome: &mut Outcome,
) {
    for (queue, before) in fan_out.queues.iter().zip(before) {
        let Some(found) = dead_letters::look_again(sqs, before).await else { continue };
        if let Some(why) = &found.unknown {
            ui.warn(format!("The dead letters of the {} queue aren't counted: {why}", queue.name));
        }
        outcome.put_dead_letters(&queue.name, found);
    }
}

/// Why a run ended before its time, if it did: it failed, or was stopped.
pub(super) fn cut_short(failed: Option<&str>, stopped: bool) -> Option<String> {
    match (failed, stopped) {
        (Some(why), _) => Some(format!("it ended early: {why}")),
        (None, true) => Some("it was stopped".to_owned()),
        (None, false) => None,
    }
}

/// How a run with this verdict ends, whose page was written or couldn't be.
pub(super) fn exit(verdict: Verdict, written: bool, stopped: bool) -> Exit {
    match verdict {
        Verdict::NothingLost if !written => Exit::Failed,
        Verdict::Unknown if stopped => Exit::Interrupted,
        verdict => exit_of(verdict),
    }
}
