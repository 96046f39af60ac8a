//! ListDeliveryStreams.

use serde::{Deserialize, Serialize};

use super::error::check_number;
use super::stream;
use crate::request::Context;
use wire::AwsError;

/// "ListDeliveryStreams", API Reference: 10 unless told otherwise.
const DEFAULT_LIMIT: i64 = 10;
const MAX_LIMIT: i64 = 10_000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ListInput {
    delivery_stream_type: Option<String>,
    exclusive_start_delivery_stream_name: Option<String>,
    limit: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListOutput {
    delivery_stream_names: Vec<String>,
    has_more_delivery_streams: bool,
}

/// Lists the caller's streams by name.
pub(super) async fn list_delivery_streams(cx: &Context, input: ListInput) -> Result<ListOutput, AwsError> {
    let limit = input.limit.unwrap_or(DEFAULT_LIMIT);
    check_number(limit, "limit", 1..=MAX_LIMIT)?;
    // All streams here are DirectPut.
    let none = input.delivery_stream_type.as_deref().is_some_and(|kind| kind != "DirectPut");
    let after = input.exclusive_start_delivery_stream_name.unwrap_or_default();
    let prefix = stream::arn(&cx.region, &cx.account, "");
    let mut names: Vec<String> = cx.cloud.core.read(|engine, _| {
        let names = engine.streams(&prefix).map(|stream| stream.config.arn[prefix.len()..].to_owned());
        names.filter(|name| !none && *name > after).take(limit as usize + 1).collect()
    });
    let has_more_delivery_streams = names.len() > limit as usize;
    names.truncate(limit as usize);
    Ok(ListOutput { delivery_stream_names: names, has_more_delivery_streams })
}
