//! Tags of buckets and objects: their rules, and the operations on them.

use ::text::query;
use s3s::S3Response;
use s3s::dto::*;

use super::error::{Failure, Result};
use super::record::{Bucket, Tags};
use super::s3s::call::Call;
use super::service::S3;
use super::{names, objects};

/// The most tags of an object ("Categorizing your storage using tags").
const MAX_OBJECT_TAGS: usize = 10;
/// The most tags of a bucket ("Using cost allocation S3 bucket tags").
const MAX_BUCKET_TAGS: usize = 50;

/// Tags as the header `x-amz-tagging` has them: a query string.
pub(super) fn parse_header(header: &str) -> Result<Tags> {
    let mut tags = Tags::new();
    for (name, value) in query::pairs(header) {
        let (Some(name), Some(value)) = (query::decode_utf8(name), query::decode_utf8(value)) else {
            return Err(bad_header(header));
        };
        if tags.iter().any(|(other, _)| *other == name) {
            return Err(bad_header(header));
        }
        tags.push((name.into_owned(), value.into_owned()));
        check_count(&tags, MAX_OBJECT_TAGS, "Object")?;
    }
    check(&tags)?;
    Ok(tags)
}

fn bad_header(header: &str) -> Failure {
    Failure::invalid_argument(
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name \
         duplicates.",
        "x-amz-tagging",
        header,
    )
}

fn check_count(tags: &Tags, most: usize, of: &str) -> Result<()> {
    if tags.len() > most {
        return Err(Failure::new(400, "BadRequest", format!("{of} tags cannot be greater than {most}")));
    }
    Ok(())
}

/// Checks names and values one by one ("Tag naming limits and requirements").
pub(super) fn check(tags: &Tags) -> Result<()> {
    let allowed = |text: &str| {
        text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() && c != '\n' || "_.:/=+-@".contains(c))
    };
    for (at, (name, value)) in tags.iter().enumerate() {
        if tags[..at].iter().any(|(other, _)| other == name) {
            return Err(
                Failure::new(400, "InvalidTag", "Cannot provide multiple Tags with the same key").with("TagKey", name)
            );
        }
        if name.starts_with("aws:") {
            return Err(Failure::new(
                400,
                "InvalidTag",
                "User-defined tag keys can't start with \"aws:\". This prefix is reserved for system tags. Remove \
                 \"aws:\" from your tag keys and try again.",
            ));
        }
        if name.is_empty() || name.chars().count() > 128 || !allowed(name) {
            return Err(Failure::new(400, "InvalidTag", "The TagKey you have provided is invalid").with("TagKey", name));
        }
        if value.chars().count() > 256 || !allowed(value) {
            return Err(Failure::new(400, "InvalidTag", "The TagValue you have provided is invalid")
                .with("TagKey", name)
                .with("TagValue", value));
        }
    }
    Ok(())
}

/// Checks the tags of a bucket.
pub(super) fn check_bucket(tags: &Tags) -> Result<()> {
    check_count(tags, MAX_BUCKET_TAGS, "Bucket")?;
    check(tags)
}

fn from_set(set: TagSet) -> Result<Tags> {
    set.into_iter().map(|tag| Some((tag.key?, tag.value?))).collect::<Option<Tags>>().ok_or_else(Failure::malformed_xml)
}

fn to_set(tags: &Tags) -> TagSet {
    tags.iter().map(|(key, value)| Tag { key: Some(key.clone()), value: Some(value.clone()) }).collect()
}

/// The tags of a bucket.
///
/// # Errors
/// `NoSuchTagSet` without.
pub(super) fn read(bucket: Bucket) -> Result<GetBucketTaggingOutput> {
    let Some(tags) = bucket.tags.filter(|tags| !tags.is_empty()) else {
        return Err(Failure::new(404, "NoSuchTagSet", "The TagSet does not exist").with("BucketName", bucket.name));
    };
    Ok(GetBucketTaggingOutput { tag_set: to_set(&tags) })
}

/// Tags as a bucket keeps them.
///
/// # Errors
/// `MalformedXML` for a tag without key or value, `BadRequest` for too many, `InvalidTag`.
pub(super) fn of_bucket(given: Tagging) -> Result<Tags> {
    let tags = from_set(given.tag_set)?;
    check_bucket(&tags)?;
    Ok(tags)
}

impl S3 {
    pub(super) async fn put_object_tagging(
        &self,
        call: &Call,
        input: PutObjectTaggingInput,
    ) -> Result<S3Response<PutObjectTaggingOutput>> {
        let tags = from_set(input.tagging.tag_set)?;
        check_count(&tags, MAX_OBJECT_TAGS, "Object")?;
        check(&tags)?;
        let version_id = self.retag(call, &input.bucket, &input.key, input.version_id.as_deref(), tags).await?;
        Ok(S3Response::new(PutObjectTaggingOutput { version_id }))
    }

    pub(super) async fn delete_object_tagging(
        &self,
        call: &Call,
        input: DeleteObjectTaggingInput,
    ) -> Result<S3Response<DeleteObjectTaggingOutput>> {
        let version_id = self.retag(call, &input.bucket, &input.key, input.version_id.as_deref(), Tags::new()).await?;
        Ok(S3Response::new(DeleteObjectTaggingOutput { version_id }))
    }

    pub(super) async fn get_object_tagging(
        &self,
        call: &Call,
        input: GetObjectTaggingInput,
    ) -> Result<S3Response<GetObjectTaggingOutput>> {
        let (_, object) = self.find(call, &input.bucket, &input.key, input.version_id.as_deref())?;
        Ok(S3Response::new(GetObjectTaggingOutput { tag_set: to_set(&object.tags), version_id: object.version }))
    }

    async fn retag(
        &self,
        call: &Call,
        bucket: &str,
        name: &str,
        version: Option<&str>,
        tags: Tags,
    ) -> Result<Option<String>> {
        if version.is_some_and(|version| !names::is_version_id(version)) {
            return Err(Failure::invalid_argument(
                "Invalid version id specified",
                "versionId",
                version.unwrap_or_default(),
            ));
        }
        self.change(|edit| {
            let bucket = Self::bucket_in(edit.docs(), call, bucket)?;
            let mut object = Self::find_in(edit.docs(), &bucket, name, version)?;
            object.tags = tags;
            objects::rewrite(edit, &bucket, &object)?;
            Ok(object.version)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_a_query_string() {
        let tags = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect::<Tags>();
        assert_eq!(parse_header("a=1&b=&c").unwrap(), tags(&[("a", "1"), ("b", ""), ("c", "")]));
        assert_eq!(parse_header("k1&&&k2").unwrap(), tags(&[("k1", ""), ("k2", "")]));
        assert_eq!(parse_header("a+b=c%2Fd").unwrap(), tags(&[("a b", "c/d")]));
        for (bad, code) in [("a=1&a=2", "InvalidArgument"), ("aws:x=1", "InvalidTag"), ("a=1,2", "InvalidTag")] {
            assert_eq!(parse_header(bad).unwrap_err().code, code, "{bad}");
        }
        let eleven: Vec<_> = (0..11).map(|n| format!("k{n}=v")).collect();
        assert_eq!(parse_header(&eleven.join("&")).unwrap_err().code, "BadRequest");
    }
}
