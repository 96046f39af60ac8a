//! The one owner of the engine and the log: every command is decided and applied in order, and no reply leaves before its
//! changes are in the log.

pub(crate) mod authority;
pub(crate) mod background;
pub(crate) mod chance;
pub(crate) mod clock;
mod cloud;
pub(crate) mod compaction;
pub(crate) mod consumers;
mod declare;
pub(crate) mod expire;
mod format;
pub(crate) mod journal;
pub(crate) mod kept;
pub(crate) mod kept_time;
pub(crate) mod notices;
pub(crate) mod notification;
mod rebuild;
pub(crate) mod receive;
mod slices;
pub(crate) mod snapshot;
pub(crate) mod tally;
#[cfg(test)]
mod tests;
pub(crate) mod transaction;
pub(crate) mod used_keys;
pub(crate) mod waiters;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::{fmt, io};

use parking_lot::Mutex;
use tokio::sync::Notify;

use self::chance::Chance;
use self::clock::Clock;
use self::format::Format;
use self::journal::{History, Journal};
use self::kept_time::Kept;
use self::notices::Notices;
use self::transaction::{Frames, Transaction};
use self::waiters::Waiters;
use engine::ids::{self, Kind};
use engine::{Engine, Millis, Owner, Strictness};
use log::{self, Disk, Durability, Location, Log, LogError, Options, Position, Recovery};
use wire::{AwsError, digest};

pub use self::cloud::Cloud;

/// The status of a refusal of changes that are larger than the log takes: none of them is made.
pub(crate) const TOO_LARGE: u16 = 413;

/// A segment is at least so many times as long as what it opens with: else every write would write all declarations.
const DECLARATIONS_SHARE: u64 = 4;

/// The engine, the log and the clock.
pub struct Core {
    state: Mutex<State>,
    log: Log,
    clock: Clock,
    /// The long polls that wait for messages.
    pub waiters: Waiters,
    /// A stream got a record or was declared: the flusher looks again.
    pub streams: Notify,
    durability: Durability,
    segment_bytes: u64,
    seed: u128,
    /// Whether whoever knows the seed may know the secrets.
    tells_secrets: bool,
    ids: AtomicU64,
    format: Format,
    /// Where it is said what was refused because of its size.
    notices: OnceLock<Arc<Notices>>,
}

struct State {
    engine: Engine,
    frames: Frames,
    journal: Journal,
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
        let mut engine = Engine::new(if strict { Strictness::Strict } else { Strictness::Lenient });
        let mut newest = 1;
        let (log, recovery) = Log::open(disk, options, &mut |location, record| {
            newest = newest.max(rebuild::replay(&mut engine, location, record)?);
            Ok(())
        })?;
        // A load that a restart interrupted is over.
        engine.drop_incoming();
        let (clock, seed) = match Kept::of(&engine) {
            // The seed of an earlier run of this folder gives other ids now.
            Some(kept) => (clock.gone_on_from(kept.last), seed ^ u128::from(kept.last) << 64),
            None => (clock, seed),
        };
        rebuild::salt(&mut engine, seed);
        let journal = Journal::new(History::default());
        let state = State { engine, frames: Frames::default(), journal, end: None, broken: None };
        let core = Self {
            state: Mutex::new(state),
            segment_bytes: log.segment_bytes().into(),
            log,
            clock,
            waiters: Waiters::default(),
            streams: Notify::new(),
            durability: options.durability,
            seed,
            tells_secrets: false,
            ids: AtomicU64::new(0),
            format: Format::of(newest),
            notices: OnceLock::new(),
        };
        Ok((core, recovery))
    }

    /// Where to say what was refused because of its size.
    pub fn report_to(&self, notices: Arc<Notices>) {
        _ = self.notices.set(notices);
    }

    /// Has `note` say in the data folder of which format the log is, now and before it becomes a newer one.
    pub(crate) fn note_format(&self, note: impl Fn(u32) -> io::Result<()> + Send + Sync + 'static) -> io::Result<()> {
        self.format.note_by(note)
    }

    /// A number that no other run of a cloud has.
    pub(crate) fn number(&self) -> u64 {
        (self.seed >> 64) as u64
    }

    /// A new random id, UUID-shaped.
    pub fn uuid(&self) -> String {
        let number = self.ids.fetch_add(1, Ordering::Relaxed);
        text::uuid::format(ids::uuid(self.seed, Kind::Random, number, 0))
    }

    /// From now on secrets follow from the seed, as ids do.
    pub(crate) fn tell_secrets(&mut self) {
        self.tells_secrets = true;
    }

    /// The chance that makes a secret.
    pub(crate) fn chance(&self) -> Chance {
        match self.tells_secrets {
            true => Chance::of(self.seed, self.ids.fetch_add(1, Ordering::Relaxed)),
            false => Chance::REAL,
        }
    }

    /// Bytes that nobody can guess.
    pub(crate) fn secret<const N: usize>(&self) -> [u8; N] {
        self.chance().bytes()
    }

    /// The same without dashes: 32 hex digits that nobody else has.
    pub(crate) fn unique(&self) -> String {
        let number = self.ids.fetch_add(1, Ordering::Relaxed);
        digest::to_hex(&ids::uuid(self.seed, Kind::Random, number, 0))
    }

    /// The time.
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// The time that clients live by: what expires for them does so by it, see [`Clock`].
    pub(crate) fn clients_now(&self) -> Millis {
        self.clock.of_clients()
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

    /// Looks at the state, which may be ahead of the log: [`wait_durable`](Self::wait_durable) before you tell of it. Short: the whole
    /// cloud waits.
    pub fn read<R>(&self, look: impl FnOnce(&Engine, Millis) -> R) -> R {
        let now = self.now();
        look(&self.state.lock().engine, now)
    }

    /// As [`read`](Self::read), for what counts a queue's messages: that moves the queue's clock, and changes nothing that the log
    /// has to hold.
    pub fn count<R>(&self, look: impl FnOnce(&mut Engine, Millis) -> R) -> R {
        let now = self.now();
        look(&mut self.state.lock().engine, now)
    }

    /// Looks at the state and at what is remembered of messages: as [`count`](Self::count), which moves queues' clocks.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&mut Engine, &mut Journal, Millis) -> R) -> R {
        let now = self.now();
        let State { engine, journal, .. } = &mut *self.state.lock();
        look(engine, journal, now)
    }

    /// From now on so much is remembered of messages; what was is forgotten.
    pub fn remember(&self, history: History) {
        self.state.lock().journal = Journal::new(history);
    }

    /// Forgets what became of messages.
    pub(crate) fn forget(&self) {
        self.state.lock().journal.forget();
    }

    /// Decides and applies under the lock, then waits until the log holds it. Short: the whole cloud waits while it decides.
    ///
    /// No `async fn`: that would hold, and move, the decision twice.
    pub fn execute<R>(
        &self,
        decide: impl FnOnce(&mut Transaction<'_>) -> Result<R, AwsError>,
    ) -> impl Future<Output = Result<R, AwsError>> {
        self.execute_as(false, decide)
    }

    /// As [`execute`](Self::execute), for what only looks, or leaves less than there was, now or as its consequence: it is
    /// done on a full disk as well, from what is kept for that. It must write little.
    pub fn execute_freeing<R>(
        &self,
        decide: impl FnOnce(&mut Transaction<'_>) -> Result<R, AwsError>,
    ) -> impl Future<Output = Result<R, AwsError>> {
        self.execute_as(true, decide)
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
            let State { engine, frames, journal, end, broken } = &mut *state;
            if let Some(reason) = broken {
                return Err(unavailable(reason));
            }
            let most = self.log.admit(frees).map_err(unavailable)?;
            frames.clear();
            let mut transaction = Transaction::new(engine, now, frames, journal, &self.format);
            transaction.most = most;
            // What a panic leaves applied goes to the log all the same: memory and log never differ.
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| decide(&mut transaction)));
            let Transaction { wake, hidden, wake_streams, applying, refused, .. } = transaction;
            frames.keep_applied();
            if let Some(refused) = refused {
                // What the transaction had made before it is made nowhere but in memory.
                if !frames.owners.is_empty() {
                    journal.forget();
                    let rebuilt = rebuild::from_log(engine, &self.log, self.seed);
                    rebuilt.inspect_err(|error| *broken = Some(error.to_string())).map_err(unavailable)?;
                }
                return Err(match refused {
                    LogError::TooLarge { .. } => self.too_large(now, &refused),
                    _ => unavailable(refused),
                });
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
        // A long poll that is woken now commits after this transaction, so its answer tells of nothing that isn't in the log.
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
    pub async fn wait_durable(&self) {
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
        let locations = log::locations(first, frames.slices());
        for ((owner, slice), location) in frames.owners.iter().zip(frames.slices()).zip(locations) {
            if *owner != Owner::None {
                engine.note_place(owner, rebuild::place(location), log::frame_bytes(slice.len()));
            }
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
            engine.each_declaration(|change| opening.push(change));
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
