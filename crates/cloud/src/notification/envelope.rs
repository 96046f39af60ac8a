//! The JSON document around a notification whose subscription doesn't deliver raw.
//!
//! "HTTP/HTTPS notification JSON format" has the members; their order and the white space are as AWS writes them. To a
//! delivery stream it goes on one line and unsigned ("Formatting Amazon SNS notifications for storage in Amazon S3
//! destinations"); a FIFO topic's carries its sequence number and is unsigned too.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::signing::Version;
use engine::change::{Attribute, Delivery, Sent, Target, Value};
use engine::config::SubscriptionConfig;
use engine::ids;
use engine::{Engine, Millis, Seq};
use text::time;
use wire::AwsError;

/// What a notification says of its topic and its subscription.
pub(crate) struct Head {
    /// The message's id, which all its deliveries share.
    id: String,
    subscription_arn: String,
    version: Version,
}

impl Head {
    /// Of the delivery `index` of a message that came by a topic.
    pub(crate) fn of(engine: &Engine, sent: &Sent<'_>, index: u16) -> Result<Self, AwsError> {
        let (delivery, topic, _) = delivered(sent, index)?;
        // One that came with a state that was loaded has another number than its ARN tells of.
        let arn = |id| engine.subscription(id).map(|it| it.config.arn.clone());
        let subscription =
            delivery.subscription.map(|id| arn(id).unwrap_or_else(|| engine.subscription_arn(topic, id)));
        let (seq, _) = first(sent);
        Ok(Self {
            id: engine.notification_id(seq),
            subscription_arn: subscription.unwrap_or_default(),
            version: Version::of(engine, topic),
        })
    }
}

/// A signature in base64, and where the certificate is that verifies it.
pub struct Signature {
    pub text: String,
    pub certificate_url: String,
}

/// The document for the delivery `index` of a message that came by a topic. `sign` gets the version, which of the message's
/// bodies it is, and what makes the text that is signed.
pub(crate) fn render(
    sent: &Sent<'_>,
    index: u16,
    head: &Head,
    server_url: &str,
    sign: impl FnOnce(Version, u8, &dyn Fn() -> String) -> Result<Signature, AwsError>,
) -> Result<String, AwsError> {
    let (delivery, topic, body) = delivered(sent, index)?;
    let Head { id, subscription_arn, version } = head;
    let on_one_line = matches!(delivery.to, Target::Stream { .. });
    let mut members = Members::new(on_one_line, body.len());
    members.text("Type", "Notification");
    members.text("MessageId", id);
    let fifo = topic.ends_with(".fifo");
    let (seq, at) = first(sent);
    if fifo {
        members.text("SequenceNumber", &ids::notification_number(seq));
    }
    members.text("TopicArn", topic);
    if let Some(subject) = sent.subject {
        members.text("Subject", subject);
    }
    members.text("Message", body);
    let timestamp = time::iso_millis(at);
    members.text("Timestamp", &timestamp);
    if !fifo && !on_one_line {
        let canonical = || canonical(body, id, sent.subject, &timestamp, topic);
        let signature = sign(*version, delivery.body, &canonical)?;
        members.text("SignatureVersion", version.number());
        members.text("Signature", &signature.text);
        members.text("SigningCertURL", &signature.certificate_url);
    }
    members.text("UnsubscribeURL", &unsubscribe_url(server_url, subscription_arn));
    if sent.replay_of.is_some() {
        members.text("Replayed", "true");
    }
    members.attributes(&sent.attributes);
    Ok(members.finish())
}

/// A delivery of a message, its topic and its body.
fn delivered<'m, 's>(sent: &'m Sent<'s>, index: u16) -> Result<(&'m Delivery, &'s str, &'m str), AwsError> {
    let delivery = sent.deliveries.get(usize::from(index));
    let found = delivery.and_then(|delivery| {
        let body = sent.bodies.get(usize::from(delivery.body))?;
        Some((delivery, sent.topic?, &**body))
    });
    found.ok_or_else(|| AwsError::internal("a notification without its delivery"))
}

/// The number and the time of a message; a replayed one has those of the first.
fn first(sent: &Sent<'_>) -> (Seq, Millis) {
    sent.replay_of.map_or((sent.seq, sent.at), |original| (original.seq, original.at))
}

/// Where a GET ends a subscription.
pub(crate) fn unsubscribe_url(server_url: &str, subscription_arn: &str) -> String {
    format!("{server_url}/?Action=Unsubscribe&SubscriptionArn={subscription_arn}")
}

/// Where a GET confirms a subscription.
pub(crate) fn confirm_url(server_url: &str, subscription: &SubscriptionConfig) -> String {
    let SubscriptionConfig { topic_arn, token, .. } = subscription;
    format!("{server_url}/?Action=ConfirmSubscription&TopicArn={topic_arn}&Token={token}")
}

/// What is signed ("Verifying the signatures of Amazon SNS messages").
fn canonical(message: &str, id: &str, subject: Option<&str>, timestamp: &str, topic: &str) -> String {
    let mut text = String::with_capacity(message.len() + 256);
    let _ = write!(text, "Message\n{message}\nMessageId\n{id}\n");
    if let Some(subject) = subject {
        let _ = write!(text, "Subject\n{subject}\n");
    }
    let _ = write!(text, "Timestamp\n{timestamp}\nTopicArn\n{topic}\nType\nNotification\n");
    text
}

/// Writes a JSON object as SNS does: ` : ` between name and value, each member on a line of its own.
pub(crate) struct Members {
    json: String,
    on_one_line: bool,
}

impl Members {
    pub(crate) fn new(on_one_line: bool, capacity: usize) -> Self {
        let mut json = String::with_capacity(capacity + capacity / 8 + 1280);
        json.push_str(if on_one_line { "{" } else { "{\n" });
        Self { json, on_one_line }
    }

    fn name(&mut self, name: &str) {
        let first = self.json.len() <= 2;
        self.json.push_str(match (self.on_one_line, first) {
            (true, true) => "\"",
            (true, false) => ",\"",
            (false, true) => "  \"",
            (false, false) => ",\n  \"",
        });
        self.json.push_str(name);
        self.json.push_str(if self.on_one_line { "\":" } else { "\" : " });
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        string(value, &mut self.json);
    }

    /// `MessageAttributes`, left out when there are none.
    pub(crate) fn attributes(&mut self, attributes: &[Attribute<'_>]) {
        if attributes.is_empty() {
            return;
        }
        self.name("MessageAttributes");
        self.json.push('{');
        for (i, attribute) in attributes.iter().enumerate() {
            if i > 0 {
                self.json.push(',');
            }
            if !self.on_one_line {
                self.json.push_str("\n    ");
            }
            string(attribute.name, &mut self.json);
            self.json.push_str(if self.on_one_line { ":{\"Type\":" } else { " : {\"Type\":" });
            string(attribute.kind, &mut self.json);
            self.json.push_str(",\"Value\":");
            match attribute.value {
                Value::Text(text) => string(text, &mut self.json),
                Value::Binary(bytes) => {
                    self.json.push('"');
                    BASE64.encode_string(bytes, &mut self.json);
                    self.json.push('"');
                }
            }
            self.json.push('}');
        }
        self.json.push_str(if self.on_one_line { "}" } else { "\n  }" });
    }

    pub(crate) fn finish(mut self) -> String {
        self.json.push_str(if self.on_one_line { "}" } else { "\n}" });
        self.json
    }
}

fn string(text: &str, json: &mut String) {
    json.push('"');
    let mut done = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            0..0x20 => "",
            _ => continue,
        };
        json.push_str(&text[done..at]);
        done = at + 1;
        if escape.is_empty() {
            let _ = write!(json, "\\u{byte:04X}");
        } else {
            json.push_str(escape);
        }
    }
    json.push_str(&text[done..]);
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_look_like_awss() {
        let attributes = [
            Attribute { name: "a", kind: "Number", value: Value::Text("1") },
            Attribute { name: "b", kind: "Binary", value: Value::Binary(b"\x02\x03") },
        ];
        let write = |on_one_line| {
            let mut members = Members::new(on_one_line, 0);
            members.text("Type", "Notification");
            members.text("Message", "a \"b\"\n\u{1}é");
            members.attributes(&attributes);
            members.finish()
        };
        assert_eq!(
            write(false),
            "{\n  \"Type\" : \"Notification\",\n  \"Message\" : \"a \\\"b\\\"\\n\\u0001é\",\n  \"MessageAttributes\" : {\n    \
             \"a\" : {\"Type\":\"Number\",\"Value\":\"1\"},\n    \"b\" : {\"Type\":\"Binary\",\"Value\":\"AgM=\"}\n  }\n}"
        );
        assert_eq!(
            write(true),
            "{\"Type\":\"Notification\",\"Message\":\"a \\\"b\\\"\\n\\u0001é\",\"MessageAttributes\":\
             {\"a\":{\"Type\":\"Number\",\"Value\":\"1\"},\"b\":{\"Type\":\"Binary\",\"Value\":\"AgM=\"}}}"
        );
    }
}
