//! Presigned URLs: their form and their expiry, which hold whether or not signatures are checked.
//!
//! Source: "Authenticating requests: using query parameters (AWS Signature Version 4)" (Amazon S3 API reference).

use http::request::Parts;
use jiff::Timestamp;

use crate::s3::error::{Failure, Result};
use crate::sigv4::{self, Claim};
use engine::Millis;

/// The longest life of a presigned URL: a week, in seconds.
const MAX_EXPIRES: i64 = 604_800;

/// What version 4 can't do without, lower case.
const NEEDED: [&str; 6] =
    ["x-amz-algorithm", "x-amz-credential", "x-amz-signature", "x-amz-date", "x-amz-signedheaders", "x-amz-expires"];

/// How a URL is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    V2,
    V4,
}

impl Scheme {
    /// The scheme that a request's URL follows, if it is signed at all.
    pub(crate) fn of(parts: &Parts) -> Option<Self> {
        parts.uri.query()?;
        let claim = Claim::of(parts).ok().flatten().filter(|claim| claim.scheme == sigv4::Scheme::Query)?;
        Some(if claim.is_old() { Self::V2 } else { Self::V4 })
    }

    /// Whether a parameter is part of the signature; everything else in the query belongs to the request.
    pub(crate) fn signs(self, name: &str) -> bool {
        sigv4::is_signing(name, self == Self::V2)
    }

    /// Refuses a URL that is badly formed or expired.
    pub(crate) fn check(self, query: &[(String, String)], now: Millis) -> Result<()> {
        match self {
            Self::V2 => {
                let seconds = get(query, "expires").and_then(|value| value.parse::<i64>().ok());
                let seconds = seconds
                    .ok_or_else(|| Failure::new(403, "AccessDenied", "Invalid date (should be seconds since epoch)"))?;
                if i64::try_from(now / 1000).is_ok_and(|now| now >= seconds) {
                    return Err(expired(seconds, now));
                }
                Ok(())
            }
            Self::V4 => check_v4(query, now),
        }
    }
}

fn check_v4(query: &[(String, String)], now: Millis) -> Result<()> {
    let bad = |message: &str| Failure::new(400, "AuthorizationQueryParametersError", message);
    if NEEDED.iter().any(|name| !has(query, name)) {
        return Err(bad(
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, \
             X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
        ));
    }
    let credential = get(query, "x-amz-credential").unwrap_or_default();
    let mut scope = credential.rsplit('/');
    if scope.next() != Some("aws4_request") || scope.count() < 4 {
        return Err(bad("Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting \
             \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."));
    }
    let given = get(query, "x-amz-expires").unwrap_or_default();
    let life: i64 = given.parse().map_err(|_| bad("X-Amz-Expires should be a number"))?;
    if life < 0 {
        return Err(bad("X-Amz-Expires must be non-negative"));
    }
    if life > MAX_EXPIRES {
        return Err(bad(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than \
             604800 seconds",
        ));
    }
    let date = get(query, "x-amz-date").unwrap_or_default();
    // A date before 1970 is one as well: such a URL has expired.
    let date = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", date)
        .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC))
        .map_err(|_| bad("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""))?;
    let end = date.timestamp().as_second() + life;
    if i64::try_from(now / 1000).is_ok_and(|now| now > end) {
        return Err(expired(end, now).with("X-Amz-Expires", given));
    }
    Ok(())
}

fn expired(end: i64, now: Millis) -> Failure {
    let iso = |seconds: i64| Timestamp::from_second(seconds).map_or(String::new(), |time| time.to_string());
    Failure::new(403, "AccessDenied", "Request has expired")
        .with("Expires", iso(end))
        .with("ServerTime", iso(i64::try_from(now / 1000).unwrap_or(i64::MAX)))
}

fn has(query: &[(String, String)], name: &str) -> bool {
    get(query, name).is_some()
}

fn get<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(expires: &str, credential: &str) -> Vec<(String, String)> {
        [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", credential),
            ("X-Amz-Signature", "ab"),
            ("X-Amz-Date", "20240101T000000Z"),
            ("X-Amz-SignedHeaders", "host"),
            ("X-Amz-Expires", expires),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    #[test]
    fn form_and_expiry() {
        let start = 1_704_067_200_000;
        let good = "key/20240101/us-east-1/s3/aws4_request";
        let cases = [
            ("60", good, 59_000, None),
            ("60", good, 61_000, Some("AccessDenied")),
            ("604801", good, 0, Some("AuthorizationQueryParametersError")),
            ("-1", good, 0, Some("AuthorizationQueryParametersError")),
            ("x", good, 0, Some("AuthorizationQueryParametersError")),
            ("60", "key%2F20240101%2Fus-east-1%2Fs3%2Faws4_request", 0, Some("AuthorizationQueryParametersError")),
        ];
        for (expires, credential, later, code) in cases {
            let query = query(expires, credential);
            let got = Scheme::V4.check(&query, start + later).err().map(|failure| failure.code);
            assert_eq!(got.as_deref(), code, "{expires} {credential}");
        }
    }

    /// A URL with a date of the year 1000 was called malformed.
    #[test]
    fn a_date_before_1970_has_expired() {
        let mut query = query("60", "key/10001129/us-east-1/s3/aws4_request");
        query[3].1 = "10001129T000000Z".to_owned();
        let failure = Scheme::V4.check(&query, 1_704_067_200_000).unwrap_err();
        assert_eq!((failure.status, &*failure.code, &*failure.message), (403, "AccessDenied", "Request has expired"));
    }
}
