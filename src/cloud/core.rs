//! The one owner of the engine and the log: every command is decided and applied in order, and no reply leaves before its
//! changes are in the log.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::clock::Clock;
use super::notices::Notices;
use super::rebuild;
use super::transaction::{Frames, Transaction};
use super::waiters::Waiters;
use super::wire::AwsError;
use crate::engine::ids::{self, Kind};
use crate::engine::{Engine, Millis, Owner};
use crate::log::{self, Disk, Durability, Log, LogError, Options, Position, Recovery};

/// The status of a refusal of changes that are larger than the log takes: none of them is made.
pub const TOO_LARGE: u16 = 413;

/// The engine, the log and the clock.
pub struct Core {
    state: Mutex<State>,
    log: Log,
    clock: Clock,
    pub waiters: Waiters,
    /// A stream got a record or was declared: the flusher looks again.
    pub streams: Notify,
    durability: Durability,
    segment_bytes: u64,
    seed: u128,
    ids: AtomicU64,
    /// Who is told of what was refused.
    notices: OnceLock<Arc<Notices>>,
}

struct State {
    engine: Engine,
    frames: Frames,
    /// Where the last transaction ended, in bytes of its segment; none before this run's first.
    end: Option<u64>,
    /// Why nothing more is done until a restart: memory and log are no longer alike.
    broken: Option<String>,
}

impl Core {
    /// Opens the log and replays it into an engine. `seed` is random: new data folders and this run's ids derive from it.
    pub fn open(
        disk: Arc<dyn Disk>,
        options: Options,
        clock: Clock,
        strict: bool,
        seed: u128,
    ) -> Result<(Self, Recovery), LogError> {
        let mut engine = Engine::new(strict);
        let (log, recovery) =
            Log::open(disk, options, &mut |location, record| rebuild::replay(&mut engine, location, record))?;
        rebuild::salt(&mut engine, seed);
        let state = State { engine, frames: Frames::default(), end: None, broken: None };
        let core = Self {
            state: Mutex::new(state),
            log,
            clock,
            waiters: Waiters::default(),
            streams: Notify::new(),
            durability: options.durability,
            segment_bytes: options.segment_bytes.into(),
            seed,
            ids: AtomicU64::new(0),
            notices: OnceLock::new(),
        };
        Ok((core, recovery))
    }

    /// From now on these are told what was refused because of its size.
    pub fn tell(&self, notices: Arc<Notices>) {
        _ = self.notices.set(notices);
    }

    /// A new random id, UUID-shaped.
    pub fn uuid(&self) -> String {
        let number = self.ids.fetch_add(1, Ordering::Relaxed);
        ids::format(ids::uuid(self.seed, Kind::Random, number, 0))
    }

    /// The time.
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What was promised to survive.
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// Bytes of a segment of the log.
    pub fn segment_bytes(&self) -> u64 {
        self.segment_bytes
    }

    /// The log, for its figures.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Why no change is taken at the moment, if none is.
    pub fn refusal(&self) -> Option<String> {
        let broken = self.state.lock().broken.clone();
        broken.or_else(|| self.log.refusal().map(|refusal| refusal.to_string()))
    }

    /// Looks at the state, which may be ahead of the log: [`settle`](Self::settle) before you tell of it. Short: the whole
    /// cloud waits.
    pub fn read<R>(&self, look: impl FnOnce(&mut Engine, Millis) -> R) -> R {
        let now = self.now();
        look(&mut self.state.lock().engine, now)
    }

    /// Decides and applies under the lock, then waits until the log holds it. Short: the whole cloud waits while it decides.
    pub async fn execute<R>(
        &self,
        decide: impl FnOnce(&mut Transaction<'_>) -> Result<R, AwsError>,
    ) -> Result<R, AwsError> {
        let (result, position, wake, hidden, wake_streams) = {
            let now = self.now();
            let mut state = self.state.lock();
            let State { engine, frames, end, broken } = &mut *state;
            if let Some(reason) = broken {
                return Err(unavailable(reason));
            }
            self.log.admit().map_err(unavailable)?;
            frames.clear();
            let mut transaction = Transaction::new(engine, now, frames);
            // What a panic leaves applied goes to the log all the same: memory and log never differ.
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| decide(&mut transaction)));
            let Transaction { wake, hidden, wake_streams, applying, refused, .. } = transaction;
            frames.keep_applied();
            if let Some(refused) = refused {
                // What the transaction had made before it is made nowhere but in memory.
                if !frames.owners.is_empty() {
                    let rebuilt = rebuild::from_log(engine, &self.log, self.seed);
                    rebuilt.inspect_err(|error| *broken = Some(error.to_string())).map_err(unavailable)?;
                }
                return Err(self.too_large(now, &refused));
            }
            if applying {
                // Half of a change is made in memory. The log has what came before it, and is what a restart goes by.
                *broken = Some("a change was made in part, by a fault of this server: restart it".to_owned());
            }
            let appended = self.append(engine, frames, end);
            // It is made, and a restart won't know of it.
            let position = appended.inspect_err(|error| *broken = Some(error.to_string())).map_err(unavailable)?;
            (result, position, wake, hidden, wake_streams)
        };
        // Who is woken now commits after this transaction, so it can't tell of what the log doesn't hold.
        wake.into_iter().for_each(|queue| self.waiters.wake(queue));
        hidden.into_iter().for_each(|(queue, at)| self.waiters.hidden(queue, at));
        if wake_streams {
            self.streams.notify_one();
        }
        // Also a reply that changed nothing waits: it may tell of what isn't in the log yet.
        self.log.commit(position).await.map_err(unavailable)?;
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Waits until the log holds all that a [`read`](Self::read) may have seen, so that nobody is told what a restart forgets.
    /// While the log takes no writes it gives up: what there is can be looked at all the same.
    pub async fn settle(&self) {
        _ = self.log.commit(self.log.position()).await;
    }
}

impl Core {
    /// The answer to a request whose changes the log doesn't take, told to the operator as well.
    fn too_large(&self, now: Millis, refused: &LogError) -> AwsError {
        let text = format!("nothing of it was done: {refused}");
        if let Some(notices) = self.notices.get() {
            notices.say(now, &format!("a request was refused for its size, {text}"));
        }
        AwsError::new(TOO_LARGE, "RequestEntityTooLarge", text)
    }

    /// Appends a transaction to the log and notes where its records lie. A new segment opens with the declarations in force,
    /// so that a replay that begins with it knows the queues and topics.
    fn append(&self, engine: &mut Engine, frames: &Frames, end: &mut Option<u64>) -> Result<Position, LogError> {
        if frames.ends.is_empty() {
            return Ok(self.log.position());
        }
        let bytes: u64 = frames.slices().map(|frame| u64::from(log::frame_bytes(frame.len()))).sum();
        let mut opening = Frames::default();
        if end.is_none_or(|end| end + bytes > self.segment_bytes) {
            // The state already holds the transaction's changes, so what it declares stands here as well.
            engine.declarations().for_each(|change| opening.push(&change));
        }
        let slices: Vec<&[u8]> = opening.slices().chain(frames.slices()).collect();
        let appended = self.log.append_decided(&slices)?;
        let bytes: u64 = slices.iter().map(|frame| u64::from(log::frame_bytes(frame.len()))).sum();
        *end = Some(u64::from(appended.first.offset) + bytes);
        let locations = log::locations(appended.first, &slices).skip(opening.ends.len());
        for ((owner, slice), location) in frames.owners.iter().zip(frames.slices()).zip(locations) {
            if *owner != Owner::None {
                engine.placed(owner, rebuild::place(location), log::frame_bytes(slice.len()));
            }
        }
        Ok(appended.position)
    }
}

fn unavailable(reason: impl fmt::Display) -> AwsError {
    AwsError::new(503, "ServiceUnavailable", format!("the log can't be written: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::clock::Clock;
    use crate::engine::change::Put;
    use crate::engine::{Change, StreamId};
    use crate::log::MemoryDisk;
    use crate::log::tests::faulty::FaultyDisk;

    fn open(disk: &Arc<MemoryDisk>) -> Core {
        Core::open(disk.clone(), Options::default(), Clock::manual(1), false, 7).unwrap().0
    }

    /// Whether a request that decides so panics.
    async fn panics(
        core: &Arc<Core>,
        decide: impl FnOnce(&mut Transaction<'_>) -> Result<(), AwsError> + Send + 'static,
    ) -> bool {
        let core = core.clone();
        tokio::spawn(async move { core.execute(decide).await }).await.is_err_and(|error| error.is_panic())
    }

    /// What a panicking request had applied was lost from the log, and a restart knew less than the server had.
    #[tokio::test]
    async fn a_panic_leaves_memory_and_log_alike() {
        let disk = Arc::new(MemoryDisk::default());
        {
            let core = Arc::new(open(&disk));
            let dies = |tx: &mut Transaction<'_>| -> Result<(), AwsError> {
                tx.put_doc("hostile/a", b"1");
                panic!("a fault")
            };
            assert!(panics(&core, dies).await);
            let put = |tx: &mut Transaction<'_>| {
                tx.put_doc("hostile/b", b"2");
                Ok(())
            };
            core.execute(put).await.unwrap();
            assert_eq!(core.read(|engine, _| engine.docs("hostile/", "").count()), 2);
        }
        assert_eq!(open(&disk).read(|engine, _| engine.docs("hostile/", "").count()), 2);
    }

    /// A panic in the middle of a change left half of it in memory, and the server went on as if it were whole.
    #[cfg(debug_assertions)] // the panic is an overflow's
    #[tokio::test]
    async fn a_half_made_change_stops_the_server_until_a_restart() {
        let disk = Arc::new(MemoryDisk::default());
        {
            let core = Arc::new(open(&disk));
            let dies = |tx: &mut Transaction<'_>| -> Result<(), AwsError> {
                tx.put_doc("k/before", b"1");
                tx.apply(&Change::Put(Put { seq: u64::MAX, at: 0, stream: StreamId(1), position: 0, data: b"" }));
                Ok(())
            };
            assert!(panics(&core, dies).await);
            let put = |tx: &mut Transaction<'_>| {
                tx.put_doc("k/after", b"2");
                Ok(())
            };
            let error = core.execute(put).await.unwrap_err();
            assert_eq!((error.status, error.message.contains("restart it")), (503, true), "{error:?}");
            assert!(core.refusal().is_some_and(|reason| reason.contains("restart it")));
        }
        let core = open(&disk);
        assert_eq!(core.refusal(), None);
        let docs = core.read(|engine, _| engine.docs("k/", "").map(|(key, _)| key.to_owned()).collect::<Vec<_>>());
        assert_eq!(docs, ["k/before"], "what was whole is kept");
    }

    /// One record too large for the log was applied, and then nothing could be written any more until a restart, and not
    /// after it either.
    #[tokio::test]
    async fn what_the_log_does_not_take_is_not_done_at_all() {
        let disk = Arc::new(MemoryDisk::default());
        let docs = |core: &Core| {
            core.read(|engine, _| engine.docs("", "").map(|(key, doc)| (key.to_owned(), doc.len())).collect::<Vec<_>>())
        };
        let put = async |core: &Core, sizes: &[(&str, usize)]| {
            let put = |tx: &mut Transaction<'_>| {
                sizes.iter().for_each(|(key, bytes)| tx.put_doc(key, &vec![0; *bytes]));
                Ok(())
            };
            core.execute(put).await.map_err(|error| (error.status, error.message))
        };
        let notices = Arc::new(Notices::new(|_| {}));
        let known = {
            let core = open(&disk);
            core.tell(notices.clone());
            put(&core, &[("k/a", 1), ("k/b", 2)]).await.unwrap();
            let (status, why) = put(&core, &[("k/alone", log::MAX_PAYLOAD)]).await.unwrap_err();
            assert_eq!((status, why.contains("a record of")), (413, true), "{why}");
            let known = docs(&core);
            // Others before it and after it: none of them is made.
            put(&core, &[("k/a", 9), ("k/new", 1), ("k/large", log::MAX_PAYLOAD), ("k/z", 1)]).await.unwrap_err();
            assert_eq!(docs(&core), known);
            // Each small enough, all together not.
            let parts = [("k/1", log::MAX_PAYLOAD - 100), ("k/2", log::MAX_PAYLOAD - 100), ("k/3", 300)];
            let (status, why) = put(&core, &parts).await.unwrap_err();
            assert_eq!((status, why.contains("a transaction of")), (413, true), "{why}");
            assert_eq!((docs(&core), core.refusal()), (known, None));
            put(&core, &[("k/after", 3)]).await.unwrap();
            docs(&core)
        };
        assert_eq!(docs(&open(&disk)), known);
        assert!(notices.all().iter().any(|(_, text)| text.contains("refused for its size")));
    }

    /// A full disk refused the log's appends while the engine had made their changes: memory went ahead of the log.
    #[tokio::test]
    async fn a_full_disk_leaves_memory_and_log_alike() {
        let disk = FaultyDisk::default();
        let open =
            |disk: FaultyDisk| Core::open(Arc::new(disk), Options::default(), Clock::manual(1), false, 7).unwrap().0;
        let core = open(disk.clone());
        let put = async |core: &Core, key: &'static str| {
            let put = |tx: &mut Transaction<'_>| {
                tx.put_doc(key, b"1");
                Ok(())
            };
            core.execute(put).await.map_err(|error| error.status)
        };
        let keys = |core: &Core| {
            core.read(|engine, _| engine.docs("k/", "").map(|(key, _)| key.to_owned()).collect::<Vec<_>>())
        };
        put(&core, "k/kept").await.unwrap();
        disk.with(|state| state.space = Some(0));
        assert_eq!(put(&core, "k/waits").await, Err(503), "it is made, and waits for the disk");
        assert_eq!(put(&core, "k/refused").await, Err(503));
        assert_eq!(keys(&core), ["k/kept", "k/waits"], "what is refused is not made");
        disk.with(|state| state.space = None);
        put(&core, "k/after").await.unwrap();
        let known = keys(&core);
        drop(core);
        assert_eq!(keys(&open(disk)), known);
    }
}
