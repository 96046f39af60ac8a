//! The header `x-amz-copy-source`, in all the ways that clients write it.

use http::HeaderValue;
use percent_encoding::percent_decode_str;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::s3::error::{Failure, Result};

const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The header as `bucket/key[?versionId=id]`, percent encoded once.
///
/// S3 takes a leading slash, a whole URL, an encoded slash after the bucket, and `+` for a space.
pub(crate) fn normalize(header: &str) -> Result<HeaderValue> {
    let bad = || Failure::invalid_argument("Invalid copy source object key", "x-amz-copy-source", "x-amz-copy-source");
    let (path, version) = match header.split_once("?versionId=") {
        Some((path, version)) => (path, Some(version)),
        None => (header, None),
    };
    let path = match path.split_once("://") {
        Some(("http" | "https", rest)) => rest.split_once('/').ok_or_else(bad)?.1,
        _ => path,
    };
    let decoded: Vec<u8> = percent_decode_str(&path.replace('+', " ")).collect();
    let decoded = String::from_utf8(decoded).map_err(|_| bad())?;
    let decoded = decoded.strip_prefix('/').unwrap_or(&decoded);
    if decoded.starts_with("arn:") {
        return Err(Failure::not_implemented("Copying from an access point"));
    }
    match decoded.split_once('/') {
        Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {}
        _ => return Err(bad()),
    }
    let mut value = utf8_percent_encode(decoded, PATH).to_string();
    if let Some(version) = version {
        value.push_str("?versionId=");
        value.push_str(version);
    }
    HeaderValue::try_from(value).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_becomes_one() {
        let cases = [
            ("b/k", "b/k"),
            ("/b/k", "b/k"),
            ("b%2Fa+b", "b/a%20b"),
            ("b/a%2Bb", "b/a%2Bb"),
            ("b/a%252Fb", "b/a%252Fb"),
            ("http://127.0.0.1:4566/b/k", "b/k"),
            ("b/k?versionId=x", "b/k?versionId=x"),
        ];
        for (header, expected) in cases {
            assert_eq!(normalize(header).unwrap(), expected, "{header}");
        }
        for bad in ["wrong", "/b", "b/", "", "arn:aws:s3:us-east-1:1:accesspoint/a/object/k"] {
            assert!(normalize(bad).is_err(), "{bad}");
        }
    }
}
