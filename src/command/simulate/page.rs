//! What the page of a simulation's `--report` tells beyond the outcome.

use super::fan_out::Found;
use crate::command::Context;
use crate::command::page::PageFile;
use crate::report::Outcome;
use crate::report::html::{Curve, Recorded};
use crate::traffic::publisher::Plan;
use crate::traffic::run::Run;
use crate::traffic::timeline::PUBLISHED;

/// Writes the page of a run, if there is to be one; false if it can't.
pub(super) fn write(
    context: &Context,
    file: Option<&PageFile>,
    found: &Found,
    plan: &Plan,
    run: &Run,
    outcome: &Outcome,
) -> bool {
    let Some(file) = file else { return true };
    let recorded = {
        let ledger = run.ledger();
        let Some(timeline) = &ledger.timeline else { return true };
        let queues = ledger.queues.iter().map(|queue| Curve::new(queue.name.name(), &queue.leg.latencies));
        let curves = [Curve::new(PUBLISHED, &ledger.published.latencies)].into_iter().chain(queues);
        let landings = ledger.landings.iter().map(|it| Curve::new(it.name.name(), &it.leg.latencies));
        let curves = curves.chain(landings).collect();
        Recorded::new(timeline, &plan.load, plan.count, plan.lasting, curves, outcome.faults.clone())
    };
    file.write(context, outcome, found.template_sha256.clone(), &recorded)
}
