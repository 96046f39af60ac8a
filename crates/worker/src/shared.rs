//! What the parts of a worker share.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::buffer::Buffer;
use crate::error::Error;
use crate::event::{Event, Listener};
use crate::handler::Handler;
use crate::held::{Done, Held, Loss};
use crate::queue::Queue;
use crate::settings::Settings;

/// What the parts of a worker share.
pub(crate) struct Shared {
    pub(crate) client: aws_sdk_sqs::Client,
    pub(crate) queue: Queue,
    pub(crate) settings: Settings,
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) listeners: RwLock<Vec<Listener>>,
    pub(crate) state: Mutex<State>,
    /// Places for messages.
    pub(crate) room: Arc<Semaphore>,
    pub(crate) deletes: mpsc::UnboundedSender<Done>,
    /// Rings when messages came: the keeper has to look.
    pub(crate) came: Notify,
    /// Rings when an extension came back.
    pub(crate) extended: Notify,
    /// Rings when something isn't held any more, or a receive came back.
    pub(crate) less: Notify,
    pub(crate) running: AtomicBool,
    /// Cancelled when the worker is to stop.
    pub(crate) ending: CancellationToken,
    /// Cancelled when all of its tasks are to be dropped.
    pub(crate) kill: CancellationToken,
    failed: Mutex<Option<Error>>,
    numbers: AtomicU64,
}

/// What the worker holds.
pub(crate) struct State {
    pub(crate) held: BTreeMap<u64, Arc<Held>>,
    pub(crate) buffer: Buffer<Arc<Held>>,
    /// How many are worked on.
    pub(crate) working: usize,
    /// How many receives are under way.
    pub(crate) receiving: usize,
    /// Nothing is begun any more.
    pub(crate) stopping: bool,
}

impl Shared {
    pub(crate) fn new(
        client: aws_sdk_sqs::Client,
        queue: Queue,
        settings: Settings,
        handler: Arc<dyn Handler>,
        deletes: mpsc::UnboundedSender<Done>,
    ) -> Self {
        let room = settings.concurrency.max(1).saturating_add(settings.buffer).min(Semaphore::MAX_PERMITS);
        Self {
            client,
            queue,
            settings,
            handler,
            listeners: RwLock::default(),
            state: Mutex::new(State {
                held: BTreeMap::new(),
                buffer: Buffer::new(),
                working: 0,
                receiving: 0,
                stopping: false,
            }),
            room: Arc::new(Semaphore::new(room)),
            deletes,
            came: Notify::new(),
            extended: Notify::new(),
            less: Notify::new(),
            running: AtomicBool::new(false),
            ending: CancellationToken::new(),
            kill: CancellationToken::new(),
            failed: Mutex::new(None),
            numbers: AtomicU64::new(0),
        }
    }

    /// Tells the listeners what happened.
    pub(crate) fn tell(&self, event: Event<'_>) {
        self.listeners.read().iter().for_each(|listener| listener(event));
    }

    /// Tells of something that went wrong.
    pub(crate) fn trouble(&self, why: &str) {
        self.tell(Event::Trouble { why, error: None });
    }

    /// Tells of a request that failed.
    pub(crate) fn trouble_of(&self, error: &Error) {
        self.tell(Event::Trouble { why: &error.to_string(), error: Some(error) });
    }

    /// Ends the worker with an error; the first one counts.
    pub(crate) fn fail(&self, error: Error) {
        self.failed.lock().get_or_insert(error);
        self.ending.cancel();
    }

    pub(crate) fn take_failure(&self) -> Option<Error> {
        self.failed.lock().take()
    }

    /// A task that ends when the worker does.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(self.kill.clone().run_until_cancelled_owned(task));
    }

    pub(crate) fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// For how long a message is hidden by a receive and by an extension, in whole seconds.
    pub(crate) fn visibility(&self) -> Duration {
        Duration::from_secs(self.settings.visibility.unwrap_or(self.queue.visibility).as_secs())
    }

    /// The same where heartbeats keep it so. A message that a receive doesn't hide can't be kept.
    pub(crate) fn kept(&self) -> Option<Duration> {
        Some(self.visibility()).filter(|visibility| self.settings.heartbeat && !visibility.is_zero())
    }

    /// The visibility that margins are made of.
    pub(crate) fn measure(&self) -> Duration {
        self.kept().unwrap_or(Duration::from_secs(20))
    }

    /// Ends the right to work on a message.
    pub(crate) fn lose(self: &Arc<Self>, held: &Arc<Held>, loss: Loss) {
        if !held.lose(loss.clone()) {
            return;
        }
        let told = match &loss {
            Loss::Gone(why) => Some(why.as_str()),
            Loss::Limit => Some("it was held as long as it may be"),
            Loss::Stopped => None,
        };
        if let Some(why) = told {
            self.tell(Event::LeaseLost { job: &held.job, why });
        }
        // What is worked on is settled when that ends. What waits goes at once, and what waits behind it with it.
        let mut cut = self.state.lock().buffer.cut(&held.lane, |waiting| Arc::ptr_eq(waiting, held));
        if !cut.is_empty() {
            if matches!(loss, Loss::Gone(_)) {
                let gone = cut.remove(0);
                self.release(&gone);
            }
            let shared = self.clone();
            self.spawn(async move { shared.give_back(cut).await });
        }
    }

    /// A message isn't held any more.
    pub(crate) fn release(&self, held: &Arc<Held>) {
        self.state.lock().held.remove(&held.number);
        self.less.notify_waiters();
    }

    /// Resolves when that is so of what is held and received.
    pub(crate) async fn until(&self, is_so: impl Fn(&State) -> bool) {
        loop {
            let mut rings = pin!(self.less.notified());
            rings.as_mut().enable();
            if is_so(&self.state.lock()) {
                return;
            }
            rings.await;
        }
    }

    /// Resolves when nothing is held or received any more.
    pub(crate) async fn until_idle(&self) {
        self.until(|state| state.held.is_empty() && state.receiving == 0).await;
    }
}
