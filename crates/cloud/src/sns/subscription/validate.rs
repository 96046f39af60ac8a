//! The attributes of a subscription that can be set: their names and values.

use serde_json::Value;

use crate::sns::delivery_policy::{self, Level};
use crate::sns::error::{BadAttribute, read_policy};
use crate::sns::quotas::{ATTRIBUTE_BYTES, FILTER_POLICY_BYTES};
use crate::sns::replay::Window;
use engine::config::Attributes;
use filter::{FilterError, FilterPolicy, NO_NESTING, Scope};
use text::arn::{Arn, is_account};

/// What an attribute's validity depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    pub protocol: &'a str,
    pub endpoint: &'a str,
    pub topic_arn: &'a str,
    /// The account that the subscription is of.
    pub owner: &'a str,
    /// The attributes as they would be otherwise.
    pub attributes: &'a Attributes,
}

/// The value as it is kept; `None` takes the attribute away.
pub(super) fn attribute(name: &str, value: &str, of: Facts<'_>) -> Result<Option<String>, BadAttribute> {
    let bad = |what: &str| Err(BadAttribute::Value(format!("{name}: {what}")));
    let unsupported =
        |what: &str| Err(BadAttribute::Value(format!("Delivery protocol [{}] does not support {what}.", of.protocol)));
    let kept = || Ok(Some(value.to_owned()));
    match name {
        "FilterPolicy" if value.is_empty() => Ok(None),
        "FilterPolicy" if value.len() > FILTER_POLICY_BYTES => {
            bad(&format!("must be at most {FILTER_POLICY_BYTES} bytes long"))
        }
        _ if value.len() > ATTRIBUTE_BYTES && name != "FilterPolicy" => {
            bad(&format!("must be at most {ATTRIBUTE_BYTES} bytes long"))
        }
        "FilterPolicy" => match FilterPolicy::parse(value, scope(of.attributes)) {
            Ok(_) => kept(),
            Err(error) => Err(unfit(&error)),
        },
        "FilterPolicyScope" if !matches!(value, "MessageAttributes" | "MessageBody") => {
            bad(&format!("Invalid value [{value}]. Please use either MessageBody or MessageAttributes"))
        }
        "FilterPolicyScope" => {
            // What there is must also be valid in its new scope.
            let scope = if value == "MessageBody" { Scope::MessageBody } else { Scope::MessageAttributes };
            match of.attributes.get("FilterPolicy").map(|policy| FilterPolicy::parse(policy, scope)) {
                Some(Err(error)) => Err(unfit(&error)),
                _ => kept(),
            }
        }
        "RawMessageDelivery" => match value.to_ascii_lowercase().as_str() {
            "true" if !matches!(of.protocol, "sqs" | "firehose" | "http" | "https") => {
                unsupported("raw message delivery")
            }
            lower @ ("true" | "false") => Ok(Some(lower.to_owned())),
            _ => bad(&format!("Invalid value [{value}]. Must be true or false.")),
        },
        "RedrivePolicy" if value.is_empty() => Ok(None),
        "RedrivePolicy" => redrive(value, of).and_then(|()| kept()),
        "DeliveryPolicy" if !matches!(of.protocol, "http" | "https") => unsupported("delivery policies"),
        "DeliveryPolicy" if value.is_empty() => Ok(None),
        "DeliveryPolicy" => {
            delivery_policy::normalize(value, Level::Subscription).map(Some).map_err(BadAttribute::Value)
        }
        "SubscriptionRoleArn" if of.protocol != "firehose" => unsupported("a subscription role"),
        "SubscriptionRoleArn" if is_role(value) => kept(),
        "SubscriptionRoleArn" => bad(&format!("Invalid value [{value}]. Must be the ARN of an IAM role.")),
        "ReplayPolicy" if matches!(value, "" | "{}") => Ok(None),
        "ReplayPolicy" if !of.topic_arn.ends_with(".fifo") => bad("can only be set for subscriptions to FIFO topics"),
        "ReplayPolicy" => Window::parse(value).map(|_| Some(value.to_owned())).map_err(BadAttribute::Value),
        _ => Err(BadAttribute::Name),
    }
}

/// What is wrong with a filter policy. Of one that is nested where it may not be SNS doesn't say which attribute it is when it is
/// set alone (recorded on AWS).
fn unfit(error: &FilterError) -> BadAttribute {
    match error.message.as_str() {
        NO_NESTING => BadAttribute::Filter(NO_NESTING.to_owned()),
        other => BadAttribute::Value(format!("FilterPolicy: {other}")),
    }
}

/// What a filter policy is matched with.
pub(super) fn scope(attributes: &Attributes) -> Scope {
    match attributes.get("FilterPolicyScope").map(String::as_str) {
        Some("MessageBody") => Scope::MessageBody,
        _ => Scope::MessageAttributes,
    }
}

fn is_role(arn: &str) -> bool {
    Arn::parse(arn)
        .is_some_and(|arn| arn.service == "iam" && is_account(arn.account) && arn.resource.starts_with("role/"))
}

fn redrive(text: &str, of: Facts<'_>) -> Result<(), BadAttribute> {
    let bad = |what: String| Err(BadAttribute::Value(format!("RedrivePolicy: {what}")));
    let policy = match read_policy(text) {
        Ok(Value::Object(policy)) => policy,
        Ok(_) => return bad("failed to parse JSON. The policy must be an object.".into()),
        Err(error) => return bad(error),
    };
    if let Some(unknown) = policy.keys().find(|name| *name != "deadLetterTargetArn") {
        return bad(format!("invalid JSON. Attribute {unknown} is unknown."));
    }
    let target = policy.get("deadLetterTargetArn").and_then(Value::as_str).unwrap_or_default();
    let (Some(arn), Some(topic)) = (Arn::parse(target), Arn::parse(of.topic_arn)) else {
        return bad("deadLetterTargetArn is an invalid arn".into());
    };
    if arn.service != "sqs" || arn.resource.is_empty() {
        return bad("deadLetterTargetArn is an invalid arn".into());
    }
    // "Amazon SNS dead-letter queues": the same account and Region as the subscription.
    if (arn.region, arn.account) != (topic.region, of.owner) {
        return bad("must use a queue of the subscription's account and Region as DLQ.".into());
    }
    if topic.resource.ends_with(".fifo") && of.endpoint.ends_with(".fifo") && !arn.resource.ends_with(".fifo") {
        return bad("must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.".into());
    }
    if !topic.resource.ends_with(".fifo") && arn.resource.ends_with(".fifo") {
        return bad("must use a standard queue as DLQ for a subscription to a standard topic.".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:t";
    const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:q";

    fn of<'a>(protocol: &'a str, attributes: &'a Attributes) -> Facts<'a> {
        Facts { protocol, endpoint: QUEUE, topic_arn: TOPIC, owner: "000000000000", attributes }
    }

    #[test]
    fn attributes_of_subscriptions() {
        let none = Attributes::new();
        let kept = |value: &str| Ok(Some(value.to_owned()));
        let value = |what: &str| Err(BadAttribute::Value(what.to_owned()));
        let dlq = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:d"}"#;
        let cases = [
            ("RawMessageDelivery", "True", "sqs", kept("true")),
            ("RawMessageDelivery", "x", "sqs", value("RawMessageDelivery: Invalid value [x]. Must be true or false.")),
            (
                "RawMessageDelivery",
                "true",
                "email",
                value("Delivery protocol [email] does not support raw message delivery."),
            ),
            ("FilterPolicy", "", "sqs", Ok(None)),
            ("FilterPolicy", r#"{"a":["b"]}"#, "sqs", kept(r#"{"a":["b"]}"#)),
            (
                "FilterPolicyScope",
                "R",
                "sqs",
                value("FilterPolicyScope: Invalid value [R]. Please use either MessageBody or MessageAttributes"),
            ),
            ("RedrivePolicy", dlq, "sqs", kept(dlq)),
            (
                "RedrivePolicy",
                r#"{"maxReceiveCount":5}"#,
                "sqs",
                value("RedrivePolicy: invalid JSON. Attribute maxReceiveCount is unknown."),
            ),
            (
                "RedrivePolicy",
                r#"{"deadLetterTargetArn":"q"}"#,
                "sqs",
                value("RedrivePolicy: deadLetterTargetArn is an invalid arn"),
            ),
            // It was another parser's text, where SNS says the same of every policy.
            (
                "RedrivePolicy",
                "{invalid",
                "sqs",
                value(
                    "RedrivePolicy: failed to parse JSON. Unexpected character ('i' (code 105)): was expecting double-quote to start \
                     field name\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 2]",
                ),
            ),
            ("FilterPolicy", r#"{"a":{"b":["c"]}}"#, "sqs", Err(BadAttribute::Filter(NO_NESTING.to_owned()))),
            ("Nonsense", "x", "sqs", Err(BadAttribute::Name)),
        ];
        for (name, given, protocol, expected) in cases {
            assert_eq!(attribute(name, given, of(protocol, &none)), expected, "{name} {given}");
        }
    }

    #[test]
    fn a_policy_must_fit_its_scope() {
        let nested = r#"{"a":{"b":["c"]}}"#;
        let body = Attributes::from([("FilterPolicyScope".into(), "MessageBody".into())]);
        assert!(attribute("FilterPolicy", nested, of("sqs", &Attributes::new())).is_err());
        assert!(attribute("FilterPolicy", nested, of("sqs", &body)).is_ok());
        let both = Attributes::from([
            ("FilterPolicyScope".into(), "MessageBody".into()),
            ("FilterPolicy".into(), nested.to_owned()),
        ]);
        assert!(attribute("FilterPolicyScope", "MessageAttributes", of("sqs", &both)).is_err());
    }
}
