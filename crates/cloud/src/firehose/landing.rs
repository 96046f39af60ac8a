//! Landing: a batch's objects go to the bucket, if the stream's role and the bucket let them.

use std::sync::Arc;

use super::destination::SERVICE;
use super::objects::Object;
use super::stream::Document;
use crate::core::Cloud;
use crate::core::transaction::Transaction;
use crate::s3::{self, Changed, Failure, Landing, S3, Written};
use engine::policy::{Around, Decision, Principal, Request};
use engine::{Change, Engine, Millis, Through};
use wire::AwsError;

/// What Firehose calls its sessions of a stream's role, as CloudTrail shows them.
const SESSION: &str = "AWSFirehoseToS3";

/// What became of a batch: its objects have landed and its records are gone from the buffer, or the reason why neither is so.
pub type Outcome = Result<(), String>;

/// Lands one batch: its objects, with the changes that take its records out of the buffer.
///
/// # Errors
/// The reason why it can't land.
pub async fn land_batch(
    cloud: &Arc<Cloud>,
    document: &Document,
    objects: &[Object],
    flushed: Vec<Change<'_>>,
) -> Outcome {
    let flushed = |outcomes: &[Outcome]| if outcomes.iter().all(Result::is_ok) { flushed } else { Vec::new() };
    match land(cloud, document, &[objects], flushed).await {
        Ok(outcomes) => outcomes.into_iter().collect(),
        Err(error) => Err(error.message),
    }
}

/// Lands batches in one transaction, each of them with all of its objects or not at all. One that is refused doesn't hold up the
/// others. `flushed` gets what became of each, and gives the changes that take the records of those that land out of the
/// buffer: it is called under the engine's lock.
///
/// # Errors
/// The transaction failed, and no batch has landed. Where the log failed it may hold them all the same: the next start finds out.
pub async fn land<'f>(
    cloud: &Arc<Cloud>,
    document: &Document,
    batches: &[&[Object]],
    flushed: impl FnOnce(&[Outcome]) -> Vec<Change<'f>>,
) -> Result<Vec<Outcome>, AwsError> {
    let s3 = S3::of(cloud);
    let mut files = Vec::with_capacity(batches.len());
    for objects in batches {
        files.push(write(cloud, &s3, document, objects).await);
    }
    if files.iter().all(Result::is_err) {
        return Ok(files.into_iter().map(|files| files.map(drop)).collect());
    }
    let landed = cloud.core.execute(|tx| {
        let mut changed = Vec::new();
        let mut land_one = |objects: &[Object], files: &Result<Vec<Written>, String>| {
            let files = files.as_ref().map_err(String::clone)?;
            check(tx.engine, tx.now, document, objects)?;
            changed.push(name_files(cloud, tx, document, objects, files).map_err(tell)?);
            Ok(())
        };
        let outcomes: Vec<Outcome> =
            batches.iter().zip(&files).map(|(objects, files)| land_one(objects, files)).collect();
        flushed(&outcomes).iter().for_each(|change| tx.apply(change));
        Ok((outcomes, changed))
    });
    let (outcomes, changed) = landed.await?;
    for changed in changed {
        s3.after_commit(changed).await;
    }
    Ok(outcomes)
}

/// Writes a batch's objects to files, unless it would be refused: it is tried again and again, and each time in vain. What
/// counts is whether it may land when it does.
async fn write(cloud: &Cloud, s3: &S3, document: &Document, objects: &[Object]) -> Result<Vec<Written>, String> {
    cloud.core.read(|engine, now| check(engine, now, document, objects))?;
    let mut written = Vec::with_capacity(objects.len());
    for object in objects {
        written.push(s3.write(&object.body).await.map_err(tell)?);
    }
    Ok(written)
}

/// Names the files of a batch: they are objects of the bucket from now on.
fn name_files(
    cloud: &Cloud,
    tx: &mut Transaction<'_>,
    document: &Document,
    objects: &[Object],
    files: &[Written],
) -> Result<Changed<()>, Failure> {
    let (bucket, principal) = (document.destination.bucket(), document.destination.role_arn.as_str());
    let landings = objects
        .iter()
        .zip(files)
        .map(|(object, file)| (Landing { bucket, key: &object.key, principal, ..Landing::default() }, file));
    s3::land(cloud, tx, &landings.collect::<Vec<_>>())
}

fn tell(failure: Failure) -> String {
    format!("{}: {}", failure.code, failure.message)
}

/// Whether a stream may write objects to its bucket; else the reason.
///
/// The role must let Firehose put them, and the bucket's policy must not deny it ("Controlling access with Amazon Data
/// Firehose"). A bucket of another account must allow it to the role ("Cross-Account Delivery to an Amazon S3 Destination").
fn check(engine: &Engine, now: Millis, document: &Document, objects: &[Object]) -> Result<(), String> {
    let destination = &document.destination;
    let name = destination.bucket();
    let found = s3::find_bucket(engine, name).map_err(|failure| failure.message)?;
    let Some(bucket) = found else { return Err(format!("NoSuchBucket: the bucket {name} does not exist")) };
    let policy =
        s3::policy_of(&bucket).map_err(|why| format!("the policy of the bucket {name} can't be judged: {why}"))?;
    let role = destination.role_arn.as_str();
    let foreign = bucket.account != document.account;
    let restricted = foreign && s3::is_restricted(&bucket, policy.as_ref());
    let user_id = engine.role(role).map(|role| (format!("{}:{SESSION}", role.id), role.tags));
    // An object that isn't there yet has no tags, and another account's bucket gets it with its owner's rights ("Cross-Account
    // Delivery to an Amazon S3 Destination").
    let acl = if foreign { &[("s3:x-amz-acl", "bucket-owner-full-control")][..] } else { &[] };
    let around = Around {
        user_id: user_id.as_ref().map(|(id, _)| id.as_str()),
        temporary: true,
        issued: Some(now),
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
        ..Around::service(now, &bucket.region, &bucket.account)
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
        engine.role_allows(&through)?;
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
