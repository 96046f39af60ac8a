//! What putting and deleting does to the versions of a key. Every change of objects goes through here.
//!
//! Source: "How S3 Versioning works" (Amazon S3 User Guide).

use super::actor::Actor;
use super::error::Result;
use super::events::Event;
use super::record::{Bucket, Object, Replaced, Versioning, key};
use super::s3s::call::Call;
use super::store::Edit;
use super::{lock, names};
use engine::Millis;

/// What a deletion did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deleted {
    /// A delete marker was made, or removed.
    pub marker: bool,
    /// The version that was made or removed; None in a bucket without versions.
    pub version: Option<String>,
}

/// Why a change is made: who asks, when, and an id that is never used again.
pub(super) struct Cause<'c> {
    pub by: By<'c>,
    pub now: Millis,
    pub unique: String,
    /// Whether a lifecycle rule makes the change, and nobody asks for it.
    pub expiration: bool,
}

/// Who asks for a change.
pub(super) enum By<'c> {
    Call(&'c Call),
    Actor(Actor),
}

impl Cause<'_> {
    /// Who asks, as events tell it: made where there is one to tell.
    pub(super) fn actor(&self) -> Actor {
        match &self.by {
            By::Call(call) => call.actor(),
            By::Actor(actor) => actor.clone(),
        }
    }

    /// The event of a deletion for good.
    fn deletes(&self) -> &'static str {
        if self.expiration { "LifecycleExpiration:Delete" } else { "ObjectRemoved:Delete" }
    }

    /// The event of a delete marker.
    fn marks(&self) -> &'static str {
        if self.expiration { "LifecycleExpiration:DeleteMarkerCreated" } else { "ObjectRemoved:DeleteMarkerCreated" }
    }
}

/// Makes `object` the current version of its key; it becomes what is kept. `event` names what made it, e.g. `ObjectCreated:Put`.
pub(super) fn put(
    edit: &mut Edit<'_>,
    bucket: &Bucket,
    object: &mut Object,
    event: &'static str,
    cause: &Cause<'_>,
) -> Result<()> {
    place(edit, bucket, object, &cause.unique)?;
    edit.tell(bucket, || Event::made(event, object, &cause.actor(), cause.now));
    Ok(())
}

fn place(edit: &mut Edit<'_>, bucket: &Bucket, object: &mut Object, unique: &str) -> Result<()> {
    make_room(edit, bucket, object, unique)?;
    lock::apply_default(bucket, object);
    edit.put(key::object(&bucket.name, &object.key), object)
}

/// Writes a version that has changed, current or not, in its place.
pub(super) fn rewrite(edit: &mut Edit<'_>, bucket: &Bucket, object: &Object) -> Result<()> {
    let current = edit.docs().current(&bucket.name, &object.key)?;
    let place = match current.is_some_and(|current| current.sequence == object.sequence) {
        true => key::object(&bucket.name, &object.key),
        false => key::version(&bucket.name, &object.key, object.sequence),
    };
    edit.put(place, object)
}

/// Deletes a key: by a delete marker where versions are kept, else for good.
pub(super) fn delete(edit: &mut Edit<'_>, bucket: &Bucket, name: &str, cause: &Cause<'_>) -> Result<Deleted> {
    let Cause { now, unique, .. } = cause;
    if bucket.versioning == Versioning::Off {
        if let Some(current) = edit.docs().current(&bucket.name, name)? {
            edit.delete(key::object(&bucket.name, name));
            edit.orphan_of(&current);
        }
        // S3 tells of a key that isn't there as well.
        edit.tell(bucket, || Event::removed(cause.deletes(), name, None, &cause.actor(), *now));
        return Ok(Deleted { marker: false, version: None });
    }
    let mut marker = Object::marker(name, *now);
    place(edit, bucket, &mut marker, unique)?;
    let version = marker.version.unwrap_or_else(|| "null".into());
    edit.tell(bucket, || Event::marked(cause.marks(), name, Some(version.clone()), &cause.actor(), *now));
    Ok(Deleted { marker: true, version: Some(version) })
}

/// Deletes one version for good; the next newest becomes current. A version that isn't there is deleted as well.
pub(super) fn delete_version(
    edit: &mut Edit<'_>,
    bucket: &Bucket,
    name: &str,
    version: &str,
    cause: &Cause<'_>,
) -> Result<Deleted> {
    let gone = Deleted { marker: false, version: Some(version.to_owned()) };
    let Some(object) = edit.docs().version(&bucket.name, name, version)? else { return Ok(gone) };
    let current = edit.docs().current(&bucket.name, name)?;
    if current.is_some_and(|current| current.sequence == object.sequence) {
        let next = edit.docs().noncurrent(&bucket.name, name).next().transpose()?;
        match next {
            Some(next) => {
                edit.delete(key::version(&bucket.name, name, next.sequence));
                edit.put(key::object(&bucket.name, name), &next)?;
            }
            None => edit.delete(key::object(&bucket.name, name)),
        }
    } else {
        edit.delete(key::version(&bucket.name, name, object.sequence));
    }
    edit.orphan_of(&object);
    edit.tell(bucket, || Event::removed(cause.deletes(), name, Some(version.to_owned()), &cause.actor(), cause.now));
    Ok(Deleted { marker: object.delete_marker, ..gone })
}

/// Removes a noncurrent version for good. Whether a lock protects it is the caller's question.
pub(super) fn remove_noncurrent(edit: &mut Edit<'_>, bucket: &Bucket, object: Object, cause: &Cause<'_>) {
    edit.delete(key::version(&bucket.name, &object.key, object.sequence));
    edit.orphan_of(&object);
    let version = object.version.or_else(|| Some("null".into()));
    edit.tell(bucket, || Event::removed(cause.deletes(), &object.key, version, &cause.actor(), cause.now));
}

/// Moves a version to another storage class.
pub(super) fn move_to(
    edit: &mut Edit<'_>,
    bucket: &Bucket,
    mut object: Object,
    class: &str,
    cause: &Cause<'_>,
) -> Result<()> {
    object.storage_class = Some(class.to_owned());
    rewrite(edit, bucket, &object)?;
    edit.tell(bucket, || Event::made("LifecycleTransition", &object, &cause.actor(), cause.now).of_moved(class));
    Ok(())
}

/// Numbers the new version, and moves or removes what it takes the place of.
fn make_room(edit: &mut Edit<'_>, bucket: &Bucket, object: &mut Object, unique: &str) -> Result<()> {
    let place = key::object(&bucket.name, &object.key);
    let current = edit.docs().get::<Replaced>(&place)?;
    object.sequence = current.as_ref().map_or(1, |current| current.sequence + 1);
    object.version = (bucket.versioning == Versioning::Enabled).then(|| names::version_id(unique));
    let Some(current) = current else { return Ok(()) };
    if object.version.is_none() {
        // There is one null version of a key: the new one replaces it, wherever it is.
        if current.version.is_none() {
            edit.orphan(current.blobs);
            edit.let_go(current.kept);
            return Ok(());
        }
        for old in edit.docs().noncurrent(&bucket.name, &object.key) {
            let old = old?;
            if old.version.is_none() {
                edit.delete(key::version(&bucket.name, &object.key, old.sequence));
                edit.orphan_of(&old);
                break;
            }
        }
    }
    match edit.docs().current(&bucket.name, &object.key)? {
        Some(whole) => edit.put(key::version(&bucket.name, &object.key, current.sequence), &*whole),
        None => Ok(()),
    }
}

impl Object {
    /// An object without a body, as a start for one that is being made.
    pub(super) fn new(key: &str, modified: Millis) -> Self {
        Self {
            key: key.to_owned(),
            version: None,
            sequence: 0,
            modified,
            delete_marker: false,
            blobs: Vec::new(),
            kept: None,
            size: 0,
            etag: String::new(),
            checksum: None,
            headers: Default::default(),
            metadata: Default::default(),
            tags: Default::default(),
            storage_class: None,
            encryption: Default::default(),
            parts: Vec::new(),
            lock: Default::default(),
            acl: None,
            restored_until: None,
            upload: None,
        }
    }

    fn marker(key: &str, modified: Millis) -> Self {
        Self { delete_marker: true, ..Self::new(key, modified) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::blobs::Blob;
    use crate::s3::store::{Store, scratch};

    fn bucket(versioning: Versioning) -> Bucket {
        Bucket {
            name: "b".into(),
            account: "000000000000".into(),
            region: "us-east-1".into(),
            location: None,
            created: 0,
            versioning,
            tags: None,
            encryption: None,
            public_access_block: None,
            ownership: None,
            policy: None,
            notification: None,
            cors: None,
            lock: None,
            website: None,
            lifecycle: None,
            least_to_move: None,
            acl: None,
            stored: Default::default(),
        }
    }

    fn cause(unique: &str) -> Cause<'static> {
        Cause { by: By::Actor(Actor::default()), now: 2, unique: unique.into(), expiration: false }
    }

    async fn put_one(store: &Store, versioning: Versioning, blob: &str) -> (Option<String>, Vec<Blob>) {
        let mut object = Object::new("k", 1);
        object.blobs = vec![Blob { id: blob.into(), length: 1 }];
        let changed = store
            .write(|edit| put(edit, &bucket(versioning), &mut object, "ObjectCreated:Put", &cause(blob)))
            .await
            .ok()
            .unwrap();
        (object.version, changed.orphans.blobs().to_vec())
    }

    fn ids(blobs: &[Blob]) -> Vec<&str> {
        blobs.iter().map(|blob| blob.id.as_str()).collect()
    }

    fn versions(store: &Store) -> Vec<String> {
        store.read(|docs| {
            let current = docs.current("b", "k").unwrap().into_iter().map(Arc::unwrap_or_clone);
            let all = current.chain(docs.noncurrent("b", "k").map(|object| object.unwrap()));
            all.map(|object| object.blobs.first().map_or("marker".into(), |blob| blob.id.clone())).collect()
        })
    }

    #[tokio::test]
    async fn without_versions_a_put_replaces() {
        let (_folder, store) = scratch::store();
        assert_eq!(put_one(&store, Versioning::Off, "1").await, (None, vec![]));
        assert_eq!(ids(&put_one(&store, Versioning::Off, "2").await.1), ["1"]);
        let deleted = store.write(|edit| delete(edit, &bucket(Versioning::Off), "k", &cause("x"))).await.ok().unwrap();
        assert_eq!(ids(deleted.orphans.blobs()), ["2"]);
        assert!(versions(&store).is_empty());
    }

    #[tokio::test]
    async fn versions_pile_up_and_the_null_version_is_one() {
        let (_folder, store) = scratch::store();
        put_one(&store, Versioning::Off, "null").await;
        let (v1, _) = put_one(&store, Versioning::Enabled, "v1").await;
        assert_eq!(versions(&store), ["v1", "null"]);
        let (_, orphans) = put_one(&store, Versioning::Suspended, "null2").await;
        assert_eq!(ids(&orphans), ["null"]);
        assert_eq!(versions(&store), ["null2", "v1"]);

        let enabled = bucket(Versioning::Enabled);
        let marker = store.write(|edit| delete(edit, &enabled, "k", &cause("m"))).await.ok().unwrap().reply;
        assert_eq!(versions(&store), ["marker", "null2", "v1"]);
        let gone = store
            .write(|edit| delete_version(edit, &enabled, "k", marker.version.as_deref().unwrap(), &cause("y")))
            .await
            .ok()
            .unwrap();
        assert!(gone.reply.marker);
        assert_eq!(versions(&store), ["null2", "v1"]);
        let gone = store
            .write(|edit| delete_version(edit, &enabled, "k", v1.as_deref().unwrap(), &cause("y")))
            .await
            .ok()
            .unwrap();
        assert_eq!(ids(gone.orphans.blobs()), ["v1"]);
        store
            .write(|edit| delete_version(edit, &enabled, "k", "null", &cause("y")))
            .await
            .ok()
            .unwrap()
            .reply
            .marker
            .then(|| panic!());
        assert!(versions(&store).is_empty());
    }
}
