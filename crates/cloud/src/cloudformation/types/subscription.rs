//! `AWS::SNS::Subscription`.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, boolean, json as any, string};
use super::work::{Created, ResourceError, ResourceResult, Work, attribute, text};
use crate::request::{Context, intern};

const FIELDS: &[Field] = &[
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

static SCHEMA: Schema = Schema {
    type_name: "AWS::SNS::Subscription",
    fields: FIELDS,
    absent: &[],
    attributes: &["Arn"],
    identifiers: &["Arn"],
};

/// `AWS::SNS::Subscription`.
pub(super) struct Subscription;

#[async_trait]
impl ResourceType for Subscription {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn stands_in(&self, properties: &Properties) -> Option<String> {
        is_placeholder(properties).then(|| {
            let [topic, function] = ["TopicArn", "Endpoint"].map(|name| text(properties, name).unwrap_or_default());
            format!("messages of {topic} are not delivered to {function}, since this cloud has no functions")
        })
    }

    fn choose_name(&self, _work: &Work<'_>, _properties: &Properties) -> String {
        String::new()
    }

    async fn create(&self, work: &Work<'_>, _name: &str, properties: &Properties) -> ResourceResult<Created> {
        let cx = at_topic(work, properties);
        let work = Work { cx: &cx, generated: work.generated.clone(), ..*work };
        if is_placeholder(properties) && cx.cloud.placeholders {
            let arn = format!("{}:{}", text(properties, "TopicArn").unwrap_or_default(), cx.cloud.core.uuid());
            return Ok(Created::new(arn.clone(), [("Arn", arn.into())]));
        }
        let input = json!({
            "TopicArn": text(properties, "TopicArn"),
            "Protocol": text(properties, "Protocol"),
            "Endpoint": text(properties, "Endpoint"),
            "Attributes": attributes(properties),
            "ReturnSubscriptionArn": true,
        });
        let made = work.call("sns", "Subscribe", input).await?;
        let arn = made["SubscriptionArn"].as_str().ok_or_else(|| ResourceError::new("Subscribe gave no ARN"))?;
        Ok(Created::new(arn, [("Arn", arn.into())]))
    }

    async fn update(&self, work: &Work<'_>, arn: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
        if is_placeholder(new) {
            return Ok(());
        }
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

    async fn delete(&self, work: &Work<'_>, arn: &str, properties: &Properties) -> ResourceResult<()> {
        if is_placeholder(properties) {
            return Ok(());
        }
        let cx = at_topic(work, properties);
        let work = Work { cx: &cx, generated: work.generated.clone(), ..*work };
        work.call_unless_gone("sns", "Unsubscribe", json!({"SubscriptionArn": arn}), &["NotFound"]).await
    }
}

/// The protocol that has no endpoints here.
pub(super) const LAMBDA: &str = "lambda";

/// Whether it is one that this cloud can't deliver to. It is made with placeholders only; there is none to be deleted.
fn is_placeholder(properties: &Properties) -> bool {
    text(properties, "Protocol") == Some(LAMBDA)
}

fn attributes(properties: &Properties) -> Map<String, Value> {
    let own = PLAIN.iter().filter_map(|(name, _)| Some(((*name).to_owned(), attribute(properties.get(*name)?))));
    own.collect()
}

/// The work in the topic's region, which may be another than the stack's.
fn at_topic(work: &Work<'_>, properties: &Properties) -> Context {
    match text(properties, "Region") {
        Some(region) => Context { region: intern(region), ..work.cx.clone() },
        None => work.cx.clone(),
    }
}
