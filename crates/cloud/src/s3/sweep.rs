//! Does what the buckets' lifecycle rules say is due.
//!
//! Source: "Expiring objects" and "Lifecycle configuration elements" (Amazon S3 User Guide). S3 does it once a day.

mod next;

use super::actor::Actor;
use super::error::Result;
use super::objects::{self, By, Cause};
use super::record::{Bucket, Object, Upload, key};
use super::service::S3;
use super::store::{Docs, Edit, decode};
use super::{expiry, lifecycle, multipart, transitions};
use engine::Millis;

/// How many documents are looked at under one lock.
const PAGE: usize = 1_000;

/// What is looked at, one document after the other.
#[derive(Clone, Copy)]
enum Stage {
    Uploads,
    /// The noncurrent versions, before the current ones: what expires today is noncurrent from today.
    Versions,
    Current,
}

impl S3 {
    /// Expires objects and versions or moves them to colder storage classes, removes delete markers that hide nothing, and aborts uploads, in every bucket.
    pub(crate) async fn sweep(&self) -> Result<()> {
        for bucket in self.ruled()? {
            for (stage, prefix) in stages(&bucket) {
                self.sweep_stage(&bucket, stage, prefix).await?;
            }
        }
        Ok(())
    }

    /// The buckets with lifecycle rules.
    fn ruled(&self) -> Result<Vec<Bucket>> {
        self.store.read(|docs| {
            let all = docs.range(key::BUCKETS.into()).map(|(key, value)| decode::<Bucket>(key, value));
            all.filter(|bucket| bucket.as_ref().map_or(true, |bucket| bucket.lifecycle.is_some())).collect()
        })
    }

    async fn sweep_stage(&self, bucket: &Bucket, stage: Stage, prefix: String) -> Result<()> {
        let now = self.store.now();
        let mut after = None;
        loop {
            let (due, last) = self.store.read(|docs| {
                let (mut due, mut last) = (Vec::new(), None);
                for (key, value) in docs.walk(prefix.clone(), after.take()).take(PAGE) {
                    if stage.is_due(docs, bucket, key, value, now)? {
                        due.push(key.to_owned());
                    }
                    last = Some(key.to_owned());
                }
                Ok::<_, super::error::Failure>((due, last))
            })?;
            if !due.is_empty() {
                let causes: Vec<_> = due.iter().map(|_| self.expiration_cause(now)).collect();
                self.change_freeing(|edit| {
                    let Ok(bucket) = edit.docs().bucket(&bucket.name) else { return Ok(()) };
                    for (key, cause) in due.iter().zip(&causes) {
                        stage.act(edit, &bucket, key, cause)?;
                    }
                    Ok(())
                })
                .await?;
            }
            match last {
                Some(last) => after = Some(last),
                None => return Ok(()),
            }
        }
    }

    fn expiration_cause(&self, now: Millis) -> Cause<'static> {
        let unique = self.store.unique();
        let actor = Actor {
            principal: "s3.amazonaws.com".into(),
            request_id: unique[..16].to_ascii_uppercase(),
            host_id: unique.clone(),
            trace: None,
        };
        Cause { by: By::Actor(actor), now, unique, expiration: true }
    }
}

/// What of a bucket is looked at, in this order: the prefix of its documents.
fn stages(bucket: &Bucket) -> [(Stage, String); 3] {
    [
        (Stage::Uploads, key::uploads(&bucket.name)),
        (Stage::Versions, format!("{}{}/", key::VERSIONS, bucket.name)),
        (Stage::Current, key::objects(&bucket.name)),
    ]
}

impl Stage {
    fn is_due(self, docs: Docs<'_>, bucket: &Bucket, key: &str, value: &[u8], now: Millis) -> Result<bool> {
        let Some(rules) = &bucket.lifecycle else { return Ok(false) };
        match self {
            Self::Uploads => {
                let upload: Upload = decode(key, value)?;
                Ok(expiry::upload(rules, &upload).is_some_and(|due| due.at <= now))
            }
            Self::Current => {
                let object: Object = decode(key, value)?;
                let moves = transitions::current(rules, lifecycle::least_of(bucket), &object, now).is_some();
                Ok(moves || goes(docs, bucket, &object, now)?)
            }
            Self::Versions => {
                let object: Object = decode(key, value)?;
                // All versions of a key are dealt with at once, when its newest is met.
                let newest = docs.noncurrent(&bucket.name, &object.key).next().transpose()?;
                let first = newest.is_some_and(|newest| newest.sequence == object.sequence);
                Ok(first
                    && (!due_versions(docs, bucket, &object.key, now)?.is_empty()
                        || !transitions_of(docs, bucket, &object.key, now)?.is_empty()))
            }
        }
    }

    /// Does what is due, if it still is.
    fn act(self, edit: &mut Edit<'_>, bucket: &Bucket, key: &str, cause: &Cause<'_>) -> Result<()> {
        let docs = edit.docs();
        let Some(value) = docs.engine().doc(key) else { return Ok(()) };
        if !self.is_due(docs, bucket, key, value, cause.now)? {
            return Ok(());
        }
        match self {
            Self::Uploads => multipart::abort(edit, bucket, &decode(key, value)?),
            Self::Versions => {
                let object: Object = decode(key, value)?;
                let due = due_versions(docs, bucket, &object.key, cause.now)?;
                let moves = transitions_of(docs, bucket, &object.key, cause.now)?;
                let stays = |version: &Object| !due.iter().any(|gone| gone.sequence == version.sequence);
                for (version, class) in moves.into_iter().filter(|(version, _)| stays(version)) {
                    objects::move_to(edit, bucket, version, &class, cause)?;
                }
                for version in due {
                    objects::remove_noncurrent(edit, bucket, version, cause);
                }
                Ok(())
            }
            Self::Current => {
                let object: Object = decode(key, value)?;
                if !goes(docs, bucket, &object, cause.now)? {
                    let rules = bucket.lifecycle.as_ref();
                    let class = rules
                        .and_then(|rules| transitions::current(rules, lifecycle::least_of(bucket), &object, cause.now));
                    return class.map_or(Ok(()), |class| objects::move_to(edit, bucket, object.clone(), class, cause));
                }
                if object.delete_marker {
                    let version = object.version.as_deref().unwrap_or("null");
                    objects::delete_version(edit, bucket, &object.key, version, cause)?;
                } else {
                    objects::delete(edit, bucket, &object.key, cause)?;
                }
                Ok(())
            }
        }
    }
}

/// Whether a current object expires now, or a delete marker that hides nothing.
fn goes(docs: Docs<'_>, bucket: &Bucket, object: &Object, now: Millis) -> Result<bool> {
    let Some(rules) = &bucket.lifecycle else { return Ok(false) };
    let due = expiry::current(rules, object).is_some_and(|due| due.at <= now);
    Ok(due && (!object.delete_marker || docs.noncurrent(&bucket.name, &object.key).next().is_none()))
}

/// The noncurrent versions of a key that move to another storage class now, each with the class.
fn transitions_of(docs: Docs<'_>, bucket: &Bucket, name: &str, now: Millis) -> Result<Vec<(Object, String)>> {
    let Some(rules) = &bucket.lifecycle else { return Ok(Vec::new()) };
    let mut due = Vec::new();
    let mut since = docs.current(&bucket.name, name)?.map_or(now, |current| current.modified);
    for (newer, version) in docs.noncurrent(&bucket.name, name).enumerate() {
        let version = version?;
        let made = version.modified;
        if let Some(class) = transitions::noncurrent(rules, lifecycle::least_of(bucket), &version, (since, newer), now)
        {
            due.push((version, class.to_owned()));
        }
        since = made;
    }
    Ok(due)
}

/// The noncurrent versions of a key that expire now. What is locked stays.
fn due_versions(docs: Docs<'_>, bucket: &Bucket, name: &str, now: Millis) -> Result<Vec<Object>> {
    let Some(rules) = &bucket.lifecycle else { return Ok(Vec::new()) };
    let mut due = Vec::new();
    // A version is noncurrent since the next newer one was made.
    let mut since = docs.current(&bucket.name, name)?.map_or(now, |current| current.modified);
    for (newer, version) in docs.noncurrent(&bucket.name, name).enumerate() {
        let version = version?;
        let made = version.modified;
        let expired = expiry::noncurrent(rules, &version, since, newer).is_some_and(|at| at <= now);
        if expired && version.lock.refuse_delete(now, false).is_ok() {
            due.push(version);
        }
        since = made;
    }
    Ok(due)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use s3s::dto::{
        AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, LifecycleExpiration, LifecycleRule,
        LifecycleRuleFilter, NoncurrentVersionExpiration, NoncurrentVersionTransition, Transition,
        TransitionStorageClass,
    };

    use super::super::record::Versioning;
    use super::super::store::scratch;
    use super::super::{Buckets, Landing, land};
    use super::*;
    use crate::core::Cloud;
    use crate::s3::expiry::tests::idle;
    use crate::testing::call::context;
    use log::Durability;

    const B: &str = "bucket";

    fn rule(id: &str, prefix: &str) -> LifecycleRule {
        idle(id, LifecycleRuleFilter { prefix: Some(prefix.into()), ..Default::default() })
    }

    fn expire(id: &str, prefix: &str, days: i32) -> LifecycleRule {
        let expiration = LifecycleExpiration { days: Some(days), ..Default::default() };
        LifecycleRule { expiration: Some(expiration), ..rule(id, prefix) }
    }

    async fn with_bucket(versioning: Versioning, rules: Vec<LifecycleRule>) -> (tempfile::TempDir, Arc<Cloud>, S3) {
        let folder = tempfile::tempdir().unwrap();
        let cloud = scratch::cloud(folder.path(), Durability::Process);
        let s3 = S3::of(&cloud);
        Buckets::of(&context(cloud.clone(), "000000000000")).create(B, false).await.unwrap();
        s3.change(|edit| {
            let mut bucket = Arc::unwrap_or_clone(edit.docs().bucket(B)?);
            bucket.versioning = versioning;
            bucket.lifecycle = Some(BucketLifecycleConfiguration { rules });
            edit.put_bucket(&bucket)
        })
        .await
        .unwrap();
        (folder, cloud, s3)
    }

    async fn put(cloud: &Arc<Cloud>, key: &str) {
        let s3 = S3::of(cloud);
        let written = s3.write(bytes::Bytes::from_static(b"x")).await.unwrap();
        let landing = Landing { bucket: B, key, principal: "test", ..Default::default() };
        let landed = cloud.core.execute(|tx| Ok(land(cloud, tx, &[(landing.clone(), &written)])?)).await.unwrap();
        s3.after_commit(landed).await;
    }

    /// A day passes, and the rules are obeyed.
    async fn next_day(cloud: &Cloud, s3: &S3) {
        cloud.core.clock().advance(Duration::from_millis(expiry::DAY));
        s3.sweep().await.unwrap();
    }

    /// Every key, with how many noncurrent versions it has; a delete marker has a `-`.
    fn shape(s3: &S3) -> Vec<(String, usize)> {
        s3.store.read(|docs| {
            let all = docs.range(key::objects(B)).map(|(key, value)| decode::<Object>(key, value).unwrap());
            let shown = |object: Object| {
                let older = docs.noncurrent(B, &object.key).count();
                (format!("{}{}", if object.delete_marker { "-" } else { "" }, object.key), older)
            };
            all.map(shown).collect()
        })
    }

    fn keys(expected: &[(&str, usize)]) -> Vec<(String, usize)> {
        expected.iter().map(|(key, older)| ((*key).to_owned(), *older)).collect()
    }

    #[tokio::test]
    async fn objects_expire_by_prefix_and_age() {
        let rules = vec![expire("one", "a/", 1), expire("two", "", 2)];
        let (folder, cloud, s3) = with_bucket(Versioning::Off, rules).await;
        // More than a page, so that paging goes on behind what was removed.
        for n in 0..PAGE + 1 {
            put(&cloud, &format!("a/{n:05}")).await;
        }
        put(&cloud, "b").await;
        s3.sweep().await.unwrap();
        assert_eq!(shape(&s3).len(), PAGE + 2);
        next_day(&cloud, &s3).await;
        assert_eq!(shape(&s3), keys(&[("b", 0)]));
        next_day(&cloud, &s3).await;
        assert_eq!(shape(&s3), keys(&[]));
        let shards = std::fs::read_dir(folder.path().join("objects")).unwrap();
        let files = shards.map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap().count()).sum::<usize>();
        assert_eq!(files, 0, "the bytes go too");
    }

    #[tokio::test]
    async fn versions_markers_and_what_is_kept() {
        let noncurrent =
            |kept| NoncurrentVersionExpiration { newer_noncurrent_versions: kept, noncurrent_days: Some(1) };
        let rules = vec![
            LifecycleRule { noncurrent_version_expiration: Some(noncurrent(Some(1))), ..expire("kept", "kept", 1) },
            LifecycleRule { noncurrent_version_expiration: Some(noncurrent(None)), ..expire("gone", "gone", 1) },
        ];
        let (_folder, cloud, s3) = with_bucket(Versioning::Enabled, rules).await;
        for key in ["gone", "gone", "kept", "kept", "stays"] {
            put(&cloud, key).await;
        }
        // The older versions are noncurrent for a day; the current ones get delete markers.
        next_day(&cloud, &s3).await;
        assert_eq!(shape(&s3), keys(&[("-gone", 1), ("-kept", 2), ("stays", 0)]));
        // What became noncurrent goes, and a marker that hides nothing in the same pass.
        next_day(&cloud, &s3).await;
        assert_eq!(shape(&s3), keys(&[("-kept", 1), ("stays", 0)]));
        next_day(&cloud, &s3).await;
        assert_eq!(shape(&s3), keys(&[("-kept", 1), ("stays", 0)]));
    }

    /// Rules with transitions were refused.
    #[tokio::test]
    async fn objects_and_versions_move_to_colder_classes() {
        let glacier = || Some(TransitionStorageClass::from_static(TransitionStorageClass::GLACIER));
        let sized = LifecycleRuleFilter { object_size_greater_than: Some(0), ..Default::default() };
        let later =
            NoncurrentVersionTransition { noncurrent_days: Some(1), storage_class: glacier(), ..Default::default() };
        let rules = vec![LifecycleRule {
            transitions: Some(vec![Transition { days: Some(1), storage_class: glacier(), date: None }]),
            noncurrent_version_transitions: Some(vec![later]),
            ..idle("cold", sized)
        }];
        let (_folder, cloud, s3) = with_bucket(Versioning::Enabled, rules).await;
        put(&cloud, "a").await;
        put(&cloud, "a").await;
        let classes = || {
            s3.store.read(|docs| {
                let current = docs.current(B, "a").unwrap().into_iter().map(Arc::unwrap_or_clone);
                let all = current.chain(docs.noncurrent(B, "a").map(|object| object.unwrap()));
                all.map(|object| object.storage_class).collect::<Vec<_>>()
            })
        };
        s3.sweep().await.unwrap();
        assert_eq!(classes(), [None, None]);
        next_day(&cloud, &s3).await;
        assert_eq!(classes(), [Some("GLACIER".to_owned()), Some("GLACIER".to_owned())]);
    }

    #[tokio::test]
    async fn uploads_are_aborted() {
        let abort = AbortIncompleteMultipartUpload { days_after_initiation: Some(2) };
        let rules = vec![LifecycleRule { abort_incomplete_multipart_upload: Some(abort), ..rule("abort", "a") }];
        let (_folder, cloud, s3) = with_bucket(Versioning::Off, rules).await;
        for name in ["a", "b"] {
            let upload = Upload {
                id: format!("id-{name}"),
                key: name.into(),
                initiated: cloud.core.now(),
                account: "000000000000".into(),
                checksum: None,
                headers: Default::default(),
                metadata: Default::default(),
                tags: Default::default(),
                storage_class: None,
                encryption: Default::default(),
                lock: Default::default(),
                acl: None,
            };
            s3.change(|edit| edit.put(key::upload(B, name, &upload.id), &upload)).await.unwrap();
        }
        let there = |name: &str| s3.store.read(|docs| docs.upload(B, name, &format!("id-{name}")).is_ok());
        next_day(&cloud, &s3).await;
        assert!(there("a") && there("b"));
        next_day(&cloud, &s3).await;
        assert!(!there("a") && there("b"));
    }
}
