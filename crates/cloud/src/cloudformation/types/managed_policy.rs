//! `AWS::IAM::ManagedPolicy`.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, json as any, string, strings};
use super::work::{Created, ResourceError, ResourceResult, Work, already_exists, attribute, text};
use wire::AwsError;

const FIELDS: &[Field] = &[
    string("Description").replaces(),
    string("ManagedPolicyName").replaces(),
    string("Path").replaces(),
    any("PolicyDocument").required(),
    strings("Roles"),
];
/// Properties that AWS has and this cloud, which has no users, doesn't.
const ABSENT: &[&str] = &["Groups", "Users"];

static SCHEMA: Schema = Schema {
    type_name: "AWS::IAM::ManagedPolicy",
    fields: FIELDS,
    absent: ABSENT,
    attributes: &["DefaultVersionId", "PolicyArn", "PolicyId"],
    identifiers: &["PolicyArn"],
};

/// `AWS::IAM::ManagedPolicy`.
pub(super) struct ManagedPolicy;

#[async_trait]
impl ResourceType for ManagedPolicy {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        text(properties, "ManagedPolicyName").map_or_else(|| work.generated.within(128), str::to_owned)
    }

    fn physical_id(&self, work: &Work<'_>, name: &str, properties: &Properties) -> String {
        policy_arn(work, name, properties)
    }

    async fn check_name_is_free(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<()> {
        let arn = policy_arn(work, name, properties);
        if get(work, &arn).await.is_ok() { Err(already_exists(SCHEMA.type_name, &arn)) } else { Ok(()) }
    }

    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created> {
        let arn = policy_arn(work, name, properties);
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
        let id = policy["Policy"]["PolicyId"].as_str().ok_or_else(|| ResourceError::new("CreatePolicy gave no id"))?;
        Ok(Created::new(
            arn.clone(),
            [("PolicyArn", arn.into()), ("PolicyId", id.into()), ("DefaultVersionId", "v1".into())],
        ))
    }

    async fn update(&self, work: &Work<'_>, arn: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
        if old.get("PolicyDocument") != new.get("PolicyDocument") {
            let document = attribute(&new["PolicyDocument"]);
            let input = json!({"PolicyArn": arn, "PolicyDocument": document, "SetAsDefault": true});
            work.call("iam", "CreatePolicyVersion", input).await?;
        }
        attach(work, arn, &roles(old), &roles(new)).await
    }

    async fn delete(&self, work: &Work<'_>, arn: &str, properties: &Properties) -> ResourceResult<()> {
        attach(work, arn, &roles(properties), &[]).await?;
        work.call_unless_gone("iam", "DeletePolicy", json!({"PolicyArn": arn}), &["NoSuchEntity"]).await
    }
}

fn roles(properties: &Properties) -> Vec<&str> {
    properties.get("Roles").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

async fn attach(work: &Work<'_>, arn: &str, old: &[&str], new: &[&str]) -> ResourceResult<()> {
    for role in new.iter().filter(|role| !old.contains(role)) {
        work.call("iam", "AttachRolePolicy", json!({"RoleName": role, "PolicyArn": arn})).await?;
    }
    for role in old.iter().filter(|role| !new.contains(role)) {
        let input = json!({"RoleName": role, "PolicyArn": arn});
        work.call_unless_gone("iam", "DetachRolePolicy", input, &["NoSuchEntity"]).await?;
    }
    Ok(())
}

async fn get(work: &Work<'_>, arn: &str) -> Result<Value, AwsError> {
    work.call("iam", "GetPolicy", json!({"PolicyArn": arn})).await
}

/// The ARN of a policy of a name.
fn policy_arn(work: &Work<'_>, name: &str, properties: &Properties) -> String {
    format!("arn:aws:iam::{}:policy{}{name}", work.cx.account, text(properties, "Path").unwrap_or("/"))
}
