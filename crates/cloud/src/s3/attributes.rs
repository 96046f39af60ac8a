//! GetObjectAttributes.

use s3s::S3Response;
use s3s::dto::*;

use super::checksum::Kind;
use super::customer_key;
use super::error::{Failure, Result};
use super::record::Object;
use super::s3s::call::Call;
use super::s3s::xml;
use super::service::S3;
use super::time;
use wire::xml::Writer;

const NAMES: [&str; 5] = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"];
/// The most parts of one answer ("GetObjectAttributes").
const MAX_PARTS: usize = 1000;

impl S3 {
    pub(super) async fn get_object_attributes(
        &self,
        call: &Call,
        input: GetObjectAttributesInput,
    ) -> Result<S3Response<GetObjectAttributesOutput>> {
        let header = call.header("x-amz-object-attributes").unwrap_or_default();
        let wanted: Vec<&str> = header.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        if wanted.iter().any(|name| !NAMES.contains(name)) {
            return Err(Failure::invalid_argument(
                "Invalid attribute name specified.",
                "x-amz-object-attributes",
                header,
            ));
        }
        let (_, object) = self.find(call, &input.bucket, &input.key, input.version_id.as_deref())?;
        customer_key::check(call, customer_key::OWN, &object.encryption)?;
        let after = number(call, "x-amz-part-number-marker")?.unwrap_or(0);
        let most = number(call, "x-amz-max-parts")?;
        let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(MAX_PARTS).min(MAX_PARTS);
        *call.xml.lock() = Some(document_of(&object, &wanted, after, most));
        Ok(S3Response::new(GetObjectAttributesOutput {
            last_modified: Some(time::shown(object.modified)),
            version_id: object.version.clone(),
            ..Default::default()
        }))
    }
}

/// A header that is a number; `s3s` takes the digits before whatever else there is.
fn number(call: &Call, name: &str) -> Result<Option<i32>> {
    let Some(header) = call.header(name) else { return Ok(None) };
    let message = || format!("Provided {name} not an integer or within integer range");
    header.parse().map(Some).map_err(|_| Failure::invalid_argument(message(), name, &*header))
}

/// The answer with its elements in AWS's order, on which Java's SDK relies.
fn document_of(object: &Object, wanted: &[&str], after: i32, most: usize) -> Vec<u8> {
    let has = |name: &str| wanted.contains(&name);
    xml::document("GetObjectAttributesResponse", xml::NAMESPACE, |xml| {
        if has("ETag") {
            xml.element("ETag", &object.etag);
        }
        if let Some(sum) = object.checksum.as_ref().filter(|_| has("Checksum")) {
            // Here, and only here, a composite doesn't say of how many parts it is.
            let digest = sum.value.split('-').next().unwrap_or_default();
            xml.open("Checksum");
            xml.element(sum.algorithm.element(), digest);
            xml.element("ChecksumType", sum.kind.name());
            xml.close("Checksum");
        }
        if has("ObjectParts") && !object.parts.is_empty() {
            xml.open("ObjectParts");
            write_parts(xml, object, after, most);
            xml.close("ObjectParts");
        }
        if has("StorageClass") {
            xml.element("StorageClass", object.storage_class.as_deref().unwrap_or("STANDARD"));
        }
        if has("ObjectSize") {
            xml.element("ObjectSize", &object.size.to_string());
        }
    })
}

/// The parts, one by one only where the whole's checksum is composed of theirs.
fn write_parts(xml: &mut Writer, object: &Object, after: i32, most: usize) {
    if object.checksum.as_ref().is_some_and(|sum| sum.kind == Kind::Composite) {
        let mut parts = object.parts.iter().filter(|part| part.number > after);
        let page: Vec<_> = parts.by_ref().take(most).collect();
        let next = page.last().map_or(0, |part| part.number);
        xml.element("IsTruncated", if parts.next().is_some() { "true" } else { "false" });
        xml.element("MaxParts", &most.to_string());
        xml.element("NextPartNumberMarker", &next.to_string());
        xml.element("PartNumberMarker", &after.to_string());
        for part in page {
            xml.open("Part");
            if let Some(sum) = &part.checksum {
                sum.write(xml);
            }
            xml.element("PartNumber", &part.number.to_string());
            xml.element("Size", &part.size.to_string());
            xml.close("Part");
        }
    }
    xml.element("PartsCount", &object.parts.len().to_string());
}
