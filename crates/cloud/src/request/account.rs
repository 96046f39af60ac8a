//! Accounts and regions by their texts.

/// The account of a request whose access key names none.
pub(crate) const DEFAULT_ACCOUNT: &str = "000000000000";
/// The region of a request that isn't signed.
pub(crate) const DEFAULT_REGION: &str = "us-east-1";

/// The account in an ARN.
pub(crate) fn account_in(arn: &str) -> Option<&str> {
    let mut colons = memchr::memchr_iter(b':', arn.as_bytes());
    let start = colons.nth(3)? + 1;
    arn.get(start..colons.next()?)
}

/// The account an access key stands for: twelve digits are an account's own id.
pub(crate) fn account_of(access_key: &str) -> Option<&str> {
    Some(access_key).filter(|key| is_account(key))
}

pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text can be a region's name: it becomes part of ARNs and of this cloud's keys.
pub(crate) fn is_region(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
