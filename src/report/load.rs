//! What was asked of the publishers, and whether they kept up.

use console::Style;

use super::text::{milliseconds, quantiles};
use super::{Model, Outcome, Published};
use crate::ui::paint;
use crate::units::plural;

/// Who is later than this once, or than that time and again, didn't keep up.
const LATE_MS: f64 = 1_000.0;
const OFTEN_LATE_MS: f64 = 100.0;

/// The model, the publish delay, and how late it was if it was.
pub(super) fn lines(published: &Published, outcome: &Outcome) -> Vec<String> {
    let dim = Style::new().dim();
    let model = match (published.model, published.delay) {
        (Model::Closed, _) => "closed model: an event leaves when the one before was answered".to_owned(),
        (Model::Open, None) => format!("open model, {}", published.load),
        (Model::Open, Some(delay)) => {
            format!("open model, {}: sent {} after the moment meant", published.load, quantiles(delay))
        }
    };
    let mut lines = vec![paint(&dim, model)];
    let wrong = [(published.again, "published twice"), (published.poison, "that no consumer can handle")];
    let wrong: Vec<_> = wrong.into_iter().filter(|(n, _)| *n > 0).collect();
    if !wrong.is_empty() {
        let wrong = wrong.into_iter().map(|(n, what)| format!("{} {what}", plural(n, "event")));
        lines.push(format!("on purpose: {}", wrong.collect::<Vec<_>>().join(", ")));
    }
    lines.extend(late(published, outcome).map(|late| paint(&Style::new().yellow(), late)));
    lines
}

/// How late the publishers were. Who can't reach the server isn't told to press harder.
fn late(published: &Published, outcome: &Outcome) -> Option<String> {
    let late_ms = published.late_at_most_ms?;
    let is_often_late = published.delay.is_some_and(|delay| delay.p99_ms >= OFTEN_LATE_MS);
    if !is_often_late && published.not_sent == 0 && late_ms < LATE_MS {
        return None;
    }
    let not_sent = match published.not_sent {
        0 => String::new(),
        n => format!(", {} not sent", plural(n, "event")),
    };
    let kept_up = outcome.error.is_none() && published.requests.failed_requests == 0;
    let advice = if kept_up { "; a higher --concurrency or --batch may help" } else { "" };
    Some(format!("late by {} at most{not_sent}{advice}", milliseconds(late_ms)))
}
