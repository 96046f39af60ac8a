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
use crate::log::{self, Disk, Durability, Location, Log, LogError, Options, Position, Recovery};

/// The status of a refusal of changes that are larger than the log takes: none of them is made.
pub const TOO_LARGE: u16 = 413;

/// A segment is at least so many times as long as what it opens with: else every write would write all declarations.
const DECLARATIONS_SHARE: u64 = 4;

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

    /// Bytes of a segment of the log: what was asked for, or so many that the declarations at its beginning are no more than
    /// a quarter of it.
    pub fn segment_bytes(&self) -> u64 {
        let declared = self.read(|engine, _| engine.declared_bytes());
        self.segment_bytes.max(DECLARATIONS_SHARE * declared)
    }

    /// The log, for its figures.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Why changes are refused at the moment, if they are.
    pub fn refusal(&self) -> Option<String> {
        self.fault().or_else(|| self.log.low().map(|low| low.to_string()))
    }

    /// Why no change at all is taken at the moment, also none that frees space.
    pub fn fault(&self) -> Option<String> {
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
        self.execute_as(false, decide).await
    }

    /// As [`execute`](Self::execute), for what only looks, or leaves less than there was, now or as its consequence: it is
    /// done on a full disk as well, from what is kept for that. It must write little.
    pub async fn execute_freeing<R>(
        &self,
        decide: impl FnOnce(&mut Transaction<'_>) -> Result<R, AwsError>,
    ) -> Result<R, AwsError> {
        self.execute_as(true, decide).await
    }

    /// As [`execute_freeing`](Self::execute_freeing) if it `frees`, else as [`execute`](Self::execute).
    pub async fn execute_as<R>(
        &self,
        frees: bool,
        decide: impl FnOnce(&mut Transaction<'_>) -> Result<R, AwsError>,
    ) -> Result<R, AwsError> {
        let (result, position, wake, hidden, wake_streams) = {
            let now = self.now();
            let mut state = self.state.lock();
            let State { engine, frames, end, broken } = &mut *state;
            if let Some(reason) = broken {
                return Err(unavailable(reason));
            }
            self.log.admit(frees).map_err(unavailable)?;
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
            let roll_at = self.segment_bytes.max(DECLARATIONS_SHARE * engine.declared_bytes());
            let appended = self.append(engine, frames, end, roll_at);
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

    /// Closes the log's segment, so that it can be given back; the next one opens with the declarations.
    pub async fn close_segment(&self) -> Result<(), AwsError> {
        let position = {
            let mut state = self.state.lock();
            let State { engine, end, broken, .. } = &mut *state;
            if let Some(reason) = broken {
                return Err(unavailable(reason));
            }
            self.log.admit(true).map_err(unavailable)?;
            *end = None;
            self.write_opening(engine, &Frames::default(), end, 0).map_err(unavailable)?.1
        };
        self.log.commit(position).await.map_err(unavailable)
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

    /// Appends a transaction to the log and notes where its records lie. A segment ends before it grows beyond `roll_at`
    /// bytes; a new one opens with the declarations in force, so that a replay that begins with it knows the queues and
    /// topics.
    fn append(
        &self,
        engine: &mut Engine,
        frames: &Frames,
        end: &mut Option<u64>,
        roll_at: u64,
    ) -> Result<Position, LogError> {
        if frames.ends.is_empty() {
            return Ok(self.log.position());
        }
        let (first, position) = self.write_opening(engine, frames, end, roll_at)?;
        let mut location = first;
        for (owner, slice) in frames.owners.iter().zip(frames.slices()) {
            let bytes = log::frame_bytes(slice.len());
            if *owner != Owner::None {
                engine.placed(owner, rebuild::place(location), bytes);
            }
            location.offset += bytes;
        }
        Ok(position)
    }

    /// Appends frames, behind the declarations if they open a segment. Returns where the first of them will lie.
    fn write_opening(
        &self,
        engine: &Engine,
        frames: &Frames,
        end: &mut Option<u64>,
        roll_at: u64,
    ) -> Result<(Location, Position), LogError> {
        let bytes: u64 = frames.slices().map(|frame| u64::from(log::frame_bytes(frame.len()))).sum();
        let mut opening = Frames::default();
        if end.is_none_or(|end| end + bytes > roll_at) {
            // The state already holds the transaction's changes, so what it declares stands here as well.
            engine.declarations().for_each(|change| opening.push(&change));
        }
        let slices: Vec<&[u8]> = opening.slices().chain(frames.slices()).collect();
        let appended = self.log.append_decided(&slices, u32::try_from(roll_at).unwrap_or(u32::MAX))?;
        let bytes: u64 = slices.iter().map(|frame| u64::from(log::frame_bytes(frame.len()))).sum();
        let opened: u32 = opening.slices().map(|frame| log::frame_bytes(frame.len())).sum();
        *end = Some(u64::from(appended.first.offset) + bytes);
        let first = Location { offset: appended.first.offset + opened, ..appended.first };
        Ok((first, appended.position))
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

    /// A full disk refused deletions as well: only a larger disk could help. And what it refused was there all the same.
    #[tokio::test]
    async fn a_full_disk_can_be_emptied_and_shows_nothing_that_it_refused() {
        let disk = FaultyDisk::default();
        // A sixteenth of it is kept free, and as much again is the reserve.
        disk.with(|state| (state.space, state.total) = (Some(4 << 20), Some(16 << 20)));
        let open =
            |disk: &FaultyDisk| Core::open(Arc::new(disk.clone()), Options::default(), Clock::manual(1), false, 7);
        let core = open(&disk).unwrap().0;
        let put = async |key: String| {
            let put = |tx: &mut Transaction<'_>| {
                tx.put_doc(&key, &[7; 100 << 10]);
                Ok(())
            };
            core.execute(put).await.map_err(|error| error.status)
        };
        let delete = async |key: &'static str| {
            let delete = |tx: &mut Transaction<'_>| {
                tx.delete_doc(key);
                Ok(())
            };
            core.execute_freeing(delete).await.map_err(|error| error.status)
        };
        let keys = |core: &Core| core.read(|engine, _| engine.docs("k/", "").count());
        let mut kept = 0;
        while put(format!("k/{kept:02}")).await.is_ok() {
            kept += 1;
            assert!(kept < 40, "it is full at some time");
        }
        assert_eq!(keys(&core), kept, "what is refused isn't there");
        assert!(core.refusal().is_some_and(|reason| reason.contains("is full")));
        assert_eq!(core.fault(), None);
        // Something else takes the last byte: the reserve is left.
        disk.with(|state| state.space = Some(0));
        assert_eq!(delete("k/00").await, Ok(()));
        assert_eq!(put("k/more".into()).await, Err(503));
        assert_eq!(keys(&core), kept - 1);
        disk.with(|state| state.space = Some(8 << 20));
        assert_eq!(put("k/more".into()).await, Ok(()), "no restart is needed");
        assert_eq!(core.refusal(), None);
        assert_eq!(keys(&core), kept);
        assert_eq!(keys(&open(&disk).unwrap().0), kept);
    }

    /// Each write opened a segment with all declarations where these were longer than a segment: 60 MB for a message.
    #[tokio::test]
    async fn long_declarations_are_not_written_with_every_change() {
        let disk = Arc::new(MemoryDisk::default());
        let options = Options { segment_bytes: 64 << 10, ..Options::default() };
        let core = Core::open(disk, options, Clock::manual(1), false, 7).unwrap().0;
        declare(&core, 1, 300 << 10).await;
        let before = core.log().bytes();
        for n in 0..1_000 {
            let put = |tx: &mut Transaction<'_>| {
                tx.put_doc(&format!("k/{n}"), &[7; 1 << 10]);
                Ok(())
            };
            core.execute(put).await.unwrap();
        }
        let written = core.log().bytes() - before;
        assert!(written < 2 << 20, "{written} bytes for one MiB");
        assert_eq!(core.segment_bytes() / (300 << 10), 4);
    }

    /// Beyond what a transaction can hold the folder could never be written again.
    #[tokio::test]
    async fn declarations_have_a_bound_and_can_shrink() {
        let core = open(&Arc::new(MemoryDisk::default()));
        for id in 1..=4 {
            declare(&core, id, 31 << 20).await;
        }
        let more = |id, bytes: usize| {
            let stream = stream(id, bytes);
            core.execute(move |tx| tx.declare(&Change::Stream(std::borrow::Cow::Owned(stream))))
        };
        let error = more(5, 5 << 20).await.unwrap_err();
        assert_eq!((error.status, &*error.code), (400, "LimitExceededException"), "{error:?}");
        more(4, 30 << 20).await.unwrap();
        more(5, 4 << 20).await.unwrap();
        let before = core.read(|engine, _| engine.declared_bytes());
        core.execute(|tx| {
            tx.apply(&Change::StreamGone(StreamId(5)));
            Ok(())
        })
        .await
        .unwrap();
        let gone = before - core.read(|engine, _| engine.declared_bytes());
        assert!((4 << 20..5 << 20).contains(&gone), "{gone}");
    }

    fn stream(id: u32, bytes: usize) -> crate::engine::config::StreamConfig {
        let (arn, document) =
            (format!("arn:aws:firehose:us-east-1:000000000000:deliverystream/{id}"), "x".repeat(bytes));
        let id = StreamId(id);
        crate::engine::config::StreamConfig { id, arn, document, buffer_bytes: 1, buffer_millis: 1, created: 1 }
    }

    async fn declare(core: &Core, id: u32, bytes: usize) {
        let stream = stream(id, bytes);
        core.execute(|tx| tx.declare(&Change::Stream(std::borrow::Cow::Owned(stream)))).await.unwrap();
    }
}
