//! Resources that name each other outright, without a `Ref`: a bucket's policy whose `Bucket` is the text that another resource has
//! as its `BucketName`. On AWS such templates work, since all that need nothing of each other are made at the same time; here one
//! is made after the other, and who is named goes first.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use template::graph::Needs;
use template::{KNOWN_AFTER_APPLY, Scope};

/// The property that gives a resource of a type its name.
const NAMES: [(&str, &str); 12] = [
    ("AWS::ECR::Repository", "RepositoryName"),
    ("AWS::IAM::Group", "GroupName"),
    ("AWS::IAM::InstanceProfile", "InstanceProfileName"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::IAM::User", "UserName"),
    ("AWS::KinesisFirehose::DeliveryStream", "DeliveryStreamName"),
    ("AWS::Logs::LogGroup", "LogGroupName"),
    ("AWS::S3::Bucket", "BucketName"),
    ("AWS::SNS::Topic", "TopicName"),
    ("AWS::SQS::Queue", "QueueName"),
    ("AWS::SSM::Parameter", "Name"),
];

/// Adds to the needs of resources those that they name, unless these need them. In `scope` no resource is known.
pub(super) fn add(scope: &Scope<'_>, needs: &mut Needs) {
    let template = scope.template;
    let mut values: BTreeMap<&str, BTreeMap<&String, Value>> = BTreeMap::new();
    for name in needs.keys() {
        let Some(resource) = template.resources.get(name) else { continue };
        // What is wrong with a value is told where it is needed.
        let evaluated = resource
            .properties
            .iter()
            .filter_map(|(property, value)| scope.value(value).ok().flatten().map(|value| (property, value)));
        values.insert(name.as_str(), evaluated.collect());
    }
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for (logical_id, properties) in &values {
        let kind = template.resources[*logical_id].kind.as_str();
        let property = NAMES.iter().find(|(named, _)| *named == kind).map(|(_, property)| (*property).to_owned());
        if let Some(Value::String(name)) = property.and_then(|property| properties.get(&property))
            && !name.is_empty()
            && name != KNOWN_AFTER_APPLY
        {
            owners.insert(name, logical_id);
        }
    }
    if owners.is_empty() {
        return;
    }
    let mut found: Vec<(String, String)> = Vec::new();
    for (logical_id, properties) in &values {
        let mut named = Vec::new();
        properties.values().for_each(|value| names_in(value, &owners, &mut named));
        let others = named.into_iter().filter(|owner| owner != logical_id);
        found.extend(others.map(|owner| ((*logical_id).to_owned(), owner.to_owned())));
    }
    for (dependent, owner) in found {
        if !reaches(needs, &owner, &dependent)
            && let Some(own) = needs.get_mut(&dependent)
        {
            own.insert(owner);
        }
    }
}

/// Those whose names stand in a value: as a text, or at the end of an ARN or a URL.
fn names_in<'a>(value: &Value, owners: &BTreeMap<&str, &'a str>, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => {
            let is_address = text.starts_with("arn:") || text.starts_with("http");
            let name = if is_address { text.rsplit([':', '/']).next().unwrap_or_default() } else { text };
            found.extend(owners.get(name).copied());
        }
        Value::Array(items) => items.iter().for_each(|item| names_in(item, owners, found)),
        Value::Object(members) => members.values().for_each(|member| names_in(member, owners, found)),
        _ => {}
    }
}

/// Whether one resource needs another, or needs one that does.
fn reaches(needs: &Needs, from: &str, to: &str) -> bool {
    let (mut open, mut seen) = (vec![from], BTreeSet::new());
    while let Some(name) = open.pop() {
        if name == to {
            return true;
        }
        if seen.insert(name) {
            open.extend(needs.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    false
}
