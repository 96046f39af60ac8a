//! `AWS::IAM::Role`.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::holder::{GONE, POLICIES, ROLES};
use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, TAGS, integer, json as any, string, strings};
use super::work::{Created, ResourceError, ResourceResult, Work, already_exists, attribute, tag_list, text};
use wire::AwsError;

const FIELDS: &[Field] = &[
    any("AssumeRolePolicyDocument").required(),
    string("Description"),
    strings("ManagedPolicyArns"),
    integer("MaxSessionDuration"),
    string("Path").replaces(),
    string("PermissionsBoundary"),
    POLICIES,
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
        ROLES.change_policies(work, name, &Map::new(), properties).await?;
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
        ROLES.change_boundary(work, name, old, new).await?;
        ROLES.change_policies(work, name, old, new).await?;
        ROLES.change_tags(work, name, old, new).await
    }

    async fn delete(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<()> {
        ROLES.change_policies(work, name, properties, &Map::new()).await?;
        work.call_unless_gone("iam", "DeleteRole", json!({"RoleName": name}), GONE).await
    }
}

async fn get(work: &Work<'_>, name: &str) -> Result<Value, AwsError> {
    work.call("iam", "GetRole", json!({"RoleName": name})).await
}
