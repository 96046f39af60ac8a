//! Whatever a client sends: no decoder panics, and what it accepts holds together.

use bytes::Bytes;
use futures::{FutureExt, StreamExt};

use super::error::Result;
use super::{chunked, fields};
use crate::sigv4::Chunks;

/// Runs a stream that never has to wait.
fn drain(stream: impl futures::Stream<Item = Result<Bytes>>) -> Result<usize> {
    let sum = async {
        let mut stream = std::pin::pin!(stream);
        let mut sum = 0;
        while let Some(bytes) = stream.next().await {
            sum += bytes?.len();
        }
        Ok(sum)
    };
    sum.now_or_never().expect("nothing to wait for")
}

fn pieces(body: &[u8], cut: usize) -> impl futures::Stream<Item = Result<Bytes>> + Unpin + Send + Sync + use<> {
    let pieces: Vec<_> = body.chunks(cut).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    futures::stream::iter(pieces)
}

/// A body of `aws-chunked`, with and without signatures. The first byte says how it is cut and what it promises to hold.
pub fn chunks(data: &[u8]) {
    let Some((first, body)) = data.split_first() else { return };
    let (cut, length) = (usize::from(first & 15) + 1, u64::from(first >> 4));
    let signed = || Chunks::new(b"key".to_vec(), "20260101T000000Z", "20260101/us-east-1/s3/aws4_request", "seed");
    for check in [None, Some(signed())] {
        if let Ok(decoded) = drain(chunked::decode(pieces(body, cut), length, check, |_, _| {})) {
            assert_eq!(decoded as u64, length);
        }
    }
}

/// A browser's form with the boundary `x`. What goes on to the next reader is what was read.
pub fn browser_form(data: &[u8]) {
    fields::check(data, "x");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::list::{Listing, Step};
    use super::super::presigned::Scheme;
    use super::super::range::Range;
    use super::super::{copy_source, names, public_access, rfc2047, tagging};
    use super::*;

    proptest! {
        #[test]
        fn chunked_bodies(body in "[0-9a-f;\\r\\n:x]{0,80}", length in 0u64..40, cut in 1usize..9) {
            if let Ok(decoded) = drain(chunked::decode(pieces(body.as_bytes(), cut), length, None, |_, _| {})) {
                prop_assert_eq!(decoded as u64, length);
            }
        }

        #[test]
        fn texts(text in "\\PC{0,60}", bytes in "[-=?&%+/.:0-9A-Za-z ]{0,60}") {
            for text in [&text, &bytes] {
                let _ = copy_source::normalize(text);
                let _ = tagging::parse_header(text);
                let _ = public_access::check_policy(text, "bucket");
                let _ = (names::is_version_id(text), names::is_bucket_name(text));
                let kept = rfc2047::decode(text);
                prop_assert!(rfc2047::encode(&kept).is_ascii());
                let query = vec![("X-Amz-Credential".to_owned(), text.clone()), ("X-Amz-Expires".to_owned(), text.clone())];
                let _ = (Scheme::V4.check(&query, 0), Scheme::V2.check(&query, 0));
            }
        }

        #[test]
        fn ranges_lie_in_the_object(first in "[0-9+-]{0,22}", last in "[0-9+-]{0,22}", size in any::<u64>()) {
            if let Ok(Some(range)) = Range::parse(&format!("bytes={first}-{last}"), size) {
                prop_assert!(range.start < range.end && range.end <= size);
            }
        }

        #[test]
        fn pages_join_to_the_whole(
            keys in prop::collection::btree_set("[ab/]{1,5}", 0..20),
            prefix in "[ab/]{0,2}",
            delimiter in prop::option::of("[ab/]"),
            max in 1usize..4,
        ) {
            let walk = |after: &str, max| {
                Listing { prefix: &prefix, delimiter: delimiter.as_deref(), after, max, nul_ends: false }
                    .walk(|from, beyond| {
                        let found = keys.iter().find(|key| {
                            key.starts_with(&prefix) && if beyond { key.as_str() > from } else { key.as_str() >= from }
                        });
                        Ok(found.map(|key| Step { key: key.clone(), entry: Some(key.clone()) }))
                    })
                    .unwrap()
            };
            let whole = walk("", 1000);
            let (mut entries, mut prefixes, mut after) = (Vec::new(), Vec::new(), String::new());
            loop {
                let page = walk(&after, max);
                prop_assert!(page.entries.len() + page.prefixes.len() <= max);
                entries.extend(page.entries);
                prefixes.extend(page.prefixes);
                let Some(last) = page.last.filter(|_| page.truncated) else { break };
                after = last.into_text();
            }
            prop_assert_eq!(entries, whole.entries);
            prop_assert_eq!(prefixes, whole.prefixes);
        }
    }
}
