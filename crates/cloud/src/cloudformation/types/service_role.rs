//! `AWS::IAM::ServiceLinkedRole`.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::holder::GONE;
use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, string};
use super::work::{Created, ResourceError, ResourceResult, Work, already_exists, text};

const FIELDS: &[Field] =
    &[string("AWSServiceName").required().replaces(), string("CustomSuffix").replaces(), string("Description")];

static SCHEMA: Schema = Schema {
    type_name: "AWS::IAM::ServiceLinkedRole",
    fields: FIELDS,
    absent: &[],
    attributes: &["RoleName"],
    identifiers: &["RoleName"],
};

/// `AWS::IAM::ServiceLinkedRole`.
pub(super) struct ServiceRole;

#[async_trait]
impl ResourceType for ServiceRole {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    /// IAM gives the name.
    fn choose_name(&self, _work: &Work<'_>, _properties: &Properties) -> String {
        String::new()
    }

    async fn check_name_is_free(&self, work: &Work<'_>, _name: &str, properties: &Properties) -> ResourceResult<()> {
        match find(work, properties).await? {
            Some(name) => Err(already_exists(SCHEMA.type_name, &name)),
            None => Ok(()),
        }
    }

    async fn create(&self, work: &Work<'_>, _name: &str, properties: &Properties) -> ResourceResult<Created> {
        let name = match find(work, properties).await? {
            Some(name) => name,
            None => {
                let made = work.call("iam", "CreateServiceLinkedRole", Value::Object(properties.clone())).await?;
                let name = made["Role"]["RoleName"].as_str();
                name.ok_or_else(|| ResourceError::new("CreateServiceLinkedRole gave no name"))?.to_owned()
            }
        };
        Ok(Created::new(name.clone(), [("RoleName", name.into())]))
    }

    async fn update(&self, work: &Work<'_>, name: &str, _old: &Properties, new: &Properties) -> ResourceResult<()> {
        let description = text(new, "Description").unwrap_or_default();
        work.call("iam", "UpdateRoleDescription", json!({"RoleName": name, "Description": description})).await?;
        Ok(())
    }

    async fn delete(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        work.call_unless_gone("iam", "DeleteServiceLinkedRole", json!({"RoleName": name}), GONE).await
    }
}

/// The name of the service's role, if it is there: with the suffix that is asked for, or with none.
async fn find(work: &Work<'_>, properties: &Properties) -> ResourceResult<Option<String>> {
    let service = text(properties, "AWSServiceName").unwrap_or_default();
    let input = json!({"PathPrefix": format!("/aws-service-role/{service}/"), "MaxItems": 1000});
    let listed = work.call("iam", "ListRoles", input).await?;
    let suffix = text(properties, "CustomSuffix").filter(|suffix| !suffix.is_empty());
    // Names of roles of that service have an underscore of their own.
    let plain = |name: &str| service.contains("application-autoscaling") || !name.contains('_');
    let fits = |name: &&str| suffix.map_or_else(|| plain(name), |suffix| name.ends_with(&format!("_{suffix}")));
    let names = listed["Roles"].as_array().into_iter().flatten().filter_map(|role| role["RoleName"].as_str());
    Ok(names.filter(|name| fits(name)).map(str::to_owned).next())
}
