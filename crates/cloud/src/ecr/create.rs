//! CreateRepository.

use serde::{Deserialize, Serialize};

use super::name::{Registry, check_name};
use super::shapes::{Encryption, Filter, Scanning, check_encryption, check_mutability};
use super::store::{self, Repository};
use super::tags::{self, Tag};
use crate::request::Context;
use wire::{AwsError, Timestamp};

/// "Amazon ECR service quotas": repositories of an account in a Region.
const MAX_REPOSITORIES: usize = 100_000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CreateInput {
    registry_id: Option<String>,
    repository_name: Option<String>,
    tags: Option<Vec<Tag>>,
    image_tag_mutability: Option<String>,
    image_tag_mutability_exclusion_filters: Option<Vec<Filter>>,
    image_scanning_configuration: Option<Scanning>,
    encryption_configuration: Option<Encryption>,
}

#[derive(Debug, Serialize)]
pub(super) struct RepositoryOutput {
    pub repository: RepositoryView,
}

/// A repository as an answer shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RepositoryView {
    repository_arn: String,
    registry_id: String,
    repository_name: String,
    repository_uri: String,
    created_at: Timestamp,
    image_tag_mutability: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    image_tag_mutability_exclusion_filters: Vec<Filter>,
    image_scanning_configuration: Scanning,
    encryption_configuration: Encryption,
}

/// A repository as an answer shows it.
pub(super) fn view(registry: &Registry<'_>, repository: Repository) -> RepositoryView {
    RepositoryView {
        repository_arn: registry.arn(&repository.name),
        registry_id: registry.id.to_owned(),
        repository_uri: registry.uri(&repository.name),
        repository_name: repository.name,
        created_at: Timestamp(repository.created),
        image_tag_mutability: repository.mutability,
        image_tag_mutability_exclusion_filters: repository.filters,
        image_scanning_configuration: Scanning { scan_on_push: repository.scan_on_push },
        encryption_configuration: repository.encryption,
    }
}

/// Makes a repository.
pub(super) async fn create_repository(cx: &Context, input: CreateInput) -> Result<RepositoryOutput, AwsError> {
    let name = check_name(input.repository_name.as_deref())?;
    let registry = Registry::of(cx, input.registry_id.as_deref(), "CreateRepository", &[name])?;
    let mutability = input.image_tag_mutability.as_deref().unwrap_or("MUTABLE");
    let (mutability, filters) = check_mutability(mutability, input.image_tag_mutability_exclusion_filters)?;
    let encryption = check_encryption(&registry, input.encryption_configuration)?;
    let tags = tags::check(cx, input.tags.unwrap_or_default())?;
    let made = cx.cloud.core.execute(|tx| {
        if store::find(tx.engine(), &registry, name).is_ok() {
            let id = registry.id;
            let message = format!("The repository with name '{name}' already exists in the registry with id '{id}'");
            return Err(AwsError::bad("RepositoryAlreadyExistsException", message));
        }
        if store::count(tx.engine(), &registry) >= MAX_REPOSITORIES {
            let message = format!(
                "The operation did not succeed because it would have exceeded a service limit for your account: a registry has up \
                 to {MAX_REPOSITORIES} repositories."
            );
            return Err(AwsError::bad("LimitExceededException", message));
        }
        let repository = Repository {
            name: name.to_owned(),
            created: tx.now,
            mutability: mutability.to_owned(),
            filters,
            scan_on_push: input.image_scanning_configuration.unwrap_or_default().scan_on_push,
            encryption,
            lifecycle: None,
            policy: None,
            tags,
        };
        store::put(tx, &registry, &repository)?;
        Ok(repository)
    });
    Ok(RepositoryOutput { repository: view(&registry, made.await?) })
}
