//! Landing: a batch's objects go to the bucket, if the stream's role and the bucket let them.

use std::sync::Arc;

use super::chaos;
use super::destination::SERVICE;
use super::objects::Object;
use super::refusal::{Cause, Refusal};
use super::stream::Document;
use crate::core::Cloud;
use crate::core::journal::Landed;
use crate::core::transaction::Transaction;
use crate::s3::{self, Bucket, Changed, Failure, Landing, S3, Written};
use engine::policy::{Around, Decision, Policy, Principal, Request};
use engine::{AssumedRole, Change, Engine, Millis, Through};
use wire::AwsError;

/// What Firehose calls its sessions of a stream's role, as CloudTrail shows them.
const SESSION: &str = "AWSFirehoseToS3";
/// What a landing is to policies.
const ACTION: &str = "s3:PutObject";
/// Keys of conditions that a landing doesn't have: an object that isn't there yet has no tags.
const ABSENT: &[&str] = &[
    "aws:ResourceTag/",
    "s3:ExistingObjectTag/",
    "s3:RequestObjectTag/",
    "s3:delimiter",
    "s3:max-keys",
    "s3:prefix",
    "s3:x-amz-acl",
];

/// What became of a batch: its objects have landed and its records are gone from the buffer, or the reason why neither is so.
pub(super) type Outcome = Result<(), Refusal>;

/// Lands one batch: its objects, with the changes that take its records out of the buffer.
///
/// # Errors
/// The reason why it can't land.
pub(super) async fn land_batch(
    cloud: &Arc<Cloud>,
    document: &Document,
    objects: &[Object],
    flushed: Vec<Change<'_>>,
) -> Outcome {
    let flushed = |outcomes: &[Outcome]| if outcomes.iter().all(Result::is_ok) { flushed } else { Vec::new() };
    match land(cloud, document, &[objects], flushed).await {
        Ok(outcomes) => outcomes.into_iter().collect(),
        Err(error) => Err(error.into()),
    }
}

/// Lands batches in one transaction, each of them with all of its objects or not at all. One that is refused doesn't hold up the
/// others. `flushed` gets what became of each, and gives the changes that take the records of those that land out of the
/// buffer: it is called under the engine's lock.
///
/// # Errors
/// The transaction failed, and no batch has landed. Where the log failed it may hold them all the same: the next start finds out.
pub(super) async fn land<'f>(
    cloud: &Arc<Cloud>,
    document: &Document,
    batches: &[&[Object]],
    flushed: impl FnOnce(&[Outcome]) -> Vec<Change<'f>>,
) -> Result<Vec<Outcome>, AwsError> {
    let s3 = S3::of(cloud);
    // What is refused is tried again and again: it isn't written to files each time. What counts is the permit at the landing.
    let permit = cloud.core.read(|engine, now| Permit::of(engine, now, document));
    let mut files = Vec::with_capacity(batches.len());
    for objects in batches {
        let refused = || chaos::refuse(cloud, document).map_err(|error| tell(error.into()));
        files.push(match allow(&permit, objects).and_then(|()| refused()) {
            Ok(()) => write(&s3, objects).await,
            Err(refusal) => Err(refusal),
        });
    }
    if files.iter().all(Result::is_err) {
        return Ok(files.into_iter().map(|files| files.map(drop)).collect());
    }
    let landed = cloud.core.execute(|tx| {
        let permit = Permit::of(tx.engine(), tx.now, document);
        let mut changed = Vec::new();
        let mut land_one = |objects: &[Object], files: &Result<Vec<Written>, Refusal>| {
            let files = files.as_ref().map_err(Refusal::clone)?;
            allow(&permit, objects)?;
            changed.push(name_files(cloud, tx, document, objects, files).map_err(tell)?);
            remember(tx, document, objects);
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

/// Writes a batch's objects to files.
async fn write(s3: &S3, objects: &[Object]) -> Result<Vec<Written>, Refusal> {
    let mut written = Vec::with_capacity(objects.len());
    for object in objects {
        written.push(s3.write(object.body.clone()).await.map_err(tell)?);
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

/// Remembers which records lie in a batch's objects, and where.
fn remember(tx: &mut Transaction<'_>, document: &Document, objects: &[Object]) {
    let Some(stream) = tx.engine().stream_by_arn(&document.arn()).map(|stream| stream.config.id) else { return };
    for object in objects {
        let landed = Landed {
            stream,
            at: tx.now,
            bucket: document.destination.bucket().to_owned(),
            key: object.key.clone(),
            records: object.placed.len(),
            bytes: object.body.len() as u64,
            failed: object.failed,
        };
        tx.note_landed(landed, &object.placed);
    }
}

fn tell(failure: Failure) -> Refusal {
    let cause = match &*failure.code {
        "AccessDenied" => Cause::AccessDenied,
        "NoSuchBucket" => Cause::NoSuchBucket,
        _ => Cause::Internal,
    };
    Refusal { cause, reason: format!("{}: {}", failure.code, failure.message) }
}

/// What says whether a stream may write to its bucket, as it was at one moment.
///
/// The role must let Firehose put objects, and the bucket's policy must not deny it ("Controlling access with Amazon Data
/// Firehose"). A bucket of another account must allow it to the role ("Cross-Account Delivery to an Amazon S3 Destination").
struct Permit<'d> {
    document: &'d Document,
    now: Millis,
    bucket: Bucket,
    /// The bucket's.
    policy: Option<Policy>,
    /// The stream's; or why Firehose can't assume it.
    role: Result<AssumedRole, String>,
}

/// Whether a stream may write a batch; else the reason.
fn allow(permit: &Result<Permit<'_>, Refusal>, objects: &[Object]) -> Result<(), Refusal> {
    let permit = permit.as_ref().map_err(Refusal::clone)?;
    objects.iter().try_for_each(|object| permit.allow(object).map_err(Refusal::denied))
}

impl<'d> Permit<'d> {
    /// The error says why the stream may write nothing, whatever it is.
    fn of(engine: &Engine, now: Millis, document: &'d Document) -> Result<Self, Refusal> {
        let name = document.destination.bucket();
        let found = s3::find_bucket(engine, name).map_err(|failure| Refusal::internal(failure.message))?;
        let Some(bucket) = found else {
            let reason = format!("NoSuchBucket: the bucket {name} does not exist");
            return Err(Refusal { cause: Cause::NoSuchBucket, reason });
        };
        let unjudged = |why| Refusal::denied(format!("the policy of the bucket {name} can't be judged: {why}"));
        let policy = s3::policy_of(&bucket).map_err(unjudged)?;
        let source = document.arn();
        let around = Around::service(now, &bucket.region, &bucket.account);
        let role = engine.assume(&through(document, &source, "", around));
        Ok(Self { document, now, bucket, policy, role })
    }

    /// Whether the stream may write an object; else the reason.
    fn allow(&self, object: &Object) -> Result<(), String> {
        let Self { document, bucket, policy, .. } = self;
        let assumed = self.role.as_ref().map_err(String::clone)?;
        let resource = format!("{}/{}", document.destination.bucket_arn, object.key);
        let user_id = assumed.role().map(|role| format!("{}:{SESSION}", role.id));
        let around = Around {
            user_id: user_id.as_deref(),
            temporary: true,
            issued: Some(self.now),
            principal_tags: assumed.role().map(|role| &role.tags),
            absent: ABSENT,
            ..Around::service(self.now, &bucket.region, &bucket.account)
        };
        assumed.allows(&through(document, &document.arn(), &resource, around))?;
        let role = document.destination.role_arn.as_str();
        let name = &bucket.name;
        let foreign = bucket.account != document.account;
        // Another account's bucket gets an object with its owner's rights ("Cross-Account Delivery to an Amazon S3
        // Destination").
        let context = if foreign { &[("s3:x-amz-acl", "bucket-owner-full-control")][..] } else { &[] };
        let request = Request { principal: Principal::Arn(role), action: ACTION, resource: &resource, context, around };
        let doubt = || policy.as_ref().map(|policy| policy.doubt(&request)).unwrap_or_default();
        match policy.as_ref().map_or(Decision::ImplicitDeny, |policy| policy.decide(&request)) {
            Decision::ExplicitDeny => {
                Err(format!("the policy of the bucket {name} denies {ACTION} to {role}{}", doubt()))
            }
            _ if foreign && s3::is_restricted(bucket, policy.as_ref()) => Err(format!(
                "the policy of the bucket {name} is public, and its public access block (RestrictPublicBuckets) closes it \
                 to other accounts"
            )),
            Decision::ImplicitDeny if foreign => Err(format!(
                "the bucket {name} is another account's, and its policy doesn't allow {ACTION} to {role}{}",
                doubt()
            )),
            _ => Ok(()),
        }
    }
}

/// What Firehose does through a stream's role. `source` is the stream's ARN.
fn through<'a>(document: &'a Document, source: &'a str, resource: &'a str, around: Around<'a>) -> Through<'a> {
    let (role, holder) = (document.destination.role_arn.as_str(), document.account.as_str());
    Through { role, holder, service: SERVICE, action: ACTION, resource, around, source }
}
