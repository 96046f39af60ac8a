//! Who signed a request, for which region and service: the credential scope of its `Authorization` header or, when
//! presigned, of its query string. Read whether or not signatures are verified.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;

/// `AKID/20260101/us-east-1/sqs/aws4_request`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope<'r> {
    pub access_key: Cow<'r, str>,
    pub region: Cow<'r, str>,
    pub service: Cow<'r, str>,
}

impl<'r> Scope<'r> {
    /// The scope of a request; `None` when it isn't signed, or not in a way that names one.
    pub fn of(headers: &'r HeaderMap, query: Option<&'r str>) -> Option<Scope<'r>> {
        match headers.get(AUTHORIZATION) {
            Some(value) => {
                let text = std::str::from_utf8(value.as_bytes()).ok()?;
                let usual = text.strip_prefix("AWS4-HMAC-SHA256 Credential=");
                let credential = usual.or_else(|| Some(text.split_once("Credential=")?.1))?;
                let end = credential.bytes().position(|byte| matches!(byte, b',' | b' '));
                Self::parse(&credential[..end.unwrap_or(credential.len())])
            }
            None => {
                let (_, rest) = query?.split_once("X-Amz-Credential=")?;
                let credential = percent_decode_str(rest.split('&').next()?).decode_utf8().ok()?;
                match credential {
                    Cow::Borrowed(text) => Self::parse(text),
                    Cow::Owned(text) => Scope::parse(&text).map(Scope::into_owned),
                }
            }
        }
    }

    /// An access key may hold slashes, so the parts are counted from the end.
    fn parse(credential: &'r str) -> Option<Scope<'r>> {
        let mut access_key = credential;
        let mut last = || {
            let slash = access_key.bytes().rposition(|byte| byte == b'/')?;
            let part = &access_key[slash + 1..];
            access_key = &access_key[..slash];
            Some(part)
        };
        let (_, service, region, _) = (last()?, last()?, last()?, last()?);
        Some(Scope { access_key: access_key.into(), region: region.into(), service: service.into() })
    }

    fn into_owned<'o>(self) -> Scope<'o> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Scope { access_key: own(self.access_key), region: own(self.region), service: own(self.service) }
    }
}

/// The account in an ARN.
pub fn account_in(arn: &str) -> Option<&str> {
    let mut colons = memchr::memchr_iter(b':', arn.as_bytes());
    let start = colons.nth(3)? + 1;
    arn.get(start..colons.next()?)
}

/// The account an access key stands for: twelve digits are an account's own id.
pub fn account_of(access_key: &str) -> Option<&str> {
    Some(access_key).filter(|key| is_account(key))
}

pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text can be a region's name: it becomes part of ARNs and of this cloud's keys.
pub fn is_region(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_scope_of_headers_and_presigned_urls() {
        let mut headers = HeaderMap::new();
        let query =
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20260101%2Feu-west-1%2Fs3%2Faws4_request&b=c";
        let scope = Scope::of(&headers, Some(query)).unwrap();
        assert_eq!((&*scope.access_key, &*scope.region, &*scope.service), ("AKID", "eu-west-1", "s3"));

        let value =
            "AWS4-HMAC-SHA256 Credential=a/b/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0";
        headers.insert(AUTHORIZATION, value.parse().unwrap());
        let scope = Scope::of(&headers, None).unwrap();
        assert_eq!((&*scope.access_key, &*scope.region, &*scope.service), ("a/b", "us-east-1", "sqs"));

        headers.insert(AUTHORIZATION, "AWS4-HMAC-SHA256 Credential=x/y".parse().unwrap());
        assert_eq!(Scope::of(&headers, None), None);
    }
}
