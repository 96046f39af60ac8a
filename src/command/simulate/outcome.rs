//! What a simulation came to.

use std::time::Duration;

use jiff::Timestamp;

use super::fan_out::Found;
use crate::aws::{Target, TargetKind};
use crate::embedded::Embedded;
use crate::report::merge::{Merge, VERSION, month_of};
use crate::report::{Landed, Outcome, Published, Queue};
use crate::traffic::ledger::Ledger;
use crate::traffic::publisher::Plan;
use crate::traffic::run::FanOutQueue;

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
    let queue = |drained: &FanOutQueue| {
        let queue = &ledger.queues[&drained.api];
        Queue::new(drained.api, drained.url.clone(), queue.tally, ledger.balance(&queue.leg))
    };
    let landed = Landed {
        bucket: fan_out.bucket.clone(),
        partitions: ledger.landed.partitions.keys().cloned().collect(),
        objects: ledger.landed.objects,
        bytes: ledger.landed.bytes,
        unreadable: ledger.landed.unreadable,
        account: ledger.balance(&ledger.landing),
    };
    let published_for = ledger.published_for().as_secs_f64();
    let (month, period_s) = month_of(&plan.load, published_for);
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
        published: Some(Published::new(&ledger.published, fan_out.topic_arn.clone(), published_for, &plan.load)),
        queues: fan_out.queues.iter().map(queue).collect(),
        landed: Some(landed),
        verdict: None,
        error: None,
        data_dir: embedded.and_then(|embedded| Some(embedded.data_dir.as_ref()?.display().to_string())),
        cost: None,
        merge: None,
    };
    outcome.mergeable(merge)
}
