//! The signatures within a streamed upload: each chunk's is made of the one before, the first of the request's.
//!
//! Source: "Signature calculations for the authorization header: transferring payload in multiple chunks" and its sister
//! for trailing headers (Amazon S3 API reference).

use aws_sigv4::sign::v4::calculate_signature;

use super::same;

/// Verifies the chunks of one upload, in order.
#[derive(Clone)]
pub struct Chunks {
    signing_key: Vec<u8>,
    date: String,
    scope: String,
    previous: String,
}

impl Chunks {
    /// After a request with the signature `seed`; `date` and `scope` are the request's.
    pub fn new(signing_key: Vec<u8>, date: &str, scope: &str, seed: &str) -> Self {
        Self { signing_key, date: date.to_owned(), scope: scope.to_owned(), previous: seed.to_owned() }
    }

    /// Whether `signature` is the next chunk's; `hash` is the lower-case hex of the SHA-256 of its data.
    pub fn chunk(&mut self, hash: &str, signature: &str) -> bool {
        // The middle line is the SHA-256 of nothing.
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        self.next("PAYLOAD", &format!("{empty}\n{hash}"), signature)
    }

    /// Whether `signature` is that of the trailing headers, which come last; `hash` is of `name:value` lines.
    pub fn trailer(&mut self, hash: &str, signature: &str) -> bool {
        self.next("TRAILER", hash, signature)
    }

    fn next(&mut self, what: &str, hashes: &str, signature: &str) -> bool {
        let Self { date, scope, previous, .. } = self;
        let to_sign = format!("{}-{what}\n{date}\n{scope}\n{previous}\n{hashes}", super::ALGORITHM);
        let right = same(&calculate_signature(&self.signing_key, to_sign.as_bytes()), signature);
        self.previous = signature.to_owned();
        right
    }
}

#[cfg(test)]
mod tests {
    use aws_sigv4::sign::v4::generate_signing_key;

    use super::*;
    use crate::sigv4::canonical::sha256_hex;
    use crate::sigv4::time;

    /// The example of the page above: 65 KiB of the letter a.
    #[test]
    fn the_published_example() {
        let key = generate_signing_key(
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            time::day("20130524").unwrap(),
            "us-east-1",
            "s3",
        );
        let seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
        let scope = "20130524/us-east-1/s3/aws4_request";
        let mut chunks = Chunks::new(key.as_ref().to_vec(), "20130524T000000Z", scope, seed);
        let table = [
            (65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
            (1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
            (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
        ];
        for (length, signature) in table {
            let hash = sha256_hex(&vec![b'a'; length]);
            assert!(!chunks.clone().chunk(&sha256_hex(b"other"), signature));
            assert!(chunks.chunk(&hash, signature), "{length}");
        }
    }
}
