//! The characters of an XML body: one that XML 1.0 doesn't have is refused before anything is done.
//!
//! The parser behind `s3s` takes control characters as they come: a list of keys to delete that S3 calls ill-formed would be
//! obeyed, and answered in a document that no client can read.

use bytes::Bytes;
use futures::{Stream, StreamExt};

use crate::s3::error::{Failure, Result};

/// The same bytes, up to the first character that XML hasn't ("Extensible Markup Language (XML) 1.0", 2.2 Characters).
pub(super) fn checked(
    body: impl Stream<Item = Result<Bytes>> + Send + Sync + 'static,
) -> impl Stream<Item = Result<Bytes>> + Send + Sync + 'static {
    let mut before = [0; 2];
    body.map(move |bytes| {
        let bytes = bytes?;
        for byte in &bytes {
            let control = *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
            // U+FFFE and U+FFFF in UTF-8.
            let none = before == [0xef, 0xbf] && *byte >= 0xbe;
            if control || none {
                return Err(Failure::malformed_xml());
            }
            before = [before[1], *byte];
        }
        Ok(bytes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn passes(text: &[u8], cut: usize) -> bool {
        let pieces: Vec<_> = text.chunks(cut).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let got: Vec<_> = checked(futures::stream::iter(pieces)).collect().await;
        got.into_iter().all(|bytes| bytes.is_ok())
    }

    #[tokio::test]
    async fn characters_that_xml_has_not_are_found_wherever_pieces_are_cut() {
        for cut in [1, 2, 3, 100] {
            for fine in ["<a>\t\r\n</a>", "\u{7f}\u{85}\u{fffd}", "\u{10000}", "\u{efbf}"] {
                assert!(passes(fine.as_bytes(), cut).await, "{fine:?} cut at {cut}");
            }
            for wrong in ["a\u{10}b", "\0", "\u{1f}", "a\u{fffe}", "\u{ffff}b"] {
                assert!(!passes(wrong.as_bytes(), cut).await, "{wrong:?} cut at {cut}");
            }
        }
    }
}
