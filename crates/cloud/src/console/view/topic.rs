//! Topics and their subscriptions.

use serde::Serialize;
use serde_json::json;

use super::figures::{EdgeFigures, TopicFigures};
use super::queue::pairs;
use super::{Cut, Paging, Pairs, SLICE, figures, name_of};
use crate::console::{Viewer, absent, wrong};
use crate::core::journal::Journal;
use crate::request::{Context, intern};
use crate::sns;
use engine::topic::Subscription;
use engine::{Engine, TopicId};
use filter::{Body, FilterPolicy, Scope};
use text::arn;
use wire::AwsError;

/// Subscriptions that are shown of a topic.
const SUBSCRIBERS: usize = 1_000;

/// A page of the topics.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Topics {
    pub topics: Vec<TopicRow>,
    pub next: Option<String>,
    /// How many there are, with the part of a name that is asked for.
    pub of: usize,
}

/// A topic in a list.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TopicRow {
    pub name: String,
    pub arn: String,
    pub region: String,
    pub account: String,
    pub fifo: bool,
    pub subscriptions: usize,
    #[serde(flatten)]
    pub figures: TopicFigures,
}

/// One topic.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TopicView {
    #[serde(flatten)]
    pub row: TopicRow,
    pub attributes: Pairs,
    pub tags: Pairs,
    /// The oldest first; a thousand at most.
    pub subscribers: Vec<SubscriptionRow>,
}

/// A subscription.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SubscriptionRow {
    pub arn: String,
    pub protocol: String,
    /// An ARN or an address; of an URL without what is secret in it.
    pub endpoint: String,
    pub confirmed: bool,
    /// It is a queue or a stream that isn't there.
    pub missing: bool,
    pub raw: bool,
    pub filter: Option<String>,
    pub scope: Option<String>,
    pub dead_letter_queue: Option<String>,
    #[serde(flatten)]
    pub figures: EdgeFigures,
}

/// What a filter policy says to a message.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Tried {
    pub matches: bool,
    /// Each condition of the policy, alone.
    pub conditions: Vec<Condition>,
}

/// One condition of a filter policy: a key and the values that it may have.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Condition {
    pub key: String,
    /// The list of values as the policy writes it, JSON.
    pub rule: String,
    pub matches: bool,
    /// In words, where it doesn't match.
    pub why: Option<String>,
}

/// A page of the topics.
pub(crate) fn topics(viewer: &Viewer, paging: &Paging) -> Topics {
    let mut cut = Cut::default();
    viewer.cx.cloud.core.each_topic("", |it| {
        if viewer.sees(&it.config.arn) {
            paging.take(&mut cut, &it.config.arn);
        }
        true
    });
    let Cut { names, next, of } = cut;
    let mut topics = Vec::with_capacity(names.len());
    for slice in names.chunks(SLICE) {
        topics.extend(viewer.cx.cloud.core.look(|engine, journal, _| {
            slice.iter().filter_map(|arn| row(viewer, engine, journal, arn)).collect::<Vec<_>>()
        }));
    }
    Topics { topics, next, of }
}

fn row(viewer: &Viewer, engine: &Engine, journal: &Journal, arn: &str) -> Option<TopicRow> {
    let topic = engine.topic_by_arn(arn)?;
    Some(TopicRow {
        name: name_of(arn).to_owned(),
        arn: arn.to_owned(),
        region: arn::region(arn).to_owned(),
        account: arn::account(arn).to_owned(),
        fifo: topic.fifo,
        subscriptions: topic.subscriptions.len(),
        figures: figures::of_topic(topic, &journal.counts, &viewer.watch),
    })
}

/// The ARN of the topic of a name or an ARN, if it is one that the viewer sees.
///
/// # Errors
/// 404.
pub(crate) fn find(viewer: &Viewer, name: &str) -> Result<String, AwsError> {
    let found = viewer.cx.cloud.core.read(|engine, _| {
        let is = |arn: &str| viewer.sees(arn) && (arn == name || name_of(arn) == name);
        let (region, account) = (&viewer.cx.region, &viewer.cx.account);
        let here = format!("arn:aws:sns:{region}:{account}:{name}");
        if viewer.sees(&here) && engine.topic_by_arn(&here).is_some() {
            return Some(here);
        }
        engine.topics("").map(|topic| &topic.config.arn).find(|arn| is(arn)).cloned()
    });
    found.ok_or_else(|| absent("topic", name))
}

/// One topic.
///
/// # Errors
/// 404 for one that isn't there.
pub(crate) async fn topic(viewer: &Viewer, name: &str) -> Result<TopicView, AwsError> {
    let arn = find(viewer, name)?;
    let cx = Context { region: intern(arn::region(&arn)), ..viewer.cx.clone() };
    let attributes = cx.call("sns", "GetTopicAttributes", json!({"TopicArn": arn})).await?;
    let found = viewer.cx.cloud.core.look(|engine, journal, _| {
        let row = row(viewer, engine, journal, &arn)?;
        let topic = engine.topic_by_arn(&arn)?;
        let tags = topic.config.tags.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Some((row, topic.config.id, tags))
    });
    let (row, id, tags) = found.ok_or_else(|| absent("topic", name))?;
    let subscribers = subscribers(viewer, id);
    Ok(TopicView { row, attributes: pairs(&attributes["Attributes"]), tags, subscribers })
}

fn subscribers(viewer: &Viewer, topic: TopicId) -> Vec<SubscriptionRow> {
    let core = &viewer.cx.cloud.core;
    let ids: Vec<_> = core.read(|engine, _| {
        let ids = engine.topic(topic).map(|topic| topic.subscriptions.iter().take(SUBSCRIBERS).copied().collect());
        ids.unwrap_or_default()
    });
    let mut rows = Vec::with_capacity(ids.len());
    for slice in ids.chunks(SLICE) {
        rows.extend(core.look(|engine, journal, _| {
            let found = slice.iter().filter_map(|id| engine.subscription(*id));
            found.map(|it| subscription(viewer, engine, journal, it)).collect::<Vec<_>>()
        }));
    }
    rows
}

fn subscription(viewer: &Viewer, engine: &Engine, journal: &Journal, it: &Subscription) -> SubscriptionRow {
    let attribute = |name: &str| it.config.attributes.get(name).cloned();
    let filter = attribute("FilterPolicy");
    SubscriptionRow {
        arn: it.config.arn.clone(),
        protocol: it.config.protocol.clone(),
        endpoint: sns::redacted(&it.config.endpoint),
        confirmed: it.config.confirmed,
        missing: match it.config.protocol.as_str() {
            "sqs" => engine.queue_id(&it.config.endpoint).is_none(),
            "firehose" => engine.stream_by_arn(&it.config.endpoint).is_none(),
            _ => false,
        },
        raw: it.raw,
        scope: filter.as_ref().map(|_| scope_of(it).to_owned()),
        filter,
        dead_letter_queue: it.dead_letter.clone(),
        figures: figures::of_subscription(it, &journal.counts, &viewer.watch),
    }
}

/// What a subscription's filter policy looks at.
pub(crate) fn scope_of(subscription: &Subscription) -> &str {
    subscription.config.attributes.get("FilterPolicyScope").map_or("MessageAttributes", String::as_str)
}

/// What a filter policy would say to a message.
///
/// # Errors
/// What SNS says of a policy that is none, and a scope that there isn't.
pub(crate) fn try_policy(
    policy: &str,
    scope: Option<&str>,
    body: &str,
    attributes: &[(String, String, String)],
) -> Result<Tried, AwsError> {
    let scope = match scope {
        None | Some("" | "MessageAttributes") => Scope::MessageAttributes,
        Some("MessageBody") => Scope::MessageBody,
        Some(_) => return Err(wrong("The scope is MessageAttributes or MessageBody.")),
    };
    let policy = FilterPolicy::parse(policy, scope)
        .map_err(|error| wrong(format!("Invalid parameter: FilterPolicy: {}", error.message)))?;
    let attributes = attributes.iter().map(|(name, data_type, value)| filter::Attribute { name, data_type, value });
    let parsed = Body::parse(body);
    let (matches, checked) = match scope {
        Scope::MessageAttributes => {
            (policy.matches_attributes(attributes.clone()), policy.check_attributes(attributes))
        }
        Scope::MessageBody => {
            (parsed.as_ref().is_some_and(|body| policy.matches_body(body)), policy.check_body(parsed.as_ref()))
        }
    };
    let conditions = checked.into_iter().map(|checked| Condition {
        matches: checked.mismatch.is_none(),
        why: checked.mismatch.map(|mismatch| mismatch.to_string()),
        key: checked.key,
        rule: checked.rule,
    });
    Ok(Tried { matches, conditions: conditions.collect() })
}
