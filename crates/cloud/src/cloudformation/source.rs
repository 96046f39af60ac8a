//! Templates and stack policies as requests give them: as they are, or by the URL of an object in S3.

use percent_encoding::percent_decode_str;

use super::error::{check_length, constraint, invalid, invalid_template};
use super::stack_policy;
use crate::request::{Context, host_of};
use crate::s3::Buckets;
use template::{MAX_BYTES, too_large};
use wire::AwsError;

/// "AWS CloudFormation quotas": bytes of a template in a request.
const MAX_BODY: usize = 51_200;
/// "SetStackPolicy": characters of a stack policy, which lying in S3 has no more.
const MAX_POLICY: usize = 16_384;
/// Bytes of an object that are read at all.
const MAX_OBJECT: usize = 2 << 20;

/// A template's text as a request gives it: in the body, or lying in S3. `None` if it gives none.
pub(super) async fn template_text(
    cx: &Context,
    body: Option<String>,
    url: Option<String>,
) -> Result<Option<String>, AwsError> {
    match (body, url) {
        (Some(_), Some(_)) => Err(invalid("Only one of TemplateBody or TemplateURL may be specified.")),
        (Some(body), None) if body.is_empty() => {
            Err(constraint("", "templateBody", "have length greater than or equal to 1"))
        }
        (Some(body), None) if body.len() > MAX_BODY => {
            Err(constraint(&body, "templateBody", "have length less than or equal to 51200"))
        }
        (Some(body), None) => Ok(Some(body)),
        (None, Some(url)) => object_text(cx, &url, "TemplateURL").await.map(Some),
        (None, None) => Ok(None),
    }
}

/// A stack policy as a request gives it.
pub(super) async fn policy_text(
    cx: &Context,
    body: Option<String>,
    url: Option<String>,
) -> Result<Option<String>, AwsError> {
    let text = match (body, url) {
        (Some(_), Some(_)) => return Err(invalid("You cannot specify both StackPolicyURL and StackPolicyBody")),
        (body @ Some(_), None) => body,
        (None, Some(url)) => Some(object_text(cx, &url, "StackPolicyURL").await?),
        (None, None) => None,
    };
    if let Some(text) = &text {
        check_length(Some(text), "stackPolicyBody", MAX_POLICY)?;
        stack_policy::check(text)?;
    }
    Ok(text)
}

/// The text of the object that a URL names.
async fn object_text(cx: &Context, url: &str, member: &str) -> Result<String, AwsError> {
    let (bucket, key) = object_place(cx, url, member)?;
    let bytes = Buckets::of(cx).read(&bucket, &key, MAX_OBJECT).await.map_err(|error| {
        invalid(format!(
            "S3 error: {}\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
            error.message
        ))
    })?;
    if bytes.len() > MAX_BYTES {
        return Err(invalid_template(too_large()));
    }
    String::from_utf8(bytes.to_vec()).map_err(|_| invalid("Template format error: unsupported structure."))
}

/// The bucket and the key of a URL: of AWS's S3 in path or virtual-hosted style, or of this server.
fn object_place(cx: &Context, url: &str, member: &str) -> Result<(String, String), AwsError> {
    let unsupported = || invalid(format!("{member} must be a supported URL."));
    if let Some(rest) = url.strip_prefix("s3://") {
        let bucket = rest.split('/').next().unwrap_or_default();
        return Err(invalid(format!("S3 error: Domain name specified in {bucket} is not a valid S3 domain")));
    }
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).ok_or_else(unsupported)?;
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_once('/').ok_or_else(unsupported)?;
    let path = percent_decode_str(path).decode_utf8().map_err(|_| unsupported())?;
    let host = host_of(authority);
    let own = host_of(cx.host.split_once("://").map_or(&cx.host, |(_, authority)| authority));
    let by_path = host == own || host == "localhost" || host.starts_with("127.") || is_s3(host);
    let path = match host.split_once(".s3").filter(|(_, rest)| rest.starts_with(['.', '-'])) {
        _ if by_path => path.into_owned(),
        Some((bucket, _)) => format!("{bucket}/{path}"),
        None => return Err(unsupported()),
    };
    match path.split_once('/') {
        Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => Ok((bucket.to_owned(), key.to_owned())),
        _ => Err(unsupported()),
    }
}

/// `s3.amazonaws.com`, `s3.eu-west-1.amazonaws.com`, `s3-eu-west-1.amazonaws.com` and the like.
fn is_s3(host: &str) -> bool {
    host.strip_prefix("s3").is_some_and(|rest| rest.starts_with(['.', '-']))
}
