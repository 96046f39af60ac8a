//! Replays: one subscription of a FIFO topic gets once more what the topic's archive holds.
//!
//! While a replay runs, its subscription gets nothing else: what is published meanwhile is put into the archive as well,
//! and the replay reaches it there ("Amazon SNS message replay for FIFO topic subscribers").

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::error::read_policy;
use crate::core::{Cloud, receive};
use engine::config::{Attributes, SubscriptionConfig};
use engine::topic::{Topic, archive_arn};
use engine::{Change, Millis, Position, SubscriptionId};
use wire::AwsError;

/// Messages that a replay moves under one lock.
const AT_ONCE: usize = 100;
/// The attribute that holds how far a replay is: the next position in the archive. AWS has no such attribute.
pub(crate) const POSITION: &str = "ReplayPosition";

/// A replay policy's time window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    from: Millis,
    to: Millis,
}

impl Window {
    /// Reads a policy; the error is what SNS puts behind `Invalid parameter: `.
    pub(crate) fn parse(policy: &str) -> Result<Self, String> {
        let bad = |what: &str| format!("ReplayPolicy: {what}");
        let policy: Value = read_policy(policy).map_err(|error| bad(&error))?;
        if policy["PointType"] != "Timestamp" {
            return Err(bad("PointType must be Timestamp"));
        }
        let point = |name: &str| match policy.get(name) {
            None => Ok(None),
            Some(text) => {
                let time = text.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
                let millis = time.and_then(|time| Millis::try_from(time.as_millisecond()).ok());
                millis.map(Some).ok_or_else(|| bad(&format!("{name} must be a time such as 2023-09-14T20:29:00.000Z")))
            }
        };
        let from = point("StartingPoint")?.ok_or_else(|| bad("StartingPoint must be specified"))?;
        let to = point("EndingPoint")?.unwrap_or(Millis::MAX);
        if to < from { Err(bad("EndingPoint must be after StartingPoint")) } else { Ok(Self { from, to }) }
    }
}

/// Whether a topic has anything to replay; the error is what SNS puts behind `Invalid parameter: `.
pub(crate) fn check_archive(topic: &Topic) -> Result<(), String> {
    let archives = topic.config.attributes.contains_key("ArchivePolicy");
    archives.then_some(()).ok_or_else(|| "ReplayPolicy: the topic has no ArchivePolicy".to_owned())
}

/// Marks a subscription's replay as due, or ends it when there is no policy.
pub(crate) fn mark(attributes: &mut Attributes) {
    attributes.remove(POSITION);
    if attributes.contains_key("ReplayPolicy") {
        attributes.insert("ReplayStatus".into(), "Pending".into());
    } else {
        attributes.remove("ReplayStatus");
    }
}

/// Continues every replay that is due until it is complete.
pub(crate) async fn run(cloud: &Arc<Cloud>) {
    let due: Vec<SubscriptionId> = cloud.core.read(|engine, _| {
        let replaying = engine.subscriptions().filter(|subscription| subscription.replaying);
        replaying.map(|subscription| subscription.config.id).collect()
    });
    for id in due {
        loop {
            match step(cloud, id).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    cloud.notice(&format!("a replay stopped: {}", error.message));
                    break;
                }
            }
        }
    }
}

/// Replays some messages; false when that was all.
async fn step(cloud: &Arc<Cloud>, id: SubscriptionId) -> Result<bool, AwsError> {
    let found = cloud.core.read(|engine, _| {
        let subscription = engine.subscription(id).filter(|subscription| subscription.replaying)?;
        let config = &subscription.config;
        let window = Window::parse(config.attributes.get("ReplayPolicy")?).ok()?;
        let from: Position = config.attributes.get(POSITION).and_then(|position| position.parse().ok()).unwrap_or(0);
        let archive = engine.queue(engine.queue_id(&archive_arn(&config.topic_arn))?)?;
        let entries: Vec<_> = archive
            .messages_from(from)
            .take(AT_ONCE)
            .map(|(position, entry)| (position, entry.seq, entry.index, entry.sent_at))
            .collect();
        Some((window, from, entries))
    });
    let Some((window, from, entries)) = found else { return Ok(false) };
    let wanted: Vec<_> = entries.iter().filter(|(.., at)| (window.from..=window.to).contains(at)).collect();
    let seqs: Vec<_> = wanted.iter().map(|(_, seq, ..)| *seq).collect();
    let records = cloud.core.payloads(&seqs).await?;
    let next = entries.last().map_or(from, |(position, ..)| position + 1);
    let beyond = entries.last().is_some_and(|(.., at)| *at > window.to);
    let refused = cloud
        .core
        .execute(|tx| {
            let now = tx.now;
            let Some(config) = tx.engine().subscription(id).filter(|it| it.replaying).map(|it| it.config.clone())
            else {
                return Ok((Vec::new(), false));
            };
            let mut refused = Vec::new();
            for ((_, _, index, _), record) in wanted.iter().zip(&records) {
                let Ok(archived) = receive::sent(record) else { continue }; // its time in the archive is over
                let Some(subscription) = tx.engine().subscription(id) else { continue };
                match tx.engine().decide_replay(subscription, &archived, *index, now) {
                    Ok(Some(sent)) => tx.apply(&Change::Sent(sent)),
                    Ok(None) => {}
                    Err(reason) => refused.push((config.arn.clone(), reason)),
                }
            }
            // What was published since the look is still to come: only an archive without more ends the replay.
            let archive = tx.engine().queue_id(&archive_arn(&config.topic_arn)).and_then(|id| tx.engine().queue(id));
            let more = !beyond && archive.is_some_and(|archive| archive.messages_from(next).next().is_some());
            tx.apply(&Change::Subscription(Cow::Owned(after(config, next, more))));
            Ok((refused, more))
        })
        .await?;
    let (refused, more) = refused;
    for (arn, reason) in refused {
        cloud.notice(&format!("an archived message was not replayed to {arn}: {reason}"));
    }
    Ok(more)
}

fn after(mut config: SubscriptionConfig, next: Position, more: bool) -> SubscriptionConfig {
    if more {
        config.attributes.insert(POSITION.into(), next.to_string());
        config.attributes.insert("ReplayStatus".into(), "In progress".into());
    } else {
        config.attributes.remove(POSITION);
        config.attributes.insert("ReplayStatus".into(), "Completed".into());
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::core::clock::Clock;
    use crate::sns::publishing::publish::{PublishInput, publish};
    use crate::sns::subscription::subscribe::{SubscribeInput, subscribe};
    use crate::sns::topic::create::{CreateTopicInput, create_topic};
    use crate::testing::served::{declare, serve};
    use engine::queue::Receive;

    #[test]
    fn windows() {
        let parse = |from: &str, rest: &str| {
            Window::parse(&format!(r#"{{"PointType":"Timestamp","StartingPoint":"{from}"{rest}}}"#))
        };
        let from = 1_694_723_340_000;
        assert_eq!(parse("2023-09-14T20:29:00.000Z", ""), Ok(Window { from, to: Millis::MAX }));
        let to = r#","EndingPoint":"2023-09-14T20:29:01.500Z""#;
        assert_eq!(parse("2023-09-14T20:29:00Z", to), Ok(Window { from, to: from + 1500 }));
        assert!(parse("2023-09-14T20:29:02Z", to).is_err() && parse("yesterday", "").is_err());
        assert!(Window::parse(r#"{"PointType":"Sequence"}"#).is_err());
    }

    #[tokio::test]
    async fn a_replay_comes_before_what_is_new() {
        let folder = tempfile::tempdir().unwrap();
        let (server, cx) = serve(folder.path(), Clock::manual(1_694_723_340_000)).await;
        let archive = [("FifoTopic", "true"), ("ArchivePolicy", r#"{"MessageRetentionPeriod":"1"}"#)];
        let input = CreateTopicInput {
            name: Some("t.fifo".into()),
            attributes: archive.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            ..Default::default()
        };
        let topic = create_topic(&cx, input).await.unwrap().topic_arn;
        let say = async |message: &str| {
            let input = PublishInput {
                topic_arn: Some(topic.as_str().into()),
                message: Some(message.to_owned().into()),
                message_group_id: Some("g".into()),
                message_deduplication_id: Some(message.to_owned().into()),
                ..Default::default()
            };
            publish(&cx, input).await.unwrap();
        };
        say("one").await;
        say("two").await;
        let arn = "arn:aws:sqs:us-east-1:000000000000:q";
        let queue = declare(&cx.cloud, arn).await;
        let policy = r#"{"PointType":"Timestamp","StartingPoint":"2023-09-14T00:00:00Z"}"#;
        let input = SubscribeInput {
            topic_arn: Some(topic.as_str().into()),
            protocol: Some("sqs".into()),
            endpoint: Some(arn.into()),
            attributes: [("ReplayPolicy", policy)]
                .map(|(name, value)| (name.into(), value.into()))
                .into_iter()
                .collect(),
            ..Default::default()
        };
        subscribe(&cx, input).await.unwrap();
        say("three").await;
        let receive = Receive { max: 10, visibility: None, attempt: None };
        let mut got = Vec::new();
        while got.len() < 3 {
            let patience = Duration::from_secs(1);
            let (messages, _) = cx.cloud.core.receive(queue, receive, patience).await.unwrap().unwrap();
            for message in messages {
                let sent = receive::sent(&message.record).unwrap();
                got.push((sent.bodies[0].to_owned(), sent.replay_of.is_some()));
            }
        }
        let texts: Vec<&str> = got.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(texts, ["one", "two", "three"]);
        assert!(got[0].1 && got[1].1);
        drop(cx);
        server.stop().await.unwrap();
    }

    proptest::proptest! {
        #[test]
        fn mangled_policies(text in crate::testing::mangled::mangled(&[
            r#"{"PointType":"Timestamp","StartingPoint":"2023-09-14T20:29:00.000Z","EndingPoint":"9999-12-30T00:00:00Z"}"#,
        ])) {
            if let Ok(window) = Window::parse(&text) {
                proptest::prop_assert!(window.from <= window.to);
            }
        }
    }
}
