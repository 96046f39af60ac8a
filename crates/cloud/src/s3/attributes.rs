//! GetObjectAttributes.

use quick_xml::escape::escape;
use s3s::S3Response;
use s3s::dto::*;

use super::checksum::Kind;
use super::error::{Failure, Result};
use super::record::Object;
use super::s3s::call::Call;
use super::service::S3;
use super::time;

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
        let after = input.part_number_marker.unwrap_or(0);
        let most = input.max_parts.and_then(|most| usize::try_from(most).ok()).unwrap_or(MAX_PARTS).min(MAX_PARTS);
        *call.xml.lock() = Some(xml(&object, &wanted, after, most));
        Ok(S3Response::new(GetObjectAttributesOutput {
            last_modified: Some(time::shown(object.modified)),
            version_id: object.version,
            ..Default::default()
        }))
    }
}

/// The answer in AWS's order, in which Java's SDK relies.
fn xml(object: &Object, wanted: &[&str], after: i32, most: usize) -> String {
    let mut xml = String::from("<GetObjectAttributesResponse xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    let has = |name: &str| wanted.contains(&name);
    if has("ETag") {
        xml.push_str(&element("ETag", &object.etag));
    }
    if let Some(sum) = object.checksum.as_ref().filter(|_| has("Checksum")) {
        // Here, and only here, a composite doesn't say of how many parts it is.
        let digest = sum.value.split('-').next().unwrap_or_default();
        let value = element(&format!("Checksum{}", sum.algorithm.name()), digest);
        xml.push_str(&format!("<Checksum>{value}{}</Checksum>", element("ChecksumType", sum.kind.name())));
    }
    if has("ObjectParts") && !object.parts.is_empty() {
        xml.push_str(&parts_xml(object, after, most));
    }
    if has("StorageClass") {
        xml.push_str(&element("StorageClass", object.storage_class.as_deref().unwrap_or("STANDARD")));
    }
    if has("ObjectSize") {
        xml.push_str(&element("ObjectSize", &object.size.to_string()));
    }
    xml + "</GetObjectAttributesResponse>"
}

/// The parts, one by one only where the whole's checksum is composed of theirs.
fn parts_xml(object: &Object, after: i32, most: usize) -> String {
    let mut xml = String::from("<ObjectParts>");
    if object.checksum.as_ref().is_some_and(|sum| sum.kind == Kind::Composite) {
        let mut parts = object.parts.iter().filter(|part| part.number > after);
        let page: Vec<_> = parts.by_ref().take(most).collect();
        let next = page.last().map_or(0, |part| part.number);
        xml.push_str(&element("IsTruncated", if parts.next().is_some() { "true" } else { "false" }));
        xml.push_str(&element("MaxParts", &most.to_string()));
        xml.push_str(&element("NextPartNumberMarker", &next.to_string()));
        xml.push_str(&element("PartNumberMarker", &after.to_string()));
        for part in page {
            xml.push_str("<Part>");
            if let Some(sum) = &part.checksum {
                xml.push_str(&element(&format!("Checksum{}", sum.algorithm.name()), &sum.value));
            }
            xml.push_str(&element("PartNumber", &part.number.to_string()));
            xml.push_str(&element("Size", &part.size.to_string()));
            xml.push_str("</Part>");
        }
    }
    xml.push_str(&element("PartsCount", &object.parts.len().to_string()));
    xml + "</ObjectParts>"
}

fn element(name: &str, value: &str) -> String {
    format!("<{name}>{}</{name}>", escape(value))
}
