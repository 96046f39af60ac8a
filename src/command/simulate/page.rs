//! What the page of a simulation's `--report` tells beyond the outcome.

use super::fan_out::Found;
use crate::aws::Target;
use crate::clock;
use crate::command::Context;
use crate::command::page::PageFile;
use crate::report::Outcome;
use crate::report::html::{Curve, Recorded};
use crate::traffic::depths;
use crate::traffic::publisher::Plan;
use crate::traffic::run::Run;
use crate::traffic::timeline::{LANDED, PUBLISHED};

/// Writes the page of a run, if there is to be one; false if it can't.
pub(super) async fn write(
    context: &Context,
    file: Option<&PageFile>,
    target: &Target,
    found: &Found,
    plan: &Plan,
    run: &Run,
    outcome: &Outcome,
) -> bool {
    let Some(file) = file else { return true };
    let faults = depths::faults(target, file.began, clock::now()).await;
    let recorded = {
        let ledger = run.ledger();
        let Some(timeline) = &ledger.timeline else { return true };
        let queues = ledger.queues.iter().map(|(api, queue)| Curve::new(api.name(), &queue.leg.latencies));
        let curves = [Curve::new(PUBLISHED, &ledger.published.latencies)].into_iter().chain(queues);
        let curves = curves.chain([Curve::new(LANDED, &ledger.landing.latencies)]).collect();
        Recorded::new(timeline, &plan.load, plan.count, plan.lasting, curves, faults)
    };
    file.write(context, outcome, found.template_sha256.clone(), &recorded)
}
