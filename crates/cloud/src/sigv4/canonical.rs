//! The canonical request: what both sides sign.
//! Source: "Create a signed AWS API request" (IAM User Guide).

use std::borrow::Cow;
use std::fmt::Write;

use http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode, utf8_percent_encode};
use sha2::{Digest, Sha256};

/// Everything but RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same, but for a path's slashes.
const ENCODED_PATH: &AsciiSet = &ENCODED.remove(b'/');

pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

type Decoded<'q> = Cow<'q, [u8]>;

/// A query string's parameters, decoded.
pub(super) struct Parameters<'q>(Vec<(Decoded<'q>, Decoded<'q>)>);

impl<'q> Parameters<'q> {
    pub(super) fn parse(query: &'q str) -> Self {
        let decode = |text: &'q str| -> Decoded<'q> {
            match text.contains('+') {
                true => Cow::Owned(percent_decode_str(&text.replace('+', " ")).collect()),
                false => percent_decode_str(text).into(),
            }
        };
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
        Parameters(pairs.collect())
    }

    /// A parameter's value; its name is in any case.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)?;
        std::str::from_utf8(value).ok()
    }

    /// Sorted by encoded name, then value; without the signature itself.
    fn canonical(&self) -> String {
        let encode = |bytes: &[u8]| percent_encode(bytes, ENCODED).to_string();
        let mut pairs: Vec<(String, String)> = self
            .0
            .iter()
            .filter(|(name, _)| !name.eq_ignore_ascii_case(b"X-Amz-Signature"))
            .map(|(name, value)| (encode(name), encode(value)))
            .collect();
        pairs.sort();
        let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("&")
    }
}

/// `normalize`: every service but S3 resolves dots in the path and encodes it twice.
pub(super) fn canonical_request(
    parts: &Parts,
    query: &Parameters<'_>,
    signed_headers: &[String],
    payload_hash: &str,
    normalize: bool,
) -> String {
    let mut text = format!("{}\n{}\n{}\n", parts.method, path(parts.uri.path(), normalize), query.canonical());
    for name in signed_headers {
        let _ = writeln!(text, "{name}:{}", header(parts, name));
    }
    let _ = write!(text, "\n{}\n{payload_hash}", signed_headers.join(";"));
    text
}

fn path(path: &str, normalize: bool) -> String {
    if !normalize {
        return percent_encode(&Cow::from(percent_decode_str(path)), ENCODED_PATH).to_string();
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let slash = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    utf8_percent_encode(&format!("/{}{slash}", segments.join("/")), ENCODED_PATH).to_string()
}

/// All values of a header, trimmed, runs of spaces made one, joined by commas.
fn header(parts: &Parts, name: &str) -> String {
    let mut values: Vec<String> = parts
        .headers
        .get_all(name)
        .iter()
        .map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes());
            text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        })
        .collect();
    if values.is_empty() && name == "host" {
        values.extend(parts.uri.authority().map(|authority| authority.to_string()));
    }
    values.join(",")
}
