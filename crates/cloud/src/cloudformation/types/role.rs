//! `AWS::IAM::Role`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::schema::{Field, Shape, TAGS, integer, json as any, list, string, strings};
use super::work::{Done, Failure, Made, Work, attribute, exists, tag_changes, tag_list, text};
use wire::AwsError;

pub const KIND: &str = "AWS::IAM::Role";

pub const FIELDS: &[Field] = &[
    any("AssumeRolePolicyDocument").required(),
    string("Description"),
    strings("ManagedPolicyArns"),
    integer("MaxSessionDuration"),
    string("Path").replaces(),
    string("PermissionsBoundary"),
    list("Policies", &Shape::Object(&[any("PolicyDocument").required(), string("PolicyName").required()])),
    string("RoleName").replaces(),
    TAGS,
];

pub const ATTRIBUTES: &[&str] = &["Arn", "RoleId"];

/// Inline policies by name, as texts.
fn inline(properties: &Map<String, Value>) -> BTreeMap<&str, Value> {
    let policies = properties.get("Policies").and_then(Value::as_array).into_iter().flatten();
    policies.filter_map(|p| Some((p["PolicyName"].as_str()?, attribute(&p["PolicyDocument"])))).collect()
}

fn attached(properties: &Map<String, Value>) -> Vec<&str> {
    let arns = properties.get("ManagedPolicyArns").and_then(Value::as_array).into_iter().flatten();
    arns.filter_map(Value::as_str).collect()
}

/// The name: given, or generated.
pub fn name(work: &Work<'_>, properties: &Map<String, Value>) -> String {
    text(properties, "RoleName").map_or_else(|| work.generated.within(64), str::to_owned)
}

/// Fails if the name is another's.
pub async fn taken(work: &Work<'_>, name: &str) -> Done<()> {
    if get(work, name).await.is_ok() { Err(exists(KIND, name)) } else { Ok(()) }
}

async fn get(work: &Work<'_>, name: &str) -> Result<Value, AwsError> {
    work.call("iam", "GetRole", json!({"RoleName": name})).await
}

pub async fn create(work: &Work<'_>, name: &str, properties: &Map<String, Value>) -> Done<Made> {
    let role = match get(work, name).await {
        Ok(found) => found,
        Err(_) => {
            let mut input = json!({
                "RoleName": name,
                "AssumeRolePolicyDocument": attribute(&properties["AssumeRolePolicyDocument"]),
                "Tags": tag_list(&work.all_tags(properties)),
            });
            for property in ["Path", "Description", "MaxSessionDuration", "PermissionsBoundary"] {
                if let Some(value) = properties.get(property) {
                    input[property] = value.clone();
                }
            }
            work.call("iam", "CreateRole", input).await?
        }
    };
    policies(work, name, &Map::new(), properties).await?;
    let arn = role["Role"]["Arn"].as_str().ok_or_else(|| Failure::new("CreateRole gave no ARN"))?;
    Ok(Made::new(name, [("Arn", arn.into()), ("RoleId", role["Role"]["RoleId"].clone())]))
}

/// Inline and attached policies: from the old ones to the new.
async fn policies(work: &Work<'_>, role: &str, old: &Map<String, Value>, new: &Map<String, Value>) -> Done<()> {
    let (before, after) = (inline(old), inline(new));
    for (name, document) in after.iter().filter(|(name, document)| before.get(*name) != Some(document)) {
        let input = json!({"RoleName": role, "PolicyName": name, "PolicyDocument": document});
        work.call("iam", "PutRolePolicy", input).await?;
    }
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        let input = json!({"RoleName": role, "PolicyName": name});
        work.delete("iam", "DeleteRolePolicy", input, &["NoSuchEntity"]).await?;
    }
    let (before, after) = (attached(old), attached(new));
    for arn in after.iter().filter(|arn| !before.contains(arn)) {
        work.call("iam", "AttachRolePolicy", json!({"RoleName": role, "PolicyArn": arn})).await?;
    }
    for arn in before.iter().filter(|arn| !after.contains(arn)) {
        let input = json!({"RoleName": role, "PolicyArn": arn});
        work.delete("iam", "DetachRolePolicy", input, &["NoSuchEntity"]).await?;
    }
    Ok(())
}

pub async fn update(work: &Work<'_>, name: &str, old: &Map<String, Value>, new: &Map<String, Value>) -> Done<()> {
    let changed = |property: &str| old.get(property) != new.get(property);
    if changed("AssumeRolePolicyDocument") {
        let document = attribute(&new["AssumeRolePolicyDocument"]);
        let input = json!({"RoleName": name, "PolicyDocument": document});
        work.call("iam", "UpdateAssumeRolePolicy", input).await?;
    }
    if changed("Description") || changed("MaxSessionDuration") {
        let input = json!({
            "RoleName": name,
            "Description": text(new, "Description").unwrap_or_default(),
            "MaxSessionDuration": new.get("MaxSessionDuration").cloned().unwrap_or_else(|| 3600.into()),
        });
        work.call("iam", "UpdateRole", input).await?;
    }
    match text(new, "PermissionsBoundary") {
        _ if !changed("PermissionsBoundary") => {}
        Some(arn) => {
            let input = json!({"RoleName": name, "PermissionsBoundary": arn});
            work.call("iam", "PutRolePermissionsBoundary", input).await?;
        }
        None => {
            work.call("iam", "DeleteRolePermissionsBoundary", json!({"RoleName": name})).await?;
        }
    }
    policies(work, name, old, new).await?;
    let (set, gone) = tag_changes(&work.all_tags_before(old), &work.all_tags(new));
    if !gone.is_empty() {
        work.call("iam", "UntagRole", json!({"RoleName": name, "TagKeys": gone})).await?;
    }
    if !set.is_empty() {
        work.call("iam", "TagRole", json!({"RoleName": name, "Tags": tag_list(&set)})).await?;
    }
    Ok(())
}

pub async fn delete(work: &Work<'_>, name: &str, properties: &Map<String, Value>) -> Done<()> {
    policies(work, name, properties, &Map::new()).await?;
    work.delete("iam", "DeleteRole", json!({"RoleName": name}), &["NoSuchEntity"]).await
}
