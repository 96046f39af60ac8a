//! Whatever a client sends: no decoder panics, and what it accepts holds together.

use proptest::prelude::*;

use super::fuzz::{drain, pieces};
use super::list::{Listing, Step};
use super::range::Range;
use super::s3s::presigned::Scheme;
use super::s3s::{chunked, copy_source};
use super::{names, public_access, rfc2047, tagging};

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
