//! The tracking table in DynamoDB: HASH key `jobRequestId`, conditional writes, strongly consistent reads.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, TableStatus};

use super::{End, Entry, Request, Status, Tracking, Trouble, millis};
use crate::Clients;
use crate::jobs::failure::{is_throttled, tell};

/// An item has 400 KB at most, its attributes' names included ("Quotas in Amazon DynamoDB"); this leaves room for the others.
const MAX_PAYLOAD: usize = 380 << 10;
/// The table's key.
const KEY: &str = "jobRequestId";
/// The attributes that a status is made of: all but the payload. Each is named by a placeholder, since some are reserved words.
const READ: [&str; 10] =
    ["tenant", "jobStatus", "sentTimestamp", "trace", "bucket", "key", "reason", "attempts", "executionMs", "leadMs"];

/// A table.
pub(super) struct DynamoDb {
    client: Client,
    table: String,
}

impl DynamoDb {
    /// A table, at an address of its own if it has one.
    pub(super) fn new(clients: &Clients, table: &str, endpoint: Option<&str>) -> Self {
        let client = match endpoint {
            Some(url) => Client::from_conf(clients.dynamodb.config().to_builder().endpoint_url(url).build()),
            None => clients.dynamodb.clone(),
        };
        Self::with(client, table)
    }

    /// A table of a client's.
    pub(super) fn with(client: Client, table: &str) -> Self {
        Self { client, table: table.to_owned() }
    }
}

impl<E: ProvideErrorMetadata + std::error::Error + 'static> From<SdkError<E>> for Trouble {
    fn from(error: SdkError<E>) -> Self {
        Self { throttled: is_throttled(&error), why: tell(&error) }
    }
}

/// A write whose condition doesn't hold is one that isn't necessary any more.
fn unless_needless<T, E>(ended: Result<T, SdkError<E>>) -> Result<(), Trouble>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match ended {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

#[async_trait]
impl Tracking for DynamoDb {
    fn name(&self) -> &'static str {
        "table"
    }

    fn max_payload(&self) -> usize {
        MAX_PAYLOAD
    }

    async fn check(&self) -> Result<(), String> {
        let asked = self.client.describe_table().table_name(&self.table).send().await;
        let table = asked.map_err(|error| Trouble::from(error).why)?.table;
        match table.and_then(|table| table.table_status) {
            Some(TableStatus::Active | TableStatus::Updating) => Ok(()),
            status => Err(format!("the table is {}", status.map_or("unknown".into(), |it| it.to_string()))),
        }
    }

    async fn add(&self, request: &Request<'_>) -> Result<(), Trouble> {
        let put = self.client.put_item().table_name(&self.table);
        let put = put
            .item(KEY, text(request.job))
            .item("tenant", text(request.tenant))
            .item("payload", text(request.payload))
            .item("sentTimestamp", number(request.sent.as_millis()))
            .item("jobStatus", text(Status::Submitted.name()))
            .item("trace", text(request.trace))
            .item("attempts", number(0))
            .condition_expression("attribute_not_exists(#key)")
            .expression_attribute_names("#key", KEY);
        unless_needless(put.send().await)
    }

    async fn get(&self, job: &str) -> Result<Option<Entry>, Trouble> {
        // A key has 1 to 2,048 bytes.
        if job.is_empty() || job.len() > 2_048 {
            return Ok(None);
        }
        let get = self.client.get_item().table_name(&self.table).key(KEY, text(job)).consistent_read(true);
        let places: Vec<String> = (0..READ.len()).map(|n| format!("#{n}")).collect();
        let names = places.iter().cloned().zip(READ.map(str::to_owned)).collect();
        let get = get.projection_expression(places.join(", ")).set_expression_attribute_names(Some(names));
        get.send().await?.item.map(|item| entry(&item)).transpose()
    }

    async fn end(&self, job: &str, end: &End<'_>) -> Result<(), Trouble> {
        let (bucket, key) = end.place();
        let values = [
            ("jobStatus", Some(text(end.status().name()))),
            ("bucket", bucket.map(text)),
            ("key", key.map(text)),
            ("reason", end.reason().map(text)),
            ("attempts", Some(number(end.attempts))),
            ("executionMs", Some(number(millis(end.execution)))),
            ("leadMs", Some(number(millis(end.lead)))),
        ];
        let mut update = self.client.update_item().table_name(&self.table).key(KEY, text(job));
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        for (n, (name, value)) in values.into_iter().enumerate() {
            update = update.expression_attribute_names(format!("#{n}"), name);
            match value {
                Some(value) => {
                    update = update.expression_attribute_values(format!(":{n}"), value);
                    set.push(format!("#{n} = :{n}"));
                }
                None => remove.push(format!("#{n}")),
            }
        }
        let mut expression = format!("SET {}", set.join(", "));
        if !remove.is_empty() {
            expression += &format!(" REMOVE {}", remove.join(", "));
        }
        let update = update
            .update_expression(expression)
            .condition_expression("attribute_exists(#id) AND #0 <> :complete")
            .expression_attribute_names("#id", KEY)
            .expression_attribute_values(":complete", text(Status::Complete.name()));
        unless_needless(update.send().await)
    }
}

/// What an item says.
fn entry(item: &HashMap<String, AttributeValue>) -> Result<Entry, Trouble> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let number = |name: &str| item.get(name).and_then(|value| value.as_n().ok()?.parse::<f64>().ok());
    Ok(Entry {
        tenant: text("tenant").unwrap_or_default(),
        status: Status::parse(&text("jobStatus").unwrap_or_default())?,
        sent: number("sentTimestamp").unwrap_or_default() as i64,
        trace: text("trace").unwrap_or_default(),
        bucket: text("bucket"),
        key: text("key"),
        reason: text("reason"),
        attempts: number("attempts").unwrap_or_default() as i64,
        execution_ms: number("executionMs"),
        lead_ms: number("leadMs"),
    })
}
