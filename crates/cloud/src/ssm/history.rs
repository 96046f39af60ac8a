//! GetParameterHistory.

use serde::{Deserialize, Serialize};

use super::error::{bad_token, not_found, page_size, required};
use super::name::Reference;
use super::store::{self, Parameter, Version};
use crate::request::Context;
use wire::{AwsError, Timestamp, page};

/// "GetParameterHistory": results of a page.
const MAX_RESULTS: i64 = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct HistoryInput {
    name: Option<String>,
    with_decryption: Option<bool>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct HistoryOutput {
    parameters: Vec<VersionView>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct VersionView {
    name: String,
    r#type: &'static str,
    key_id: Option<String>,
    last_modified_date: Timestamp,
    last_modified_user: String,
    description: Option<String>,
    value: String,
    allowed_pattern: Option<String>,
    version: u64,
    labels: Vec<String>,
    tier: &'static str,
    policies: [(); 0],
    data_type: &'static str,
}

fn view(parameter: &Parameter, version: Version, decrypt: bool) -> VersionView {
    let labels = parameter.labels.iter().filter(|(_, on)| **on == version.number);
    VersionView {
        name: parameter.name.clone(),
        r#type: parameter.kind.as_str(),
        value: version.shown(parameter, decrypt),
        labels: labels.map(|(label, _)| label.clone()).collect(),
        key_id: version.key_id,
        last_modified_date: Timestamp(version.modified),
        last_modified_user: version.by,
        description: version.description,
        allowed_pattern: version.pattern,
        version: version.number,
        tier: version.tier.as_str(),
        policies: [],
        data_type: "text",
    }
}

/// All versions of a parameter that are kept, the oldest first.
pub(super) async fn get_parameter_history(cx: &Context, input: HistoryInput) -> Result<HistoryOutput, AwsError> {
    let name = required(input.name, "name")?;
    let size = page_size(input.max_results, MAX_RESULTS)?;
    let after: Option<u64> = match &input.next_token {
        Some(token) => Some(page::decode_token(token).and_then(|text| text.parse().ok()).ok_or_else(bad_token)?),
        None => None,
    };
    let reference = Reference::parse(cx, &name, "GetParameterHistory")?;
    if reference.selector.is_some() {
        return Err(not_found(&name));
    }
    let (parameter, versions) = cx.cloud.core.read(|engine, _| {
        let parameter = store::find(cx, engine, &reference, &name)?;
        let versions = store::versions(cx, engine, &parameter);
        Ok::<_, AwsError>((parameter, versions))
    })?;
    let rest = versions.into_iter().filter(|version| after.is_none_or(|after| version.number > after)).collect();
    let (found, next_token) = page::by_key(rest, size, |last: &Version| page::encode_token(&last.number.to_string()));
    let decrypt = input.with_decryption == Some(true);
    Ok(HistoryOutput { parameters: found.into_iter().map(|it| view(&parameter, it, decrypt)).collect(), next_token })
}
