//! `AWS::S3::BucketPolicy`.

use async_trait::async_trait;

use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, json as any, string};
use super::work::{Created, ResourceResult, Work, attribute, text};
use crate::s3::{Buckets, Setting, SettingName};

const FIELDS: &[Field] = &[string("Bucket").required().replaces(), any("PolicyDocument").required()];

static SCHEMA: Schema = Schema {
    type_name: "AWS::S3::BucketPolicy",
    fields: FIELDS,
    absent: &[],
    attributes: &[],
    identifiers: &["Bucket"],
};

/// `AWS::S3::BucketPolicy`.
pub(super) struct BucketPolicy;

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
        match Buckets::of(work.cx).clear(bucket, SettingName::Policy).await {
            Err(error) if error.code != "NoSuchBucket" => Err(error.into()),
            _ => Ok(()),
        }
    }
}

async fn put(work: &Work<'_>, bucket: &str, properties: &Properties) -> ResourceResult<()> {
    let policy = attribute(&properties["PolicyDocument"]).as_str().unwrap_or_default().to_owned();
    Buckets::of(work.cx).put(bucket, Setting::Policy(policy)).await?;
    Ok(())
}
