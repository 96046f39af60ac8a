//! `AWS::IAM::Policy` and `AWS::IAM::RolePolicy`: inline policies of roles that are declared elsewhere.

use serde_json::{Map, Value, json};

use super::schema::{Field, json as any, string, strings};
use super::work::{Done, Made, Work, attribute, text};

pub const FIELDS: &[Field] = &[any("PolicyDocument").required(), string("PolicyName").required(), strings("Roles")];
pub const ROLE_FIELDS: &[Field] =
    &[any("PolicyDocument"), string("PolicyName").required().replaces(), string("RoleName").required().replaces()];
/// Properties that AWS has and this cloud, which has no users, doesn't.
pub const ABSENT: &[&str] = &["Groups", "Users"];
pub const ATTRIBUTES: &[&str] = &["Id"];

fn roles(properties: &Map<String, Value>) -> Vec<&str> {
    let many = properties.get("Roles").and_then(Value::as_array).into_iter().flatten();
    many.chain(properties.get("RoleName")).filter_map(Value::as_str).collect()
}

fn policy_name(properties: &Map<String, Value>) -> &str {
    text(properties, "PolicyName").unwrap_or_default()
}

async fn put(work: &Work<'_>, properties: &Map<String, Value>) -> Done<()> {
    let Some(document) = properties.get("PolicyDocument") else { return Ok(()) };
    for role in roles(properties) {
        let input =
            json!({"RoleName": role, "PolicyName": policy_name(properties), "PolicyDocument": attribute(document)});
        work.call("iam", "PutRolePolicy", input).await?;
    }
    Ok(())
}

async fn remove(work: &Work<'_>, role: &str, name: &str) -> Done<()> {
    let input = json!({"RoleName": role, "PolicyName": name});
    work.delete("iam", "DeleteRolePolicy", input, &["NoSuchEntity"]).await
}

/// The id: `policy|role` for a policy of one role, else generated.
pub fn name(work: &Work<'_>, properties: &Map<String, Value>) -> String {
    match text(properties, "RoleName") {
        Some(role) => format!("{}|{role}", policy_name(properties)),
        None => work.generated.within(128),
    }
}

pub async fn create(work: &Work<'_>, id: &str, properties: &Map<String, Value>) -> Done<Made> {
    put(work, properties).await?;
    Ok(Made::new(id, [("Id", id.into())]))
}

pub async fn update(work: &Work<'_>, old: &Map<String, Value>, new: &Map<String, Value>) -> Done<()> {
    put(work, new).await?;
    let kept = roles(new);
    for role in roles(old) {
        if !kept.contains(&role) || policy_name(old) != policy_name(new) {
            remove(work, role, policy_name(old)).await?;
        }
    }
    Ok(())
}

pub async fn delete(work: &Work<'_>, properties: &Map<String, Value>) -> Done<()> {
    for role in roles(properties) {
        remove(work, role, policy_name(properties)).await?;
    }
    Ok(())
}
