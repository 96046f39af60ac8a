//! `AWS::IAM::Role`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, Shape, TAGS, integer, json as any, list, string, strings};
use super::work::{
    Created, ResourceError, ResourceResult, Work, already_exists, attribute, tag_changes, tag_list, text,
};
use wire::AwsError;

const FIELDS: &[Field] = &[
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

static SCHEMA: Schema = Schema {
    type_name: "AWS::IAM::Role",
    fields: FIELDS,
    absent: &[],
    attributes: &["Arn", "RoleId"],
    identifiers: &["RoleName"],
};

/// `AWS::IAM::Role`.
pub(super) struct Role;

#[async_trait]
impl ResourceType for Role {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        text(properties, "RoleName").map_or_else(|| work.generated.within(64), str::to_owned)
    }

    async fn check_name_is_free(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        if get(work, name).await.is_ok() { Err(already_exists(SCHEMA.type_name, name)) } else { Ok(()) }
    }

    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created> {
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
        let arn = role["Role"]["Arn"].as_str().ok_or_else(|| ResourceError::new("CreateRole gave no ARN"))?;
        Ok(Created::new(name, [("Arn", arn.into()), ("RoleId", role["Role"]["RoleId"].clone())]))
    }

    async fn update(&self, work: &Work<'_>, name: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
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

    async fn delete(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<()> {
        policies(work, name, properties, &Map::new()).await?;
        work.call_unless_gone("iam", "DeleteRole", json!({"RoleName": name}), &["NoSuchEntity"]).await
    }
}

/// Inline policies by name, as texts.
fn inline(properties: &Properties) -> BTreeMap<&str, Value> {
    let policies = properties.get("Policies").and_then(Value::as_array).into_iter().flatten();
    policies.filter_map(|p| Some((p["PolicyName"].as_str()?, attribute(&p["PolicyDocument"])))).collect()
}

fn attached(properties: &Properties) -> Vec<&str> {
    let arns = properties.get("ManagedPolicyArns").and_then(Value::as_array).into_iter().flatten();
    arns.filter_map(Value::as_str).collect()
}

async fn get(work: &Work<'_>, name: &str) -> Result<Value, AwsError> {
    work.call("iam", "GetRole", json!({"RoleName": name})).await
}

/// Inline and attached policies: from the old ones to the new.
async fn policies(work: &Work<'_>, role: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
    let (before, after) = (inline(old), inline(new));
    for (name, document) in after.iter().filter(|(name, document)| before.get(*name) != Some(document)) {
        let input = json!({"RoleName": role, "PolicyName": name, "PolicyDocument": document});
        work.call("iam", "PutRolePolicy", input).await?;
    }
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        let input = json!({"RoleName": role, "PolicyName": name});
        work.call_unless_gone("iam", "DeleteRolePolicy", input, &["NoSuchEntity"]).await?;
    }
    let (before, after) = (attached(old), attached(new));
    for arn in after.iter().filter(|arn| !before.contains(arn)) {
        work.call("iam", "AttachRolePolicy", json!({"RoleName": role, "PolicyArn": arn})).await?;
    }
    for arn in before.iter().filter(|arn| !after.contains(arn)) {
        let input = json!({"RoleName": role, "PolicyArn": arn});
        work.call_unless_gone("iam", "DetachRolePolicy", input, &["NoSuchEntity"]).await?;
    }
    Ok(())
}
