//! `messaging local --explain`: for a message what each subscription decided, and why.

use std::fmt::Write;

use super::redact::redacted;
use engine::explain::{Outcome, Outcomes};
use engine::topic::{Refusal, Subscription};
use engine::{Engine, Published};

/// Branches of a filter policy that are shown; a policy with `$or` has many.
const MAX_BRANCHES: usize = 4;

/// What became of one message, in words: a line for the message, and one for each subscription.
pub(super) fn words(engine: &Engine, topic_arn: &str, published: &Published<'_>, outcomes: &Outcomes) -> Vec<String> {
    let id = engine.notification_id(published.seq);
    let mut lines = vec![format!("{id} to {topic_arn}")];
    if published.change.is_none() {
        lines
            .push("  a duplicate within the deduplication interval: it goes nowhere, the id is the first one's".into());
        return lines;
    }
    if outcomes.is_empty() {
        lines.push("  the topic has no subscription: it goes nowhere".into());
    }
    for (id, outcome) in outcomes {
        let Some(subscription) = engine.subscription(*id) else { continue };
        let (protocol, endpoint) = (&subscription.config.protocol, &subscription.config.endpoint);
        lines.push(format!("  {protocol} {}: {}", short(endpoint), of_outcome(subscription, outcome)));
    }
    lines
}

/// What a subscription did with a message, in words.
pub(crate) fn of_outcome(subscription: &Subscription, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Delivered => match subscription.config.protocol.as_str() {
            "sqs" if subscription.raw => "queued, raw",
            "sqs" => "queued",
            "firehose" => "in the stream's buffer",
            "http" | "https" => "waits to be posted",
            _ => "in the outbox",
        }
        .to_owned(),
        Outcome::Filtered(mismatches) => {
            let branches: Vec<_> = mismatches.iter().take(MAX_BRANCHES).map(ToString::to_string).collect();
            let mut text = format!("filtered out: {}", branches.join("; or "));
            if let more @ 1.. = mismatches.len().saturating_sub(MAX_BRANCHES) {
                // Writing to a string can't fail.
                _ = write!(text, "; and {more} more alternatives");
            }
            text
        }
        Outcome::Duplicate => "not queued: a duplicate within the queue's deduplication interval".to_owned(),
        Outcome::Refused(refusal) => format!("NOT DELIVERED: {}", reason(refusal)),
        Outcome::Pending => "not delivered: the subscription waits for its confirmation".to_owned(),
        Outcome::Replaying => "later: the subscription gets a replay of the archive first".to_owned(),
    }
}

/// Why a delivery didn't happen, and where the message went instead.
pub(super) fn reason(refusal: &Refusal) -> String {
    let Refusal { reason, dead_letter, .. } = refusal;
    match dead_letter {
        Ok(()) => format!("{reason}; it went to the dead-letter queue"),
        Err(why) => format!("{reason}; it is lost, for {why}"),
    }
}

/// An endpoint in few characters: of an ARN its last part, of a URL what holds no secrets.
fn short(endpoint: &str) -> String {
    match endpoint.strip_prefix("arn:") {
        Some(arn) => arn.rsplit([':', '/']).next().unwrap_or(arn).to_owned(),
        None => redacted(endpoint),
    }
}
