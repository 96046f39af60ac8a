//! Landing: a batch's objects go to the bucket, if the stream's role and the bucket let them.

use std::sync::Arc;

use super::batch::Object;
use super::destination::SERVICE;
use super::stream::Document;
use crate::core::Cloud;
use crate::s3::{self, Landing, S3};
use engine::policy::{Around, Decision, Principal, Request};
use engine::{Change, Through};

/// What Firehose calls its sessions of a stream's role, as CloudTrail shows them.
const SESSION: &str = "AWSFirehoseToS3";

/// Whether a stream may write objects to its bucket; else the reason.
///
/// The role must let Firehose put them, and the bucket's policy must not deny it ("Controlling access with Amazon Data
/// Firehose"). A bucket of another account must allow it to the role ("Cross-Account Delivery to an Amazon S3 Destination").
pub fn check(cloud: &Arc<Cloud>, document: &Document, objects: &[Object]) -> Result<(), String> {
    let destination = &document.destination;
    let name = destination.bucket();
    let found = S3::of(cloud).find_bucket(name).map_err(|failure| failure.message)?;
    let Some(bucket) = found else { return Err(format!("NoSuchBucket: the bucket {name} does not exist")) };
    let policy =
        s3::policy_of(&bucket).map_err(|why| format!("the policy of the bucket {name} can't be judged: {why}"))?;
    let role = destination.role_arn.as_str();
    let foreign = bucket.account != document.account;
    let restricted = foreign && s3::is_restricted(&bucket, policy.as_ref());
    let user_id =
        cloud.core.read(|engine, _| engine.role(role)).map(|role| (format!("{}:{SESSION}", role.id), role.tags));
    // An object that isn't there yet has no tags, and another account's bucket gets it with its owner's rights ("Cross-Account
    // Delivery to an Amazon S3 Destination").
    let acl = if foreign { &[("s3:x-amz-acl", "bucket-owner-full-control")][..] } else { &[] };
    let around = Around {
        user_id: user_id.as_ref().map(|(id, _)| id.as_str()),
        temporary: true,
        issued: Some(cloud.core.now()),
        principal_tags: user_id.as_ref().map(|(_, tags)| tags),
        absent: &[
            "aws:ResourceTag/",
            "s3:ExistingObjectTag/",
            "s3:RequestObjectTag/",
            "s3:delimiter",
            "s3:max-keys",
            "s3:prefix",
            "s3:x-amz-acl",
        ],
        ..Around::service(cloud.core.now(), &bucket.region, &bucket.account)
    };
    let source = document.arn();
    for object in objects {
        let resource = format!("{}/{}", destination.bucket_arn, object.key);
        let action = "s3:PutObject";
        let through = Through {
            role,
            holder: &document.account,
            service: SERVICE,
            action,
            resource: &resource,
            around,
            source: &source,
        };
        cloud.core.read(|engine, _| engine.role_allows(&through))?;
        let request = Request { principal: Principal::Arn(role), action, resource: &resource, context: acl, around };
        let doubt = || policy.as_ref().map(|policy| policy.doubt(&request)).unwrap_or_default();
        match policy.as_ref().map_or(Decision::ImplicitDeny, |policy| policy.decide(&request)) {
            Decision::ExplicitDeny => {
                return Err(format!("the policy of the bucket {name} denies s3:PutObject to {role}{}", doubt()));
            }
            _ if restricted => {
                return Err(format!(
                    "the policy of the bucket {name} is public, and its public access block (RestrictPublicBuckets) closes it \
                     to other accounts"
                ));
            }
            Decision::ImplicitDeny if foreign => {
                return Err(format!(
                    "the bucket {name} is another account's, and its policy doesn't allow s3:PutObject to {role}{}",
                    doubt()
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Lands objects and notes in the same transaction that their records are gone from the buffer.
pub async fn land<'o>(
    cloud: &Arc<Cloud>,
    document: &Document,
    objects: impl IntoIterator<Item = &'o Object>,
    flushed: &[Change<'_>],
) -> Result<(), String> {
    let s3 = S3::of(cloud);
    let said = |failure: s3::Failure| format!("{}: {}", failure.code, failure.message);
    let objects: Vec<&Object> = objects.into_iter().collect();
    let mut written = Vec::with_capacity(objects.len());
    for object in &objects {
        written.push(s3.write(&object.body).await.map_err(said)?);
    }
    let landed = cloud
        .core
        .execute(|transaction| {
            let bucket = document.destination.bucket();
            let landings = objects.iter().zip(&written).map(|(object, written)| {
                let principal = &document.destination.role_arn;
                (Landing { bucket, key: &object.key, principal, ..Landing::default() }, written)
            });
            let landings: Vec<_> = landings.collect();
            let landed = match s3::land(cloud, transaction, &landings) {
                Ok(landed) => landed,
                Err(failure) => return Ok(Err(failure)),
            };
            flushed.iter().for_each(|change| transaction.apply(change));
            Ok(Ok(landed))
        })
        .await;
    match landed {
        Ok(Ok(landed)) => {
            s3.after_commit(landed).await;
            Ok(())
        }
        Ok(Err(failure)) => Err(said(failure)),
        // The log failed: whether the objects are named is known at the next start, which removes what isn't.
        Err(error) => Err(error.message),
    }
}
