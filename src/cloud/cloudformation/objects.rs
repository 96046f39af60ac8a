//! S3 from within: requests to this cloud's own buckets.

use bytes::Bytes;
use http::Method;

use crate::cloud::gateway::Context;
use crate::cloud::wire::AwsError;

/// A request to S3 as a client makes it. `path` is `bucket` or `bucket/key`, `query` a subresource.
pub async fn request(
    cx: &Context,
    method: Method,
    path: &str,
    query: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Result<Bytes, AwsError> {
    let _ = (cx, method, path, query, headers, body);
    Err(AwsError::new(501, "NotImplemented", "S3 is not there yet"))
}
