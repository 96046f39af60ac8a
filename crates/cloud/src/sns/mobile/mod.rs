//! Mobile push: platform applications and their endpoints. Messages to them are recorded, not sent.

pub mod application;
pub mod endpoint;

/// The document that holds a platform application.
pub fn application_key(arn: &str) -> String {
    format!("sns/application/{arn}")
}

/// The document that holds an endpoint.
pub fn endpoint_key(arn: &str) -> String {
    format!("sns/endpoint/{arn}")
}

/// Whether an ARN is a mobile endpoint's.
pub fn is_endpoint(arn: &str) -> bool {
    arn.splitn(6, ':').nth(5).is_some_and(|resource| resource.starts_with("endpoint/"))
}
