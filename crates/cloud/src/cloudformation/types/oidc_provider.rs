//! `AWS::IAM::OIDCProvider`.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::holder::{GONE, texts};
use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, TAGS, string, strings};
use super::work::{Created, ResourceResult, Work, already_exists, tag_changes, tag_list, text};
use wire::AwsError;

const FIELDS: &[Field] =
    &[strings("ClientIdList"), TAGS, strings("ThumbprintList"), string("Url").required().replaces()];

static SCHEMA: Schema = Schema {
    type_name: "AWS::IAM::OIDCProvider",
    fields: FIELDS,
    absent: &[],
    attributes: &["Arn"],
    identifiers: &["Arn"],
};

/// `AWS::IAM::OIDCProvider`.
pub(super) struct OidcProvider;

#[async_trait]
impl ResourceType for OidcProvider {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        let url = text(properties, "Url").unwrap_or_default();
        let url = url.strip_prefix("https://").unwrap_or(url);
        format!("arn:aws:iam::{}:oidc-provider/{}", work.cx.account, url.strip_suffix('/').unwrap_or(url))
    }

    async fn check_name_is_free(&self, work: &Work<'_>, arn: &str, _properties: &Properties) -> ResourceResult<()> {
        if get(work, arn).await.is_ok() { Err(already_exists(SCHEMA.type_name, arn)) } else { Ok(()) }
    }

    async fn create(&self, work: &Work<'_>, arn: &str, properties: &Properties) -> ResourceResult<Created> {
        if get(work, arn).await.is_err() {
            let input = json!({
                "Url": properties["Url"],
                "ClientIDList": texts(properties, "ClientIdList"),
                "ThumbprintList": texts(properties, "ThumbprintList"),
                "Tags": tag_list(&work.all_tags(properties)),
            });
            work.call("iam", "CreateOpenIDConnectProvider", input).await?;
        }
        Ok(Created::new(arn, [("Arn", arn.into())]))
    }

    async fn update(&self, work: &Work<'_>, arn: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
        let call = async |operation: &str, more: Value| {
            let mut input: Map<String, Value> = more.as_object().cloned().unwrap_or_default();
            input.insert("OpenIDConnectProviderArn".to_owned(), arn.into());
            work.call("iam", operation, Value::Object(input)).await
        };
        let (before, after) = (texts(old, "ClientIdList"), texts(new, "ClientIdList"));
        for client in before.iter().filter(|client| !after.contains(client)) {
            call("RemoveClientIDFromOpenIDConnectProvider", json!({"ClientID": client})).await?;
        }
        for client in after.iter().filter(|client| !before.contains(client)) {
            call("AddClientIDToOpenIDConnectProvider", json!({"ClientID": client})).await?;
        }
        if old.get("ThumbprintList") != new.get("ThumbprintList") {
            let list = json!({"ThumbprintList": texts(new, "ThumbprintList")});
            call("UpdateOpenIDConnectProviderThumbprint", list).await?;
        }
        let (set, gone) = tag_changes(&work.all_tags_before(old), &work.all_tags(new));
        if !gone.is_empty() {
            call("UntagOpenIDConnectProvider", json!({"TagKeys": gone})).await?;
        }
        if !set.is_empty() {
            call("TagOpenIDConnectProvider", json!({"Tags": tag_list(&set)})).await?;
        }
        Ok(())
    }

    async fn delete(&self, work: &Work<'_>, arn: &str, _properties: &Properties) -> ResourceResult<()> {
        let input = json!({"OpenIDConnectProviderArn": arn});
        work.call_unless_gone("iam", "DeleteOpenIDConnectProvider", input, GONE).await
    }
}

async fn get(work: &Work<'_>, arn: &str) -> Result<Value, AwsError> {
    work.call("iam", "GetOpenIDConnectProvider", json!({"OpenIDConnectProviderArn": arn})).await
}
