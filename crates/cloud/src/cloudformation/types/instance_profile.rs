//! `AWS::IAM::InstanceProfile`.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::holder::{GONE, texts};
use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, string, strings};
use super::work::{Created, ResourceError, ResourceResult, Work, already_exists, text};
use wire::AwsError;

const FIELDS: &[Field] =
    &[string("InstanceProfileName").replaces(), string("Path").replaces(), strings("Roles").required()];

static SCHEMA: Schema = Schema {
    type_name: "AWS::IAM::InstanceProfile",
    fields: FIELDS,
    absent: &[],
    attributes: &["Arn"],
    identifiers: &["InstanceProfileName"],
};

/// `AWS::IAM::InstanceProfile`.
pub(super) struct InstanceProfile;

#[async_trait]
impl ResourceType for InstanceProfile {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        text(properties, "InstanceProfileName").map_or_else(|| work.generated.within(128), str::to_owned)
    }

    async fn check_name_is_free(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        if get(work, name).await.is_ok() { Err(already_exists(SCHEMA.type_name, name)) } else { Ok(()) }
    }

    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created> {
        if get(work, name).await.is_err() {
            let input = json!({"InstanceProfileName": name, "Path": text(properties, "Path").unwrap_or("/")});
            work.call("iam", "CreateInstanceProfile", input).await?;
        }
        change_roles(work, name, &texts(properties, "Roles")).await?;
        let shown = get(work, name).await?;
        let arn = shown["InstanceProfile"]["Arn"].as_str();
        let arn = arn.ok_or_else(|| ResourceError::new("GetInstanceProfile gave no ARN"))?;
        Ok(Created::new(name, [("Arn", arn.into())]))
    }

    async fn update(&self, work: &Work<'_>, name: &str, _old: &Properties, new: &Properties) -> ResourceResult<()> {
        change_roles(work, name, &texts(new, "Roles")).await
    }

    async fn delete(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        if get(work, name).await.is_ok() {
            change_roles(work, name, &[]).await?;
        }
        work.call_unless_gone("iam", "DeleteInstanceProfile", json!({"InstanceProfileName": name}), GONE).await
    }
}

async fn get(work: &Work<'_>, name: &str) -> Result<Value, AwsError> {
    work.call("iam", "GetInstanceProfile", json!({"InstanceProfileName": name})).await
}

/// Takes out the role that is in it, unless it is wanted, and puts in those that are.
async fn change_roles(work: &Work<'_>, name: &str, wanted: &[&str]) -> ResourceResult<()> {
    let shown: Map<String, Value> = get(work, name).await?["InstanceProfile"].as_object().cloned().unwrap_or_default();
    let roles = shown.get("Roles").and_then(Value::as_array).into_iter().flatten();
    let there: Vec<&str> = roles.filter_map(|role| role["RoleName"].as_str()).collect();
    for role in there.iter().filter(|role| !wanted.contains(role)) {
        let input = json!({"InstanceProfileName": name, "RoleName": role});
        work.call_unless_gone("iam", "RemoveRoleFromInstanceProfile", input, GONE).await?;
    }
    for role in wanted.iter().filter(|role| !there.contains(role)) {
        let input = json!({"InstanceProfileName": name, "RoleName": role});
        work.call("iam", "AddRoleToInstanceProfile", input).await?;
    }
    Ok(())
}
