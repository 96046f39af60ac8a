//! DescribeImages, ListImages and BatchDeleteImage: no image can be pushed to this cloud, so no repository has one.

use serde::{Deserialize, Serialize};

use super::describe::page_size;
use super::error::{bad_token, check_count, check_length, one_of, required};
use super::name::{Registry, check_name};
use super::store;
use crate::request::Context;
use wire::AwsError;

/// "DescribeImages", "BatchDeleteImage": images of a request.
const MAX_IMAGES: usize = 100;
/// "ImageIdentifier": characters of a tag.
const MAX_TAG: usize = 300;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ImageId {
    #[serde(skip_serializing_if = "Option::is_none")]
    image_digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_tag: Option<String>,
}

impl ImageId {
    /// As AWS's errors show it.
    fn shown(&self) -> String {
        let part = |value: &Option<String>| value.as_deref().map_or("null".to_owned(), |text| format!("'{text}'"));
        format!("{{imageDigest:{}, imageTag:{}}}", part(&self.image_digest), part(&self.image_tag))
    }

    /// `sha256:` and 64 hexadecimal digits, or another algorithm's.
    fn has_digest(&self) -> bool {
        self.image_digest.as_deref().is_none_or(|digest| {
            digest.split_once(':').is_some_and(|(algorithm, hex)| {
                let word = |b: u8| b.is_ascii_alphanumeric() || b"-_+.".contains(&b);
                !algorithm.is_empty()
                    && algorithm.bytes().all(word)
                    && !hex.is_empty()
                    && hex.bytes().all(|b| b.is_ascii_hexdigit())
            })
        })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Selected {
    tag_status: Option<String>,
    image_status: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ImagesInput {
    registry_id: Option<String>,
    repository_name: Option<String>,
    image_ids: Option<Vec<ImageId>>,
    next_token: Option<String>,
    max_results: Option<i64>,
    filter: Option<Selected>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeOutput {
    image_details: [(); 0],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListOutput {
    image_ids: [(); 0],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeleteOutput {
    image_ids: [(); 0],
    failures: Vec<Failure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Failure {
    image_id: ImageId,
    failure_code: &'static str,
    failure_reason: &'static str,
}

/// The name of the repository whose images are meant, which is there; its list of images, if one is given, has from one to 100.
fn look<'a>(cx: &'a Context, input: &'a ImagesInput, action: &str) -> Result<(Registry<'a>, &'a str), AwsError> {
    let name = check_name(input.repository_name.as_deref())?;
    let registry = Registry::of(cx, input.registry_id.as_deref(), action, &[name])?;
    for image in input.image_ids.iter().flatten() {
        if let Some(tag) = &image.image_tag {
            check_length(tag, "imageIds.imageTag", 1, MAX_TAG)?;
        }
    }
    if let Some(images) = &input.image_ids {
        check_count(images, "imageIds", MAX_IMAGES)?;
    }
    page_size(input.max_results)?;
    if let Some(Selected { tag_status, image_status }) = &input.filter {
        if let Some(status) = tag_status {
            one_of(status, "filter.tagStatus", &["TAGGED", "UNTAGGED", "ANY"])?;
        }
        if let Some(status) = image_status {
            one_of(status, "filter.imageStatus", &["ACTIVE", "ARCHIVED", "ACTIVATING", "ANY"])?;
        }
    }
    if input.next_token.is_some() {
        // No list of images has a second page.
        return Err(bad_token());
    }
    cx.cloud.core.read(|engine, _| store::find(engine, &registry, name))?;
    Ok((registry, name))
}

/// No images; `ImageNotFoundException` for one that is named.
pub(super) async fn describe_images(cx: &Context, input: ImagesInput) -> Result<DescribeOutput, AwsError> {
    let (registry, name) = look(cx, &input, "DescribeImages")?;
    let Some(image) = input.image_ids.iter().flatten().next() else {
        return Ok(DescribeOutput { image_details: [] });
    };
    let message = format!(
        "The image with imageId {} does not exist within the repository with name '{name}' in the registry with id '{}'",
        image.shown(),
        registry.id
    );
    Err(AwsError::bad("ImageNotFoundException", message))
}

/// No images.
pub(super) async fn list_images(cx: &Context, input: ImagesInput) -> Result<ListOutput, AwsError> {
    look(cx, &input, "ListImages").map(|_| ListOutput { image_ids: [] })
}

/// Deletes nothing, and says so of each image.
pub(super) async fn batch_delete_image(cx: &Context, input: ImagesInput) -> Result<DeleteOutput, AwsError> {
    look(cx, &input, "BatchDeleteImage")?;
    let images = required(input.image_ids, "imageIds")?;
    let failures = images.into_iter().map(|image| {
        let (failure_code, failure_reason) = match (&image.image_digest, &image.image_tag) {
            (None, None) => ("MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"),
            _ if !image.has_digest() => (
                "InvalidImageDigest",
                "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
            ),
            _ => ("ImageNotFound", "Requested image not found"),
        };
        Failure { image_id: image, failure_code, failure_reason }
    });
    Ok(DeleteOutput { image_ids: [], failures: failures.collect() })
}
