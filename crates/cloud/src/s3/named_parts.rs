//! The parts that CompleteMultipartUpload names, read from its document.

use s3s::xml::{DeError, DeResult, DeserializeContent, Deserializer};

use super::checksum::Algorithm;
use super::error::{Failure, Result};
use super::s3s::call::Call;
use super::s3s::document;

/// A part as the request names it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct NamedPart {
    pub number: Option<i32>,
    /// Without quotes.
    pub etag: String,
    /// Each algorithm at most once, in the order of the document: (algorithm, base64).
    pub checksums: Vec<(Algorithm, String)>,
}

/// The parts of a call's body, at least one.
///
/// # Errors
/// `MaxMessageLengthExceeded` if it is longer than 20 MiB; `InvalidRequest` for no document, else `MalformedXML`.
pub(super) async fn take(call: &Call) -> Result<Vec<NamedPart>> {
    let document = document::take(call).await?;
    if document.is_empty() {
        return Err(Failure::invalid_request("You must specify at least one part"));
    }
    let parts = read(&document).map_err(|_| Failure::malformed_xml())?;
    if parts.is_empty() { Err(Failure::malformed_xml()) } else { Ok(parts) }
}

fn read(document: &[u8]) -> DeResult<Vec<NamedPart>> {
    let mut reader = Deserializer::new(document);
    let parts = reader.named_element("CompleteMultipartUpload", Deserializer::content::<Parts>)?;
    reader.expect_eof()?;
    Ok(parts.0)
}

struct Parts(Vec<NamedPart>);

impl<'xml> DeserializeContent<'xml> for Parts {
    fn deserialize_content(d: &mut Deserializer<'xml>) -> DeResult<Self> {
        let mut parts = Vec::new();
        d.for_each_element(|d, name| match name {
            b"Part" => {
                parts.push(d.content()?);
                Ok(())
            }
            _ => Err(DeError::UnexpectedTagName),
        })?;
        Ok(Self(parts))
    }
}

impl<'xml> DeserializeContent<'xml> for NamedPart {
    fn deserialize_content(d: &mut Deserializer<'xml>) -> DeResult<Self> {
        let mut part = Self::default();
        let mut etag: Option<String> = None;
        d.for_each_element(|d, name| match name {
            b"PartNumber" => once(&mut part.number, d.content()?),
            b"ETag" => once(&mut etag, d.content()?),
            _ => {
                let algorithm = Algorithm::of_element(name).ok_or(DeError::UnexpectedTagName)?;
                if part.checksums.iter().any(|(known, _)| *known == algorithm) {
                    return Err(DeError::DuplicateField);
                }
                part.checksums.push((algorithm, d.content()?));
                Ok(())
            }
        })?;
        part.etag = etag.unwrap_or_default().trim_matches('"').to_owned();
        Ok(part)
    }
}

fn once<T>(field: &mut Option<T>, value: T) -> DeResult<()> {
    if field.replace(value).is_some() { Err(DeError::DuplicateField) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(parts: &str) -> String {
        format!("<?xml version=\"1.0\"?><CompleteMultipartUpload xmlns=\"x\">{parts}</CompleteMultipartUpload>")
    }

    #[test]
    fn parts_are_read_with_every_checksum() {
        for algorithm in Algorithm::ALL {
            let element = algorithm.element();
            let text = document(&format!(
                "<Part><ETag>&quot;ab&quot;</ETag><PartNumber>7</PartNumber><{element}>cd==</{element}></Part>\
                 <Part><PartNumber>8</PartNumber></Part>"
            ));
            let parts = read(text.as_bytes()).unwrap();
            let first =
                NamedPart { number: Some(7), etag: "ab".into(), checksums: vec![(algorithm, "cd==".to_owned())] };
            assert_eq!(parts, [first, NamedPart { number: Some(8), ..Default::default() }], "{element}");
        }
    }

    #[test]
    fn what_is_no_list_of_parts_is_malformed() {
        for bad in [
            "",
            "junk",
            "<Other/>",
            &document("<Other>x</Other>"),
            &document("<Part><PartNumber>1</PartNumber><PartNumber>1</PartNumber></Part>"),
            &document("<Part><PartNumber>x</PartNumber></Part>"),
            &document("<Part><ChecksumMD4>x</ChecksumMD4></Part>"),
            &document("<Part><ChecksumMD5>x</ChecksumMD5><ChecksumMD5>x</ChecksumMD5></Part>"),
            &document("<Part>")[..],
        ] {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn mangled_documents(text in crate::testing::mangled::mangled(&[
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>&quot;a&quot;</ETag><ChecksumXXHASH3>b</ChecksumXXHASH3></Part></CompleteMultipartUpload>",
        ])) {
            let _ = read(text.as_bytes());
        }
    }
}
