//! `AWS::KMS::Alias`.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, string};
use super::work::{Created, ResourceResult, Work, already_exists, text};

const FIELDS: &[Field] = &[string("AliasName").required().replaces(), string("TargetKeyId").required()];

static SCHEMA: Schema =
    Schema { type_name: "AWS::KMS::Alias", fields: FIELDS, absent: &[], attributes: &[], identifiers: &["AliasName"] };

/// What no alias can be called is none either.
const GONE: &[&str] =
    &["NotFoundException", "ValidationException", "InvalidAliasNameException", "NotAuthorizedException"];

/// `AWS::KMS::Alias`.
pub(super) struct KeyAlias;

#[async_trait]
impl ResourceType for KeyAlias {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn choose_name(&self, _work: &Work<'_>, properties: &Properties) -> String {
        text(properties, "AliasName").unwrap_or_default().to_owned()
    }

    async fn check_name_is_free(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        match work.call("kms", "DescribeKey", json!({"KeyId": name})).await {
            Ok(_) if name.starts_with("alias/") => Err(already_exists(SCHEMA.type_name, name)),
            _ => Ok(()),
        }
    }

    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created> {
        match work.call("kms", "CreateAlias", input(name, properties)).await {
            // The name is the stack's own: it was made before a restart, of the same properties.
            Err(error) if error.code == "AlreadyExistsException" => {}
            result => drop(result?),
        }
        Ok(Created::new(name, []))
    }

    async fn update(&self, work: &Work<'_>, name: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
        if old.get("TargetKeyId") != new.get("TargetKeyId") {
            work.call("kms", "UpdateAlias", input(name, new)).await?;
        }
        Ok(())
    }

    async fn delete(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        work.call_unless_gone("kms", "DeleteAlias", json!({"AliasName": name}), GONE).await
    }
}

fn input(name: &str, properties: &Properties) -> Value {
    json!({"AliasName": name, "TargetKeyId": properties["TargetKeyId"]})
}
