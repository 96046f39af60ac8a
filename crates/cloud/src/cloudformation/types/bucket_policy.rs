//! `AWS::S3::BucketPolicy`.

use async_trait::async_trait;
use http::Method;

use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, json as any, string};
use super::work::{Created, ResourceResult, Work, attribute, text};

const FIELDS: &[Field] = &[string("Bucket").required().replaces(), any("PolicyDocument").required()];

static SCHEMA: Schema = Schema {
    type_name: "AWS::S3::BucketPolicy",
    fields: FIELDS,
    absent: &[],
    attributes: &[],
    identifiers: &["Bucket"],
};

/// `AWS::S3::BucketPolicy`.
pub struct BucketPolicy;

#[async_trait]
impl ResourceType for BucketPolicy {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    /// A policy has no name: its id is its bucket's name.
    fn choose_name(&self, _work: &Work<'_>, properties: &Properties) -> String {
        text(properties, "Bucket").unwrap_or_default().to_owned()
    }

    async fn create(&self, work: &Work<'_>, bucket: &str, properties: &Properties) -> ResourceResult<Created> {
        put(work, bucket, properties).await?;
        Ok(Created::new(bucket, []))
    }

    async fn update(&self, work: &Work<'_>, bucket: &str, _old: &Properties, new: &Properties) -> ResourceResult<()> {
        put(work, bucket, new).await
    }

    async fn delete(&self, work: &Work<'_>, bucket: &str, _properties: &Properties) -> ResourceResult<()> {
        match work.s3(Method::DELETE, bucket, "policy", &[], String::new()).await {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.code.as_ref(), "NoSuchBucket" | "NoSuchBucketPolicy") => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

async fn put(work: &Work<'_>, bucket: &str, properties: &Properties) -> ResourceResult<()> {
    let policy = attribute(&properties["PolicyDocument"]);
    work.s3(Method::PUT, bucket, "policy", &[], policy.as_str().unwrap_or_default().to_owned()).await?;
    Ok(())
}
