//! GetParametersByPath.

use serde::{Deserialize, Serialize};

use super::error::{bad_token, page_size, required};
use super::filter::{self, FilterInput, Listing, lies_below};
use super::get::{ParameterView, view};
use super::name::check_path;
use super::store;
use crate::request::Context;
use wire::{AwsError, page};

/// "GetParametersByPath": results of a page.
const MAX_RESULTS: i64 = 10;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ByPathInput {
    path: Option<String>,
    recursive: Option<bool>,
    parameter_filters: Option<Vec<FilterInput>>,
    with_decryption: Option<bool>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ByPathOutput {
    parameters: Vec<ParameterView>,
    next_token: Option<String>,
}

/// The parameters below a path, by name.
pub(super) async fn get_parameters_by_path(cx: &Context, input: ByPathInput) -> Result<ByPathOutput, AwsError> {
    let path = check_path(&required(input.path, "path")?)?;
    let filters = filter::read(input.parameter_filters.unwrap_or_default(), Listing::ByPath)?;
    let size = page_size(input.max_results, MAX_RESULTS)?;
    let after = input.next_token.map(|token| page::decode_token(&token).ok_or_else(bad_token)).transpose()?;
    let (recursive, decrypt) = (input.recursive == Some(true), input.with_decryption == Some(true));
    let found = store::all(cx, after.as_deref())
        .filter(|it| lies_below(&it.name, &path, recursive) && filters.iter().all(|filter| filter.takes(it)))
        .take(size + 1)
        .collect();
    let (found, next_token) = page::by_key(found, size, |last| page::encode_token(&last.name));
    let parameters = found.iter().map(|it| view(cx, it, &it.now, decrypt)).collect();
    Ok(ByPathOutput { parameters, next_token })
}
