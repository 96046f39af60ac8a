//! UpdateDestination.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::destination::{DESTINATION_ID, Destination, DestinationInput};
use super::empty::Empty;
use super::error::{invalid, missing};
use super::stream::{self, check_name};
use crate::request::Context;
use engine::Change;
use wire::AwsError;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct UpdateInput {
    delivery_stream_name: Option<String>,
    current_delivery_stream_version_id: Option<String>,
    destination_id: Option<String>,
    s3_destination_update: Option<DestinationInput>,
    extended_s3_destination_update: Option<DestinationInput>,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

/// Changes the destination; what isn't given stays. Records that wait land by the new configuration.
pub(super) async fn update_destination(cx: &Context, input: UpdateInput) -> Result<Empty, AwsError> {
    let name = check_name(input.delivery_stream_name.as_deref())?;
    let version = input.current_delivery_stream_version_id.ok_or_else(|| missing("currentDeliveryStreamVersionId"))?;
    let destination = input.destination_id.ok_or_else(|| missing("destinationId"))?;
    if let Some(other) = input.others.keys().find(|name| name.ends_with("Update")) {
        return Err(invalid(format!("{other} is not supported: streams land in S3 here")));
    }
    let ((Some(update), None) | (None, Some(update))) =
        (input.extended_s3_destination_update, input.s3_destination_update)
    else {
        return Err(invalid("Exactly one destination update is supported for a Firehose"));
    };
    let renewed = cx
        .cloud
        .core
        .execute(|tx| {
            let (id, mut document) = stream::find(cx, tx.engine(), name)?;
            if document.version.to_string() != version {
                let message = format!(
                    "Cannot update firehose: {name} since the current version id: {} and specified version id: {version} \
                     do not match",
                    document.version
                );
                return Err(AwsError::bad("ConcurrentModificationException", message));
            }
            if destination != DESTINATION_ID {
                return Err(invalid(format!("Destination Id {destination} not found")));
            }
            let role = document.destination.role_arn.clone();
            document.destination = Destination::merge(Some(&document.destination), update)?;
            document.destination.check_role(cx)?;
            document.version += 1;
            document.updated = Some(tx.now);
            tx.declare(&Change::Stream(Cow::Owned(document.config(id)?)))?;
            Ok(Some(document.destination).filter(|destination| destination.role_arn != role))
        })
        .await?;
    if let Some(destination) = renewed {
        destination.tell_of_role(cx, name);
    }
    Ok(Empty {})
}
