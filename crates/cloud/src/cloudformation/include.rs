//! Puts the files into a template that its transform `AWS::Include` names: they lie in S3, in buckets of the caller's.

use std::collections::BTreeMap;

use super::blocking::run_blocking;
use super::error::{invalid, invalid_template};
use crate::request::Context;
use crate::s3::Buckets;
use template::parameters::Texts;
use template::{MAX_BYTES, Pseudo, include_failed, too_large};
use wire::AwsError;

/// A template with its files, and as it was written if that is another.
pub(super) struct Whole {
    pub text: String,
    pub original: Option<String>,
}

/// Puts the files into the template `text`. `given` are texts of parameters.
///
/// # Errors
/// `ValidationError` in the words of AWS's transform: for a place that is none, a file that isn't there or is no snippet.
pub(super) async fn include(cx: &Context, text: String, given: Texts, here: Pseudo) -> Result<Whole, AwsError> {
    let (text, given, here, places) = run_blocking(move || {
        let places = template::included(&text, &given, &here)?;
        Ok((text, given, here, places))
    })
    .await?
    .map_err(invalid_template)?;
    if places.is_empty() {
        return Ok(Whole { text, original: None });
    }
    let (mut files, mut bytes) = (BTreeMap::new(), text.len());
    for place in places {
        let file = fetch(cx, &place).await?;
        bytes += file.len();
        if bytes > MAX_BYTES {
            return Err(invalid_template(too_large()));
        }
        files.insert(place, file);
    }
    run_blocking(move || {
        let whole = template::include(&text, &given, &here, &files)?;
        Ok(Whole { text: whole, original: Some(text) })
    })
    .await?
    .map_err(invalid_template)
}

/// The file at a place, as `s3://bucket/key`.
async fn fetch(cx: &Context, place: &str) -> Result<String, AwsError> {
    let failed = |what: String| invalid(include_failed(what).message);
    let named = place.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    let Some((bucket, key)) = named.filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty()) else {
        return Err(failed("The location parameter is not a valid S3 uri.".to_owned()));
    };
    let bytes = Buckets::of(cx).read(bucket, key, MAX_BYTES).await.map_err(|error| {
        failed(match &*error.code {
            // Recorded on AWS; of others S3's own words are told.
            "NoSuchBucket" => format!("S3 bucket [{bucket}] does not exist."),
            _ => error.message,
        })
    })?;
    String::from_utf8(bytes.to_vec())
        .map_err(|_| failed("The specified S3 object's content should be valid Yaml/JSON.".to_owned()))
}
