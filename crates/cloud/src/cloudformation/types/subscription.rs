//! `AWS::SNS::Subscription`.

use serde_json::{Map, Value, json};

use super::schema::{Field, boolean, json as any, string};
use super::work::{Done, Failure, Made, Work, attribute, text};
use crate::request::{Context, intern};

pub const FIELDS: &[Field] = &[
    any("DeliveryPolicy"),
    string("Endpoint").replaces(),
    any("FilterPolicy"),
    string("FilterPolicyScope"),
    string("Protocol").required().replaces(),
    boolean("RawMessageDelivery"),
    any("RedrivePolicy"),
    string("Region"),
    any("ReplayPolicy"),
    string("SubscriptionRoleArn"),
    string("TopicArn").required().replaces(),
];

pub const ATTRIBUTES: &[&str] = &["Arn"];

/// Attributes that are properties of the same name, and what each is set to when the property goes.
const PLAIN: &[(&str, &str)] = &[
    ("DeliveryPolicy", ""),
    ("FilterPolicyScope", "MessageAttributes"),
    ("FilterPolicy", ""),
    ("RawMessageDelivery", "false"),
    ("RedrivePolicy", ""),
    ("ReplayPolicy", ""),
    ("SubscriptionRoleArn", ""),
];

fn attributes(properties: &Map<String, Value>) -> Map<String, Value> {
    let own = PLAIN.iter().filter_map(|(name, _)| Some(((*name).to_owned(), attribute(properties.get(*name)?))));
    own.collect()
}

/// The work in the topic's region, which may be another than the stack's.
fn at_topic(work: &Work<'_>, properties: &Map<String, Value>) -> Context {
    match text(properties, "Region") {
        Some(region) => Context { region: intern(region), ..work.cx.clone() },
        None => work.cx.clone(),
    }
}

pub async fn create(work: &Work<'_>, properties: &Map<String, Value>) -> Done<Made> {
    let cx = at_topic(work, properties);
    let work = Work { cx: &cx, generated: work.generated.clone(), ..*work };
    let input = json!({
        "TopicArn": text(properties, "TopicArn"),
        "Protocol": text(properties, "Protocol"),
        "Endpoint": text(properties, "Endpoint"),
        "Attributes": attributes(properties),
        "ReturnSubscriptionArn": true,
    });
    let made = work.call("sns", "Subscribe", input).await?;
    let arn = made["SubscriptionArn"].as_str().ok_or_else(|| Failure::new("Subscribe gave no ARN"))?;
    Ok(Made::new(arn, [("Arn", arn.into())]))
}

pub async fn update(work: &Work<'_>, arn: &str, old: &Map<String, Value>, new: &Map<String, Value>) -> Done<()> {
    let cx = at_topic(work, new);
    let work = Work { cx: &cx, generated: work.generated.clone(), ..*work };
    let (before, after) = (attributes(old), attributes(new));
    for (name, default) in PLAIN {
        let value = match (before.get(*name), after.get(*name)) {
            (old, Some(new)) if old != Some(new) => new.clone(),
            (Some(_), None) => (*default).into(),
            _ => continue,
        };
        let input = json!({"SubscriptionArn": arn, "AttributeName": name, "AttributeValue": value});
        work.call("sns", "SetSubscriptionAttributes", input).await?;
    }
    Ok(())
}

pub async fn delete(work: &Work<'_>, arn: &str, properties: &Map<String, Value>) -> Done<()> {
    let cx = at_topic(work, properties);
    let work = Work { cx: &cx, generated: work.generated.clone(), ..*work };
    work.delete("sns", "Unsubscribe", json!({"SubscriptionArn": arn}), &["NotFound"]).await
}
