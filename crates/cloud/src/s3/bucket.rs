//! Buckets: creating, finding, listing and deleting them.

use s3s::S3Response;
use s3s::dto::*;
use s3s::xml::{DeResult, DeserializeContent, Deserializer};

use super::acl::{self, Of};
use super::error::{Failure, Result};
use super::names::{canonical_id, is_bucket_name};
use super::record::{self, Acl, Tags, Versioning, key};
use super::s3s::call::Call;
use super::s3s::xml;
use super::service::S3;
use super::store::decode;
use super::{ownership, tagging, time};
use engine::Millis;
use text::regions::COMMERCIAL;

/// The most buckets of one page ("ListBuckets").
const MAX_PAGE: i32 = 10_000;
/// The largest CreateBucketConfiguration that is read, in bytes.
const MAX_CONFIGURATION: usize = 64 * 1024;

/// A bucket that a caller asks for.
#[derive(Debug, Clone, Default)]
pub(super) struct NewBucket {
    pub name: String,
    /// The location constraint, e.g. `eu-west-1`.
    pub location: Option<String>,
    pub tags: Tags,
    /// An object ownership, e.g. `ObjectWriter`.
    pub ownership: Option<String>,
    /// Whether its objects can be locked.
    pub object_lock: bool,
}

impl NewBucket {
    /// The record of it, with S3's defaults: owner enforced, public access blocked.
    fn record(self, call: &Call, created: Millis) -> Result<record::Bucket> {
        let region = place(self.location.as_deref(), &call.cx.region)?;
        let ownership = self.ownership.map(|value| ownership::of_name(&value)).transpose()?;
        Ok(record::Bucket {
            name: self.name,
            account: call.account().to_owned(),
            region,
            location: self.location,
            created,
            // Object Lock needs versions.
            versioning: if self.object_lock { Versioning::Enabled } else { Versioning::Off },
            tags: (!self.tags.is_empty()).then_some(self.tags),
            encryption: None,
            public_access_block: Some(PublicAccessBlockConfiguration {
                block_public_acls: Some(true),
                block_public_policy: Some(true),
                ignore_public_acls: Some(true),
                restrict_public_buckets: Some(true),
            }),
            ownership: Some(ownership.unwrap_or_else(|| "BucketOwnerEnforced".into())),
            policy: None,
            notification: None,
            cors: None,
            lock: self.object_lock.then(record::BucketLock::default),
            website: None,
            lifecycle: None,
            least_to_move: None,
            acl: None,
            stored: record::Stored::default(),
        })
    }
}

/// CreateBucketConfiguration, with the tags that `s3s` doesn't know.
#[derive(Default)]
struct Configuration {
    location: Option<String>,
    tags: Tags,
}

impl<'xml> DeserializeContent<'xml> for Configuration {
    fn deserialize_content(d: &mut Deserializer<'xml>) -> DeResult<Self> {
        let mut this = Self::default();
        d.for_each_element(|d, name| match name {
            b"LocationConstraint" => {
                this.location = Some(d.content::<String>()?).filter(|location| !location.is_empty());
                Ok(())
            }
            b"Tags" => d.for_each_element(|d, _| {
                let tag: Tag = d.content()?;
                this.tags.push((tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));
                Ok(())
            }),
            _ => Err(s3s::xml::DeError::UnexpectedTagName),
        })?;
        Ok(this)
    }
}

fn parse_configuration(xml: &[u8]) -> Result<Configuration> {
    if xml.iter().all(u8::is_ascii_whitespace) {
        return Ok(Configuration::default());
    }
    let mut d = Deserializer::new(xml);
    let parsed: Configuration =
        d.named_element("CreateBucketConfiguration", Deserializer::content).map_err(|_| Failure::malformed_xml())?;
    if parsed.tags.iter().any(|(name, value)| name.is_empty() || value.is_empty()) {
        return Err(Failure::malformed_xml());
    }
    let twice = |at: usize| parsed.tags[..at].iter().any(|(name, _)| *name == parsed.tags[at].0);
    if (0..parsed.tags.len().min(64)).any(twice) {
        // So S3 answers, though it should blame the client.
        return Err(Failure::new(500, "InternalError", "We encountered an internal error. Please try again."));
    }
    tagging::check_new_bucket(&parsed.tags)?;
    Ok(parsed)
}

/// The region that a location constraint puts a bucket in. `endpoint` is the region of the endpoint that was asked.
fn place(constraint: Option<&str>, endpoint: &str) -> Result<String> {
    let illegal = |what: &str| {
        Failure::new(
            400,
            "IllegalLocationConstraintException",
            format!(
                "The {what} location constraint is incompatible for the region specific endpoint this request was sent to."
            ),
        )
    };
    let global = endpoint == "us-east-1" || endpoint == "aws-global";
    match constraint {
        None if global => Ok("us-east-1".into()),
        None => Err(illegal("unspecified")),
        Some(constraint) => {
            let region = if constraint == "EU" { "eu-west-1" } else { constraint };
            match global {
                true if region != "us-east-1" && COMMERCIAL.contains(&region) => Ok(region.into()),
                true => Err(Failure::new(
                    400,
                    "InvalidLocationConstraint",
                    "The specified location-constraint is not valid",
                )
                .with("LocationConstraint", constraint)),
                false if region == endpoint => Ok(region.into()),
                false => Err(illegal(constraint)),
            }
        }
    }
}

impl S3 {
    /// Makes a bucket that the caller owns, and returns its record.
    ///
    /// # Errors
    /// `InvalidBucketName`, `BucketAlreadyExists`, `BucketAlreadyOwnedByYou`, and those of a wrong location or ownership.
    pub(super) async fn make_bucket(&self, call: &Call, new: NewBucket) -> Result<record::Bucket> {
        check_name(&new.name)?;
        let mut record = new.record(call, self.store.now())?;
        if let Some(acl) = Acl::of_headers(call, Of::Bucket, &record.account)?.and_then(|acl| acl.kept(&record.account))
        {
            acl::check(&acl, &record, call, "s3:CreateBucket", &record.name)
                .map_err(|failure| of_new_bucket(failure, &record))?;
            record.acl = Some(acl);
        }
        self.change(|edit| match edit.docs().get::<record::Bucket>(&key::bucket(&record.name))? {
            // In us-east-1, and only there, asking again for what one has is no error.
            Some(old)
                if old.account == record.account
                    && old.region == "us-east-1"
                    && record.region == "us-east-1"
                    && record.tags.is_none() =>
            {
                Ok(())
            }
            Some(old) => Err(taken(&old, &record.account)),
            None => edit.put_bucket(&record),
        })
        .await?;
        Ok(record)
    }

    /// Deletes a bucket that the caller owns.
    ///
    /// # Errors
    /// `NoSuchBucket`, `AccessDenied`, `BucketNotEmpty`.
    pub(super) async fn drop_bucket(&self, call: &Call, name: &str) -> Result<()> {
        let bucket = self.bucket(call, name)?;
        self.remove_bucket(&bucket.name).await
    }

    /// Removes a bucket, whoever owns it, with the parts of its uploads.
    ///
    /// # Errors
    /// `BucketNotEmpty`, `NoSuchBucket`.
    pub(super) async fn remove_bucket(&self, name: &str) -> Result<()> {
        self.change_freeing(|edit| {
            let bucket = edit.docs().bucket(name)?;
            if edit.docs().range(key::objects(name)).next().is_some() {
                let message = match bucket.versioning {
                    Versioning::Off => "The bucket you tried to delete is not empty",
                    _ => "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
                };
                return Err(Failure::new(409, "BucketNotEmpty", message).with("BucketName", name));
            }
            let uploads: Vec<record::Upload> =
                edit.docs().range(key::uploads(name)).map(|(key, value)| decode(key, value)).collect::<Result<_>>()?;
            for upload in uploads {
                for part in edit.docs().parts(&upload.id, 0) {
                    let part = part?;
                    edit.delete(key::part(&upload.id, part.number));
                    edit.orphan(part.blobs);
                }
                edit.delete(key::upload(name, &upload.key, &upload.id));
            }
            edit.delete(key::bucket(name));
            Ok(())
        })
        .await
    }

    pub(super) async fn create_bucket(
        &self,
        call: &Call,
        input: CreateBucketInput,
    ) -> Result<S3Response<CreateBucketOutput>> {
        let name = input.bucket;
        check_name(&name)?;
        if call.headers.contains_key("x-amz-bucket-namespace") {
            return Err(Failure::not_implemented("The header x-amz-bucket-namespace"));
        }
        let body = call.body.lock().take();
        let xml = match body {
            Some(mut body) => body.store_all_limited(MAX_CONFIGURATION).await.map_err(|_| Failure::malformed_xml())?,
            None => Default::default(),
        };
        let Configuration { location, tags } = parse_configuration(&xml)?;
        let ownership = call.header("x-amz-object-ownership");
        let object_lock =
            call.header("x-amz-bucket-object-lock-enabled").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let record = self.make_bucket(call, NewBucket { name, location, tags, ownership, object_lock }).await?;
        let location = match record.region.as_str() {
            "us-east-1" => format!("/{}", record.name),
            _ => format!("http://{}.s3.amazonaws.com/", record.name),
        };
        let mut response = S3Response::new(CreateBucketOutput { location: Some(location) });
        put_arn(&mut response.headers, &record.name);
        Ok(response)
    }

    pub(super) async fn head_bucket(
        &self,
        call: &Call,
        input: HeadBucketInput,
    ) -> Result<S3Response<HeadBucketOutput>> {
        let bucket = self.bucket(call, &input.bucket)?;
        let mut response = S3Response::new(HeadBucketOutput {
            access_point_alias: Some(false),
            bucket_region: Some(bucket.region.clone()),
            ..Default::default()
        });
        put_arn(&mut response.headers, &bucket.name);
        response.headers.insert("content-type", http::HeaderValue::from_static("application/xml"));
        Ok(response)
    }

    /// Where a bucket lies: its location constraint, empty for us-east-1.
    pub(super) async fn get_bucket_location(
        &self,
        call: &Call,
        input: GetBucketLocationInput,
    ) -> Result<S3Response<GetBucketLocationOutput>> {
        let bucket = self.bucket(call, &input.bucket)?;
        let location = bucket.location.as_ref().unwrap_or(&bucket.region);
        *call.xml.lock() = Some(match location.as_str() {
            "us-east-1" => xml::empty("LocationConstraint", xml::NAMESPACE),
            location => xml::text("LocationConstraint", xml::NAMESPACE, location),
        });
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }

    pub(super) async fn delete_bucket(
        &self,
        call: &Call,
        input: DeleteBucketInput,
    ) -> Result<S3Response<DeleteBucketOutput>> {
        self.drop_bucket(call, &input.bucket).await?;
        Ok(S3Response::new(DeleteBucketOutput::default()))
    }

    pub(super) async fn list_buckets(
        &self,
        call: &Call,
        input: ListBucketsInput,
    ) -> Result<S3Response<ListBucketsOutput>> {
        let max = input.max_buckets.unwrap_or(MAX_PAGE);
        if !(1..=MAX_PAGE).contains(&max) {
            let message = format!("Argument max-buckets must be an integer between 1 and {MAX_PAGE}");
            return Err(Failure::invalid_argument(message, "max-buckets", max.to_string()));
        }
        if let Some(region) = input.bucket_region.as_deref().filter(|region| !COMMERCIAL.contains(region)) {
            let message = format!("Argument value {region} is not a valid AWS Region");
            return Err(Failure::new(400, "InvalidArgument", message).with("ArgumentName", "bucket-region"));
        }
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let token = input.continuation_token.as_deref().filter(|token| !token.is_empty());
        let after = token.map(from_token).transpose()?;
        let mut buckets: Vec<record::Bucket> = self.store.read(|docs| {
            let all = docs.range(key::bucket(prefix)).map(|(key, value)| decode::<record::Bucket>(key, value));
            all.filter(|bucket| {
                bucket.as_ref().map_or(true, |bucket| {
                    bucket.account == call.account()
                        && input.bucket_region.as_ref().is_none_or(|region| *region == bucket.region)
                        && after.as_ref().is_none_or(|after| bucket.name > *after)
                })
            })
            .take(max as usize + 1)
            .collect::<Result<_>>()
        })?;
        let more = buckets.len() > max as usize;
        buckets.truncate(max as usize);
        let token = buckets.last().filter(|_| more).map(|bucket| hex::encode(bucket.name.as_bytes()));
        // Who asks for a page is told more of each bucket than who asks for all.
        let paged = input.max_buckets.is_some()
            || input.prefix.is_some()
            || input.continuation_token.is_some()
            || input.bucket_region.is_some();
        *call.xml.lock() = Some(list_of(call.account(), &buckets, paged, token.as_deref(), input.prefix.as_deref()));
        Ok(S3Response::new(ListBucketsOutput::default()))
    }
}

/// The list in AWS's form, which has ARNs.
fn list_of(
    account: &str,
    buckets: &[record::Bucket],
    paged: bool,
    token: Option<&str>,
    prefix: Option<&str>,
) -> Vec<u8> {
    xml::document("ListAllMyBucketsResult", xml::NAMESPACE, |xml| {
        xml.open("Owner");
        xml.element("ID", &canonical_id(account));
        xml.close("Owner");
        xml.open("Buckets");
        for bucket in buckets {
            xml.open("Bucket");
            xml.element("BucketArn", &format!("arn:aws:s3:::{}", bucket.name));
            if paged {
                xml.element("BucketRegion", &bucket.region);
            }
            xml.element("Name", &bucket.name);
            xml.element("CreationDate", &time::iso(bucket.created));
            xml.close("Bucket");
        }
        xml.close("Buckets");
        if let Some(token) = token {
            xml.element("ContinuationToken", token);
        }
        if let Some(prefix) = prefix {
            xml.element("Prefix", prefix);
        }
    })
}

/// A continuation token is the last bucket's name in hex.
fn from_token(token: &str) -> Result<String> {
    let name = hex::decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    name.filter(|name| !name.is_empty()).ok_or_else(|| {
        Failure::new(400, "InvalidArgument", "The continuation token provided is incorrect")
            .with("ArgumentName", "continuation-token")
    })
}

fn check_name(name: &str) -> Result<()> {
    if is_bucket_name(name) { Ok(()) } else { Err(Failure::invalid_bucket_name(name)) }
}

/// The failure of CreateBucket when it is asked for ACLs: it has other codes than the one that all operations share.
fn of_new_bucket(failure: Failure, record: &record::Bucket) -> Failure {
    match &*failure.code {
        "AccessControlListNotSupported" => ownership::with_acl(&record.name),
        "AccessDenied" => {
            let message = "Bucket cannot have public ACLs set with BlockPublicAccess enabled";
            Failure::new(400, "InvalidBucketAclWithBlockPublicAccessError", message).with("BucketName", &*record.name)
        }
        _ => failure,
    }
}

fn taken(old: &record::Bucket, account: &str) -> Failure {
    let (code, message) = if old.account == account {
        (
            "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded and you already own it.",
        )
    } else {
        (
            "BucketAlreadyExists",
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please \
             select a different name and try again.",
        )
    };
    Failure::new(409, code, message).with("BucketName", old.name.clone())
}

fn put_arn(headers: &mut http::HeaderMap, bucket: &str) {
    if let Ok(arn) = http::HeaderValue::try_from(format!("arn:aws:s3:::{bucket}")) {
        headers.insert("x-amz-bucket-arn", arn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_bucket_goes() {
        let cases = [
            (None, "us-east-1", Ok("us-east-1")),
            (Some("EU"), "eu-west-1", Ok("eu-west-1")),
            (Some("us-west-1"), "us-east-1", Ok("us-west-1")),
            (Some("us-west-1"), "us-west-1", Ok("us-west-1")),
            (Some("us-east-1"), "us-east-1", Err("InvalidLocationConstraint")),
            (Some("aws-global"), "us-east-1", Err("InvalidLocationConstraint")),
            (Some("us-east-1"), "us-west-1", Err("IllegalLocationConstraintException")),
            (None, "us-west-1", Err("IllegalLocationConstraintException")),
        ];
        for (constraint, endpoint, expected) in cases {
            let got = place(constraint, endpoint);
            let got = got.as_deref().map_err(|failure| failure.code.as_ref());
            assert_eq!(got, expected, "{constraint:?} at {endpoint}");
        }
    }

    #[test]
    fn configurations() {
        let parsed = parse_configuration(
            b"<CreateBucketConfiguration xmlns=\"x\"><LocationConstraint>EU</LocationConstraint><Tags><Tag><Key>a</Key>\
              <Value>b</Value></Tag></Tags></CreateBucketConfiguration>",
        )
        .unwrap();
        assert_eq!(parsed.location.as_deref(), Some("EU"));
        assert_eq!(parsed.tags, [("a".to_owned(), "b".to_owned())]);
        assert_eq!(parse_configuration(b"").unwrap().location, None);
        for bad in ["<Other/>", "<CreateBucketConfiguration>", "junk"] {
            assert_eq!(parse_configuration(bad.as_bytes()).err().unwrap().code, "MalformedXML", "{bad}");
        }
    }
}
