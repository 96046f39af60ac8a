//! `messaging local --explain`: for a message what each subscription decided, and why.

use std::fmt::Write;

use super::redact::redacted;
use engine::explain::{Outcome, Outcomes};
use engine::topic::Refusal;
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
        let mut text = format!("  {protocol} {}: ", short(endpoint));
        // Writing to a string can't fail.
        match outcome {
            Outcome::Delivered => text.push_str(match protocol.as_str() {
                "sqs" if subscription.raw => "queued, raw",
                "sqs" => "queued",
                "firehose" => "in the stream's buffer",
                "http" | "https" => "waits to be posted",
                _ => "in the outbox",
            }),
            Outcome::Filtered(mismatches) => {
                let branches: Vec<_> = mismatches.iter().take(MAX_BRANCHES).map(ToString::to_string).collect();
                _ = write!(text, "filtered out: {}", branches.join("; or "));
                if let more @ 1.. = mismatches.len().saturating_sub(MAX_BRANCHES) {
                    _ = write!(text, "; and {more} more alternatives");
                }
            }
            Outcome::Duplicate => text.push_str("not queued: a duplicate within the queue's deduplication interval"),
            Outcome::Refused(refusal) => _ = write!(text, "NOT DELIVERED: {}", reason(refusal)),
            Outcome::Pending => text.push_str("not delivered: the subscription waits for its confirmation"),
            Outcome::Replaying => text.push_str("later: the subscription gets a replay of the archive first"),
        }
        lines.push(text);
    }
    lines
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
