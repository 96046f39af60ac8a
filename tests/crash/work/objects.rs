//! Objects that are put, replaced, deleted and read.

use std::time::Duration;

use aws_sdk_s3::error::SdkError;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::Worker;
use crate::clients::Gone;
use crate::counts::{Did, Fault};
use crate::register::Register;
use crate::routes::OBJECTS;

pub(super) const KEYS: usize = 24;

/// What lies under a key, if anything.
pub(crate) type Object = Register<Option<Content>>;

/// Bytes that derive from a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Content {
    seed: u64,
    size: usize,
}

impl Content {
    fn bytes(self) -> Vec<u8> {
        let mut bytes = vec![0; self.size];
        Xoshiro256PlusPlus::seed_from_u64(self.seed).fill(&mut bytes[..]);
        bytes
    }
}

pub(super) async fn run(mut worker: Worker) -> Result<(), Gone> {
    loop {
        let key = worker.rng.random_range(0..KEYS);
        match worker.rng.random_range(0..10) {
            0..2 => look(&worker, key).await?,
            2..4 => delete(&worker, key).await?,
            _ => put(&mut worker, key).await?,
        }
        worker.pause(Duration::from_millis(20)).await;
    }
}

fn name(key: usize) -> String {
    format!("object-{key}")
}

async fn put(worker: &mut Worker, key: usize) -> Result<(), Gone> {
    let size = if worker.rng.random_bool(0.1) { 300_000 } else { worker.rng.random_range(0..20_000) };
    let content = Content { seed: worker.rng.random(), size };
    worker.world.objects.lock()[key].writes(Some(content));
    let put = worker.clients.s3.put_object().bucket(OBJECTS).key(name(key)).body(content.bytes().into());
    let answer = worker.call(put.send()).await?;
    note(worker, key, Some(content), answer.err());
    Ok(())
}

async fn delete(worker: &Worker, key: usize) -> Result<(), Gone> {
    worker.world.objects.lock()[key].writes(None);
    let answer = worker.call(worker.clients.s3.delete_object().bucket(OBJECTS).key(name(key)).send()).await?;
    note(worker, key, None, answer.err());
    Ok(())
}

fn note(worker: &Worker, key: usize, content: Option<Content>, refused: Option<String>) {
    let mut objects = worker.world.objects.lock();
    match refused {
        None => {
            objects[key].wrote(content);
            worker.counts().did(Did::Objects, 1);
        }
        Some(why) => {
            objects[key].refused();
            worker.counts().fault(Fault::Refused, || format!("{}: {why}", name(key)));
        }
    }
}

/// Reads an object and holds it against what it may be.
async fn look(worker: &Worker, key: usize) -> Result<(), Gone> {
    let sent = worker.clients.s3.get_object().bucket(OBJECTS).key(name(key)).send().await;
    let found = match sent {
        Err(SdkError::ServiceError(error)) if error.err().is_no_such_key() => None,
        other => match worker.call(async { other }).await? {
            Ok(answer) => Some(answer.body.collect().await.map_err(|_| Gone)?.to_vec()),
            Err(why) => {
                worker.counts().fault(Fault::Objects, || format!("{}: {why}", name(key)));
                return Ok(());
            }
        },
    };
    let mut objects = worker.world.objects.lock();
    let matches = |content: &&Option<Content>| match (content, &found) {
        (Some(content), Some(bytes)) => content.size == bytes.len() && content.bytes() == *bytes,
        (content, found) => content.is_none() && found.is_none(),
    };
    let content = objects[key].candidates().find(matches).copied();
    match content {
        Some(content) => objects[key].wrote(content),
        None => {
            let found = found.map(|bytes| bytes.len());
            let known = &objects[key];
            worker.counts().fault(Fault::Objects, || format!("{} has {found:?} bytes, not {known:?}", name(key)));
        }
    }
    Ok(())
}

/// Looks at objects whose last write has no answer and at a few others, or at all.
pub(super) async fn check(worker: &mut Worker, all: bool) -> Result<(), Gone> {
    for key in 0..KEYS {
        let unsure = worker.world.objects.lock()[key].unsure();
        if all || unsure || worker.rng.random_bool(0.15) {
            look(worker, key).await?;
        }
    }
    Ok(())
}
