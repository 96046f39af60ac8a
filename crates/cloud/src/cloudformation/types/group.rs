//! `AWS::IAM::Group`.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::holder::{GONE, GROUPS, POLICIES};
use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, string, strings};
use super::work::{Created, ResourceResult, Work, already_exists, text};
use wire::AwsError;

const FIELDS: &[Field] = &[string("GroupName").replaces(), strings("ManagedPolicyArns"), string("Path"), POLICIES];

static SCHEMA: Schema = Schema {
    type_name: "AWS::IAM::Group",
    fields: FIELDS,
    absent: &[],
    attributes: &["Arn"],
    identifiers: &["GroupName"],
};

/// `AWS::IAM::Group`.
pub(super) struct Group;

#[async_trait]
impl ResourceType for Group {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        text(properties, "GroupName").map_or_else(|| work.generated.within(128), str::to_owned)
    }

    async fn check_name_is_free(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        if get(work, name).await.is_ok() { Err(already_exists(SCHEMA.type_name, name)) } else { Ok(()) }
    }

    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created> {
        if get(work, name).await.is_err() {
            let input = json!({"GroupName": name, "Path": text(properties, "Path").unwrap_or("/")});
            work.call("iam", "CreateGroup", input).await?;
        }
        GROUPS.change_policies(work, name, &Map::new(), properties).await?;
        Ok(Created { physical_id: name.to_owned(), attributes: attributes(&get(work, name).await?) })
    }

    async fn update(&self, work: &Work<'_>, name: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
        if old.get("Path") != new.get("Path") {
            let path = text(new, "Path").unwrap_or("/");
            work.call("iam", "UpdateGroup", json!({"GroupName": name, "NewPath": path})).await?;
        }
        GROUPS.change_policies(work, name, old, new).await
    }

    async fn refreshed(&self, work: &Work<'_>, name: &str, _: &Properties) -> ResourceResult<Map<String, Value>> {
        Ok(attributes(&get(work, name).await?))
    }

    async fn delete(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<()> {
        GROUPS.change_policies(work, name, properties, &Map::new()).await?;
        work.call_unless_gone("iam", "DeleteGroup", json!({"GroupName": name}), GONE).await
    }
}

async fn get(work: &Work<'_>, name: &str) -> Result<Value, AwsError> {
    work.call("iam", "GetGroup", json!({"GroupName": name})).await
}

fn attributes(shown: &Value) -> Map<String, Value> {
    [("Arn".to_owned(), shown["Group"]["Arn"].clone())].into_iter().collect()
}
