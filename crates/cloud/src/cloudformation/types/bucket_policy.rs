//! `AWS::S3::BucketPolicy`.

use http::Method;
use serde_json::{Map, Value};

use super::schema::{Field, json as any, string};
use super::work::{Done, Made, Work, attribute, text};

pub const FIELDS: &[Field] = &[string("Bucket").required().replaces(), any("PolicyDocument").required()];
pub const ATTRIBUTES: &[&str] = &[];

/// The id: its bucket's name.
pub fn name(properties: &Map<String, Value>) -> String {
    text(properties, "Bucket").unwrap_or_default().to_owned()
}

async fn put(work: &Work<'_>, bucket: &str, properties: &Map<String, Value>) -> Done<()> {
    let policy = attribute(&properties["PolicyDocument"]);
    work.s3(Method::PUT, bucket, "policy", &[], policy.as_str().unwrap_or_default().to_owned()).await?;
    Ok(())
}

pub async fn create(work: &Work<'_>, bucket: &str, properties: &Map<String, Value>) -> Done<Made> {
    put(work, bucket, properties).await?;
    Ok(Made::new(bucket, []))
}

pub async fn update(work: &Work<'_>, bucket: &str, new: &Map<String, Value>) -> Done<()> {
    put(work, bucket, new).await
}

pub async fn delete(work: &Work<'_>, bucket: &str) -> Done<()> {
    match work.s3(Method::DELETE, bucket, "policy", &[], String::new()).await {
        Ok(_) => Ok(()),
        Err(error) if matches!(error.code.as_ref(), "NoSuchBucket" | "NoSuchBucketPolicy") => Ok(()),
        Err(error) => Err(error.into()),
    }
}
