//! RedrivePolicy (where messages go that were received too often) and RedriveAllowPolicy (who may send them here).

use serde_json::Value;

use super::{error, queue_url};
use crate::cloud::wire::AwsError;
use crate::engine::Engine;
use crate::engine::queue::redrive as parse;

/// The most sources that RedriveAllowPolicy names ("SetQueueAttributes", Amazon SQS API Reference).
const MAX_SOURCES: usize = 10;

/// Checks a RedrivePolicy by itself and writes it as AWS gives it back.
pub fn policy(text: &str, arn: &str, fifo: bool) -> Result<String, AwsError> {
    let bad = |reason: &str| error::invalid_value(text, "RedrivePolicy", reason);
    let map = match serde_json::from_str(text) {
        Ok(Value::Object(map)) => map,
        _ => return Err(bad("Redrive policy is not a valid JSON map.")),
    };
    let Some(count) = map.get("maxReceiveCount") else {
        return Err(bad("Redrive policy does not contain mandatory attribute: maxReceiveCount."));
    };
    let Some(target) = map.get("deadLetterTargetArn") else {
        return Err(bad("Redrive policy does not contain mandatory attribute: deadLetterTargetArn."));
    };
    if let Some(other) = map.keys().find(|key| !matches!(key.as_str(), "maxReceiveCount" | "deadLetterTargetArn")) {
        return Err(bad(&format!("Redrive policy contains an unknown attribute: {other}.")));
    }
    let number = match count {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let shown = count.as_str().map_or_else(|| count.to_string(), str::to_owned);
    let number = number.filter(|number| (1..=1000).contains(number)).ok_or_else(|| {
        bad(&format!("Invalid value for maxReceiveCount: {shown}, valid values are from 1 to 1000 both inclusive."))
    })?;
    let target = target.as_str().unwrap_or_default();
    let same_place = |a: &str, b: &str| match (queue_url::parts(a), queue_url::parts(b)) {
        (Some((region, account, _)), Some((other_region, other_account, _))) => {
            region == other_region && account == other_account
        }
        _ => false,
    };
    if queue_url::parts(target).is_none_or(|(_, _, name)| !queue_url::is_name(name)) {
        return Err(bad("Invalid value for deadLetterTargetArn."));
    }
    if !same_place(target, arn) {
        return Err(bad("Dead letter target must be in the same account and region as the source."));
    }
    if target.ends_with(".fifo") != fifo {
        return Err(bad("Dead-letter queue must be same type of queue as the source."));
    }
    let target = Value::String(target.to_owned());
    Ok(format!("{{\"deadLetterTargetArn\":{target},\"maxReceiveCount\":{number}}}"))
}

/// Checks that a valid RedrivePolicy's target is there and permits the queue `arn`.
pub fn check_target(engine: &Engine, text: &str, arn: &str) -> Result<(), AwsError> {
    let bad = |reason: &str| Err(error::invalid_value(text, "RedrivePolicy", reason));
    let Some(redrive) = parse(text) else { return bad("Redrive policy is not a valid JSON map.") };
    let target = queue_url::find(engine, &redrive.target).and_then(|id| engine.queue(id));
    match target {
        None => bad("Dead letter target does not exist."),
        Some(target) if !permits(target.config.attributes.get("RedriveAllowPolicy"), arn) => {
            bad("Dead letter target does not permit this queue by its redrive allow policy.")
        }
        Some(_) => Ok(()),
    }
}

/// Whether a RedriveAllowPolicy lets the queue `arn` use its queue as a dead-letter queue; without one all may.
fn permits(policy: Option<&String>, arn: &str) -> bool {
    let Some(Value::Object(map)) = policy.and_then(|text| serde_json::from_str(text).ok()) else { return true };
    match map.get("redrivePermission").and_then(Value::as_str) {
        Some("denyAll") => false,
        Some("byQueue") => map
            .get("sourceQueueArns")
            .and_then(Value::as_array)
            .is_some_and(|sources| sources.iter().any(|source| source.as_str() == Some(arn))),
        _ => true,
    }
}

/// Checks a RedriveAllowPolicy.
pub fn allow_policy(text: &str) -> Result<String, AwsError> {
    let bad = |reason: &str| {
        let reason = format!("Amazon SQS can't create the redrive allow policy. {reason}");
        Err(error::invalid_value(text, "RedriveAllowPolicy", &reason))
    };
    let Ok(Value::Object(map)) = serde_json::from_str(text) else { return bad("It is not a valid JSON map.") };
    if let Some(other) = map.keys().find(|key| !matches!(key.as_str(), "redrivePermission" | "sourceQueueArns")) {
        return bad(&format!("It contains an unknown attribute: {other}."));
    }
    let sources = match map.get("sourceQueueArns") {
        None => 0,
        Some(Value::Array(sources)) => {
            let is_queue = |source: &Value| source.as_str().and_then(queue_url::parts).is_some();
            if !sources.iter().all(is_queue) {
                return bad("sourceQueueArns must be ARNs of queues.");
            }
            sources.len()
        }
        Some(_) => return bad("sourceQueueArns must be a list."),
    };
    match map.get("redrivePermission").and_then(Value::as_str) {
        Some("allowAll" | "denyAll") if sources > 0 => {
            bad("You can specify sourceQueueArns only with the byQueue permission type.")
        }
        Some("byQueue") if sources == 0 => bad(
            "When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values.",
        ),
        Some("byQueue") if sources > MAX_SOURCES => bad("You can specify up to 10 sourceQueueArns."),
        Some("allowAll" | "denyAll" | "byQueue") => Ok(text.to_owned()),
        _ => bad("redrivePermission must be allowAll, denyAll or byQueue."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:sqs:us-east-1:000000000000:q";

    #[test]
    fn a_redrive_policy_has_a_count_and_a_target_of_its_own_kind() {
        let text = |target: &str, count: &str| {
            format!("{{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:{target}\",\"maxReceiveCount\":{count}}}")
        };
        assert_eq!(policy(&text("000000000000:d", "\"42\""), ARN, false), Ok(text("000000000000:d", "42")));
        let refused = [
            ("x".to_owned(), "not a valid JSON map"),
            ("{\"maxReceiveCount\":1}".to_owned(), "mandatory attribute: deadLetterTargetArn"),
            ("{\"deadLetterTargetArn\":\"a\"}".to_owned(), "mandatory attribute: maxReceiveCount"),
            (text("000000000000:d", "0"), "maxReceiveCount: 0, valid values"),
            (text("000000000000:d", "\"many\""), "maxReceiveCount: many, valid values"),
            (text("000000000000:d.fifo", "1"), "same type"),
            (text("000000000001:d", "1"), "same account"),
            (text("d", "1"), "Invalid value for deadLetterTargetArn"),
        ];
        for (text, reason) in refused {
            assert!(policy(&text, ARN, false).unwrap_err().message.contains(reason), "{text}");
        }
    }

    #[test]
    fn an_allow_policy_names_its_sources() {
        let by_queue = format!("{{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[\"{ARN}\"]}}");
        assert!(allow_policy(&by_queue).is_ok() && allow_policy("{\"redrivePermission\":\"denyAll\"}").is_ok());
        assert!(allow_policy("{\"redrivePermission\":\"byQueue\"}").is_err());
        assert!(allow_policy("{\"redrivePermission\":\"some\"}").is_err());
        assert!(permits(None, ARN) && permits(Some(&by_queue), ARN) && !permits(Some(&by_queue), "other"));
    }
}
