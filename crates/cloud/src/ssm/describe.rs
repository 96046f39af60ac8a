//! DescribeParameters.

use serde::{Deserialize, Serialize};

use super::error::{bad_token, page_size};
use super::filter::{self, FilterInput, Listing};
use super::name::arn;
use super::store::{self, Parameter};
use crate::request::Context;
use wire::{AwsError, Timestamp, page};

/// "DescribeParameters": results of a page.
const MAX_RESULTS: i64 = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DescribeInput {
    filters: Option<Vec<FilterInput>>,
    parameter_filters: Option<Vec<FilterInput>>,
    max_results: Option<i64>,
    next_token: Option<String>,
    shared: Option<bool>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeOutput {
    parameters: Vec<MetadataView>,
    next_token: Option<String>,
}

/// A parameter without its value.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MetadataView {
    name: String,
    #[serde(rename = "ARN")]
    arn: String,
    r#type: &'static str,
    key_id: Option<String>,
    last_modified_date: Timestamp,
    last_modified_user: String,
    description: Option<String>,
    allowed_pattern: Option<String>,
    version: u64,
    tier: &'static str,
    policies: [(); 0],
    data_type: &'static str,
}

fn view(cx: &Context, parameter: Parameter) -> MetadataView {
    let now = parameter.now;
    MetadataView {
        arn: arn(cx, &parameter.name),
        name: parameter.name,
        r#type: parameter.kind.as_str(),
        key_id: now.key_id,
        last_modified_date: Timestamp(now.modified),
        last_modified_user: now.by,
        description: now.description,
        allowed_pattern: now.pattern,
        version: now.number,
        tier: now.tier.as_str(),
        policies: [],
        data_type: "text",
    }
}

/// The caller's parameters that pass all filters, by name.
pub(super) async fn describe_parameters(cx: &Context, input: DescribeInput) -> Result<DescribeOutput, AwsError> {
    let (older, newer) = (input.filters.unwrap_or_default(), input.parameter_filters.unwrap_or_default());
    filter::refuse_both(!older.is_empty(), !newer.is_empty())?;
    let filters = if older.is_empty() { filter::read(newer, Listing::Describe)? } else { filter::read_older(older)? };
    let size = page_size(input.max_results, MAX_RESULTS)?;
    let after = input.next_token.map(|token| page::decode_token(&token).ok_or_else(bad_token)).transpose()?;
    // No account shares parameters with another here.
    let shared = input.shared == Some(true);
    let found = store::all(cx, after.as_deref())
        .filter(|it| !shared && filters.iter().all(|filter| filter.takes(it)))
        .take(size + 1)
        .collect();
    let (found, next_token) = page::by_key(found, size, |last: &Parameter| page::encode_token(&last.name));
    Ok(DescribeOutput { parameters: found.into_iter().map(|it| view(cx, it)).collect(), next_token })
}
