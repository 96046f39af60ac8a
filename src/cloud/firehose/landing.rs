//! Landing: a batch's objects go to the bucket, if the stream's role and the bucket let them.

use std::sync::Arc;

use super::batch::Object;
use super::stream::Document;
use crate::cloud::Cloud;
use crate::cloud::s3::{Landing, S3};
use crate::engine::Change;
use crate::engine::policy::{Decision, Kind, Policy, Principal, Request};

/// Whether a stream may write objects to its bucket; else the reason.
///
/// The role must let Firehose put them, and the bucket's policy must not deny it ("Controlling access with Amazon Data
/// Firehose").
pub fn check(cloud: &Arc<Cloud>, document: &Document, objects: &[Object]) -> Result<(), String> {
    let destination = &document.destination;
    let bucket = destination.bucket();
    let policy = S3::of(cloud)
        .bucket_policy(bucket)
        .map_err(|failure| format!("{}: {} ({bucket})", failure.code, failure.message.trim_end_matches('.')))?
        .and_then(|text| Policy::parse(&text, Kind::Resource).ok());
    let role = destination.role_arn.as_str();
    for object in objects {
        let resource = format!("{}/{}", destination.bucket_arn, object.key);
        cloud.core.read(|engine, _| engine.role_allows(role, "firehose.amazonaws.com", "s3:PutObject", &resource))?;
        let request = Request {
            principal: Principal::Arn(role),
            action: "s3:PutObject",
            resource: &resource,
            // Firehose talks to S3 by TLS.
            context: &[("aws:SecureTransport", "true")],
        };
        if policy.as_ref().is_some_and(|policy| policy.decide(&request) == Decision::ExplicitDeny) {
            return Err(format!("the policy of the bucket {bucket} denies s3:PutObject to {role}"));
        }
    }
    Ok(())
}

/// Lands objects and notes in the same transaction that their records are gone from the buffer.
pub async fn land(cloud: &Arc<Cloud>, bucket: &str, objects: Vec<Object>, flushed: &Change<'_>) -> Result<(), String> {
    let landings = objects.into_iter().map(|object| Landing {
        key: object.key,
        body: object.body,
        // What Firehose's objects say, whatever lies in them.
        content_type: "application/octet-stream",
    });
    let landed = S3::of(cloud).land(bucket, landings.collect(), flushed).await;
    landed.map_err(|failure| format!("{}: {}", failure.code, failure.message))
}
