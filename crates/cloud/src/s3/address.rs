//! Which bucket a request is for: by its host, or by the first part of its path.

use percent_encoding::percent_decode_str;

/// The bucket in a host's name: `bucket.s3.amazonaws.com`, `bucket.s3.eu-west-1.amazonaws.com`,
/// `bucket.s3-eu-west-1.amazonaws.com`, `bucket.localhost`.
pub(super) fn host_bucket(host: &str) -> Option<&str> {
    let begins = |at: &usize| matches!(host.as_bytes().get(*at..at + 4), Some(b".s3." | b".s3-"));
    let bucket = match (0..host.len()).rfind(begins) {
        Some(at) => &host[..at],
        None => host.strip_suffix(".localhost").filter(|name| *name != "s3" && !name.starts_with("s3."))?,
    };
    Some(bucket).filter(|bucket| !bucket.is_empty())
}

/// Whether a host's name names a bucket.
pub(crate) fn is_of_a_bucket(host: &str) -> bool {
    host_bucket(host).is_some()
}

/// The bucket that a request addresses, and whether it addresses an object in it. `host` is without a port.
pub(super) fn target(host: &str, path: &str) -> (String, bool) {
    let path = path.strip_prefix('/').unwrap_or(path);
    match host_bucket(host) {
        Some(bucket) => (bucket.to_owned(), !path.is_empty()),
        None => {
            let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
            (percent_decode_str(bucket).decode_utf8_lossy().into_owned(), !key.is_empty())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_in_hosts() {
        let cases = [
            ("b.s3.amazonaws.com", Some("b")),
            ("my.b.s3.eu-west-1.amazonaws.com", Some("my.b")),
            ("a.s3.b.s3.amazonaws.com", Some("a.s3.b")),
            ("b.s3-us-west-2.amazonaws.com", Some("b")),
            ("b.s3.localhost.localstack.cloud", Some("b")),
            ("b.localhost", Some("b")),
            ("s3.localhost", None),
            ("s3.amazonaws.com", None),
            ("localhost", None),
            ("127.0.0.1", None),
        ];
        for (host, bucket) in cases {
            assert_eq!(host_bucket(host), bucket, "{host}");
        }
    }
}
