//! The head of a page: how a run ended, what was asked for, and what it ran on.

use std::time::Duration;

use chart::escape;

use super::About;
use crate::report::text::quantiles;
use crate::report::{Model, Outcome, Verdict};
use crate::units::{count, duration, plural, rate};

/// The class of the headline, the headline, and what is to be said below it.
pub(super) fn headline(outcome: &Outcome) -> (&'static str, String, Vec<String>) {
    let mut why: Vec<String> = outcome.error.iter().cloned().collect();
    let (refused, not_sent) =
        outcome.published.as_ref().map_or((0, 0), |published| (published.refused, published.not_sent));
    let unpublished = format!("{} refused, {} not sent in time", plural(refused, "event"), count(not_sent));
    let (class, verdict) = match outcome.verdict {
        Some(Verdict::NothingLost) => ("good", "✔ Nothing lost".to_owned()),
        Some(Verdict::Lost) => ("bad", format!("✘ {} lost", plural(outcome.lost(), "event"))),
        Some(Verdict::NotAllPublished) => {
            why.push(format!("{unpublished}; everything else arrived."));
            ("bad", "✘ Not all published".to_owned())
        }
        Some(Verdict::Unknown) => ("unsure", "? Unknown".to_owned()),
        None => {
            let events = outcome.published.as_ref().map_or(0, |published| published.events);
            let good = refused == 0 && not_sent == 0 && outcome.error.is_none();
            if refused > 0 || not_sent > 0 {
                why.push(format!("{unpublished}."));
            }
            (if good { "good" } else { "bad" }, format!("{} published", plural(events, "event")))
        }
    };
    let evidence = outcome.evidence.iter().filter(|_| outcome.verdict != Some(Verdict::NotAllPublished));
    why.extend(evidence.map(|evidence| format!("{evidence}.")));
    why.extend(outcome.hints.iter().map(|hint| format!("Perhaps {hint}.")));
    why.extend(outcome.not_followed.iter().map(|it| format!("Not followed: {it}.")));
    (class, verdict, why)
}

/// What was asked for and reached, by whom, where.
pub(super) fn list(outcome: &Outcome, about: &About) -> String {
    let mut facts: Vec<(&str, String)> = vec![("Target", outcome.target.clone())];
    if let Some(published) = &outcome.published {
        facts.push(("Topic", published.topic_arn.clone()));
        let model = match published.model {
            Model::Open => "open model",
            Model::Closed => "closed model",
        };
        facts.push(("Load", format!("{}, {model}", published.load)));
        let asked = published.intended_per_second.map_or_else(String::new, |asked| format!("{} asked, ", rate(asked)));
        facts.push(("Rate", format!("{asked}{} reached", rate(published.per_second))));
        facts.extend(published.latency.map(|latency| ("Latency", quantiles(latency))));
        facts.extend(published.delay.map(|delay| ("Publish delay", quantiles(delay))));
    }
    facts.extend(outcome.seed.map(|seed| ("Seed", seed.to_string())));
    facts.extend(outcome.run.clone().map(|run| ("Run", run)));
    let took = duration(Duration::try_from_secs_f64(outcome.elapsed_s).unwrap_or_default());
    facts.push(("Started", format!("{}, took {took}", about.started)));
    facts.extend(outcome.template.clone().map(|template| ("Template", template)));
    facts.extend(about.template_sha256.clone().map(|hash| ("Its SHA-256", hash)));
    facts.push(("Version", format!("messaging {}", about.version)));
    facts.push(("Machine", format!("{}, {}", plural(about.cores as u64, "core"), about.system)));
    let facts = facts.into_iter().map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>\n", escape(&value)));
    format!("<dl>\n{}</dl>\n", facts.collect::<String>())
}
