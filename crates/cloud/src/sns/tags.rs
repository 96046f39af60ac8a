//! TagResource, UntagResource and ListTagsForResource; tags that CreateTopic gets.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::error::{VALIDATION_ERROR, invalid, no_resource, null};
use super::{access, arn};
use crate::core::transaction::Transaction;
use crate::request::Context;
use engine::Change;
use engine::config::{Attributes, TopicConfig};
use engine::topic::Topic;
use wire::check::Checks;
use wire::{AwsError, Text};

/// API reference of TagResource: a topic has at most 50 tags.
const MAX_TAGS: usize = 50;
/// "Tag" (Amazon SNS API Reference): characters of a tag's key and value.
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagInput<'a> {
    #[serde(borrow)]
    pub key: Option<Text<'a>>,
    #[serde(borrow)]
    pub value: Option<Text<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: String,
    value: String,
}

/// Validates tags. Each key may come once; `reserved` ones, which begin with `aws:`, are for stacks.
pub(super) fn validate(tags: &[TagInput<'_>], reserved: bool) -> Result<Attributes, AwsError> {
    let mut valid = Attributes::new();
    for (i, tag) in tags.iter().enumerate() {
        let member = |name: &str| format!("tags.{}.member.{name}", i + 1);
        let key = tag.key.as_deref().ok_or_else(|| null(&member("key")))?;
        let value = tag.value.as_deref().ok_or_else(|| null(&member("value")))?;
        check_length(key, &member("key"), 1..=MAX_KEY)?;
        check_length(value, &member("value"), 0..=MAX_VALUE)?;
        if !reserved && key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
            return Err(invalid("aws: prefixed tag key names are not allowed for external use."));
        }
        if valid.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(invalid("Duplicated keys are not allowed."));
        }
    }
    check_count(&valid)?;
    Ok(valid)
}

fn check_length(text: &str, member: &str, allowed: RangeInclusive<usize>) -> Result<(), AwsError> {
    let mut checks = Checks::new(VALIDATION_ERROR);
    checks.length(text, member, allowed);
    checks.done()
}

/// Of texts in a list AWS's framework names the list, and tells all that the model says of them.
fn check_keys(keys: &[Text<'_>]) -> Result<(), AwsError> {
    let mut checks = Checks::new(VALIDATION_ERROR);
    if keys.iter().any(|key| !(1..=MAX_KEY).contains(&key.chars().count())) {
        let told: Vec<&str> = keys.iter().map(Text::as_str).collect();
        let constraint = format!(
            "Member must satisfy constraint: [Member must have length less than or equal to {MAX_KEY}, Member must have length \
             greater than or equal to 1]"
        );
        checks.fail(format_args!("[{}]", told.join(", ")), "tagKeys", constraint);
    }
    checks.done()
}

fn check_count(tags: &Attributes) -> Result<(), AwsError> {
    if tags.keys().filter(|key| !key.starts_with("aws:")).count() > MAX_TAGS {
        return Err(AwsError::bad(
            "TagLimitExceeded",
            "Could not complete request: tag quota of per resource exceeded",
        ));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagResourceInput<'a> {
    #[serde(borrow)]
    resource_arn: Option<Text<'a>>,
    #[serde(borrow)]
    tags: Option<Vec<TagInput<'a>>>,
}

/// The answer of an operation that has nothing to say.
#[derive(Serialize)]
pub(super) struct Empty {}

pub(super) async fn tag_resource(cx: &Context, input: TagResourceInput<'_>) -> Result<Empty, AwsError> {
    let arn = arn::topic(&input.resource_arn, "ResourceArn", cx)?;
    let tags = validate(&input.tags.ok_or_else(|| null("tags"))?, cx.service.is_some())?;
    change(cx, arn, "SNS:TagResource", |config| {
        config.tags.extend(tags);
        check_count(&config.tags)
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagResourceInput<'a> {
    #[serde(borrow)]
    resource_arn: Option<Text<'a>>,
    #[serde(borrow)]
    tag_keys: Option<Vec<Text<'a>>>,
}

pub(super) async fn untag_resource(cx: &Context, input: UntagResourceInput<'_>) -> Result<Empty, AwsError> {
    let arn = arn::topic(&input.resource_arn, "ResourceArn", cx)?;
    let keys = input.tag_keys.ok_or_else(|| null("tagKeys"))?;
    check_keys(&keys)?;
    change(cx, arn, "SNS:UntagResource", |config| {
        for key in keys.iter().filter(|key| cx.service.is_some() || !key.starts_with("aws:")) {
            config.tags.remove(key.as_str());
        }
        Ok(())
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListTagsForResourceInput<'a> {
    #[serde(borrow)]
    resource_arn: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListTagsForResourceOutput {
    tags: Vec<Tag>,
}

pub(super) async fn list_tags_for_resource(
    cx: &Context,
    input: ListTagsForResourceInput<'_>,
) -> Result<ListTagsForResourceOutput, AwsError> {
    let arn = arn::topic(&input.resource_arn, "ResourceArn", cx)?;
    cx.cloud.core.read(|engine, _| {
        let topic = engine.topic_by_arn(arn).ok_or_else(no_resource)?;
        access::check(cx, topic, "SNS:ListTagsForResource")?;
        let tags = topic.config.tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() });
        Ok(ListTagsForResourceOutput { tags: tags.collect() })
    })
}

async fn change(
    cx: &Context,
    arn: &str,
    action: &str,
    edit: impl FnOnce(&mut TopicConfig) -> Result<(), AwsError>,
) -> Result<Empty, AwsError> {
    let decide = |tx: &mut Transaction<'_>| {
        let topic: &Topic = tx.engine().topic_by_arn(arn).ok_or_else(no_resource)?;
        access::check(cx, topic, action)?;
        let mut config = topic.config.clone();
        edit(&mut config)?;
        tx.declare(&Change::Topic(Cow::Owned(config)))?;
        Ok(Empty {})
    };
    cx.cloud.core.execute(decide).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_validated() {
        let tag = |key: &str, value: &str| TagInput {
            key: Some(key.to_owned().into()),
            value: Some(value.to_owned().into()),
        };
        assert_eq!(validate(&[tag("a", "1"), tag("b", "")], false).unwrap().len(), 2);
        let message = |tags: &[TagInput<'_>]| validate(tags, false).unwrap_err().message;
        assert_eq!(message(&[tag("a", "1"), tag("a", "1")]), "Invalid parameter: Duplicated keys are not allowed.");
        assert!(message(&[tag("", "1")]).contains("tags.1.member.key"));
        assert!(message(&[tag("AWS:x", "1")]).contains("aws:"));
        assert!(validate(&[tag("aws:cloudformation:stack-id", "1")], true).is_ok());
        // A key that is empty or too long was taken, and untagged nothing.
        for key in [String::new(), "k".repeat(MAX_KEY + 1)] {
            assert!(check_keys(&["k".into(), key.into()]).unwrap_err().message.contains("at 'tagKeys'"));
        }
        let many: Vec<_> = (0..51).map(|i| tag(&i.to_string(), "")).collect();
        assert_eq!(validate(&many, false).unwrap_err().code, "TagLimitExceeded");
    }
}
