//! DeleteRepository.

use serde::Deserialize;

use super::create::{RepositoryOutput, view};
use super::name::{Registry, check_name};
use super::store;
use crate::request::Context;
use wire::AwsError;

/// Whether it is forced makes no difference: no repository has an image.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DeleteInput {
    registry_id: Option<String>,
    repository_name: Option<String>,
}

/// Deletes a repository with its settings.
pub(super) async fn delete_repository(cx: &Context, input: DeleteInput) -> Result<RepositoryOutput, AwsError> {
    let name = check_name(input.repository_name.as_deref())?;
    let registry = Registry::of(cx, input.registry_id.as_deref(), "DeleteRepository", &[name])?;
    let deleted = cx.cloud.core.execute_freeing(|tx| {
        let repository = store::find(tx.engine(), &registry, name)?;
        store::delete(tx, &registry, name)?;
        Ok(repository)
    });
    Ok(RepositoryOutput { repository: view(&registry, deleted.await?) })
}
