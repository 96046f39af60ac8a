//! Loads: what the file says becomes a state beside the one in force, transaction by transaction, while others go on with that one;
//! one more transaction switches. Before it nothing has changed, whatever ends the load: a file that is wrong, a full disk, `kill -9`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::OwnedMutexGuard;

use super::format::{Head, Item, Reader, Summary, strange};
use super::objects::Objects;
use super::{KEPT, Source, changed, is_empty};
use crate::core::Cloud;
use crate::services::SERVICES;
use crate::{cloudformation, s3};
use engine::{Adoption, Change, Seq, Strange};
use wire::AwsError;

/// One transaction takes no more changes than these, or few more bytes: nobody waits for long.
const AT_ONCE: usize = 256;
const BYTES_AT_ONCE: usize = 1 << 20;
/// No state declares more.
const MOST_DECLARED: u32 = 1 << 24;
/// Two clouds that a file is loaded into give out other numbers from there on, and so other ids: where they begin is drawn from so many.
const APART: Seq = 1 << 36;
/// How often, and for how long, it is looked whether stacks have come to rest.
const LOOKS: u32 = 1_000;
const PAUSE: Duration = Duration::from_millis(10);

/// Loads a state in the place of all there is; without `replace` only where there is nothing.
///
/// # Errors
/// 400 `InvalidState` for a file that is wrong. 409 `NotEmpty` without `replace`; `OperationInProgress` while another state is loaded or
/// a stack doesn't come to rest. Nothing has changed then.
pub(crate) async fn load(cloud: &Arc<Cloud>, from: Source<'_>, replace: bool) -> Result<Summary, AwsError> {
    let turn = cloud.loading.clone().try_lock_owned();
    let turn = turn.map_err(|_| in_progress("another state is being loaded"))?;
    if !replace && !cloud.core.read(|engine, _| is_empty(engine)) {
        return Err(not_empty());
    }
    let mut reader = Reader::begin(from).await?;
    let payload = reader.payload().await?;
    let head = match reader.item(&payload)? {
        Item::Head(head) if head.declared <= MOST_DECLARED => head,
        _ => return Err(strange("it doesn't say what is in it")),
    };
    let mut loading = Loading::begin(cloud, turn, &head).await?;
    let done = match loading.take(&mut reader, head).await {
        Ok(summary) => loading.switch(replace).await.map(|()| summary),
        Err(error) => Err(error),
    };
    if done.is_err() {
        loading.give_up().await;
    }
    done
}

/// A state that is being loaded.
struct Loading {
    cloud: Arc<Cloud>,
    adoption: Adoption,
    objects: Objects,
    /// Numbers of bytes that lie in the log, and that documents name.
    kept: Vec<Seq>,
    /// Changes that are yet to be made, encoded.
    waiting: Vec<Vec<u8>>,
    bytes: usize,
    /// Until it has switched or was given up.
    turn: Option<OwnedMutexGuard<()>>,
}

impl Loading {
    async fn begin(cloud: &Arc<Cloud>, turn: OwnedMutexGuard<()>, head: &Head) -> Result<Self, AwsError> {
        let jump = 1 + rand::random::<Seq>() % APART;
        let (declared, saved_at, least) = (head.declared, head.saved_at, head.next_id);
        let adoption = cloud.core.execute(|tx| {
            tx.apply(&Change::IncomingGone);
            let (engine, now) = (tx.engine(), tx.now);
            // Beyond those there as well: a receipt handle has its queue's number, and those from there are no good here.
            let (salt, next_seq, next_id) = (engine.salt(), engine.next_seq(), engine.next_id().max(least));
            let end = next_id.checked_add(declared).filter(|end| *end < u32::MAX / 2);
            let end = end.ok_or_else(|| strange("there are no numbers left for what it declares"))?;
            // Taken also if nothing comes of the load: no record of it is ever read as one of another.
            let (queues, streams) = (Vec::new(), Vec::new());
            tx.apply(&Change::Counters { salt, next_seq, next_id: end, queues, streams });
            let later = i64::try_from(now).unwrap_or(0).saturating_sub(i64::try_from(saved_at).unwrap_or(0));
            Ok(Adoption::new(next_id, end, next_seq, jump, later))
        });
        let adoption = adoption.await?;
        let (objects, kept, waiting) = (Objects::default(), Vec::new(), Vec::new());
        Ok(Self { cloud: cloud.clone(), adoption, objects, kept, waiting, bytes: 0, turn: Some(turn) })
    }

    /// Takes all that the file holds.
    async fn take(&mut self, reader: &mut Reader<'_>, head: Head) -> Result<Summary, AwsError> {
        let mut summary =
            Summary { declared: head.declared, saved_at: head.saved_at, clock: head.clock, ..Summary::default() };
        let mut counted = false;
        loop {
            let payload = reader.payload().await?;
            match reader.item(&payload)? {
                Item::Record(record) => {
                    let change = postcard::from_bytes(record)
                        .map_err(|_| strange("a record in it is none of this program's"))?;
                    counted |= matches!(change, Change::Counters { .. });
                    self.record(change)?;
                    summary.records += 1;
                    if self.waiting.len() >= AT_ONCE || self.bytes >= BYTES_AT_ONCE {
                        self.make().await?;
                    }
                }
                Item::Blob { id, length } => self.objects.begin(&self.cloud, id, length).await?,
                Item::Bytes(bytes) => self.objects.write(Bytes::copy_from_slice(bytes)).await?,
                Item::End { .. } if counted => break,
                _ => return Err(strange("its parts aren't in their order")),
            }
        }
        reader.end().await?;
        self.objects.is_complete()?;
        self.make().await?;
        let all_there = self.cloud.core.read(|engine, _| {
            let incoming = engine.incoming();
            self.kept.iter().all(|seq| incoming.is_some_and(|incoming| incoming.payload(*seq).is_some()))
        });
        if !all_there {
            return Err(strange("it lacks the bytes of an object"));
        }
        (summary.files, summary.bytes) = (self.objects.count(), reader.bytes);
        Ok(summary)
    }

    fn record(&mut self, change: Change<'_>) -> Result<(), AwsError> {
        self.objects.is_whole()?;
        let record = match change {
            Change::Restated(restated) => self.adoption.adopt_payload(&restated).map_err(odd)?,
            Change::Doc { key, .. } if KEPT.contains(&key) => return Err(strange("it holds what is a server's own")),
            Change::Doc { key, value } => {
                let cloud = &self.cloud;
                let moved = s3::with_files(key, value, |blob| self.objects.name(cloud, blob));
                match moved.map_err(|error| {
                    if error.status < 500 { error } else { strange("an object in it can't be read") }
                })? {
                    Some(moved) => {
                        self.kept.extend(moved.kept);
                        encoded(&Change::Doc { key, value: &moved.document })
                    }
                    None => encoded(&Change::Doc { key, value }),
                }
            }
            change => encoded(&self.adoption.adopt(change).map_err(odd)?),
        };
        self.bytes += record.len();
        self.waiting.push(record);
        Ok(())
    }

    /// Makes what waits, in one transaction.
    async fn make(&mut self) -> Result<(), AwsError> {
        let waiting = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        let made = self.cloud.core.execute(|tx| {
            for record in &waiting {
                let change = postcard::from_bytes::<Change<'_>>(record)
                    .map_err(|error| AwsError::internal(error.to_string()))?;
                if tx.engine().incoming().is_some_and(|incoming| incoming.has_no_room_for(&change)) {
                    return Err(strange("it declares more than a cloud may"));
                }
                tx.apply(&Change::Incoming { change: record.into() });
            }
            Ok(())
        });
        made.await?;
        tokio::task::yield_now().await;
        Ok(())
    }

    /// The state that was loaded is the one in force.
    async fn switch(&mut self, replace: bool) -> Result<(), AwsError> {
        let mut busy = String::new();
        for _ in 0..LOOKS {
            match self.try_switch(replace).await? {
                Ok(()) => return Ok(()),
                Err(name) => busy = name,
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(in_progress(&format!("the operation on the stack {busy} still runs")))
    }

    /// The inner error is the name of a stack that isn't at rest.
    async fn try_switch(&mut self, replace: bool) -> Result<Result<(), String>, AwsError> {
        let objects = &self.objects;
        let done = self.cloud.core.execute(|tx| {
            let engine = tx.engine();
            if let Some(name) = cloudformation::running(engine) {
                return Ok(Err(name));
            }
            if !replace && !is_empty(engine) {
                return Err(not_empty());
            }
            let (blobs, _) = s3::all_bytes(engine).map_err(AwsError::from)?;
            let queues = engine.contents().queues;
            let own: Vec<_> = KEPT.iter().filter_map(|key| Some((*key, engine.doc(key)?.clone()))).collect();
            for (key, value) in &own {
                tx.apply(&Change::Doc { key, value }.incoming());
            }
            // From here on the log may name them.
            objects.named();
            tx.apply(&Change::Loaded);
            Ok(Ok((queues, blobs)))
        });
        let (queues, blobs) = match done.await? {
            Ok(gone) => gone,
            Err(busy) => return Ok(Err(busy)),
        };
        self.turn = None;
        changed(&self.cloud, queues, blobs).await;
        cloudformation::go_on(self.cloud.clone(), &SERVICES).await;
        Ok(Ok(()))
    }

    /// Nothing comes of it.
    async fn give_up(mut self) {
        if let Some(turn) = self.turn.take() {
            forget(&self.cloud, turn).await;
        }
    }
}

impl Drop for Loading {
    /// Whoever loaded went away.
    fn drop(&mut self) {
        if let (Some(turn), Ok(runtime)) = (self.turn.take(), tokio::runtime::Handle::try_current()) {
            let cloud = self.cloud.clone();
            runtime.spawn(async move { forget(&cloud, turn).await });
        }
    }
}

/// Forgets what was loaded so far. Where that can't be written, the next load does.
async fn forget(cloud: &Cloud, _turn: OwnedMutexGuard<()>) {
    let forgotten = cloud.core.execute_freeing(|tx| {
        tx.apply(&Change::IncomingGone);
        Ok(())
    });
    _ = forgotten.await;
}

fn encoded(change: &Change<'_>) -> Vec<u8> {
    // Writing to memory can't fail, and every type of a change has a known shape.
    postcard::to_stdvec(change).unwrap_or_default()
}

fn odd(why: Strange) -> AwsError {
    strange(&format!("a record in it can't be: {why}"))
}

fn not_empty() -> AwsError {
    let message =
        "Nothing was loaded: this cloud isn't empty, and what is in it would be lost. Say that it may be replaced.";
    AwsError::new(409, "NotEmpty", message)
}

fn in_progress(why: &str) -> AwsError {
    AwsError::new(409, "OperationInProgress", format!("Nothing was loaded: {why}."))
}
