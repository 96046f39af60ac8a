//! GetParameter and GetParameters.

use serde::{Deserialize, Serialize};

use super::error::{listed, required};
use super::name::{Reference, arn};
use super::store::{self, Parameter, Version};
use crate::request::Context;
use engine::Engine;
use wire::{AwsError, Timestamp};

/// "GetParameters": names of a request.
const MAX_NAMES: usize = 10;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct GetInput {
    name: Option<String>,
    names: Option<Vec<String>>,
    with_decryption: Option<bool>,
}

/// A parameter with its value.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ParameterView {
    name: String,
    r#type: &'static str,
    value: String,
    version: u64,
    selector: Option<String>,
    last_modified_date: Timestamp,
    #[serde(rename = "ARN")]
    arn: String,
    data_type: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetParameterOutput {
    parameter: ParameterView,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetParametersOutput {
    parameters: Vec<ParameterView>,
    invalid_parameters: Vec<String>,
}

/// A version of a parameter as an answer shows it.
pub(super) fn view(cx: &Context, parameter: &Parameter, version: &Version, decrypt: bool) -> ParameterView {
    ParameterView {
        arn: arn(cx, &parameter.name),
        name: parameter.name.clone(),
        r#type: parameter.kind.as_str(),
        value: version.shown(parameter, decrypt),
        version: version.number,
        selector: None,
        last_modified_date: Timestamp(version.modified),
        data_type: "text",
    }
}

fn look(cx: &Context, engine: &Engine, text: &str, decrypt: bool, action: &str) -> Result<ParameterView, AwsError> {
    let reference = Reference::parse(cx, text, action)?;
    let parameter = store::find(cx, engine, &reference, text)?;
    let version = store::select(cx, engine, &parameter, reference.selector.as_deref())?;
    let selector = reference.selector.map(|selector| format!(":{selector}"));
    Ok(ParameterView { selector, ..view(cx, &parameter, &version, decrypt) })
}

/// One parameter.
pub(super) async fn get_parameter(cx: &Context, input: GetInput) -> Result<GetParameterOutput, AwsError> {
    let name = required(input.name, "name")?;
    let decrypt = input.with_decryption == Some(true);
    let parameter = cx.cloud.core.read(|engine, _| look(cx, engine, &name, decrypt, "GetParameter"))?;
    Ok(GetParameterOutput { parameter })
}

/// Up to ten parameters; those that aren't there are listed as such.
pub(super) async fn get_parameters(cx: &Context, input: GetInput) -> Result<GetParametersOutput, AwsError> {
    let names = listed(input.names, "names", MAX_NAMES)?;
    let decrypt = input.with_decryption == Some(true);
    let (mut parameters, mut invalid_parameters) = (Vec::new(), Vec::new());
    cx.cloud.core.read(|engine, _| {
        for (at, name) in names.iter().enumerate().filter(|(at, name)| !names[..*at].contains(name)) {
            match look(cx, engine, name, decrypt, "GetParameters") {
                Ok(found) => parameters.push(found),
                Err(error) if matches!(&*error.code, "ParameterNotFound" | "ParameterVersionNotFound") => {
                    invalid_parameters.push(names[at].clone());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    })?;
    Ok(GetParametersOutput { parameters, invalid_parameters })
}
