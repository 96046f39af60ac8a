//! Multipart uploads: creating, aborting and completing them.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3s::S3Response;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::*;

use super::checksum::{self, Algorithm, Checksum, Kind};
use super::conditions::WriteConditions;
use super::copy::parse_algorithm;
use super::describe::{Description, put_encryption};
use super::error::{Failure, Result};
use super::named_parts::{self, NamedPart};
use super::objects;
use super::parts::check_type;
use super::put::{check_key, shown_version};
use super::record::{Bucket, Object, ObjectPart, Part, Upload, key};
use super::s3s::call::Call;
use super::s3s::xml;
use super::service::S3;
use super::store::{Docs, Edit};
use super::{expiry, lifecycle, time};

/// The least a part may have, except for the last: 5 MiB ("Amazon S3 multipart upload limits").
const MIN_PART: u64 = 5 * 1024 * 1024;

impl S3 {
    pub(super) async fn create_multipart_upload(
        &self,
        call: &Call,
        input: CreateMultipartUploadInput,
    ) -> Result<S3Response<CreateMultipartUploadOutput>> {
        check_key(&input.key)?;
        let bucket = self.bucket(call, &input.bucket)?;
        let description = Description::of(call, &bucket, &input.key)?;
        let checksum = asked_checksum(call)?;
        let now = self.store.now();
        let upload = Upload {
            // Ids grow with time, so that the uploads of a key are listed as they were started.
            id: format!("{now:012x}{}", self.store.unique()),
            key: input.key,
            initiated: now,
            account: call.account().to_owned(),
            checksum,
            headers: description.headers,
            metadata: description.metadata,
            tags: description.tags,
            storage_class: description.storage_class,
            encryption: description.encryption,
            lock: description.lock,
            acl: description.acl,
        };
        self.change(|edit| {
            Self::bucket_in(edit.docs(), call, &bucket.name)?;
            edit.put(key::upload(&bucket.name, &upload.key, &upload.id), &upload)
        })
        .await?;
        let aborted = bucket.lifecycle.as_ref().and_then(|rules| expiry::upload(rules, &upload));
        let encryption = upload.encryption;
        let mut response = S3Response::new(CreateMultipartUploadOutput {
            abort_date: aborted.map(|due| time::shown(due.at)),
            abort_rule_id: aborted.map(|due| due.rule.to_owned()),
            bucket: Some(bucket.name.clone()),
            key: Some(upload.key),
            upload_id: Some(upload.id),
            checksum_algorithm: checksum.map(|(algorithm, _)| ChecksumAlgorithm::from_static(algorithm.name())),
            checksum_type: checksum.map(|(_, kind)| ChecksumType::from_static(kind.name())),
            ..Default::default()
        });
        put_encryption(&mut response.headers, &encryption);
        Ok(response)
    }

    pub(super) async fn abort_multipart_upload(
        &self,
        call: &Call,
        input: AbortMultipartUploadInput,
    ) -> Result<S3Response<AbortMultipartUploadOutput>> {
        self.change_freeing(|edit| {
            let bucket = Self::bucket_in(edit.docs(), call, &input.bucket)?;
            let upload = edit.docs().upload(&bucket.name, &input.key, &input.upload_id)?;
            abort(edit, &bucket, &upload)
        })
        .await?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }

    pub(super) async fn complete_multipart_upload(
        &self,
        call: &Call,
        input: CompleteMultipartUploadInput,
    ) -> Result<S3Response<CompleteMultipartUploadOutput>> {
        let conditions = WriteConditions::of(call)?;
        let cause = self.cause(call);
        let named = named_parts::take(call).await?;
        let (object, versioning, expiration) = self
            .change(|edit| {
                let bucket = Self::bucket_in(edit.docs(), call, &input.bucket)?;
                let upload = match edit.docs().upload(&bucket.name, &input.key, &input.upload_id) {
                    Ok(upload) => upload,
                    Err(failure) => {
                        let done = completed(edit.docs(), &bucket, &input.key, &input.upload_id, &named)?;
                        let object = done.ok_or(failure)?;
                        let expiration = lifecycle::expiration(&bucket, &object);
                        return Ok((object, bucket.versioning, expiration));
                    }
                };
                let current = edit.docs().current(&bucket.name, &upload.key)?;
                conditions.check(&upload.key, current.as_deref(), Some(&upload))?;
                let mut stored = BTreeMap::new();
                for part in edit.docs().parts(&upload.id, 0) {
                    let part = part?;
                    edit.delete(key::part(&upload.id, part.number));
                    stored.insert(part.number, part);
                }
                check_mode(call, &upload)?;
                let chosen = choose(&upload, &named, &mut stored)?;
                edit.orphan(stored.into_values().flat_map(|part| part.blobs));
                edit.delete(key::upload(&bucket.name, &upload.key, &upload.id));
                let mut object = assemble(call, &upload, chosen)?;
                objects::put(edit, &bucket, &mut object, "ObjectCreated:CompleteMultipartUpload", &cause)?;
                let expiration = lifecycle::expiration(&bucket, &object);
                Ok((object, bucket.versioning, expiration))
            })
            .await?;

        *call.xml.lock() = Some(document_of(call, &input.bucket, &object));
        let mut response = S3Response::new(CompleteMultipartUploadOutput {
            expiration,
            version_id: shown_version(object.version, versioning),
            ..Default::default()
        });
        put_encryption(&mut response.headers, &object.encryption);
        Ok(response)
    }
}

/// What CompleteMultipartUpload answers.
fn document_of(call: &Call, bucket: &str, object: &Object) -> Vec<u8> {
    xml::document("CompleteMultipartUploadResult", xml::NAMESPACE, |xml| {
        xml.element("Location", &format!("http://{}/{bucket}/{}", call.host(), object.key));
        xml.element("Bucket", bucket);
        xml.element("Key", &object.key);
        xml.element("ETag", &format!("\"{}\"", object.etag));
        if let Some(sum) = &object.checksum {
            sum.write(xml);
            xml.element("ChecksumType", sum.kind.name());
        }
    })
}

/// The object that an upload has become, if the same parts are named again: who didn't get the first answer gets it now,
/// for as long as that version stands. S3 does so for a while (measured against S3 in adobe/S3Mock#2586 and
/// minio/minio#13318; the API reference says nothing of it).
fn completed(docs: Docs<'_>, bucket: &Bucket, key: &str, upload: &str, named: &[NamedPart]) -> Result<Option<Object>> {
    let etag = etag_of_parts(named.iter().map(|part| part.etag.as_str()));
    let same = |object: &Object| object.upload.as_deref() == Some(upload) && object.etag == etag;
    if let Some(current) = docs.current(&bucket.name, key)?.filter(|current| same(current)) {
        return Ok(Some(Arc::unwrap_or_clone(current)));
    }
    docs.noncurrent(&bucket.name, key).find(|object| object.as_ref().map_or(true, same)).transpose()
}

/// Whether there is such an upload, or it has become a version of the object.
pub(super) fn knows(docs: Docs<'_>, bucket: &Bucket, key: &str, upload: &str) -> Result<()> {
    let Err(failure) = docs.upload(&bucket.name, key, upload) else { return Ok(()) };
    let is_it = |object: &Object| object.upload.as_deref() == Some(upload);
    if docs.current(&bucket.name, key)?.as_deref().is_some_and(is_it) {
        return Ok(());
    }
    match docs.noncurrent(&bucket.name, key).any(|object| object.as_ref().is_ok_and(is_it)) {
        true => Ok(()),
        false => Err(failure),
    }
}

/// The ETag of an object in parts: the MD5 of their MD5s, and how many they are.
fn etag_of_parts<'e>(etags: impl Iterator<Item = &'e str>) -> String {
    let mut md5 = Md5::new();
    let mut count = 0;
    for etag in etags {
        let bytes: Option<Vec<u8>> =
            (0..etag.len() / 2).map(|at| u8::from_str_radix(etag.get(2 * at..2 * at + 2)?, 16).ok()).collect();
        md5.update(&bytes.unwrap_or_default());
        count += 1;
    }
    format!("{}-{count}", hex::encode(md5.finalize().as_ref()))
}

/// Removes an upload and its parts.
pub(super) fn abort(edit: &mut Edit<'_>, bucket: &Bucket, upload: &Upload) -> Result<()> {
    for part in edit.docs().parts(&upload.id, 0) {
        let part = part?;
        edit.delete(key::part(&upload.id, part.number));
        edit.orphan(part.blobs);
    }
    edit.delete(key::upload(&bucket.name, &upload.key, &upload.id));
    Ok(())
}

/// The checksum that CreateMultipartUpload asks for, if it does.
fn asked_checksum(call: &Call) -> Result<Option<(Algorithm, Kind)>> {
    let kind = match call.header("x-amz-checksum-type") {
        None => None,
        Some(name) => Some(
            Kind::parse(&name)
                .ok_or_else(|| Failure::invalid_request("Value for x-amz-checksum-type header is invalid."))?,
        ),
    };
    let Some(algorithm) = call.header("x-amz-checksum-algorithm") else {
        return match kind {
            None => Ok(None),
            Some(_) => Err(Failure::invalid_request(
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
            )),
        };
    };
    let algorithm = parse_algorithm(&algorithm)?;
    let kind = kind.unwrap_or_else(|| algorithm.default_kind());
    if !algorithm.allows(kind) {
        return Err(Failure::invalid_request(format!(
            "The {} checksum type cannot be used with the {} checksum algorithm.",
            kind.name(),
            algorithm.name().to_ascii_lowercase()
        )));
    }
    Ok(Some((algorithm, kind)))
}

/// Takes the named parts out of `stored`, in order, checking each against what was uploaded.
fn choose(upload: &Upload, named: &[NamedPart], stored: &mut BTreeMap<i32, Part>) -> Result<Vec<Part>> {
    let mut chosen: Vec<Part> = Vec::with_capacity(named.len());
    let last = named.len() - 1;
    for (at, part) in named.iter().enumerate() {
        let number = part.number.ok_or_else(Failure::malformed_xml)?;
        if chosen.last().is_some_and(|before| before.number >= number) {
            let message = "The list of parts was not in ascending order. Parts must be ordered by part number.";
            return Err(Failure::new(400, "InvalidPartOrder", message).with("UploadId", upload.id.clone()));
        }
        let etag = part.etag.as_str();
        let invalid = || {
            let message = "One or more of the specified parts could not be found.  The part may not have been \
                           uploaded, or the specified entity tag may not match the part's entity tag.";
            Failure::new(400, "InvalidPart", message)
                .with("UploadId", upload.id.clone())
                .with("PartNumber", number.to_string())
                .with("ETag", etag)
        };
        let stored = stored.remove(&number).filter(|stored| stored.etag == etag).ok_or_else(invalid)?;
        check_part_checksum(upload, part, number, &stored).map_err(|failure| failure.unwrap_or_else(invalid))?;
        if at < last && stored.size < MIN_PART {
            let message = "Your proposed upload is smaller than the minimum allowed size";
            return Err(Failure::new(400, "EntityTooSmall", message)
                .with("ProposedSize", stored.size.to_string())
                .with("MinSizeAllowed", MIN_PART.to_string())
                .with("PartNumber", number.to_string())
                .with("ETag", etag));
        }
        chosen.push(stored);
    }
    Ok(chosen)
}

/// The checksum that is named with a part. `Err(None)` is an invalid part.
fn check_part_checksum(
    upload: &Upload,
    part: &NamedPart,
    number: i32,
    stored: &Part,
) -> std::result::Result<(), Option<Failure>> {
    match (upload.checksum, part.checksums.first()) {
        (Some((algorithm, Kind::Composite)), None) => Err(Some(Failure::invalid_request(format!(
            "The upload was created using a {} checksum. The complete request must include the checksum for each part. \
             It was missing for part {number} in the request.",
            algorithm.name().to_ascii_lowercase()
        )))),
        (_, None) => Ok(()),
        (_, Some((algorithm, value))) if *algorithm == upload.algorithm() => {
            if *value == stored.digest {
                Ok(())
            } else {
                Err(None)
            }
        }
        (None, Some(_)) => Err(None),
        (Some(_), Some((algorithm, _))) => {
            let name = algorithm.name().to_ascii_lowercase();
            let message = format!("The {name} you specified for part {number} did not match what we received.");
            Err(Some(Failure::new(400, "BadDigest", message)))
        }
    }
}

/// The object that the parts make.
fn assemble(call: &Call, upload: &Upload, parts: Vec<Part>) -> Result<Object> {
    let size: u64 = parts.iter().map(|part| part.size).sum();
    if let Some(given) = call.header("x-amz-mp-object-size").filter(|given| given.parse() != Ok(size)) {
        return Err(Failure::invalid_request(format!(
            "The provided 'x-amz-mp-object-size' header value {given} does not match what was computed: {size}"
        )));
    }
    let algorithm = upload.algorithm();
    let kind = upload.checksum.map_or(Kind::FullObject, |(_, kind)| kind);
    let digests: Vec<_> = parts.iter().map(|part| (part.digest.as_str(), part.size)).collect();
    let checksum = checksum::of_parts(algorithm, kind, &digests).ok_or_else(|| Failure::internal("part digests"))?;
    check_object_checksum(call, upload, &checksum)?;

    Ok(Object {
        etag: etag_of_parts(parts.iter().map(|part| part.etag.as_str())),
        upload: Some(upload.id.clone()),
        size,
        checksum: Some(checksum),
        headers: upload.headers.clone(),
        metadata: upload.metadata.clone(),
        tags: upload.tags.clone(),
        storage_class: upload.storage_class.clone(),
        encryption: upload.encryption.clone(),
        lock: upload.lock.clone(),
        acl: upload.acl.clone(),
        parts: parts
            .iter()
            .map(|part| ObjectPart {
                number: part.number,
                size: part.size,
                checksum: upload.checksum.map(|(algorithm, kind)| Checksum {
                    algorithm,
                    kind,
                    value: part.digest.clone(),
                }),
            })
            .collect(),
        blobs: parts.into_iter().flat_map(|part| part.blobs).collect(),
        // S3 dates an object that was uploaded in parts by when its upload began.
        ..Object::new(&upload.key, upload.initiated)
    })
}

/// The type of checksum that CompleteMultipartUpload may name: it is looked at before the parts.
fn check_mode(call: &Call, upload: &Upload) -> Result<()> {
    let created = upload.checksum.map_or("null", |(_, kind)| kind.name());
    match call.header("x-amz-checksum-type").is_some_and(|kind| kind != created) {
        true => Err(Failure::invalid_request(format!(
            "The upload was created using the {created} checksum mode. The complete request must use the same checksum \
             mode."
        ))),
        false => Ok(()),
    }
}

/// The checksum of the whole that CompleteMultipartUpload may name.
fn check_object_checksum(call: &Call, upload: &Upload, computed: &Checksum) -> Result<()> {
    if upload.checksum.is_none() {
        let sent = |algorithm: &Algorithm| algorithm.is_declared() && call.headers.contains_key(algorithm.header());
        check_type(None, Algorithm::ALL.into_iter().find(sent))?;
    }
    let Some(given) = call.header(computed.algorithm.header()) else { return Ok(()) };
    // Without its type a checksum is taken for one that is composed of the parts', where it can be.
    let composed = call.header("x-amz-checksum-type").is_none()
        && upload.checksum.is_some_and(|(algorithm, _)| algorithm.allows(Kind::Composite));
    if given != computed.value || (composed && computed.kind == Kind::FullObject) {
        let name = computed.algorithm.name().to_ascii_lowercase();
        let message = format!("The {name} you specified did not match the calculated checksum.");
        return Err(Failure::new(400, "BadDigest", message));
    }
    Ok(())
}
