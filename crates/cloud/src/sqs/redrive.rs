//! RedrivePolicy (where messages go that were received too often) and RedriveAllowPolicy (who may send them here).

use serde_json::Value;

use super::{error, queue_url};
use engine::Engine;
use engine::queue::redrive as parse;
use text::arn::Arn;
use wire::AwsError;

/// The most sources that RedriveAllowPolicy names ("SetQueueAttributes", Amazon SQS API Reference).
const MAX_SOURCES: usize = 10;

/// Checks a RedrivePolicy by itself and writes it as AWS gives it back.
pub(super) fn policy(text: &str, arn: &str, fifo: bool) -> Result<String, AwsError> {
    let bad = |reason: &str| error::invalid_value(text, "RedrivePolicy", reason);
    let map = match serde_json::from_str(text) {
        Ok(Value::Object(map)) => map,
        _ => return Err(error::attribute_reason("RedrivePolicy", "Redrive policy is not a valid JSON map.")),
    };
    let Some(count) = map.get("maxReceiveCount") else {
        return Err(bad("Redrive policy does not contain mandatory attribute: maxReceiveCount."));
    };
    let Some(target) = map.get("deadLetterTargetArn") else {
        return Err(bad("Redrive policy does not contain mandatory attribute: deadLetterTargetArn."));
    };
    if map.len() > 2 {
        return Err(bad("Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn]."));
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
    match Arn::parse(target) {
        Some(Arn { service: "sqs", resource, .. }) if queue_url::is_name(resource) => {}
        Some(Arn { service, .. }) if service != "sqs" => {
            return Err(bad("Only SQS queues are valid resources for deadLetterTargetArn."));
        }
        _ => return Err(bad("Dead-letter target ARN should be fully qualified ARN.")),
    }
    if target.ends_with(".fifo") != fifo {
        // The two dots are AWS's.
        return Err(bad("Dead-letter queue must be same type of queue as the source.."));
    }
    let place = |arn| queue_url::parse(arn).map(|arn| (arn.region, arn.account));
    if place(target).is_none_or(|target| place(arn) != Some(target)) {
        return Err(bad("Dead-letter target owner should be same as the source."));
    }
    let target = Value::String(target.to_owned());
    Ok(format!("{{\"deadLetterTargetArn\":{target},\"maxReceiveCount\":{number}}}"))
}

/// Checks that a valid RedrivePolicy's target is there and permits the queue `arn`.
pub(super) fn check_target(engine: &Engine, text: &str, arn: &str) -> Result<(), AwsError> {
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
pub(super) fn allow_policy(text: &str) -> Result<String, AwsError> {
    let malformed = || {
        // The apostrophe is AWS's.
        let reason = "Amazon SQS can't create the redrive allow policy, as it\u{2019}s in an unsupported format.";
        error::attribute_reason("RedriveAllowPolicy", reason)
    };
    let bad = |reason: &str| {
        let reason = format!("Amazon SQS can't create the redrive allow policy. {reason}");
        Err(error::invalid_value(text, "RedriveAllowPolicy", &reason))
    };
    let Ok(Value::Object(map)) = serde_json::from_str(text) else { return Err(malformed()) };
    if map.keys().any(|key| !matches!(key.as_str(), "redrivePermission" | "sourceQueueArns")) {
        return Err(malformed());
    }
    let sources = match map.get("sourceQueueArns") {
        None => 0,
        Some(Value::Array(sources)) if sources.iter().all(Value::is_string) => sources.len(),
        Some(_) => return Err(malformed()),
    };
    match map.get("redrivePermission").and_then(Value::as_str) {
        Some("allowAll" | "denyAll") if sources > 0 => {
            bad("To specify one or more source queue ARNs, you must set redrivePermission to byQueue.")
        }
        Some("byQueue") if sources == 0 => bad(
            "When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values.",
        ),
        Some("byQueue") if sources > MAX_SOURCES => {
            bad("The maximum number of source queue ARNs you can specify is 10.")
        }
        Some("allowAll" | "denyAll" | "byQueue") => Ok(text.to_owned()),
        _ => Err(malformed()),
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
            (text("000000000001:d", "1"), "same as the source"),
            (text("d", "1"), "fully qualified ARN"),
            (text("000000000000:d", "1").replace(":sqs:", ":sns:"), "Only SQS queues"),
            (text("000000000000:d", "1,\"x\":1"), "Only following attributes"),
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
