//! DeleteParameter and DeleteParameters.

use serde::{Deserialize, Serialize};

use super::error::{Empty, listed, not_found, required};
use super::name::check_existing;
use super::store;
use crate::request::Context;
use wire::AwsError;

/// "DeleteParameters": names of a request.
const MAX_NAMES: usize = 10;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DeleteInput {
    name: Option<String>,
    names: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteParametersOutput {
    deleted_parameters: Vec<String>,
    invalid_parameters: Vec<String>,
}

/// Deletes a parameter with all of its versions.
pub(super) async fn delete_parameter(cx: &Context, input: DeleteInput) -> Result<Empty, AwsError> {
    let name = required(input.name, "name")?;
    let name = check_existing(&name)?;
    let delete = cx.cloud.core.execute_freeing(|tx| store::drop_parameter(tx, cx, name));
    if delete.await? { Ok(Empty {}) } else { Err(not_found(name)) }
}

/// Deletes up to ten parameters; those that aren't there are listed as such.
pub(super) async fn delete_parameters(cx: &Context, input: DeleteInput) -> Result<DeleteParametersOutput, AwsError> {
    let names = listed(input.names, "names", MAX_NAMES)?;
    let names = names.iter().map(|name| check_existing(name)).collect::<Result<Vec<_>, _>>()?;
    let (mut deleted_parameters, mut invalid_parameters) = (Vec::new(), Vec::new());
    cx.cloud
        .core
        .execute_freeing(|tx| {
            for (at, name) in names.iter().enumerate().filter(|(at, name)| !names[..*at].contains(name)) {
                let deleted = store::drop_parameter(tx, cx, name)?;
                let list = if deleted { &mut deleted_parameters } else { &mut invalid_parameters };
                list.push(names[at].to_owned());
            }
            Ok(())
        })
        .await?;
    Ok(DeleteParametersOutput { deleted_parameters, invalid_parameters })
}
