//! What each protocol takes as an endpoint.

use ::http::Uri;

use crate::notification::reach::Reach;
use crate::sns::arn;
use crate::sns::error::invalid;
use crate::sns::sms::is_phone_number;
use engine::Engine;
use text::arn::Arn;
use wire::AwsError;

/// Bytes of an endpoint.
const MAX_BYTES: usize = 2_048;
/// The protocols of Subscribe that are here.
const PROTOCOLS: [&str; 8] = ["sqs", "firehose", "http", "https", "email", "email-json", "sms", "application"];

/// Refuses an endpoint that the server won't post to; see [`Reach::refuses`].
pub(super) fn check_reach(reach: &Reach, protocol: &str, endpoint: &str) -> Result<(), AwsError> {
    let url = Some(endpoint).filter(|_| matches!(protocol, "http" | "https")).and_then(|url| url.parse().ok());
    match url.and_then(|url| reach.refuses(&url)) {
        Some(why) => Err(invalid(format_args!("Endpoint Reason: {why}"))),
        None => Ok(()),
    }
}

/// Checks protocol and endpoint of an account's new subscription.
pub(super) fn check(
    engine: &Engine,
    account: &str,
    protocol: &str,
    endpoint: &str,
    topic_is_fifo: bool,
) -> Result<(), AwsError> {
    if protocol == "lambda" {
        return Err(invalid(
            "Protocol Reason: this cloud has no Lambda functions, so the protocol lambda is not supported",
        ));
    }
    if !PROTOCOLS.contains(&protocol) {
        return Err(invalid(format_args!("Amazon SNS does not support this protocol string: {protocol}")));
    }
    // "Subscribe" names no bound but for URLs.
    if endpoint.len() > MAX_BYTES {
        return Err(invalid("Endpoint"));
    }
    match protocol {
        "sqs" => {
            let arn = Arn::parse(endpoint).filter(|arn| arn.service == "sqs" && is_name(arn.resource));
            let Some(arn) = arn else { return Err(invalid("SQS endpoint ARN")) };
            if arn.resource.ends_with(".fifo") && !topic_is_fifo {
                let reason = "FIFO SQS Queues can not be subscribed to standard SNS topics";
                return Err(invalid(format_args!("Invalid parameter: Endpoint Reason: {reason}")));
            }
        }
        // "Message delivery for FIFO topics": to queues only.
        _ if topic_is_fifo => {
            return Err(invalid(format_args!("Invalid protocol type: {protocol}")));
        }
        "firehose" => {
            let arn = Arn::parse(endpoint).filter(|arn| arn.service == "firehose");
            if !arn.and_then(|arn| arn.resource.strip_prefix("deliverystream/")).is_some_and(is_name) {
                return Err(invalid("Firehose endpoint ARN"));
            }
        }
        "http" | "https" => {
            let rest = endpoint.strip_prefix(protocol).and_then(|rest| rest.strip_prefix("://"));
            let Some(rest) = rest else { return Err(invalid("Endpoint must match the specified protocol")) };
            let uri = endpoint.parse::<Uri>();
            if rest.is_empty() || uri.is_err() {
                return Err(invalid("Endpoint"));
            }
        }
        "email" | "email-json" if !is_email(endpoint) => return Err(invalid("Email address")),
        "sms" if !is_phone_number(endpoint) => {
            return Err(AwsError::bad("InvalidParameter", format!("Invalid SMS endpoint: {endpoint}")));
        }
        "application" => {
            // Another account's is as good as none: nothing could open it.
            let own = arn::parse(endpoint, "Endpoint")?.account == account;
            if !own || engine.doc(&crate::sns::mobile::keys::endpoint_key(endpoint)).is_none() {
                let reason = format!("Endpoint does not exist for endpoint {endpoint}");
                return Err(invalid(format_args!("Endpoint Reason: {reason}")));
            }
        }
        _ => {}
    }
    Ok(())
}

/// A queue's or a stream's name.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn is_email(text: &str) -> bool {
    let Some((name, domain)) = text.rsplit_once('@') else { return false };
    !name.is_empty()
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints() {
        let engine = Engine::new(engine::Strictness::Lenient);
        let queue = "arn:aws:sqs:us-east-1:000000000000:q";
        let fifo = "arn:aws:sqs:us-east-1:000000000000:q.fifo";
        let good = [
            ("sqs", queue, false),
            ("sqs", queue, true),
            ("sqs", fifo, true),
            ("firehose", "arn:aws:firehose:us-east-1:000000000000:deliverystream/s", false),
            ("http", "http://127.0.0.1:8080/x?y=z", false),
            ("https", "https://example.com", false),
            ("email", "a@example.com", false),
            ("sms", "+123123123", false),
        ];
        for (protocol, endpoint, topic_is_fifo) in good {
            assert_eq!(
                check(&engine, "000000000000", protocol, endpoint, topic_is_fifo),
                Ok(()),
                "{protocol} {endpoint}"
            );
        }
        let bad = [
            ("smoke", "x", false, "Invalid parameter: Amazon SNS does not support this protocol string: smoke"),
            ("sqs", "http://localhost/q", false, "Invalid parameter: SQS endpoint ARN"),
            ("http", "https://example.com", false, "Invalid parameter: Endpoint must match the specified protocol"),
            ("email", "a", false, "Invalid parameter: Email address"),
            ("sms", "+15--551234567", false, "Invalid SMS endpoint: +15--551234567"),
            (
                "sqs",
                fifo,
                false,
                "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard \
                 SNS topics",
            ),
            (
                "application",
                "arn:aws:sns:us-east-1:0:endpoint/ADM/a/b",
                false,
                "Invalid parameter: Endpoint Reason: Endpoint does not exist for endpoint \
                 arn:aws:sns:us-east-1:0:endpoint/ADM/a/b",
            ),
        ];
        for (protocol, endpoint, topic_is_fifo, message) in bad {
            assert_eq!(check(&engine, "000000000000", protocol, endpoint, topic_is_fifo).unwrap_err().message, message);
        }
    }
}
