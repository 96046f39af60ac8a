//! Why events may not have come, as far as the cloud tells: what it says that it refused, whom a queue lets send, what a subscription lacks
//! or asks for. Nothing of it is proven; the ledger's numbers are.

use std::collections::BTreeSet;

use aws_sdk_sqs::types::QueueAttributeName;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::subscriptions::{end, queue_end};
use crate::aws::Target;
use crate::report::evidence::Looked;
use crate::report::{Outcome, Verdict};
use crate::traffic::filtered::Fed;
use crate::traffic::run::FanOut;
use crate::traffic::shape::Shape;
use crate::ui::one_line;

/// So many reasons are told.
const MOST: usize = 8;
/// The embedded cloud says the same once a minute.
const QUIET: SignedDuration = SignedDuration::from_secs(60);
/// The attributes that the story's events have.
const STORY: [&str; 4] = ["event_type", "kind", "amount", "tenant"];
/// The members that their bodies have.
const BODY: [&str; 11] = [
    "specversion",
    "id",
    "source",
    "type",
    "subject",
    "time",
    "datacontenttype",
    "runid",
    "publisher",
    "sequence",
    "data",
];
/// With raw delivery SQS takes so many attributes of a message ("Amazon SNS message attributes", developer guide of SNS).
const MOST_RAW: usize = 10;

/// A leg that lacks something.
struct Lacking<'a> {
    name: &'a str,
    /// The URL of its queue, or the name of its stream.
    url: Option<&'a str>,
    stream: Option<&'a str>,
}

/// The reasons, in words, why something was lost or nothing was to come; none where all came. `since` is when the run began, by the
/// cloud's clock.
pub(super) async fn hints(
    target: &Target,
    fan_out: &FanOut,
    (shape, legs): (&Shape, &[Looked]),
    outcome: &Outcome,
    since: Timestamp,
) -> Vec<String> {
    let mut hints = Vec::new();
    if !matches!(outcome.verdict, Some(Verdict::Lost | Verdict::Unknown)) {
        return hints;
    }
    let queues = fan_out.queues.iter().zip(&outcome.queues).filter(|(_, queue)| queue.account.lost > Some(0));
    let queues = queues.map(|(to, _)| Lacking { name: to.name.name(), url: Some(&to.url), stream: None });
    let streams = fan_out.landings.iter().zip(&outcome.landed).filter(|(_, landed)| landed.account.lost > Some(0));
    let streams = streams.map(|(to, _)| Lacking { name: to.name.name(), url: None, stream: Some(&to.stream) });
    let lacking: Vec<_> = queues.chain(streams).collect();
    if outcome.verdict == Some(Verdict::Lost) && !lacking.is_empty() {
        let told = told(target, fan_out, &lacking, since).await;
        for leg in &lacking {
            of_leg(target, fan_out, leg, shape, &told, &mut hints).await;
        }
        hints.extend(told);
    }
    let fed = fan_out.queues.iter().map(|to| (to.name.name(), &to.fed));
    let fed = fed.chain(fan_out.landings.iter().map(|to| (to.name.name(), &to.fed)));
    let is_idle = |name: &str| legs.iter().any(|leg| leg.name == name && leg.due == 0);
    for (name, fed) in fed.filter(|(name, _)| is_idle(name)) {
        hints.extend(fed.iter().flat_map(|fed| of_filter(name, fed, shape)));
    }
    let mut seen = BTreeSet::new();
    hints.retain(|hint| seen.insert(hint.clone()));
    hints.truncate(MOST);
    hints
}

/// What an embedded cloud says of deliveries to these legs that it refused.
async fn told(target: &Target, fan_out: &FanOut, lacking: &[Lacking<'_>], since: Timestamp) -> Vec<String> {
    let page = target.page("notices", &[]).await.unwrap_or_default();
    let mut names: Vec<String> =
        lacking.iter().flat_map(|leg| leg.stream.into_iter().chain(leg.url.map(end))).map(str::to_owned).collect();
    names.extend(subscriptions(target, fan_out, lacking).await.into_iter().map(|(arn, ..)| arn));
    let since = since - QUIET;
    let is_recent = |notice: &Value| {
        notice["time"].as_str().and_then(|at| at.parse::<Timestamp>().ok()).is_none_or(|at| at >= since)
    };
    let notices = page["notices"].as_array().into_iter().flatten().filter(|notice| is_recent(notice));
    let texts = notices.filter_map(|notice| notice["notice"].as_str());
    texts.filter(|text| names.iter().any(|name| names_it(text, name))).map(one_line).collect()
}

/// Whether a text has a name as a word of its own, and not as a part of another.
fn names_it(text: &str, name: &str) -> bool {
    let is_of_name = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    text.match_indices(name).any(|(at, _)| {
        let (before, behind) = (text[..at].chars().next_back(), text[at + name.len()..].chars().next());
        !before.is_some_and(is_of_name) && !behind.is_some_and(is_of_name)
    })
}

/// The subscriptions of these legs, each with its topic, whether it delivers raw, and whether it has a role.
async fn subscriptions(
    target: &Target,
    fan_out: &FanOut,
    lacking: &[Lacking<'_>],
) -> Vec<(String, String, bool, bool)> {
    let client = target.sns();
    let mut found = Vec::new();
    for topic in &fan_out.topics {
        let mut pages = client.list_subscriptions_by_topic().topic_arn(topic).into_paginator().items().send();
        while let Some(Ok(item)) = pages.next().await {
            let (endpoint, arn) = (item.endpoint().unwrap_or_default(), item.subscription_arn().unwrap_or_default());
            let is_of = |leg: &&Lacking<'_>| match (leg.url, leg.stream) {
                (Some(url), _) => endpoint.ends_with(&queue_end(url)),
                (_, Some(stream)) => endpoint.ends_with(&format!(":deliverystream/{stream}")),
                _ => false,
            };
            let Some(leg) = lacking.iter().find(is_of) else { continue };
            let Ok(answer) = client.get_subscription_attributes().subscription_arn(arn).send().await else { continue };
            let attribute = |name| answer.attributes().and_then(|all| all.get(name)).map(String::as_str);
            let is_raw = attribute("RawMessageDelivery") == Some("true");
            let has_role = attribute("SubscriptionRoleArn").is_some_and(|role| !role.is_empty());
            found.push((arn.to_owned(), leg.name.to_owned(), is_raw, has_role));
        }
    }
    found
}

/// What a queue or a stream lacks to get anything, unless the cloud has told that already.
async fn of_leg(
    target: &Target,
    fan_out: &FanOut,
    leg: &Lacking<'_>,
    shape: &Shape,
    told: &[String],
    hints: &mut Vec<String>,
) {
    let name = leg.name;
    let subscribed = subscriptions(target, fan_out, std::slice::from_ref(leg)).await;
    if let Some(url) = leg.url {
        let asked = target.sqs().get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::Policy);
        if let Ok(answer) = asked.send().await {
            let policy = answer.attributes().and_then(|all| all.get(&QueueAttributeName::Policy));
            match policy {
                None => hints.push(format!(
                    "{name}: the queue has no policy, so SNS may not send to it: an AWS::SQS::QueuePolicy that allows \
                     sns.amazonaws.com sqs:SendMessage lets it"
                )),
                Some(policy) if !may_name_sns(policy) => hints.push(format!(
                    "{name}: the queue's policy allows neither sns.amazonaws.com nor everybody anything, so SNS may not send to it"
                )),
                Some(_) => {}
            }
        }
    }
    if told.is_empty() && leg.stream.is_some() && subscribed.iter().any(|(.., has_role)| !has_role) {
        hints.push(format!(
            "{name}: the subscription has no role (SubscriptionRoleArn) by which SNS may write to the stream"
        ));
    }
    // The story's own are three, with a tenant four.
    let attributes = 3 + usize::from(shape.tenants.is_some()) + shape.attributes.len();
    if leg.url.is_some() && attributes > MOST_RAW && subscribed.iter().any(|(_, _, is_raw, _)| *is_raw) {
        hints.push(format!(
            "{name}: with RawMessageDelivery SQS takes {MOST_RAW} attributes of a message, and the events have up to {attributes}: without it \
             they come in an envelope"
        ));
    }
}

/// Whether a queue's policy may let SNS send: who is named there, whatever the rest of it says.
fn may_name_sns(policy: &str) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(policy) else { return true };
    let statements = match &policy["Statement"] {
        Value::Array(all) => all.as_slice(),
        one => std::slice::from_ref(one),
    };
    let is_sns = |who: &Value| who == "sns.amazonaws.com" || who == "*";
    statements.iter().filter(|statement| statement["Effect"] == "Allow").any(|statement| {
        let who = &statement["Principal"];
        let listed = ["Service", "AWS"].iter().flat_map(|kind| match &who[*kind] {
            Value::Array(all) => all.as_slice(),
            one => std::slice::from_ref(one),
        });
        who == "*" || listed.into_iter().any(is_sns) || !statement["NotPrincipal"].is_null()
    })
}

/// What a filter policy asks for that no event has, and how they get it.
fn of_filter(leg: &str, fed: &Fed, shape: &Shape) -> Vec<String> {
    let Fed::Filtered(filter) = fed else { return Vec::new() };
    let attributes: Vec<_> = STORY.into_iter().chain(shape.attributes.iter().map(|it| it.name.as_str())).collect();
    let first = |path: &str| path.split('.').next().map(str::to_owned).unwrap_or_default();
    let members: Vec<_> =
        BODY.into_iter().map(str::to_owned).chain(shape.fields.iter().map(|it| first(&it.name))).collect();
    let bodies = filter.scans_bodies();
    let is_there = |key: &String, bodies: bool| match bodies {
        true => members.contains(key),
        false => attributes.contains(&key.as_str()),
    };
    let lacking = filter.keys().into_iter().filter(|key| !is_there(key, bodies));
    lacking
        .map(|key| match (bodies, is_there(&key, !bodies)) {
            (false, true) => format!(
                "{leg}: its filter policy looks for the attribute {key}, which stands in the body: FilterPolicyScope: MessageBody looks there"
            ),
            (true, true) => format!(
                "{leg}: its filter policy looks for {key} in the body, and it is an attribute: FilterPolicyScope: MessageAttributes, or \
                 none, looks there"
            ),
            (false, false) => {
                format!("{leg}: its filter policy looks for the attribute {key}, which no event has: --attribute {key}=.. gives it to them")
            }
            (true, false) => {
                format!("{leg}: its filter policy looks for {key} in the body, where no event has it: --field {key}=.. puts it there")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::shape::{attribute, field};

    #[test]
    fn a_filter_that_looks_for_what_nobody_has_is_named_with_what_gives_it() {
        let told =
            |policy: &str, scope: Option<&str>, shape: &Shape| of_filter("q", &Fed::by(Some(policy), scope), shape);
        let bare = Shape::default();
        let body = Some("MessageBody");
        for (policy, scope, says) in [
            (r#"{"store": ["web"]}"#, None, "--attribute store=.."),
            (r#"{"type": ["order.placed"]}"#, None, "FilterPolicyScope: MessageBody"),
            (r#"{"kind": ["order"]}"#, body, "FilterPolicyScope: MessageAttributes"),
            (r#"{"detail": {"store": ["web"]}}"#, body, "--field detail=.."),
            (r#"{"$or": [{"a": ["x"]}, {"kind": ["order"]}]}"#, None, "--attribute a=.."),
        ] {
            let told = told(policy, scope, &bare);
            assert!(told.len() == 1 && told[0].contains(says), "{policy}: {told:?}");
        }
        assert!(told(r#"{"kind": ["refund"]}"#, None, &bare).is_empty());
        let given = Shape {
            attributes: vec![attribute("store=web").unwrap()],
            fields: vec![field("detail.store=web").unwrap()],
            ..Shape::default()
        };
        assert!(told(r#"{"store": ["shop"]}"#, None, &given).is_empty());
        assert!(told(r#"{"detail": {"store": ["shop"]}}"#, body, &given).is_empty());
    }

    #[test]
    fn a_policy_that_names_somebody_else_keeps_sns_out() {
        for (policy, may) in [
            (
                r#"{"Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*"}]}"#,
                true,
            ),
            (r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sqs:*"}}"#, true),
            (r#"{"Statement": [{"Effect": "Allow", "Principal": {"AWS": ["1", "*"]}, "Action": "sqs:*"}]}"#, true),
            (
                r#"{"Statement": [{"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:*"}]}"#,
                false,
            ),
            (r#"{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sqs:*"}]}"#, false),
        ] {
            assert_eq!(may_name_sns(policy), may, "{policy}");
        }
    }

    #[test]
    fn a_name_is_not_found_within_another() {
        assert!(names_it("the queue arn:aws:sqs:x:1:orders: no", "orders"));
        assert!(!names_it("the queue arn:aws:sqs:x:1:orders-dlq: no", "orders"));
        assert!(!names_it("my-orders", "orders"));
    }
}
