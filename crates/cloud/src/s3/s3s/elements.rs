//! The elements of a document that `s3s` reads otherwise than S3: numbers, of which it takes the digits before whatever else there
//! is, and elements that it doesn't know and passes over, though they would have an effect.

use bytes::Bytes;
use futures::{Stream, StreamExt};

use crate::s3::error::{Failure, Result};

/// The elements that are whole numbers, in every document that has them.
const NUMBERS: [&[u8]; 12] = [
    b"Days",
    b"DaysAfterInitiation",
    b"MaxAgeSeconds",
    b"Minutes",
    b"NewerNoncurrentVersions",
    b"NoncurrentDays",
    b"ObjectSizeGreaterThan",
    b"ObjectSizeLessThan",
    b"PartNumber",
    b"Priority",
    b"Size",
    b"Years",
];
/// Elements of later versions of the API than that of `s3s`.
const UNKNOWN: [&str; 3] = ["DefaultEventHold", "EventHold", "EventHoldDuration"];
/// What is kept of a name or a text, in bytes: more is in none of the lists, and no number.
const MOST: usize = 64;

/// Where in a document the walk is.
#[derive(Default)]
struct Walk {
    in_tag: bool,
    /// Of the tag: its name and attributes, as far as they are kept.
    tag: Vec<u8>,
    /// Since the last tag.
    text: Vec<u8>,
}

impl Walk {
    fn step(&mut self, byte: u8) -> Result<()> {
        match (self.in_tag, byte) {
            (false, b'<') => self.close_text()?,
            (true, b'>') => self.close_tag()?,
            (true, _) => keep(&mut self.tag, byte),
            (false, _) => keep(&mut self.text, byte),
        }
        Ok(())
    }

    fn close_text(&mut self) -> Result<()> {
        let text = self.text.trim_ascii();
        let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
        // An empty one is seen by the next reader, and an entity is a digit to nobody who writes numbers.
        let number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        if NUMBERS.contains(&name(&self.tag)) && !text.is_empty() && !number {
            return Err(Failure::malformed_xml());
        }
        self.in_tag = true;
        self.tag.clear();
        Ok(())
    }

    fn close_tag(&mut self) -> Result<()> {
        if let Some(unknown) = UNKNOWN.iter().find(|unknown| unknown.as_bytes() == name(&self.tag)) {
            return Err(Failure::not_implemented(&format!("The element {unknown}")));
        }
        self.in_tag = false;
        self.text.clear();
        Ok(())
    }
}

fn keep(buffer: &mut Vec<u8>, byte: u8) {
    if buffer.len() <= MOST {
        buffer.push(byte);
    }
}

/// The name in a tag, without its prefix.
fn name(tag: &[u8]) -> &[u8] {
    let end = tag.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'/').unwrap_or(tag.len());
    tag[..end].rsplit(|byte| *byte == b':').next().unwrap_or_default()
}

/// The same bytes, up to the first element that isn't right.
pub(super) fn checked(
    body: impl Stream<Item = Result<Bytes>> + Send + Sync + 'static,
) -> impl Stream<Item = Result<Bytes>> + Send + Sync + 'static {
    let mut walk = Walk::default();
    body.map(move |bytes| {
        let bytes = bytes?;
        bytes.iter().try_for_each(|byte| walk.step(*byte))?;
        Ok(bytes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn said(text: &str, cut: usize) -> String {
        let pieces: Vec<_> = text.as_bytes().chunks(cut).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let got: Vec<_> = checked(futures::stream::iter(pieces)).collect().await;
        got.into_iter().find_map(|bytes| bytes.err()).map_or_else(String::new, |failure| failure.code.into_owned())
    }

    /// `<Days>1.5</Days>` was one day, and an event hold none at all.
    #[tokio::test]
    async fn numbers_are_whole_and_what_is_unknown_is_refused() {
        let table = [
            ("<A><Days>1</Days><Days> -2\n</Days><x:Size a='b'>3</x:Size><Days></Days><Days/></A>", ""),
            ("<A><Prefix>1.5</Prefix></A>", ""),
            ("<A><Days>1.5</Days></A>", "MalformedXML"),
            ("<A><PartNumber>7x</PartNumber></A>", "MalformedXML"),
            ("<A><x:Years a='b'>one</x:Years></A>", "MalformedXML"),
            ("<A><EventHold>ON</EventHold></A>", "NotImplemented"),
            ("<A><DefaultEventHold/></A>", "NotImplemented"),
        ];
        for (text, expected) in table {
            for cut in [1, 3, 100] {
                assert_eq!(said(text, cut).await, expected, "{text} cut at {cut}");
            }
        }
    }
}
