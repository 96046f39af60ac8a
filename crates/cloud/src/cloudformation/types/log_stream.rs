//! `AWS::Logs::LogStream`.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, string};
use super::work::{Created, ResourceResult, Work, already_exists, text};

const FIELDS: &[Field] = &[string("LogGroupName").required().replaces(), string("LogStreamName").replaces()];

static SCHEMA: Schema = Schema {
    type_name: "AWS::Logs::LogStream",
    fields: FIELDS,
    absent: &[],
    attributes: &[],
    identifiers: &["LogGroupName", "LogStreamName"],
};

/// `AWS::Logs::LogStream`.
pub(super) struct LogStream;

#[async_trait]
impl ResourceType for LogStream {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        text(properties, "LogStreamName").map_or_else(|| work.generated.within(512), str::to_owned)
    }

    async fn check_name_is_free(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<()> {
        if is_there(work, name, properties).await { Err(already_exists(SCHEMA.type_name, name)) } else { Ok(()) }
    }

    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created> {
        if !is_there(work, name, properties).await {
            work.call("logs", "CreateLogStream", input(name, properties)).await?;
        }
        Ok(Created::new(name, []))
    }

    async fn update(&self, _work: &Work<'_>, _name: &str, _old: &Properties, _new: &Properties) -> ResourceResult<()> {
        // Every property makes another stream.
        Ok(())
    }

    async fn delete(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<()> {
        let gone = &["ResourceNotFoundException"];
        work.call_unless_gone("logs", "DeleteLogStream", input(name, properties), gone).await
    }
}

fn input(name: &str, properties: &Properties) -> Value {
    json!({"logGroupName": text(properties, "LogGroupName"), "logStreamName": name})
}

/// Whether the group has a stream of this name.
async fn is_there(work: &Work<'_>, name: &str, properties: &Properties) -> bool {
    let group = text(properties, "LogGroupName");
    let input = json!({"logGroupName": group, "logStreamNamePrefix": name, "limit": 1});
    let found = work.call("logs", "DescribeLogStreams", input).await.unwrap_or_default();
    found["logStreams"][0]["logStreamName"] == name
}
