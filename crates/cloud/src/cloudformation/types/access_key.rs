//! `AWS::IAM::AccessKey`.

use async_trait::async_trait;
use serde_json::json;

use super::holder::GONE;
use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, integer, string};
use super::work::{Created, ResourceResult, Work, text};

const FIELDS: &[Field] = &[integer("Serial").replaces(), string("Status"), string("UserName").required().replaces()];

static SCHEMA: Schema = Schema {
    type_name: "AWS::IAM::AccessKey",
    fields: FIELDS,
    absent: &[],
    attributes: &["Id", "SecretAccessKey"],
    identifiers: &["Id"],
};

/// `AWS::IAM::AccessKey`.
pub(super) struct AccessKey;

#[async_trait]
impl ResourceType for AccessKey {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    /// The key's id: `AKIA` and sixteen letters and digits.
    fn choose_name(&self, work: &Work<'_>, _properties: &Properties) -> String {
        let random = work.generated.random;
        format!("AKIA{:A<16.16}", random.to_ascii_uppercase())
    }

    async fn create(&self, work: &Work<'_>, id: &str, properties: &Properties) -> ResourceResult<Created> {
        // A restart may come between the making of a key and the note of its secret, which is told once: then it is made again.
        self.delete(work, id, properties).await?;
        let user = text(properties, "UserName").unwrap_or_default();
        let made = work.call("iam", "CreateAccessKey", json!({"UserName": user, "AccessKeyId": id})).await?;
        set_status(work, id, properties).await?;
        Ok(Created::new(id, [("Id", id.into()), ("SecretAccessKey", made["AccessKey"]["SecretAccessKey"].clone())]))
    }

    async fn update(&self, work: &Work<'_>, id: &str, _old: &Properties, new: &Properties) -> ResourceResult<()> {
        set_status(work, id, new).await
    }

    async fn delete(&self, work: &Work<'_>, id: &str, properties: &Properties) -> ResourceResult<()> {
        let input = json!({"UserName": text(properties, "UserName"), "AccessKeyId": id});
        work.call_unless_gone("iam", "DeleteAccessKey", input, GONE).await
    }
}

async fn set_status(work: &Work<'_>, id: &str, properties: &Properties) -> ResourceResult<()> {
    let status = text(properties, "Status").unwrap_or("Active");
    let input = json!({"UserName": text(properties, "UserName"), "AccessKeyId": id, "Status": status});
    work.call("iam", "UpdateAccessKey", input).await?;
    Ok(())
}
