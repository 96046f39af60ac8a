//! Presigned links to objects.
//! Source: "Authenticating Requests: Using Query Parameters" (Amazon S3 API reference).

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::canonical::sha256_hex;
use super::{ALGORITHM, time};

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A link to a path, which is encoded already, of the server at `host` (with its scheme). It holds for so many seconds from
/// `now` on. None at a time that has no date.
pub(crate) fn presign(
    host: &str,
    path: &str,
    region: &str,
    (id, secret): (&str, &str),
    now: u64,
    seconds: u64,
) -> Option<String> {
    let date = time::show(now);
    let day = date.get(..8)?;
    let scope = format!("{day}/{region}/s3/aws4_request");
    let credential = utf8_percent_encode(&format!("{id}/{scope}"), ENCODED).to_string();
    // In the order of their names.
    let query = format!(
        "X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={credential}&X-Amz-Date={date}&X-Amz-Expires={seconds}\
         &X-Amz-SignedHeaders=host"
    );
    let authority = host.split_once("://").map_or(host, |(_, authority)| authority);
    let canonical = format!("GET\n{path}\n{query}\nhost:{authority}\n\nhost\nUNSIGNED-PAYLOAD");
    let to_sign = format!("{ALGORITHM}\n{date}\n{scope}\n{}", sha256_hex(canonical.as_bytes()));
    let key = generate_signing_key(secret, time::day(day)?, region, "s3");
    let signature = calculate_signature(key, to_sign.as_bytes());
    Some(format!("{host}{path}?{query}&X-Amz-Signature={signature}"))
}
