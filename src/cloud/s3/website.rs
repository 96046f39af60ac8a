//! Static websites: the configuration, and what the website endpoint answers.
//!
//! Source: "Hosting a static website using Amazon S3" (Amazon S3 User Guide).

use std::sync::Arc;

use http::StatusCode;
use percent_encoding::percent_decode_str;
use s3s::dto::*;
use s3s::{S3Request, S3Response};

use super::call::Call;
use super::error::{Failure, Result};
use super::service::S3;
use crate::cloud::Cloud;

/// "Configuring webpage redirects": rules of a website.
const MAX_RULES: usize = 50;

impl S3 {
    pub(super) async fn get_bucket_website(
        &self,
        call: &Call,
        request: S3Request<GetBucketWebsiteInput>,
    ) -> Result<S3Response<GetBucketWebsiteOutput>> {
        let bucket = self.bucket(call, &request.input.bucket)?;
        let website = bucket.website.ok_or_else(|| no_website(&bucket.name))?;
        Ok(S3Response::new(GetBucketWebsiteOutput {
            error_document: website.error_document,
            index_document: website.index_document,
            redirect_all_requests_to: website.redirect_all_requests_to,
            routing_rules: website.routing_rules,
        }))
    }

    pub(super) async fn put_bucket_website(
        &self,
        call: &Call,
        request: S3Request<PutBucketWebsiteInput>,
    ) -> Result<S3Response<PutBucketWebsiteOutput>> {
        let input = request.input;
        self.change_bucket(call, &input.bucket, |bucket| {
            check(&input.website_configuration)?;
            bucket.website = Some(input.website_configuration);
            Ok(())
        })
        .await?;
        Ok(S3Response::new(PutBucketWebsiteOutput::default()))
    }

    pub(super) async fn delete_bucket_website(
        &self,
        call: &Call,
        request: S3Request<DeleteBucketWebsiteInput>,
    ) -> Result<S3Response<DeleteBucketWebsiteOutput>> {
        self.change_bucket(call, &request.input.bucket, |bucket| {
            bucket.website = None;
            Ok(())
        })
        .await?;
        Ok(S3Response::with_status(DeleteBucketWebsiteOutput::default(), StatusCode::NO_CONTENT))
    }
}

fn no_website(bucket: &str) -> Failure {
    let message = "The specified bucket does not have a website configuration";
    Failure::new(404, "NoSuchWebsiteConfiguration", message).with("BucketName", bucket)
}

fn check(website: &WebsiteConfiguration) -> Result<()> {
    let invalid = |message: &str, name: &str, value: &str| Err(Failure::invalid_argument(message, name, value));
    let protocol = |protocol: Option<&Protocol>| match protocol {
        Some(protocol) if !matches!(protocol.as_str(), "http" | "https") => {
            let message = "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected \
                           automatically.";
            Err(Failure::invalid_request(message))
        }
        _ => Ok(()),
    };
    if let Some(redirect) = &website.redirect_all_requests_to {
        if website.index_document.is_some() || website.error_document.is_some() || website.routing_rules.is_some() {
            let message = "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.";
            return invalid(message, "RedirectAllRequestsTo", "not null");
        }
        return protocol(redirect.protocol.as_ref());
    }
    match &website.index_document {
        None => {
            let message = "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty";
            return invalid(message, "IndexDocument", "null");
        }
        Some(index) if index.suffix.is_empty() || index.suffix.contains('/') => {
            return invalid("The IndexDocument Suffix is not well formed", "IndexDocument", &index.suffix);
        }
        Some(_) => {}
    }
    if website.error_document.as_ref().is_some_and(|document| document.key.is_empty()) {
        return invalid("The ErrorDocument Key is not well formed", "ErrorDocument", "");
    }
    let rules = website.routing_rules.as_deref().unwrap_or_default();
    if rules.len() > MAX_RULES {
        return Err(Failure::malformed_xml());
    }
    for rule in rules {
        protocol(rule.redirect.protocol.as_ref())?;
        if rule.redirect.replace_key_with.is_some() && rule.redirect.replace_key_prefix_with.is_some() {
            return Err(Failure::invalid_request("You can only define ReplaceKeyPrefix or ReplaceKey but not both."));
        }
        let empty = rule.condition.as_ref().is_some_and(|condition| {
            condition.http_error_code_returned_equals.is_none() && condition.key_prefix_equals.is_none()
        });
        if empty {
            let message = "Condition cannot be empty. To redirect all requests without a condition, the condition element \
                           shouldn't be present.";
            return Err(Failure::invalid_request(message));
        }
    }
    Ok(())
}

/// What the website endpoint answers.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// An object, with this status.
    Object(String, u16),
    Redirect(u16, String),
    Failed(u16, &'static str, String),
}

/// The bucket of a website endpoint: `BUCKET.s3-website-REGION.…` or `BUCKET.s3-website.REGION.…`.
pub fn bucket_of(host: &str) -> Option<&str> {
    let at = host.rfind(".s3-website.").or_else(|| host.rfind(".s3-website-"))?;
    Some(&host[..at]).filter(|bucket| !bucket.is_empty())
}

/// Finds what a website answers to a path. `host` is as the client addressed it.
pub fn answer(cloud: &Arc<Cloud>, bucket: &str, path: &str, host: &str) -> Answer {
    let path = percent_decode_str(path.trim_start_matches('/')).decode_utf8_lossy().into_owned();
    S3::of(cloud).store.read(|docs| {
        let Ok(record) = docs.bucket(bucket) else {
            return Answer::Failed(404, "NoSuchBucket", "The specified bucket does not exist".into());
        };
        let Some(website) = record.website else {
            let failure = no_website(bucket);
            return Answer::Failed(404, "NoSuchWebsiteConfiguration", failure.message);
        };
        let exists = |key: &str| {
            !key.is_empty() && matches!(docs.current(bucket, key), Ok(Some(object)) if !object.delete_marker)
        };
        decide(&website, &path, host, &exists)
    })
}

fn decide(website: &WebsiteConfiguration, path: &str, host: &str, exists: &dyn Fn(&str) -> bool) -> Answer {
    if let Some(all) = &website.redirect_all_requests_to {
        let protocol = all.protocol.as_ref().map_or("http", |protocol| protocol.as_str());
        return Answer::Redirect(301, format!("{protocol}://{}/{path}", all.host_name));
    }
    if let Some(redirect) = rule(website, path, host, None) {
        return redirect;
    }
    let suffix = website.index_document.as_ref().map_or("index.html", |index| index.suffix.as_str());
    let key = if path.is_empty() || path.ends_with('/') { format!("{path}{suffix}") } else { path.to_owned() };
    if exists(&key) {
        return Answer::Object(key, 200);
    }
    if !path.ends_with('/') && exists(&format!("{path}/{suffix}")) {
        return Answer::Redirect(302, format!("/{path}/"));
    }
    if let Some(redirect) = rule(website, path, host, Some("404")) {
        return redirect;
    }
    match website.error_document.as_ref().filter(|document| exists(&document.key)) {
        Some(document) => Answer::Object(document.key.clone(), 404),
        None => Answer::Failed(404, "NoSuchKey", "The specified key does not exist.".into()),
    }
}

/// What the first routing rule says that fits: before an object is looked for (no `error`), or after that failed.
fn rule(website: &WebsiteConfiguration, path: &str, host: &str, error: Option<&str>) -> Option<Answer> {
    let fits = |rule: &&RoutingRule| {
        let condition = rule.condition.clone().unwrap_or_default();
        condition.http_error_code_returned_equals.as_deref() == error
            && condition.key_prefix_equals.as_deref().is_none_or(|prefix| path.starts_with(prefix))
    };
    let rule = website.routing_rules.iter().flatten().find(fits)?;
    let redirect = &rule.redirect;
    let prefix = rule.condition.as_ref().and_then(|condition| condition.key_prefix_equals.as_deref());
    let target = match (&redirect.replace_key_with, &redirect.replace_key_prefix_with) {
        (Some(key), _) => key.clone(),
        (None, Some(new)) => format!("{new}{}", path.strip_prefix(prefix.unwrap_or_default()).unwrap_or(path)),
        (None, None) => path.to_owned(),
    };
    let protocol = redirect.protocol.as_ref().map_or("http", |protocol| protocol.as_str());
    let code = redirect.http_redirect_code.as_deref().and_then(|code| code.parse().ok()).unwrap_or(301);
    Some(Answer::Redirect(code, format!("{protocol}://{}/{target}", redirect.host_name.as_deref().unwrap_or(host))))
}

/// The page that says what failed.
pub fn page(status: u16, code: &str, message: &str, request_id: &str) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
    let escape = |text: &str| quick_xml::escape::escape(text).into_owned();
    format!(
        "<html>\n<head><title>{status} {reason}</title></head>\n<body>\n<h1>{status} {reason}</h1>\n<ul>\n<li>Code: \
         {}</li>\n<li>Message: {}</li>\n<li>RequestId: {}</li>\n</ul>\n<hr/>\n</body>\n</html>\n",
        escape(code),
        escape(message),
        escape(request_id)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> WebsiteConfiguration {
        WebsiteConfiguration {
            index_document: Some(IndexDocument { suffix: "index.html".into() }),
            error_document: Some(ErrorDocument { key: "error.html".into() }),
            redirect_all_requests_to: None,
            routing_rules: Some(vec![RoutingRule {
                condition: Some(Condition {
                    key_prefix_equals: Some("old/".into()),
                    http_error_code_returned_equals: None,
                }),
                redirect: Redirect { replace_key_prefix_with: Some("new/".into()), ..Redirect::default() },
            }]),
        }
    }

    #[test]
    fn paths_find_objects_and_redirects() {
        let keys = ["index.html", "docs/index.html", "error.html", "a.txt"];
        let exists = |key: &str| keys.contains(&key);
        let site = site();
        let table = [
            ("", Answer::Object("index.html".into(), 200)),
            ("a.txt", Answer::Object("a.txt".into(), 200)),
            ("docs/", Answer::Object("docs/index.html".into(), 200)),
            ("docs", Answer::Redirect(302, "/docs/".into())),
            ("nothing", Answer::Object("error.html".into(), 404)),
            ("old/b", Answer::Redirect(301, "http://h/new/b".into())),
        ];
        for (path, answer) in table {
            assert_eq!(decide(&site, path, "h", &exists), answer, "{path}");
        }
        assert!(matches!(decide(&site, "x", "h", &|_| false), Answer::Failed(404, "NoSuchKey", _)));
    }

    #[test]
    fn hosts_name_websites() {
        assert_eq!(bucket_of("b.s3-website-us-east-1.amazonaws.com"), Some("b"));
        assert_eq!(bucket_of("my.b.s3-website.eu-central-1.amazonaws.com"), Some("my.b"));
        assert_eq!(bucket_of("b.s3-website.localhost"), Some("b"));
        assert_eq!(bucket_of("b.s3.amazonaws.com"), None);
    }

    #[test]
    fn configurations_are_checked() {
        assert!(check(&site()).is_ok());
        let none = WebsiteConfiguration { index_document: None, ..site() };
        assert_eq!(check(&none).unwrap_err().code, "InvalidArgument");
        let slash = WebsiteConfiguration { index_document: Some(IndexDocument { suffix: "a/b".into() }), ..site() };
        assert_eq!(check(&slash).unwrap_err().message, "The IndexDocument Suffix is not well formed");
    }
}
