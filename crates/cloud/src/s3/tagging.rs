//! Tags of buckets and objects: their rules, and the operations on them.

use ::text::query;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::S3Response;
use s3s::dto::*;
use s3s::xml::{DeError, DeResult, DeserializeContent, Deserializer};

use super::error::{Failure, Result};
use super::events::Event;
use super::record::{Bucket, Tags};
use super::s3s::call::Call;
use super::s3s::document;
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
        if value.contains('=') {
            return Err(bad_header(header));
        }
        let (Some(name), Some(value)) = (query::decode_utf8(name), query::decode_utf8(value)) else {
            return Err(bad_header(header));
        };
        if tags.iter().any(|(other, _)| *other == name) {
            return Err(bad_header(header));
        }
        tags.push((name.into_owned(), value.into_owned()));
        check_count(&tags, MAX_OBJECT_TAGS, "Object")?;
    }
    check_object(&tags)?;
    Ok(tags)
}

/// Tags as a form has them: XML. What isn't tags is none; what isn't XML is refused.
///
/// # Errors
/// `MalformedXML`, and those of tags.
pub(super) fn of_form(text: &str) -> Result<Tags> {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut depth = 0;
    let mut is_xml = false;
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Start(_)) => (depth, is_xml) = (depth + 1, true),
            Ok(quick_xml::events::Event::End(_)) => depth -= 1,
            Ok(quick_xml::events::Event::Eof) => break,
            Ok(_) => {}
            Err(_) => return Err(Failure::malformed_xml()),
        }
    }
    if !is_xml || depth != 0 {
        return Err(Failure::malformed_xml());
    }
    let given = Deserializer::new(text.as_bytes()).named_element("Tagging", Deserializer::content::<Given>);
    let tags = from_set(given.ok().and_then(|given| given.0).unwrap_or_default())?;
    check_object(&tags)?;
    Ok(tags)
}

/// Tags as [`parse_header`] reads them.
pub(super) fn header(tags: &Tags) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<_> = tags.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
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
fn check(tags: &Tags, reserved: &str) -> Result<()> {
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
            return Err(Failure::new(400, "InvalidTag", reserved).with("TagKey", name));
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

/// Checks the tags of a bucket that is made. What S3 says of reserved ones is longer here.
pub(super) fn check_new_bucket(tags: &Tags) -> Result<()> {
    check_count(tags, MAX_BUCKET_TAGS, "Bucket")?;
    let reserved = "User-defined tag keys can't start with \"aws:\". This prefix is reserved for system tags. Remove \
                    \"aws:\" from your tag keys and try again.";
    check(tags, reserved).map_err(|mut failure| {
        if failure.message == reserved {
            failure.fields.clear();
        }
        failure
    })
}

/// Checks the tags of an object.
fn check_object(tags: &Tags) -> Result<()> {
    check_count(tags, MAX_OBJECT_TAGS, "Object")?;
    check(tags, "Your TagKey cannot be prefixed with aws:")
}

/// What a request puts. A set that is missing is empty.
struct Given(Option<TagSet>);

impl<'xml> DeserializeContent<'xml> for Given {
    fn deserialize_content(d: &mut Deserializer<'xml>) -> DeResult<Self> {
        let mut set = None;
        d.for_each_element(|d, name| match name {
            b"TagSet" if set.is_none() => {
                let mut tags = TagSet::new();
                d.for_each_element(|d, name| match name {
                    b"Tag" => {
                        tags.push(d.content()?);
                        Ok(())
                    }
                    _ => Err(DeError::UnexpectedTagName),
                })?;
                set = Some(tags);
                Ok(())
            }
            _ => Err(DeError::UnexpectedTagName),
        })?;
        Ok(Self(set))
    }
}

/// The tags that a call's document puts.
///
/// # Errors
/// `MissingRequestBodyError`, `MalformedXML`.
pub(super) async fn take(call: &Call) -> Result<TagSet> {
    let document = document::take(call).await?;
    if document.is_empty() {
        return Err(Failure::new(400, "MissingRequestBodyError", "Request Body is empty"));
    }
    let mut reader = Deserializer::new(&document);
    let given = reader.named_element("Tagging", Deserializer::content::<Given>).and_then(|given| {
        reader.expect_eof()?;
        Ok(given)
    });
    Ok(given.map_err(|_| Failure::malformed_xml())?.0.unwrap_or_default())
}

fn from_set(set: TagSet) -> Result<Tags> {
    set.into_iter().map(|tag| Some((tag.key?, tag.value?))).collect::<Option<Tags>>().ok_or_else(Failure::malformed_xml)
}

/// Whether a tag that a filter names has a key and a value.
pub(super) fn is_whole(tag: &Tag) -> bool {
    tag.key.as_ref().is_some_and(|key| !key.is_empty()) && tag.value.is_some()
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
    check_count(&tags, MAX_BUCKET_TAGS, "Bucket")?;
    check(&tags, "System tags cannot be added/updated by requester")?;
    Ok(tags)
}

impl S3 {
    pub(super) async fn put_object_tagging(
        &self,
        call: &Call,
        input: PutObjectTaggingInput,
    ) -> Result<S3Response<PutObjectTaggingOutput>> {
        let tags = from_set(take(call).await?)?;
        check_object(&tags)?;
        let version = input.version_id.as_deref();
        let version_id = self.retag(call, &input.bucket, &input.key, version, tags, "ObjectTagging:Put").await?;
        Ok(S3Response::new(PutObjectTaggingOutput { version_id }))
    }

    pub(super) async fn delete_object_tagging(
        &self,
        call: &Call,
        input: DeleteObjectTaggingInput,
    ) -> Result<S3Response<DeleteObjectTaggingOutput>> {
        let version = input.version_id.as_deref();
        let version_id =
            self.retag(call, &input.bucket, &input.key, version, Tags::new(), "ObjectTagging:Delete").await?;
        Ok(S3Response::new(DeleteObjectTaggingOutput { version_id }))
    }

    pub(super) async fn get_object_tagging(
        &self,
        call: &Call,
        input: GetObjectTaggingInput,
    ) -> Result<S3Response<GetObjectTaggingOutput>> {
        let version = input.version_id.as_deref();
        names::check_version_id(version)?;
        let object = self.store.read(|docs| {
            let bucket = Self::bucket_in(docs, call, &input.bucket)?;
            Self::find_keeper(docs, call, &bucket, &input.key, version).map_err(|failure| match &*failure.code {
                // Here, and only here, S3 names the key with its bucket.
                "NoSuchKey" => Failure::no_such_key(&format!("{}/{}", input.bucket, input.key)),
                _ => failure,
            })
        })?;
        Ok(S3Response::new(GetObjectTaggingOutput { tag_set: to_set(&object.tags), version_id: object.version }))
    }

    async fn retag(
        &self,
        call: &Call,
        bucket: &str,
        name: &str,
        version: Option<&str>,
        tags: Tags,
        event: &'static str,
    ) -> Result<Option<String>> {
        names::check_version_id(version)?;
        let cause = self.cause(call);
        self.change(|edit| {
            let bucket = Self::bucket_in(edit.docs(), call, bucket)?;
            let mut object = Self::find_keeper(edit.docs(), call, &bucket, name, version)?;
            object.tags = tags;
            objects::rewrite(edit, &bucket, &object)?;
            edit.tell(&bucket, || Event::changed(event, &object, &cause.actor(), cause.now));
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
