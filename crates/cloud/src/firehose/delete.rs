//! DeleteDeliveryStream.

use serde::Deserialize;

use super::empty::Empty;
use super::stream::{self, check_name};
use crate::request::Context;
use engine::Change;
use wire::AwsError;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DeleteInput {
    delivery_stream_name: Option<String>,
}

/// Deletes a stream. What it still holds is lost, as AWS says ("DeleteDeliveryStream", API Reference: data that has not
/// been delivered "might" be); the server says how much.
pub(super) async fn delete_delivery_stream(cx: &Context, input: DeleteInput) -> Result<Empty, AwsError> {
    let name = check_name(input.delivery_stream_name.as_deref())?;
    let lost = cx
        .cloud
        .core
        .execute_freeing(|tx| {
            let (id, _) = stream::find(cx, tx.engine(), name)?;
            let lost = tx.engine().stream(id).map_or(0, |stream| stream.len());
            tx.apply(&Change::StreamGone(id));
            Ok(lost)
        })
        .await?;
    if lost > 0 {
        cx.cloud.notice(&format!("the delivery stream {name} was deleted with {lost} records that had not landed"));
    }
    Ok(Empty {})
}
