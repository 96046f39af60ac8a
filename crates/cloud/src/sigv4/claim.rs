//! Who a request says it is from: the one reading of it, for the route, the context and the verification alike.
//!
//! A request may be signed in its `Authorization` header, in its query string (a presigned URL) or in the fields of a
//! browser's form, by version 4 or by S3's old version 2. Whatever is said twice is refused here, whether or not signatures
//! are looked at: two readers could believe different halves of it.
//! Sources: "Authenticating Requests (AWS Signature Version 4)" and "Signing and authenticating REST requests" (version
//! 2; Amazon S3), "Create a signed AWS API request" (IAM User Guide).

use std::borrow::Cow;

use http::HeaderMap;
use http::header::{AUTHORIZATION, DATE, HeaderName};
use http::request::Parts;
use percent_encoding::percent_decode_str;

use super::Refusal;
use super::scheme::Scheme;

static AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");
static TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// A signature and what it claims. Nothing of it is proven, and parts of it may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim<'r> {
    pub scheme: Scheme,
    /// `AWS4-HMAC-SHA256`; `AWS` is version 2.
    pub algorithm: Cow<'r, str>,
    /// `AKID/20260101/us-east-1/sqs/aws4_request`, in version 2 the access key alone.
    pub(super) credential: Option<Cow<'r, str>>,
    pub(super) signed_headers: Option<Cow<'r, str>>,
    pub(super) signature: Option<Cow<'r, str>>,
    /// ISO 8601 basic, `20260101T000000Z`.
    pub(super) date: Option<Cow<'r, str>>,
    /// Seconds: a presigned URL's life, in version 2 its end since the epoch.
    pub(super) expires: Option<Cow<'r, str>>,
    pub token: Option<Cow<'r, str>>,
}

/// A credential, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'c> {
    pub access_key: &'c str,
    pub day: &'c str,
    pub region: &'c str,
    pub service: &'c str,
    pub terminator: &'c str,
}

/// The query parameters of version 4, as AWS writes them.
const V4: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-Date",
    "X-Amz-SignedHeaders",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
];
/// Those of version 2.
const V2: [&str; 3] = ["AWSAccessKeyId", "Signature", "Expires"];
/// Headers that say who asks, when and what: a second line of one would be another answer.
const ONCE: [&str; 5] = ["authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "host"];

impl<'r> Claim<'r> {
    /// What a request's head claims; `None` when it isn't signed there.
    ///
    /// # Errors
    /// [`Refusal::Twice`] and [`Refusal::TwoWays`].
    pub fn of(parts: &'r Parts) -> Result<Option<Claim<'r>>, Refusal> {
        if parts.headers.len() != parts.headers.keys_len() {
            let mut once = ONCE.into_iter();
            if let Some(name) = once.find(|name| parts.headers.get_all(*name).iter().nth(1).is_some()) {
                return Err(Refusal::Twice(Scheme::Header, name));
            }
        }
        let query = match parts.uri.query() {
            Some(query) => of_query(query)?,
            None => Query::default(),
        };
        match parts.headers.get(AUTHORIZATION) {
            Some(value) => {
                let text = std::str::from_utf8(value.as_bytes()).unwrap_or_default();
                if query.signs() || query.v4[6].is_some() || query.v2[1].is_some() {
                    return Err(Refusal::TwoWays(text.to_owned()));
                }
                of_header(text, &parts.headers).map(Some)
            }
            None => query.claim(&parts.headers),
        }
    }

    /// The claim of a form's fields (name and value, in order); `None` when it isn't signed. Names are in any case.
    ///
    /// # Errors
    /// [`Refusal::Twice`] and [`Refusal::TwoWays`].
    pub fn of_form(fields: &'r [(String, String)]) -> Result<Option<Claim<'r>>, Refusal> {
        let mut form = Query::default();
        for (name, value) in fields {
            form.take(name, || value.as_str().into());
        }
        if form.v2[0].is_some() && form.v2[1].is_none() {
            form.v2[1] = Some("".into());
        }
        let claim = form.claim(&HeaderMap::new())?;
        Ok(claim.map(|claim| Claim { scheme: Scheme::Form, ..claim }))
    }

    /// Whether it is signed by version 2.
    pub fn is_old(&self) -> bool {
        self.algorithm == "AWS"
    }

    /// The credential's parts; `None` for version 2, and if it hasn't all of them.
    pub fn scope(&self) -> Option<Scope<'_>> {
        // An access key may hold slashes, so the parts are counted from the end.
        let mut access_key = self.credential.as_deref()?;
        let mut last = || {
            let slash = access_key.bytes().rposition(|byte| byte == b'/')?;
            let part = &access_key[slash + 1..];
            access_key = &access_key[..slash];
            Some(part)
        };
        let (terminator, service, region, day) = (last()?, last()?, last()?, last()?);
        Some(Scope { access_key, day, region, service, terminator })
    }

    /// The access key, if it names one.
    pub fn access_key(&self) -> Option<&str> {
        if self.is_old() { self.credential.as_deref() } else { self.scope().map(|scope| scope.access_key) }
    }
}

/// Whether a query parameter is part of a signature rather than of the request. Names are in any case.
pub(crate) fn is_signing(name: &str, old: bool) -> bool {
    let names = if old { V2.iter().chain(&V4[6..]) } else { V4.iter().chain(&[]) };
    names.into_iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn of_header<'r>(text: &'r str, headers: &'r HeaderMap) -> Result<Claim<'r>, Refusal> {
    let (algorithm, rest) = text.split_once(' ').unwrap_or((text, ""));
    let date = headers.get(&AMZ_DATE).or_else(|| headers.get(DATE));
    let date = date.and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    let mut claim = Claim {
        scheme: Scheme::Header,
        algorithm: algorithm.into(),
        credential: None,
        signed_headers: None,
        signature: None,
        date: date.map(Cow::from),
        expires: None,
        token: headers.get(&TOKEN).map(|token| String::from_utf8_lossy(token.as_bytes())),
    };
    if algorithm == "AWS" {
        let (key, signature) = rest.rsplit_once(':').unwrap_or((rest, ""));
        (claim.credential, claim.signature) = (Some(key.into()), Some(signature.into()));
        return Ok(claim);
    }
    let mut from = 0;
    for end in memchr::memchr2_iter(b',', b' ', rest.as_bytes()).chain([rest.len()]) {
        let part = &rest[from..end];
        from = end + 1;
        let Some((name, value)) = part.split_once('=') else { continue };
        let (slot, name) = match name {
            "Credential" => (&mut claim.credential, "Credential"),
            "SignedHeaders" => (&mut claim.signed_headers, "SignedHeaders"),
            "Signature" => (&mut claim.signature, "Signature"),
            _ => continue,
        };
        if slot.replace(value.into()).is_some() {
            return Err(Refusal::Twice(Scheme::Header, name));
        }
    }
    Ok(claim)
}

/// The parameters that sign, at the places of [`V4`] and [`V2`].
#[derive(Default)]
struct Query<'r> {
    v4: [Option<Cow<'r, str>>; V4.len()],
    v2: [Option<Cow<'r, str>>; V2.len()],
    twice: Option<&'static str>,
    /// A parameter of version 2 that stands there twice: a request that isn't signed may have such ones of its own.
    old_twice: Option<&'static str>,
}

fn of_query(query: &str) -> Result<Query<'_>, Refusal> {
    let mut found = Query::default();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        // None of the names is shorter; most are longer than any other parameter's.
        if name.len() >= 7 {
            found.take(&decoded(name), || decoded(value));
        }
    }
    match found.twice {
        Some(name) => Err(Refusal::Twice(Scheme::Query, name)),
        None => Ok(found),
    }
}

/// A part of a query string, in plain text.
fn decoded(text: &str) -> Cow<'_, str> {
    match text.contains('+') {
        true => percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned().into(),
        false => percent_decode_str(text).decode_utf8_lossy(),
    }
}

impl<'r> Query<'r> {
    fn take(&mut self, name: &str, value: impl FnOnce() -> Cow<'r, str>) {
        if let Some(at) = V4.iter().position(|known| known.eq_ignore_ascii_case(name)) {
            if self.v4[at].replace(value()).is_some() {
                self.twice = Some(V4[at]);
            }
        } else if let Some(at) = V2.iter().position(|known| known.eq_ignore_ascii_case(name))
            && self.v2[at].replace(value()).is_some()
        {
            self.old_twice = Some(V2[at]);
        }
    }

    /// Whether there is a signature of version 4, or a piece of one.
    fn signs(&self) -> bool {
        self.v4[..3].iter().any(Option::is_some)
    }

    fn claim(self, headers: &HeaderMap) -> Result<Option<Claim<'r>>, Refusal> {
        let old = self.v2[0].is_some() && self.v2[1].is_some();
        let signs = self.signs();
        if let Some(name) = self.twice.or(self.old_twice.filter(|_| old)) {
            return Err(Refusal::Twice(Scheme::Query, name));
        }
        let [algorithm, credential, signature, date, signed_headers, expires, token] = self.v4;
        let [old_key, old_signature, old_expires] = self.v2;
        if signs && old {
            return Err(Refusal::TwoWays(String::new()));
        }
        if !signs && !old {
            return Ok(None);
        }
        if token.is_some() && headers.contains_key(&TOKEN) {
            return Err(Refusal::Twice(Scheme::Query, V4[6]));
        }
        let scheme = Scheme::Query;
        Ok(Some(match old {
            true => Claim {
                scheme,
                algorithm: "AWS".into(),
                credential: old_key,
                signed_headers: None,
                signature: old_signature,
                date: None,
                expires: old_expires,
                token,
            },
            false => Claim {
                scheme,
                algorithm: algorithm.unwrap_or_default(),
                credential,
                signed_headers,
                signature,
                date,
                expires,
                token,
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let builder = http::Request::builder().uri(uri);
        let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
        builder.body(()).unwrap().into_parts().0
    }

    /// The account, region and service that were used came of the first credential, the signature's of the last.
    #[test]
    fn what_is_said_twice_is_refused_in_every_scheme() {
        let auth = "AWS4-HMAC-SHA256 Credential=a/20260101/r/s/aws4_request, SignedHeaders=host, Signature=0";
        let query = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20260101%2Fr%2Fs%2Faws4_request";
        let twice = |uri: &str, headers: &[(&str, &str)]| match Claim::of(&request(uri, headers)) {
            Err(Refusal::Twice(_, name)) => name,
            Err(Refusal::TwoWays(_)) => "two ways",
            other => panic!("{uri} {headers:?}: {other:?}"),
        };
        for more in ["Credential=b/20260101/r/s/aws4_request", "SignedHeaders=x", "Signature=1"] {
            for (before, between) in [(true, ", "), (false, ","), (false, " ")] {
                let rest = auth.strip_prefix("AWS4-HMAC-SHA256 ").unwrap();
                let text = if before {
                    format!("AWS4-HMAC-SHA256 {more}{between}{rest}")
                } else {
                    format!("{auth}{between}{more}")
                };
                assert_eq!(twice("/", &[("authorization", &text)]), more.split('=').next().unwrap());
            }
        }
        for name in ONCE {
            let value = if name == "authorization" { auth } else { "x" };
            assert_eq!(twice("/", &[(name, value), (name, "y")]), name);
        }
        for again in ["X-Amz-Credential=b", "x-amz-credential=b", "X%2DAmz%2DCredential=b"] {
            assert_eq!(twice(&format!("{query}&{again}"), &[]), "X-Amz-Credential");
        }
        assert_eq!(twice("/?AWSAccessKeyId=a&Signature=b&Expires=1&awsaccesskeyid=c", &[]), "AWSAccessKeyId");
        let token = [("x-amz-security-token", "t")];
        assert_eq!(twice(&format!("{query}&X-Amz-Security-Token=u"), &token), "X-Amz-Security-Token");
        for more in [query, "/?AWSAccessKeyId=a&Signature=b&Expires=1", "/?X-Amz-Security-Token=u", "/?Signature=b"] {
            assert_eq!(twice(more, &[("authorization", auth)]), "two ways");
        }
        assert_eq!(twice(&format!("{query}&AWSAccessKeyId=a&Signature=b&Expires=1"), &[]), "two ways");
        let fields = [("x-amz-credential", "a"), ("X-Amz-Credential", "b")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert!(matches!(Claim::of_form(&fields), Err(Refusal::Twice(..))));
    }

    #[test]
    fn each_scheme_names_its_key_and_scope() {
        let scope = |uri: &str, headers: &[(&str, &str)]| {
            let parts = request(uri, headers);
            let claim = Claim::of(&parts).unwrap();
            let scope = claim.as_ref().and_then(Claim::scope);
            let key = claim.as_ref().and_then(Claim::access_key).unwrap_or("-").to_owned();
            scope.map_or(key.clone(), |it| format!("{key} {} {} {}", it.day, it.region, it.service))
        };
        let presigned =
            "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20260101%2Feu-west-1%2Fs3%2Faws4_request";
        let slashes =
            "AWS4-HMAC-SHA256 Credential=a/b/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0";
        let table: [(&str, &[(&str, &str)], &str); 9] = [
            (presigned, &[], "AKID 20260101 eu-west-1 s3"),
            ("/", &[("authorization", slashes)], "a/b 20260101 us-east-1 sqs"),
            ("/", &[("authorization", "AWS4-HMAC-SHA256 Credential=x/y")], "-"),
            ("/", &[("authorization", "AWS AKID:c2ln")], "AKID"),
            ("/", &[("authorization", "Basic dXNlcjpwYXNz")], "-"),
            ("/k?AWSAccessKeyId=AKID&Signature=s&Expires=1", &[], "AKID"),
            ("/k?AWSAccessKeyId=AKID", &[], "-"),
            ("/?Action=X&Expires=1&Expires=2", &[], "-"),
            ("/", &[], "-"),
        ];
        for (uri, headers, expected) in table {
            assert_eq!(scope(uri, headers), expected, "{uri} {headers:?}");
        }
    }
}
