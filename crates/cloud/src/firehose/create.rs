//! CreateDeliveryStream.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::destination::{Destination, DestinationInput};
use super::encryption::{self, EncryptionInput};
use super::error::invalid;
use super::stream::{self, Document, check_name};
use super::tags::{self, Tag};
use crate::request::Context;
use engine::{Change, StreamId};
use wire::AwsError;

/// "CreateDeliveryStream", API Reference: by default up to 5,000 streams a Region.
const MAX_STREAMS: usize = 5_000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct CreateInput {
    delivery_stream_name: Option<String>,
    delivery_stream_type: Option<String>,
    s3_destination_configuration: Option<DestinationInput>,
    extended_s3_destination_configuration: Option<DestinationInput>,
    delivery_stream_encryption_configuration_input: Option<EncryptionInput>,
    tags: Option<Vec<Tag>>,
    /// Destinations and sources that are not simulated, refused by name.
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

#[derive(Debug, Serialize)]
pub(super) struct CreateOutput {
    #[serde(rename = "DeliveryStreamARN")]
    delivery_stream_arn: String,
}

/// Makes a stream; it is ACTIVE at once.
pub(super) async fn create_delivery_stream(cx: &Context, input: CreateInput) -> Result<CreateOutput, AwsError> {
    let name = check_name(input.delivery_stream_name.as_deref())?.to_owned();
    let unsupported = |name: &&String| name.ends_with("Configuration") || name.ends_with("ConfigurationInput");
    if let Some(other) = input.others.keys().find(unsupported) {
        return Err(invalid(format!("{other} is not supported: streams are DirectPut and land in S3 here")));
    }
    if let Some(kind) = input.delivery_stream_type.as_deref().filter(|kind| *kind != "DirectPut") {
        return Err(invalid(format!("DeliveryStreamType {kind} is not supported: streams are DirectPut here")));
    }
    let destination = match (input.extended_s3_destination_configuration, input.s3_destination_configuration) {
        (Some(destination), None) | (None, Some(destination)) => destination,
        (None, None) => return Err(invalid("Exactly one destination configuration is supported for a Firehose")),
        (Some(_), Some(_)) => return Err(invalid("Exactly one destination configuration is supported for a Firehose")),
    };
    let destination = Destination::merge(None, destination)?;
    destination.check_role(cx)?;
    let encryption = input.delivery_stream_encryption_configuration_input.map(encryption::check_key).transpose()?;
    let tags = tags::check_tags(input.tags.unwrap_or_default())?;
    let made = cx
        .cloud
        .core
        .execute(|tx| {
            let arn = stream::arn(&cx.region, &cx.account, &name);
            if tx.engine().stream_by_arn(&arn).is_some() {
                let message = format!("Firehose {name} under accountId {} already exists", cx.account);
                return Err(AwsError::bad("ResourceInUseException", message));
            }
            let own = stream::arn(&cx.region, &cx.account, "");
            if tx.engine().streams(&own).take(MAX_STREAMS).count() == MAX_STREAMS {
                let message = format!("You have already consumed your firehose quota of {MAX_STREAMS} hoses.");
                return Err(AwsError::bad("LimitExceededException", message));
            }
            let document = Document {
                name,
                account: cx.account.to_string(),
                region: cx.region.to_string(),
                version: 1,
                created: tx.now,
                updated: None,
                destination,
                encryption,
                tags,
            };
            let id = StreamId(tx.engine().next_id());
            tx.declare(&Change::Stream(Cow::Owned(document.config(id)?)))?;
            Ok(document)
        })
        .await?;
    made.destination.tell_of_role(cx, &made.name);
    Ok(CreateOutput { delivery_stream_arn: made.arn() })
}
