//! What a request says of the object it makes: headers, metadata, tags, storage class, encryption.

use std::collections::BTreeMap;

use http::header::{ACCEPT_RANGES, ETAG, HeaderMap, HeaderName, HeaderValue, LAST_MODIFIED};

use super::acl;
use super::error::{Failure, Result};
use super::record::{Acl, Bucket, Encryption, Object, ObjectLock, Tags};
use super::s3s::call::Call;
use super::{customer_key, lock, rfc2047, tagging, time};

/// Headers that are kept with an object and returned with it.
const KEPT: [&str; 7] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
    "x-amz-website-redirect-location",
];

/// The most user metadata an object may have, names and values together, in bytes ("Object metadata").
const MAX_METADATA: usize = 2048;

const STORAGE_CLASSES: [&str; 8] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER_IR",
    "GLACIER",
    "DEEP_ARCHIVE",
];

/// So many headers have most answers that describe an object, with those that every answer has.
const HEADERS: usize = 14;

/// The largest header section of a request that makes an object, in bytes.
const MAX_HEADERS: usize = 8_192;
const MAX_LOCATION: usize = 2_048;

/// What a request says of the object it makes.
pub(super) struct Description {
    pub headers: BTreeMap<String, String>,
    pub metadata: BTreeMap<String, String>,
    pub tags: Tags,
    pub storage_class: Option<String>,
    pub encryption: Encryption,
    pub lock: ObjectLock,
    pub acl: Option<Acl>,
}

impl Description {
    /// Reads it from a request, and refuses by name what this cloud doesn't do.
    pub(super) fn of(call: &Call, bucket: &Bucket, key: &str) -> Result<Self> {
        refuse_unsupported(call)?;
        let acl = acl::of_new_object(call, bucket, key)?;
        check_size(call)?;
        redirect(call)?;
        Ok(Self {
            headers: headers(call),
            metadata: metadata(call)?,
            tags: call.header("x-amz-tagging").map_or(Ok(Tags::new()), |header| tagging::parse_header(&header))?,
            storage_class: storage_class(call)?,
            encryption: encryption(call, bucket)?,
            lock: ObjectLock::of(call, bucket, call.cx.cloud.core.now())?,
            acl,
        })
    }
}

/// "PUT Object" (API reference): the header section of a PUT is limited to 8 KB. What a form says instead is held to the same.
fn check_size(call: &Call) -> Result<()> {
    let size: usize = call.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if size <= MAX_HEADERS {
        return Ok(());
    }
    let message = "Your request header section exceeds the maximum allowed request header section size";
    Err(Failure::new(400, "RequestHeaderSectionTooLarge", message)
        .with("HeaderSize", size.to_string())
        .with("MaxSizeAllowed", MAX_HEADERS.to_string()))
}

/// Where a website leads from an object ("Configuring an object redirect").
pub(super) fn redirect(call: &Call) -> Result<Option<String>> {
    let location = call.header("x-amz-website-redirect-location");
    let leads_somewhere = |location: &String| ["http://", "https://", "/"].iter().any(|it| location.starts_with(it));
    if !location.as_ref().is_none_or(leads_somewhere) {
        return Err(Failure::new(
            400,
            "InvalidRedirectLocation",
            "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
        ));
    }
    match location.as_ref().is_some_and(|location| location.len() > MAX_LOCATION) {
        true => Err(Failure::new(
            400,
            "InvalidRedirectLocation",
            "The length of website redirect location cannot exceed 2,048 characters.",
        )),
        false => Ok(location),
    }
}

fn headers(call: &Call) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    for name in KEPT {
        let Some(mut value) = call.header(name) else { continue };
        if name == "content-encoding" {
            // The transfer's own encoding isn't the object's.
            let tokens: Vec<_> = value.split(',').map(str::trim).filter(|token| *token != "aws-chunked").collect();
            value = tokens.join(",");
        }
        if !value.is_empty() {
            headers.insert(name.to_owned(), value);
        }
    }
    headers.entry("content-type".into()).or_insert_with(|| "binary/octet-stream".into());
    headers
}

fn metadata(call: &Call) -> Result<BTreeMap<String, String>> {
    let mut metadata = BTreeMap::new();
    for name in call.headers.keys() {
        let Some(key) = name.as_str().strip_prefix("x-amz-meta-").filter(|key| !key.is_empty()) else { continue };
        let value = call.header(name.as_str()).unwrap_or_default();
        metadata.insert(key.to_owned(), rfc2047::decode(&value));
    }
    let size: usize = metadata.iter().map(|(key, value)| key.len() + value.len()).sum();
    if size > MAX_METADATA {
        let message = "Your metadata headers exceed the maximum allowed metadata size";
        return Err(Failure::new(400, "MetadataTooLarge", message)
            .with("Size", size.to_string())
            .with("MaxSizeAllowed", MAX_METADATA.to_string()));
    }
    Ok(metadata)
}

/// Whether objects can lie in a storage class of this name.
pub(super) fn is_storage_class(name: &str) -> bool {
    STORAGE_CLASSES.contains(&name)
}

/// The storage class that is asked for; None is STANDARD.
pub(super) fn storage_class(call: &Call) -> Result<Option<String>> {
    match call.header("x-amz-storage-class") {
        None => Ok(None),
        Some(class) if class == "STANDARD" => Ok(None),
        Some(class) if is_storage_class(&class) => Ok(Some(class)),
        Some(class) => Err(Failure::new(400, "InvalidStorageClass", "The storage class you specified is not valid")
            .with("StorageClassRequested", class)),
    }
}

/// The encryption that is asked for, or else the bucket's default.
pub(super) fn encryption(call: &Call, bucket: &Bucket) -> Result<Encryption> {
    if let Some(md5) = customer_key::given(call, customer_key::OWN)? {
        return Ok(Encryption { customer_key: Some(md5), ..Encryption::default() });
    }
    let bucket_key = call.header("x-amz-server-side-encryption-bucket-key-enabled").as_deref() == Some("true");
    let kms_key = call.header("x-amz-server-side-encryption-aws-kms-key-id");
    if let Some(algorithm) = call.header("x-amz-server-side-encryption") {
        if !matches!(algorithm.as_str(), "AES256" | "aws:kms" | "aws:kms:dsse") {
            return Err(Failure::invalid_argument(
                "The encryption method specified is not supported",
                "x-amz-server-side-encryption",
                algorithm,
            ));
        }
        if algorithm == "AES256" && kms_key.is_some() {
            return Err(wants_kms(algorithm));
        }
        return Ok(Encryption { algorithm, kms_key, bucket_key, customer_key: None });
    }
    // Users were told so by AWS (aws/aws-cli 1431): it is refused without an algorithm as well.
    if kms_key.is_some() {
        return Err(wants_kms(String::new()));
    }
    Ok(default_encryption(bucket))
}

/// A key of KMS goes with its algorithm.
fn wants_kms(given: String) -> Failure {
    let message =
        "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms";
    Failure::invalid_argument(message, "x-amz-server-side-encryption", given)
}

/// The encryption of an object that asks for none: the bucket's default.
pub(super) fn default_encryption(bucket: &Bucket) -> Encryption {
    let rule = bucket.encryption.as_ref().and_then(|config| config.rules.first());
    let Some(default) = rule.and_then(|rule| rule.apply_server_side_encryption_by_default.as_ref()) else {
        return Encryption::default();
    };
    Encryption {
        algorithm: default.sse_algorithm.as_str().to_owned(),
        kms_key: default.kms_master_key_id.clone(),
        bucket_key: rule.and_then(|rule| rule.bucket_key_enabled).unwrap_or(false),
        customer_key: None,
    }
}

fn refuse_unsupported(call: &Call) -> Result<()> {
    for name in call.headers.keys() {
        let name = name.as_str();
        let later = name.starts_with("x-amz-object-lock-event-hold") || name == "x-amz-object-annotation-directive";
        if later || matches!(name, "x-amz-server-side-encryption-context" | "x-amz-write-offset-bytes") {
            return Err(Failure::not_implemented(&format!("The header {name}")));
        }
    }
    Ok(())
}

/// The response headers of a stored object: kept headers, metadata, encryption, version, tags' count, storage class.
pub(super) fn response_headers(object: &Object, versioned: bool) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(HEADERS);
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let texts = [(ETAG, format!("\"{}\"", object.etag)), (LAST_MODIFIED, time::http_date(object.modified))];
    for (name, text) in texts {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
    let mut put = |name: &str, value: &str| {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
            headers.insert(name, value);
        }
    };
    for (name, value) in &object.headers {
        put(name, value);
    }
    for (name, value) in &object.metadata {
        put(&format!("x-amz-meta-{name}"), &rfc2047::encode(value));
    }
    if let Some(class) = &object.storage_class {
        put("x-amz-storage-class", class);
    }
    for (name, value) in lock::headers(&object.lock) {
        put(name, &value);
    }
    if !object.tags.is_empty() {
        put("x-amz-tagging-count", &object.tags.len().to_string());
    }
    if versioned {
        put("x-amz-version-id", object.version.as_deref().unwrap_or("null"));
    }
    put_encryption(&mut headers, &object.encryption);
    headers
}

/// Says how an object is encrypted.
pub(super) fn put_encryption(headers: &mut HeaderMap, encryption: &Encryption) {
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    if let Some(md5) = &encryption.customer_key {
        put("x-amz-server-side-encryption-customer-algorithm", "AES256");
        put("x-amz-server-side-encryption-customer-key-md5", md5);
        return;
    }
    put("x-amz-server-side-encryption", &encryption.algorithm);
    if let Some(key) = &encryption.kms_key {
        put("x-amz-server-side-encryption-aws-kms-key-id", key);
    }
    // Only KMS has bucket keys, whatever the bucket says.
    if encryption.bucket_key && encryption.algorithm != "AES256" {
        put("x-amz-server-side-encryption-bucket-key-enabled", "true");
    }
}
