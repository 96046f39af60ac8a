//! Names: of buckets, regions, versions and uploads.

use std::net::Ipv4Addr;

use super::error::{Failure, Result};

/// Whether S3 lets a bucket be called so ("General purpose bucket naming rules", User Guide).
pub(super) fn is_bucket_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let edge = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'))
        && edge(bytes.first())
        && edge(bytes.last())
        && !name.contains("..")
        && name.parse::<Ipv4Addr>().is_err()
        && !["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|prefix| name.starts_with(prefix))
        && !["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"].iter().any(|suffix| name.ends_with(suffix))
}

/// The canonical user id of an account: 64 hex digits that belong to it alone.
pub(super) fn canonical_id(account: &str) -> String {
    use s3s::crypto::Checksum;
    let digest = s3s::crypto::Sha256::checksum(account.as_bytes());
    hex::encode(digest.as_ref())
}

/// The alphabet of version ids.
const VERSION_ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";

/// A version id as S3 forms it: 32 characters of `A-Za-z0-9._`, the last eight being a check of the rest.
pub(super) fn version_id(unique: &str) -> String {
    let id = scramble(unique, 24);
    let check = scramble(&id, 8);
    id + &check
}

/// Whether a client's version id can be one: S3 tells one that it never gave from one that is gone.
pub(super) fn is_version_id(id: &str) -> bool {
    id == "null" || id.len() == 32 && id.is_ascii() && scramble(&id[..24], 8) == id[24..]
}

/// Refuses a version id that can't be one.
pub(super) fn check_version_id(version: Option<&str>) -> Result<()> {
    match version.filter(|version| !is_version_id(version)) {
        None => Ok(()),
        Some(wrong) => Err(Failure::invalid_argument("Invalid version id specified", "versionId", wrong)),
    }
}

fn scramble(text: &str, length: usize) -> String {
    use s3s::crypto::Checksum;
    let digest = s3s::crypto::Sha256::checksum(text.as_bytes());
    let bytes: &[u8] = digest.as_ref();
    bytes.iter().take(length).map(|byte| char::from(VERSION_ALPHABET[usize::from(byte % 64)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names() {
        for good in ["abc", "a-b.c", "1a2", &"a".repeat(63)] {
            assert!(is_bucket_name(good), "{good}");
        }
        for bad in
            ["ab", "Abc", "a_b", "-abc", "abc-", "a..b", "192.168.5.4", "xn--abc", "a-s3alias", &"a".repeat(64), "a/b"]
        {
            assert!(!is_bucket_name(bad), "{bad}");
        }
    }

    #[test]
    fn version_ids_have_the_form_that_is_checked() {
        let id = version_id("0123");
        assert!(is_version_id(&id));
        for bad in ["short", &format!("{}ABCD", &id[..28]), &"\u{e9}".repeat(16)] {
            assert!(!is_version_id(bad), "{bad}");
        }
    }
}
