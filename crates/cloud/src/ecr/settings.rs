//! PutImageTagMutability and PutImageScanningConfiguration. Both settings are kept and shown: there is no image that they could have an
//! effect on.

use serde::{Deserialize, Serialize};

use super::error::required;
use super::name::{Registry, check_name};
use super::shapes::{Filter, Scanning, check_mutability};
use super::store;
use crate::request::Context;
use wire::AwsError;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct MutabilityInput {
    registry_id: Option<String>,
    repository_name: Option<String>,
    image_tag_mutability: Option<String>,
    image_tag_mutability_exclusion_filters: Option<Vec<Filter>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MutabilityOutput {
    registry_id: String,
    repository_name: String,
    image_tag_mutability: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    image_tag_mutability_exclusion_filters: Vec<Filter>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ScanningInput {
    registry_id: Option<String>,
    repository_name: Option<String>,
    image_scanning_configuration: Option<Scanning>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScanningOutput {
    registry_id: String,
    repository_name: String,
    image_scanning_configuration: Scanning,
}

/// Keeps whether tags may change.
pub(super) async fn put_image_tag_mutability(
    cx: &Context,
    input: MutabilityInput,
) -> Result<MutabilityOutput, AwsError> {
    let name = check_name(input.repository_name.as_deref())?;
    let registry = Registry::of(cx, input.registry_id.as_deref(), "PutImageTagMutability", &[name])?;
    let wanted = required(input.image_tag_mutability, "imageTagMutability")?;
    let (mutability, filters) = check_mutability(&wanted, input.image_tag_mutability_exclusion_filters)?;
    let changed = store::change(cx, &registry, name, |repository| {
        mutability.clone_into(&mut repository.mutability);
        repository.filters = filters;
        Ok(())
    });
    let repository = changed.await?;
    Ok(MutabilityOutput {
        registry_id: registry.id.to_owned(),
        repository_name: repository.name,
        image_tag_mutability: repository.mutability,
        image_tag_mutability_exclusion_filters: repository.filters,
    })
}

/// Keeps whether images are scanned when they are pushed.
pub(super) async fn put_image_scanning_configuration(
    cx: &Context,
    input: ScanningInput,
) -> Result<ScanningOutput, AwsError> {
    let name = check_name(input.repository_name.as_deref())?;
    let registry = Registry::of(cx, input.registry_id.as_deref(), "PutImageScanningConfiguration", &[name])?;
    let wanted = required(input.image_scanning_configuration, "imageScanningConfiguration")?;
    let changed = store::change(cx, &registry, name, |repository| {
        repository.scan_on_push = wanted.scan_on_push;
        Ok(())
    });
    Ok(ScanningOutput {
        registry_id: registry.id.to_owned(),
        repository_name: changed.await?.name,
        image_scanning_configuration: wanted,
    })
}
