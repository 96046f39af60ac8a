//! Where platform applications and their endpoints lie.

use text::arn::Arn;

/// The document that holds a platform application.
pub(crate) fn application_key(arn: &str) -> String {
    format!("sns/application/{arn}")
}

/// The document that holds an endpoint.
pub(crate) fn endpoint_key(arn: &str) -> String {
    format!("sns/endpoint/{arn}")
}

/// What the documents of an application's endpoints begin with.
pub(crate) fn endpoint_keys(application_arn: &str) -> String {
    let endpoint = application_arn.replacen(":app/", ":endpoint/", 1);
    endpoint_key(&format!("{endpoint}/"))
}

/// Whether an ARN is an endpoint's.
pub(crate) fn is_endpoint(arn: &str) -> bool {
    Arn::parse(arn).is_some_and(|arn| arn.resource.starts_with("endpoint/"))
}
