//! What a bucket opens to everybody: to who signs nothing, at the API and on web sites. Its policy does, and so do the access
//! control lists of it and of its objects; its public access block closes both.
//!
//! Source: "How Amazon S3 authorizes a request", "Blocking public access to your Amazon S3 storage" (Amazon S3 User Guide).

use http::request::Parts;
use http::{Method, Uri};
use percent_encoding::percent_decode_str;

use super::acl;
use super::address::target;
use super::public_access;
use super::record::{Bucket, Object};
use super::s3s::call::Call;
use engine::policy::{Around, Decision, Principal, Request};

/// Keys that a visitor's request doesn't have, unless they are given: it isn't signed and writes nothing ("Actions, resources, and
/// condition keys for Amazon S3").
const ABSENT: [&str; 14] = [
    "aws:ResourceTag/",
    "s3:AccessGrantsInstanceArn",
    "s3:DataAccessPointAccount",
    "s3:DataAccessPointArn",
    "s3:ExistingObjectTag/",
    "s3:TlsVersion",
    "s3:VersionId",
    "s3:authType",
    "s3:delimiter",
    "s3:max-keys",
    "s3:prefix",
    "s3:signatureAge",
    "s3:signatureversion",
    "s3:x-amz-acl",
];

/// A mark on a request that nobody signed, and that is served as far as the bucket is open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visitor;

/// Whether a request that nobody signed may be for something that is open: an object, or the list of them. `host` is without a port.
pub(crate) fn may_be_open(host: &str, parts: &Parts) -> bool {
    const OF_OBJECT: [&str; 3] = ["versionId", "partNumber", "x-id"];
    // To everybody the headers of an answer are as they are: the operation says so.
    let is_override = |name: &str| name.starts_with("response-");
    const OF_LIST: [&str; 10] = [
        "continuation-token",
        "delimiter",
        "encoding-type",
        "fetch-owner",
        "list-type",
        "marker",
        "max-keys",
        "prefix",
        "start-after",
        "x-id",
    ];
    let (bucket, object) = target(host, parts.uri.path());
    let known: &[&str] = if object { &OF_OBJECT } else { &OF_LIST };
    let reads = parts.method == Method::GET || parts.method == Method::HEAD;
    reads
        && !bucket.is_empty()
        && names(&parts.uri).all(|name| known.contains(&&*name) || (object && is_override(&name)))
}

fn names(uri: &Uri) -> impl Iterator<Item = String> {
    let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| percent_decode_str(pair.split('=').next().unwrap_or_default()).decode_utf8_lossy().into_owned())
}

/// Whether everybody may list a bucket as `call` does.
pub(super) fn may_list(call: &Call, bucket: &Bucket) -> bool {
    let given = ["prefix", "delimiter", "max-keys"].map(|name| (format!("s3:{name}"), call.query(name)));
    let context: Vec<_> = given.iter().filter_map(|(key, value)| Some((key.as_str(), (*value)?))).collect();
    allows(call, bucket, "s3:ListBucket", "", context, acl::opens(bucket.acl.as_ref(), bucket))
}

/// Whether everybody may read an object, if it is there, or the version of it that is named.
pub(super) fn may_read(
    call: &Call,
    bucket: &Bucket,
    key: &str,
    version: Option<&str>,
    object: Option<&Object>,
) -> bool {
    let tags = object.map_or(&[][..], |object| object.tags.as_slice());
    let tags: Vec<_> = tags.iter().map(|(key, value)| (format!("s3:ExistingObjectTag/{key}"), value)).collect();
    let mut context: Vec<_> = tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    context.extend(version.map(|version| ("s3:VersionId", version)));
    let action = if version.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
    let opened = acl::opens(object.and_then(|object| object.acl.as_ref()), bucket);
    allows(call, bucket, action, &format!("/{key}"), context, opened)
}

/// Whether the bucket's policy allows everybody this, and its public access block lets it; or, unless the policy denies it, a
/// list has `opened` it.
fn allows<'a>(
    call: &'a Call,
    bucket: &'a Bucket,
    action: &str,
    path: &str,
    mut context: Vec<(&'a str, &'a str)>,
    opened: bool,
) -> bool {
    // One that can't be read may deny it.
    let Ok(policy) = public_access::policy_of(bucket) else { return false };
    if public_access::is_restricted(bucket, policy.as_ref()) {
        return false;
    }
    let resource = format!("arn:aws:s3:::{}{path}", bucket.name);
    context.push(("s3:ResourceAccount", &bucket.account));
    let around = call.cx.around(&bucket.account);
    // No website speaks TLS.
    let secure = call.is_visit && around.secure;
    let around = Around { absent: &ABSENT, region: &bucket.region, secure, ..around };
    let request = Request { principal: Principal::Anonymous, action, resource: &resource, context: &context, around };
    let allowed = match policy.as_ref().map(|policy| policy.decide(&request)) {
        Some(Decision::Allow) => true,
        Some(Decision::ExplicitDeny) => false,
        Some(Decision::ImplicitDeny) | None => opened,
    };
    if !allowed {
        call.cx.tell_doubt(policy.as_ref(), &request);
    }
    allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_and_lists_may_be_open() {
        let is = |method: &str, uri: &str| {
            let request = http::Request::builder().method(method).uri(uri).body(()).unwrap();
            may_be_open("localhost", &request.into_parts().0)
        };
        for open in [
            "/b/k",
            "/b/k?versionId=1&partNumber=2",
            "/b/k?response-expires=1",
            "/b",
            "/b/?list-type=2&prefix=a",
            "/b?x-id=ListObjects",
        ] {
            assert!(is("GET", open) && is("HEAD", open), "{open}");
            assert!(!is("PUT", open) && !is("DELETE", open) && !is("POST", open), "{open}");
        }
        for closed in [
            "/",
            "/b?acl",
            "/b/k?acl",
            "/b/k?a%63l",
            "/b?policy",
            "/b/k?uploadId=1",
            "/b?versions",
            "/b?response-expires=1",
        ] {
            assert!(!is("GET", closed), "{closed}");
        }
    }
}
