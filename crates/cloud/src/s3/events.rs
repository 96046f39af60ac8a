//! Event notifications: what happened to an object, told to the queues and topics that the bucket's configuration names.
//!
//! An event is a part of the transaction that makes it: an object is there and its event sent, or neither.
//! Source: "Event message structure" (Amazon S3 User Guide).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::NotificationConfiguration;
use serde_json::json;

use super::actor::Actor;
use super::names::canonical_id;
use super::record::{Bucket, Object};
use super::rules::{Destination, Rule, rules};
use super::time;
use crate::core::Cloud;
use crate::core::transaction::Transaction;
use crate::request::account_in;
use crate::sns;
use engine::policy::{Around, Decision, Policy, Principal, Request};
use engine::{Change, Engine, Message, Millis, Notification, Sending};

/// The sender of what S3 sends to queues: the id of the service's own user.
const SENDER: &str = "AIDAJHIPRHEMV73VRJEBG";

/// The events whose structure has version 2.3 ("Event message structure").
const LATER: [&str; 5] =
    ["LifecycleExpiration:", "LifecycleTransition", "ObjectAcl:", "ObjectRestore:Delete", "ObjectTagging:"];

/// Something that happened to an object.
pub(super) struct Event {
    /// e.g. `ObjectCreated:Put`.
    pub name: &'static str,
    pub actor: Actor,
    pub at: Millis,
    pub key: String,
    pub version: Option<String>,
    /// Of an object that was made, in bytes.
    pub size: Option<u64>,
    /// Of an object, or a delete marker, that was made.
    pub etag: Option<String>,
    /// Of an object that was restored: until when, and from which storage class.
    pub restored: Option<(Millis, String)>,
    /// Of an object that was moved: the storage class that it lies in now.
    pub moved: Option<String>,
}

impl Event {
    /// The event of an object that was made.
    pub(super) fn made(name: &'static str, object: &Object, actor: &Actor, at: Millis) -> Self {
        Self {
            name,
            actor: actor.clone(),
            at,
            key: object.key.clone(),
            version: object.version.clone(),
            size: Some(object.size),
            etag: Some(object.etag.clone()),
            restored: None,
            moved: None,
        }
    }

    /// The event of a version whose tags or list changed.
    pub(super) fn changed(name: &'static str, object: &Object, actor: &Actor, at: Millis) -> Self {
        Self { size: None, ..Self::made(name, object, actor, at) }
    }

    /// The same event of an object that S3 has moved to a storage class.
    pub(super) fn of_moved(self, class: &str) -> Self {
        Self { moved: Some(class.to_owned()), ..self }
    }

    /// The same event of an object that S3 itself has restored.
    pub(super) fn of_restored(self, until: Millis, class: &str) -> Self {
        Self { restored: Some((until, class.to_owned())), ..self }
    }

    /// The event of a delete marker that was made.
    pub(super) fn marked(name: &'static str, key: &str, version: Option<String>, actor: &Actor, at: Millis) -> Self {
        // A marker has the ETag of nothing.
        let etag = Some("d41d8cd98f00b204e9800998ecf8427e".to_owned());
        Self { etag, ..Self::removed(name, key, version, actor, at) }
    }

    /// The event of a version that was removed for good.
    pub(super) fn removed(name: &'static str, key: &str, version: Option<String>, actor: &Actor, at: Millis) -> Self {
        let version = version.filter(|version| version != "null");
        Self {
            name,
            actor: actor.clone(),
            at,
            key: key.to_owned(),
            version,
            size: None,
            etag: None,
            restored: None,
            moved: None,
        }
    }

    /// Whether it is of one of these families.
    fn is_of(&self, families: &[&str]) -> bool {
        families.iter().any(|family| self.name.starts_with(family))
    }

    /// Sends it to every destination whose rule fits. What couldn't be sent comes back as text for the operator.
    pub(super) fn send(&self, cloud: &Cloud, bucket: &Bucket, tx: &mut Transaction<'_>) -> Vec<String> {
        let Some(configuration) = &bucket.notification else { return Vec::new() };
        let mut refused = Vec::new();
        for rule in rules(configuration) {
            if !rule.fits(self.name, &self.key) {
                continue;
            }
            let body = self.body(bucket, &rule, tx.engine().next_seq());
            let delivered = deliver(cloud, &rule, bucket, &body, self.actor.trace.as_deref(), tx);
            tx.note_notified(&bucket.name, rule.arn, delivered.is_ok());
            if let Err(why) = delivered {
                refused.push(format!(
                    "the event s3:{} of {:?} in the bucket {} was not sent to {}: {why}",
                    self.name, self.key, bucket.name, rule.arn
                ));
            }
        }
        refused
    }

    fn body(&self, bucket: &Bucket, rule: &Rule<'_>, sequence: u64) -> String {
        const PLAIN: &AsciiSet =
            &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b' ');
        let key = utf8_percent_encode(&self.key, PLAIN).to_string().replace(' ', "+");
        let mut object = json!({ "key": key });
        if let Some(size) = self.size {
            object["size"] = json!(size);
        }
        if let Some(etag) = &self.etag {
            object["eTag"] = json!(etag);
        }
        if let Some(version) = &self.version {
            object["versionId"] = json!(version);
        }
        // "Event message structure": only what is put or deleted has a sequence.
        if !self.is_of(&["ObjectTagging:", "ObjectAcl:"]) {
            object["sequencer"] = json!(format!("{sequence:018X}"));
        }
        let version = if self.is_of(&LATER) { "2.3" } else { "2.1" };
        let owner = canonical_id(&bucket.account)[..13].to_ascii_uppercase();
        let owner = format!("A{owner}");
        // What S3 does by itself is the bucket owner's, from nowhere in particular.
        let (identity, address) = match &self.restored {
            Some(_) => (format!("AmazonCustomer:{owner}"), "s3.amazonaws.com"),
            None => (format!("AWS:{}", self.actor.principal), "127.0.0.1"),
        };
        let mut record = json!({
            "eventVersion": version,
            "eventSource": "aws:s3",
            "awsRegion": bucket.region,
            "eventTime": time::iso_millis(self.at),
            "eventName": self.name,
            "userIdentity": { "principalId": identity },
            "requestParameters": { "sourceIPAddress": address },
            "responseElements": { "x-amz-request-id": self.actor.request_id, "x-amz-id-2": self.actor.host_id },
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": rule.id,
                "bucket": {
                    "name": bucket.name,
                    "ownerIdentity": { "principalId": owner },
                    "arn": format!("arn:aws:s3:::{}", bucket.name),
                },
                "object": object,
            },
        });
        if let Some((until, class)) = &self.restored {
            record["glacierEventData"] = json!({ "restoreEventData": {
                "lifecycleRestorationExpiryTime": time::iso_millis(*until),
                "lifecycleRestoreStorageClass": class,
            } });
        }
        if let Some(class) = &self.moved {
            record["lifecycleEventData"] = json!({ "transitionEventData": { "destinationStorageClass": class } });
        }
        json!({ "Records": [record] }).to_string()
    }
}

/// Sends the test event to every queue and topic of a configuration, as S3 does when it is put.
pub(super) fn send_test(
    cloud: &Cloud,
    bucket: &Bucket,
    configuration: &NotificationConfiguration,
    actor: &Actor,
    tx: &mut Transaction<'_>,
) {
    let body = json!({
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": time::iso_millis(tx.now),
        "Bucket": bucket.name,
        "RequestId": actor.request_id,
        "HostId": actor.host_id,
    })
    .to_string();
    for rule in rules(configuration) {
        // A destination whose validation was skipped may not be there.
        let _ = deliver(cloud, &rule, bucket, &body, None, tx);
    }
}

fn deliver(
    cloud: &Cloud,
    rule: &Rule<'_>,
    bucket: &Bucket,
    body: &str,
    trace: Option<&str>,
    tx: &mut Transaction<'_>,
) -> Result<(), String> {
    let now = tx.now;
    may_deliver(tx.engine(), rule, bucket, now)?;
    match rule.destination {
        Destination::Queue => {
            let id = tx.engine().queue_id(rule.arn).ok_or("the queue does not exist")?;
            let message = Message { sender: SENDER, body, trace, ..Default::default() };
            let sending = tx.engine().decide_send(id, message, now).map_err(|error| error.to_string())?;
            if let Sending::New(sent) = sending {
                tx.apply(&Change::Sent(sent));
            }
        }
        Destination::Topic => {
            let notification = Notification {
                sender: SENDER,
                subject: Some("Amazon S3 Notification"),
                body,
                trace,
                ..Default::default()
            };
            sns::announce(cloud, tx, rule.arn, notification)?;
        }
        Destination::Function => return Err("there are no functions in this cloud".into()),
    }
    Ok(())
}

/// Whether S3 may send to a destination at `now`; the text is what S3 says of one that it may not, and what of its policy
/// can't be judged.
pub(super) fn may_deliver(engine: &Engine, rule: &Rule<'_>, bucket: &Bucket, now: Millis) -> Result<(), String> {
    let allows = |policy: &Policy, action, tags, denied: &str| {
        let arn = format!("arn:aws:s3:::{}", bucket.name);
        let request = Request {
            principal: Principal::Service("s3.amazonaws.com"),
            action,
            resource: rule.arn,
            context: &[("aws:SourceArn", &arn), ("aws:SourceAccount", &bucket.account)],
            around: Around {
                resource_tags: Some(tags),
                absent: &["sns:Endpoint", "sns:Protocol"],
                // S3 notifies what is in its own region.
                ..Around::service(now, &bucket.region, account_in(rule.arn).unwrap_or_default())
            },
        };
        match policy.decide(&request) {
            Decision::Allow => Ok(()),
            _ => Err(denied.to_owned() + &policy.doubt(&request)),
        }
    };
    match rule.destination {
        Destination::Queue => {
            let denied =
                "Permissions on the destination queue do not allow S3 to publish notifications from this bucket";
            let queue = engine.queue_id(rule.arn).and_then(|id| engine.queue(id));
            let queue = queue.filter(|queue| !queue.config.hidden).ok_or("The destination queue does not exist")?;
            if queue.settings.fifo {
                return Err("FIFO SQS queues are not supported as destinations of S3 event notifications".into());
            }
            let policy = queue.settings.policy.as_ref().ok_or(denied)?;
            allows(policy, "sqs:SendMessage", &queue.config.tags, denied)
        }
        Destination::Topic => {
            let denied =
                "Permissions on the destination topic do not allow S3 to publish notifications from this bucket";
            let topic = engine.topic_by_arn(rule.arn).ok_or("The destination topic does not exist")?;
            if topic.fifo {
                return Err("FIFO SNS topics are not supported as destinations of S3 event notifications".into());
            }
            let policy = topic.policy.as_ref().ok_or(denied)?;
            allows(policy, "sns:Publish", &topic.config.tags, denied)
        }
        Destination::Function => Err("there are no functions in this cloud".into()),
    }
}
