//! `AWS::IAM::Policy` and `AWS::IAM::RolePolicy`: inline policies of roles that are declared elsewhere.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, json as any, string, strings};
use super::work::{Created, ResourceResult, Work, attribute, text};

const FIELDS: &[Field] = &[any("PolicyDocument").required(), string("PolicyName").required(), strings("Roles")];
const ROLE_FIELDS: &[Field] =
    &[any("PolicyDocument"), string("PolicyName").required().replaces(), string("RoleName").required().replaces()];
/// Properties that AWS has and this cloud, which has no users, doesn't.
const ABSENT: &[&str] = &["Groups", "Users"];

/// `AWS::IAM::Policy` or `AWS::IAM::RolePolicy`.
pub(super) struct RolePolicy {
    schema: &'static Schema,
}

/// `AWS::IAM::Policy`.
pub(super) static POLICY: RolePolicy = RolePolicy {
    schema: &Schema {
        type_name: "AWS::IAM::Policy",
        fields: FIELDS,
        absent: ABSENT,
        attributes: &["Id"],
        identifiers: &["Id"],
    },
};

/// `AWS::IAM::RolePolicy`.
pub(super) static ROLE_POLICY: RolePolicy = RolePolicy {
    schema: &Schema {
        type_name: "AWS::IAM::RolePolicy",
        fields: ROLE_FIELDS,
        absent: &[],
        attributes: &["Id"],
        identifiers: &["PolicyName", "RoleName"],
    },
};

#[async_trait]
impl ResourceType for RolePolicy {
    fn schema(&self) -> &'static Schema {
        self.schema
    }

    /// The id: `policy|role` for a policy of one role, else generated.
    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        match text(properties, "RoleName") {
            Some(role) => format!("{}|{role}", policy_name(properties)),
            None => work.generated.within(128),
        }
    }

    async fn create(&self, work: &Work<'_>, id: &str, properties: &Properties) -> ResourceResult<Created> {
        put(work, properties).await?;
        Ok(Created::new(id, [("Id", id.into())]))
    }

    async fn update(&self, work: &Work<'_>, _id: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
        put(work, new).await?;
        let kept = roles(new);
        for role in roles(old) {
            if !kept.contains(&role) || policy_name(old) != policy_name(new) {
                remove(work, role, policy_name(old)).await?;
            }
        }
        Ok(())
    }

    async fn delete(&self, work: &Work<'_>, _id: &str, properties: &Properties) -> ResourceResult<()> {
        for role in roles(properties) {
            remove(work, role, policy_name(properties)).await?;
        }
        Ok(())
    }
}

fn roles(properties: &Properties) -> Vec<&str> {
    let many = properties.get("Roles").and_then(Value::as_array).into_iter().flatten();
    many.chain(properties.get("RoleName")).filter_map(Value::as_str).collect()
}

fn policy_name(properties: &Properties) -> &str {
    text(properties, "PolicyName").unwrap_or_default()
}

async fn put(work: &Work<'_>, properties: &Properties) -> ResourceResult<()> {
    let Some(document) = properties.get("PolicyDocument") else { return Ok(()) };
    for role in roles(properties) {
        let input =
            json!({"RoleName": role, "PolicyName": policy_name(properties), "PolicyDocument": attribute(document)});
        work.call("iam", "PutRolePolicy", input).await?;
    }
    Ok(())
}

async fn remove(work: &Work<'_>, role: &str, name: &str) -> ResourceResult<()> {
    let input = json!({"RoleName": role, "PolicyName": name});
    work.call_unless_gone("iam", "DeleteRolePolicy", input, &["NoSuchEntity"]).await
}
