//! `AWS::IAM::ManagedPolicy`.

use serde_json::{Map, Value, json};

use super::schema::{Field, json as any, string, strings};
use super::work::{Done, Failure, Made, Work, attribute, exists, text};
use wire::AwsError;

pub const KIND: &str = "AWS::IAM::ManagedPolicy";

pub const FIELDS: &[Field] = &[
    string("Description").replaces(),
    string("ManagedPolicyName").replaces(),
    string("Path").replaces(),
    any("PolicyDocument").required(),
    strings("Roles"),
];
/// Properties that AWS has and this cloud, which has no users, doesn't.
pub const ABSENT: &[&str] = &["Groups", "Users"];
pub const ATTRIBUTES: &[&str] = &["DefaultVersionId", "PolicyArn", "PolicyId"];

fn roles(properties: &Map<String, Value>) -> Vec<&str> {
    properties.get("Roles").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The name: given, or generated.
pub fn name(work: &Work<'_>, properties: &Map<String, Value>) -> String {
    text(properties, "ManagedPolicyName").map_or_else(|| work.generated.within(128), str::to_owned)
}

/// The ARN of a policy of a name.
pub fn arn(work: &Work<'_>, name: &str, properties: &Map<String, Value>) -> String {
    format!("arn:aws:iam::{}:policy{}{name}", work.cx.account, text(properties, "Path").unwrap_or("/"))
}

async fn attach(work: &Work<'_>, arn: &str, old: &[&str], new: &[&str]) -> Done<()> {
    for role in new.iter().filter(|role| !old.contains(role)) {
        work.call("iam", "AttachRolePolicy", json!({"RoleName": role, "PolicyArn": arn})).await?;
    }
    for role in old.iter().filter(|role| !new.contains(role)) {
        let input = json!({"RoleName": role, "PolicyArn": arn});
        work.delete("iam", "DetachRolePolicy", input, &["NoSuchEntity"]).await?;
    }
    Ok(())
}

/// Fails if the name is another's.
pub async fn taken(work: &Work<'_>, name: &str, properties: &Map<String, Value>) -> Done<()> {
    let arn = arn(work, name, properties);
    if get(work, &arn).await.is_ok() { Err(exists(KIND, &arn)) } else { Ok(()) }
}

async fn get(work: &Work<'_>, arn: &str) -> Result<Value, AwsError> {
    work.call("iam", "GetPolicy", json!({"PolicyArn": arn})).await
}

pub async fn create(work: &Work<'_>, name: &str, properties: &Map<String, Value>) -> Done<Made> {
    let arn = arn(work, name, properties);
    let policy = match get(work, &arn).await {
        Ok(found) => found,
        Err(_) => {
            let mut input = json!({
                "PolicyName": name,
                "Path": text(properties, "Path").unwrap_or("/"),
                "PolicyDocument": attribute(&properties["PolicyDocument"]),
            });
            if let Some(description) = properties.get("Description") {
                input["Description"] = description.clone();
            }
            work.call("iam", "CreatePolicy", input).await?
        }
    };
    attach(work, &arn, &[], &roles(properties)).await?;
    let id = policy["Policy"]["PolicyId"].as_str().ok_or_else(|| Failure::new("CreatePolicy gave no id"))?;
    Ok(Made::new(arn.clone(), [("PolicyArn", arn.into()), ("PolicyId", id.into()), ("DefaultVersionId", "v1".into())]))
}

pub async fn update(work: &Work<'_>, arn: &str, old: &Map<String, Value>, new: &Map<String, Value>) -> Done<()> {
    if old.get("PolicyDocument") != new.get("PolicyDocument") {
        let document = attribute(&new["PolicyDocument"]);
        let input = json!({"PolicyArn": arn, "PolicyDocument": document, "SetAsDefault": true});
        work.call("iam", "CreatePolicyVersion", input).await?;
    }
    attach(work, arn, &roles(old), &roles(new)).await
}

pub async fn delete(work: &Work<'_>, arn: &str, properties: &Map<String, Value>) -> Done<()> {
    attach(work, arn, &roles(properties), &[]).await?;
    work.delete("iam", "DeletePolicy", json!({"PolicyArn": arn}), &["NoSuchEntity"]).await
}
