//! LabelParameterVersion and UnlabelParameterVersion.

use serde::{Deserialize, Serialize};

use super::error::{listed, no_version, not_found, required};
use super::name::check_existing;
use super::store;
use crate::request::Context;
use wire::AwsError;

/// "LabelParameterVersion": labels of a version, and of a request.
const MAX_LABELS: usize = 10;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct LabelInput {
    name: Option<String>,
    parameter_version: Option<u64>,
    labels: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LabelOutput {
    invalid_labels: Vec<String>,
    parameter_version: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UnlabelOutput {
    removed_labels: Vec<String>,
    invalid_labels: Vec<String>,
}

/// Whether a label is one: letters, digits and `.-_`, no digit first, no name of AWS's.
fn is_label(label: &str) -> bool {
    let lower = label.to_ascii_lowercase();
    let known = label.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
    known && !label.starts_with(|c: char| c.is_ascii_digit()) && !lower.starts_with("aws") && !lower.starts_with("ssm")
}

fn check(input: LabelInput) -> Result<(String, Vec<String>, Option<u64>), AwsError> {
    let name = check_existing(&required(input.name, "name")?)?.to_owned();
    let labels = listed(input.labels, "labels", MAX_LABELS)?;
    Ok((name, labels, input.parameter_version))
}

/// Puts labels on a version, the latest unless another is meant. A label that stands on another version moves.
pub(super) async fn label_parameter_version(cx: &Context, input: LabelInput) -> Result<LabelOutput, AwsError> {
    let (name, labels, version) = check(input)?;
    let (labels, invalid_labels): (Vec<String>, Vec<String>) = labels.into_iter().partition(|label| is_label(label));
    cx.cloud
        .core
        .execute(|tx| {
            let mut parameter = store::by_name(cx, tx.engine(), &name).ok_or_else(|| not_found(&name))?;
            let number = version.unwrap_or(parameter.now.number);
            if store::version(cx, tx.engine(), &parameter, number).is_none() {
                return Err(no_version("version", number, &name));
            }
            parameter.labels.extend(labels.into_iter().map(|label| (label, number)));
            if parameter.labels.values().filter(|on| **on == number).count() > MAX_LABELS {
                let message = format!(
                    "A parameter version can have maximum {MAX_LABELS} labels. Move one or more labels to another version and try \
                     again."
                );
                return Err(AwsError::bad("ParameterVersionLabelLimitExceeded", message));
            }
            store::put(tx, cx, &parameter)?;
            Ok(LabelOutput { invalid_labels, parameter_version: number })
        })
        .await
}

/// Takes labels off a version; those that don't stand on it are listed as such.
pub(super) async fn unlabel_parameter_version(cx: &Context, input: LabelInput) -> Result<UnlabelOutput, AwsError> {
    let (name, labels, version) = check(input)?;
    let number = required(version, "parameterVersion")?;
    cx.cloud
        .core
        .execute(|tx| {
            let mut parameter = store::by_name(cx, tx.engine(), &name).ok_or_else(|| not_found(&name))?;
            if store::version(cx, tx.engine(), &parameter, number).is_none() {
                return Err(no_version("version", number, &name));
            }
            let (removed_labels, invalid_labels): (Vec<String>, Vec<String>) =
                labels.into_iter().partition(|label| parameter.labels.get(label) == Some(&number));
            removed_labels.iter().for_each(|label| _ = parameter.labels.remove(label));
            store::put(tx, cx, &parameter)?;
            Ok(UnlabelOutput { removed_labels, invalid_labels })
        })
        .await
}
