//! What streams landed: each object is read once, and most are deleted then.

use std::collections::BTreeSet;

use aws_sdk_s3::types::Object;
use rand::RngExt;

use crate::clients::Gone;
use crate::counts::Fault;
use crate::routes::{OBJECTS, STREAMS};
use crate::work::Worker;

/// What is known of a stream's bucket, by key.
#[derive(Default)]
pub(crate) struct Bucket {
    read: BTreeSet<String>,
    deleted: BTreeSet<String>,
    /// Deletes of unknown fate.
    maybe: BTreeSet<String>,
}

/// The buckets of all streams.
pub(crate) type Buckets = [Bucket; STREAMS.len()];

/// Reads all objects that are new, and looks for those that should be there or gone.
pub(crate) async fn read(worker: &mut Worker, buckets: &mut Buckets) -> Result<(), Gone> {
    for (stream, bucket) in buckets.iter_mut().enumerate() {
        read_one(worker, stream, bucket).await?;
    }
    Ok(())
}

/// How many objects and parts of uploads all buckets name that have a file.
pub(crate) async fn named(worker: &Worker) -> Result<usize, Gone> {
    let s3 = &worker.clients.s3;
    let buckets = worker.call(s3.list_buckets().send()).await?.map(|it| it.buckets.unwrap_or_default());
    let mut named = 0;
    for bucket in buckets.unwrap_or_default().into_iter().filter_map(|bucket| bucket.name) {
        let mut pages = s3.list_objects_v2().bucket(&bucket).into_paginator().send();
        while let Some(page) = pages.next().await {
            let objects = worker.call(async { page }).await?.map(|page| page.contents.unwrap_or_default());
            // What clients put needs one only if it is long, and an upload's last part has one of any length.
            let has_file = |object: &Object| {
                let in_parts = object.e_tag().is_some_and(|tag| tag.contains('-'));
                bucket != OBJECTS || in_parts || object.size().is_some_and(|bytes| bytes > 4096)
            };
            named += objects.unwrap_or_default().iter().filter(|object| has_file(object)).count();
        }
        let uploads = worker.call(s3.list_multipart_uploads().bucket(&bucket).send()).await?;
        for upload in uploads.map(|it| it.uploads.unwrap_or_default()).unwrap_or_default() {
            let parts = s3.list_parts().bucket(&bucket).set_key(upload.key).set_upload_id(upload.upload_id);
            named += worker.call(parts.send()).await?.map_or(0, |it| it.parts().len());
        }
    }
    Ok(named)
}

async fn read_one(worker: &mut Worker, stream: usize, bucket: &mut Bucket) -> Result<(), Gone> {
    let (s3, name) = (worker.clients.s3.clone(), STREAMS[stream].0);
    let mut keys = BTreeSet::new();
    let mut pages = s3.list_objects_v2().bucket(name).into_paginator().send();
    while let Some(page) = pages.next().await {
        match worker.call(async { page }).await? {
            Ok(page) => keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key)),
            Err(why) => worker.counts().fault(Fault::Objects, || format!("{name}: {why}")),
        }
    }
    let gone = bucket.read.iter().filter(|key| !keys.contains(*key) && !bucket.maybe.contains(*key));
    gone.for_each(|key| worker.counts().fault(Fault::Objects, || format!("{name}/{key} landed and is gone")));
    let risen = keys.intersection(&bucket.deleted);
    risen.for_each(|key| worker.counts().fault(Fault::Objects, || format!("{name}/{key} was deleted and is there")));
    bucket.read.retain(|key| keys.contains(key));
    for key in &keys {
        if bucket.read.contains(key) || bucket.deleted.contains(key) {
            continue;
        }
        match worker.call(s3.get_object().bucket(name).key(key).send()).await? {
            Ok(answer) => {
                let bytes = answer.body.collect().await.map_err(|_| Gone)?.to_vec();
                let text = String::from_utf8_lossy(&bytes);
                let mut ledger = worker.world.ledger.lock();
                text.lines().for_each(|line| ledger.landed(stream, line));
            }
            Err(why) => worker.counts().fault(Fault::Objects, || format!("{name}/{key}: {why}")),
        }
        bucket.read.insert(key.clone());
        // Some stay, to be there after every restart.
        if worker.rng.random_bool(0.9) {
            bucket.maybe.insert(key.clone());
            if worker.call(s3.delete_object().bucket(name).key(key).send()).await?.is_ok() {
                bucket.maybe.remove(key);
                bucket.read.remove(key);
                bucket.deleted.insert(key.clone());
            }
        }
    }
    Ok(())
}
