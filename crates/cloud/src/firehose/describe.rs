//! DescribeDeliveryStream.

use serde::Deserialize;
use serde_json::{Value, json};

use super::stream::{self, Document, check_name};
use crate::request::Context;
use wire::AwsError;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DescribeInput {
    delivery_stream_name: Option<String>,
}

/// Describes a stream.
pub(super) async fn describe_delivery_stream(cx: &Context, input: DescribeInput) -> Result<Value, AwsError> {
    let name = check_name(input.delivery_stream_name.as_deref())?;
    let (_, document) = cx.cloud.core.read(|engine, _| stream::find(cx, engine, name))?;
    Ok(json!({ "DeliveryStreamDescription": description(&document) }))
}

fn description(document: &Document) -> Value {
    let mut encryption = json!({"Status": "DISABLED"});
    if let Some(on) = &document.encryption {
        encryption = json!({"Status": "ENABLED", "KeyType": on.key_type});
        if let Some(arn) = &on.key_arn {
            encryption["KeyARN"] = arn.as_str().into();
        }
    }
    let mut description = json!({
        "DeliveryStreamName": document.name,
        "DeliveryStreamARN": document.arn(),
        "DeliveryStreamStatus": "ACTIVE",
        "DeliveryStreamEncryptionConfiguration": encryption,
        "DeliveryStreamType": "DirectPut",
        "VersionId": document.version.to_string(),
        "CreateTimestamp": document.created as f64 / 1000.0,
        "Destinations": [document.destination.describe()],
        "HasMoreDestinations": false,
    });
    if let Some(updated) = document.updated {
        description["LastUpdateTimestamp"] = (updated as f64 / 1000.0).into();
    }
    description
}
