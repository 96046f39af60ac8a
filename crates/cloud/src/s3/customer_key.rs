//! Keys of customers (SSE-C): who put an object with a key has to bring the same key to read it. Of the key its MD5 is kept, and
//! nothing is encrypted with it.
//!
//! Source: "Using server-side encryption with customer-provided keys (SSE-C)" (Amazon S3 User Guide). What is said of wrong keys is
//! what S3 says.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use s3s::crypto::{Checksum as _, Md5};

use super::error::{Failure, Result};
use super::record::Encryption;
use super::s3s::call::Call;

/// Bytes of a key: of AES-256.
const LENGTH: usize = 32;
/// How the headers begin that bring a key, and that of the source of a copy.
pub(super) const OWN: &str = "x-amz-server-side-encryption-customer-";
pub(super) const OF_SOURCE: &str = "x-amz-copy-source-server-side-encryption-customer-";

fn wrong(message: &str) -> Failure {
    Failure::new(400, "InvalidArgument", message).with("ArgumentName", "x-amz-server-side-encryption")
}

/// The MD5 (base64) of the key that a request brings in headers that begin so, if it does.
///
/// # Errors
/// `InvalidArgument`, `InvalidEncryptionAlgorithmError`.
pub(super) fn given(call: &Call, prefix: &str) -> Result<Option<String>> {
    if !call.headers.keys().any(|name| name.as_str().starts_with(prefix)) {
        return Ok(None);
    }
    let header = |name: &str| call.header(&format!("{prefix}{name}"));
    let (algorithm, key, md5) = (header("algorithm"), header("key"), header("key-md5"));
    if let Some(other) = call.header("x-amz-server-side-encryption").filter(|_| prefix == OWN) {
        let message =
            "Server Side Encryption with Customer provided key is incompatible with the encryption method specified";
        return Err(wrong(message).with("ArgumentValue", other));
    }
    match algorithm.as_deref() {
        Some("AES256") => {}
        Some(other) => {
            let message = "The Encryption request you specified is not valid. Supported value: AES256.";
            return Err(Failure { code: "InvalidEncryptionAlgorithmError".into(), ..wrong(message) }
                .with("ArgumentValue", other));
        }
        None => {
            return Err(wrong(
                "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption \
                 algorithm.",
            ));
        }
    }
    let key = key.ok_or_else(|| {
        wrong(
            "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.",
        )
    })?;
    let bytes = BASE64_STANDARD.decode(key).ok().filter(|bytes| bytes.len() == LENGTH);
    let bytes = bytes.ok_or_else(|| wrong("The secret key was invalid for the specified algorithm."))?;
    let md5 = md5.ok_or_else(|| {
        wrong(
            "Requests specifying Server Side Encryption with Customer provided keys must provide the client calculated MD5 \
             of the secret key.",
        )
    })?;
    if BASE64_STANDARD.encode(Md5::checksum(&bytes).as_ref()) != md5 {
        return Err(wrong("The calculated MD5 hash of the key did not match the hash that was provided."));
    }
    Ok(Some(md5))
}

/// Checks that a request brings the key that an object was put with, in headers that begin so.
///
/// # Errors
/// `InvalidRequest` for no key or a needless one, `AccessDenied` for another one, and those of [`given`].
pub(super) fn check(call: &Call, prefix: &str, encryption: &Encryption) -> Result<()> {
    match (given(call, prefix)?, &encryption.customer_key) {
        (None, None) => Ok(()),
        (Some(given), Some(kept)) if given == *kept => Ok(()),
        (Some(_), Some(_)) => Err(Failure::new(
            403,
            "AccessDenied",
            "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.",
        )),
        (None, Some(_)) => Err(Failure::invalid_request(
            "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to \
             retrieve the object.",
        )),
        (Some(_), None) => {
            Err(Failure::invalid_request("The encryption parameters are not applicable to this object."))
        }
    }
}
