//! CreateTopic: makes a topic, or finds the one that was made the same way.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{archive, data_protection, validate};
use crate::request::Context;
use crate::sns::error::{invalid, invalid_attribute, not_null};
use crate::sns::{access, arn, quotas, tags};
use engine::config::{Attributes, TopicConfig};
use engine::{Change, TopicId};
use wire::{AwsError, Pairs, Text};

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateTopicInput<'a> {
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub attributes: Pairs<'a, Text<'a>>,
    #[serde(borrow, default)]
    pub tags: Vec<tags::TagInput<'a>>,
    #[serde(borrow)]
    pub data_protection_policy: Option<Text<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateTopicOutput {
    pub topic_arn: String,
}

/// The attribute that a topic has from its begin, or never.
const FIFO: &str = "FifoTopic";

pub(crate) async fn create_topic(cx: &Context, input: CreateTopicInput<'_>) -> Result<CreateTopicOutput, AwsError> {
    let tags = tags::validate(&input.tags, cx.service.is_some())?;
    let name = not_null(&input.name, "name")?;
    let fifo = match input.attributes.get(FIFO).filter(|value| !value.is_empty()) {
        Some(value) => validate::truth(FIFO, value).map_err(|bad| bad.among_others(FIFO))?,
        None => false,
    };
    if !is_name(name, fifo) {
        return Err(invalid("Topic Name"));
    }
    let mut attributes = Attributes::new();
    for (name, value) in input.attributes.iter().filter(|(name, _)| *name != FIFO) {
        let value = validate::attribute(name, value, fifo).map_err(|bad| bad.among_others(name))?;
        let value = value.unwrap_or_default();
        access::check_role(cx, name, &value)?;
        attributes.insert(name.as_str().to_owned(), value);
    }
    let policy = input.data_protection_policy.as_deref().filter(|policy| !policy.is_empty());
    policy.map(|policy| data_protection::validate(policy, fifo)).transpose()?;
    let topic_arn = arn::make(cx, name);
    let made = cx
        .cloud
        .core
        .execute(|tx| {
            if let Some(topic) = tx.engine().topic_by_arn(&topic_arn) {
                return check_same(&topic.config, fifo, &attributes, &tags).map(|()| false);
            }
            quotas::topic(cx, tx.engine(), fifo)?;
            attributes.retain(|_, value| !value.is_empty());
            let id = TopicId(tx.engine().next_id());
            let mut config = TopicConfig { id, arn: topic_arn.clone(), attributes, tags, created: tx.now };
            tx.check_declaration(&Change::Topic(Cow::Borrowed(&config)))?;
            archive::declare(tx, &mut config)?;
            tx.apply(&Change::Topic(Cow::Owned(config)));
            if let Some(policy) = policy {
                tx.put_doc(&data_protection::key(&topic_arn), policy.as_bytes());
            }
            Ok(true)
        })
        .await?;
    if made && policy.is_some() {
        data_protection::warn(cx, &topic_arn);
    }
    Ok(CreateTopicOutput { topic_arn })
}

/// API reference of CreateTopic, Name.
fn is_name(name: &str, fifo: bool) -> bool {
    let plain = name.strip_suffix(".fifo");
    (1..=256).contains(&name.len())
        && plain.is_some() == fifo
        && plain.is_none_or(|plain| !plain.is_empty())
        && plain.unwrap_or(name).bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// What is asked for must be what is there; what isn't asked for may be anything.
fn check_same(topic: &TopicConfig, fifo: bool, attributes: &Attributes, tags: &Attributes) -> Result<(), AwsError> {
    let is = |(name, value): (&String, &String)| {
        let default = match name.as_str() {
            "ContentBasedDeduplication" => "false",
            "SignatureVersion" => "1",
            "TracingConfig" => "PassThrough",
            "FifoThroughputScope" => "Topic",
            _ => "",
        };
        let actual = topic.attributes.get(name).map_or(default, String::as_str);
        actual == value || validate::same_json(actual, value)
    };
    if topic.arn.ends_with(".fifo") != fifo || !attributes.iter().all(is) {
        return Err(invalid_attribute("Topic already exists with different attributes"));
    }
    // Tags that were put on later don't stand in the way, tags that are asked for and aren't there do.
    if !tags.iter().all(|(key, value)| topic.tags.get(key) == Some(value)) {
        return Err(invalid("Tags Reason: Topic already exists with different tags"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, fifo, good) in [
            ("a-B_9", false, true),
            ("", false, false),
            ("a.b", false, false),
            ("a.fifo", true, true),
            ("a.fifo", false, false),
            ("a", true, false),
            (".fifo", true, false),
            ("é", false, false),
        ] {
            assert_eq!(is_name(name, fifo), good, "{name} {fifo}");
        }
        assert!(is_name(&"a".repeat(256), false) && !is_name(&"a".repeat(257), false));
    }

    #[test]
    fn a_topic_is_found_again_by_what_is_asked_of_it() {
        let map = |pairs: &[(&str, &str)]| -> Attributes {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let topic = TopicConfig {
            id: TopicId(1),
            arn: "arn:aws:sns:us-east-1:000000000000:t".into(),
            attributes: map(&[("DisplayName", "Value1")]),
            tags: map(&[("a", "1"), ("b", "2")]),
            created: 0,
        };
        let code = |attributes: &[(&str, &str)], tags: &[(&str, &str)]| {
            check_same(&topic, false, &map(attributes), &map(tags)).err().map(|error| error.message)
        };
        assert_eq!(code(&[], &[]), None);
        assert_eq!(code(&[("DisplayName", "Value1")], &[("a", "1")]), None);
        assert_eq!(code(&[("SignatureVersion", "1")], &[]), None);
        let different = "Invalid parameter: Attributes Reason: Topic already exists with different attributes";
        assert_eq!(code(&[("DisplayName", "Value2")], &[]).as_deref(), Some(different));
        assert_eq!(code(&[("SignatureVersion", "2")], &[]).as_deref(), Some(different));
        let tags = "Invalid parameter: Tags Reason: Topic already exists with different tags";
        assert_eq!(code(&[], &[("a", "2")]).as_deref(), Some(tags));
    }
}
