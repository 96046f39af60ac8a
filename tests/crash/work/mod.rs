//! The workloads of a round: each runs until the server is gone.

pub(crate) mod consumers;
mod crowd;
mod fifo;
mod hopeless;
mod objects;
mod publishers;
mod settings;
mod stacks;
mod uploads;
mod waiting;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use parking_lot::Mutex;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinSet;

pub(crate) use self::crowd::make as crowd;
pub(crate) use self::fifo::Group;
pub(crate) use self::objects::Object;
pub(crate) use self::stacks::Stack;
use crate::clients::{Clients, Gone, fate};
use crate::counts::Counts;
use crate::ledger::Ledger;
use crate::register::Register;
use crate::routes::{DIRECT, EVENTS, ORDERED, QUEUES, RECORDS, Route, SENT, is_fifo};

/// What all clients together know, over all rounds.
pub(crate) struct World {
    pub counts: Arc<Counts>,
    pub ledger: Mutex<Ledger>,
    /// FIFO groups; each belongs to one publisher, so that their order is known.
    pub groups: Vec<Mutex<Group>>,
    pub objects: Mutex<Vec<Object>>,
    pub stacks: Mutex<Vec<Stack>>,
    pub timeout: Mutex<Register<u32>>,
    /// Whether the declarations are more than a segment of the log holds.
    pub crowded: AtomicBool,
}

impl World {
    pub(crate) fn new() -> Self {
        let counts = Arc::new(Counts::default());
        Self {
            ledger: Mutex::new(Ledger::new(counts.clone())),
            counts,
            groups: (0..fifo::GROUPS).map(|_| Mutex::default()).collect(),
            objects: Mutex::new((0..objects::KEYS).map(|_| Object::new(None)).collect()),
            stacks: Mutex::new((0..stacks::STACKS).map(Stack::new).collect()),
            timeout: Mutex::new(Register::new(settings::FIRST)),
            crowded: AtomicBool::new(false),
        }
    }
}

/// A worker's hands.
pub(crate) struct Worker {
    pub clients: Clients,
    pub world: Arc<World>,
    pub rng: Xoshiro256PlusPlus,
    /// Bodies are small, so that a cut of the log hits many of them.
    pub small: bool,
}

impl Worker {
    pub(crate) fn new(clients: &Clients, world: &Arc<World>, seed: u64, small: bool) -> Self {
        let rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        Self { clients: clients.clone(), world: world.clone(), rng, small }
    }

    /// A call's fate.
    pub(crate) async fn call<T, E: ProvideErrorMetadata>(
        &self,
        sent: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<Result<T, String>, Gone> {
        fate(&self.world.counts, sent.await)
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.world.counts
    }

    pub(crate) async fn pause(&mut self, most: Duration) {
        let micros = self.rng.random_range(0..most.as_micros() as u64);
        tokio::time::sleep(Duration::from_micros(micros)).await;
    }

    /// The size of an event: mostly that of a business's event, now and then one that fills the log.
    pub(crate) fn size(&mut self) -> usize {
        match self.rng.random_range(0..40) {
            0 if !self.small => self.rng.random_range(10_000..60_000),
            _ => self.rng.random_range(20..600),
        }
    }
}

/// Starts all workloads, or only those whose traces in the log are small and many.
pub(crate) fn start(clients: &Clients, world: &Arc<World>, rng: &mut Xoshiro256PlusPlus, small: bool) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let mut worker = || Worker::new(clients, world, rng.random(), small);
    let publishers: [&'static Route; 4] = [&EVENTS, &EVENTS, &DIRECT, &RECORDS];
    for route in publishers {
        tasks.spawn(until_gone(publishers::run(worker(), route)));
    }
    for (route, groups) in [(&ORDERED, 0..3), (&ORDERED, 3..6), (&SENT, 6..9)] {
        tasks.spawn(until_gone(fifo::run(worker(), route, groups)));
    }
    // Two on the first queue of each kind, so that consumers meet.
    tasks.spawn(until_gone(consumers::standard(worker(), 0)));
    tasks.spawn(until_gone(consumers::ordered(worker(), 4)));
    if small {
        return tasks;
    }
    for queue in 0..QUEUES.len() {
        match is_fifo(queue) {
            true => tasks.spawn(until_gone(consumers::ordered(worker(), queue))),
            false => tasks.spawn(until_gone(consumers::standard(worker(), queue))),
        };
    }
    tasks.spawn(until_gone(objects::run(worker())));
    tasks.spawn(until_gone(settings::run(worker())));
    tasks.spawn(until_gone(stacks::run(worker())));
    tasks.spawn(until_gone(uploads::run(worker())));
    tasks.spawn(until_gone(hopeless::run(worker(), 0)));
    tasks.spawn(until_gone(hopeless::run(worker(), 1)));
    for _ in 0..waiting::WAITING {
        tasks.spawn(until_gone(waiting::run(worker())));
    }
    tasks
}

async fn until_gone(run: impl Future<Output = Result<(), Gone>>) {
    // That the server goes is what ends a workload.
    let _ = run.await;
}

/// Checks all objects, settings and stacks on a server that stays.
pub(crate) async fn check(worker: &mut Worker, all: bool) -> Result<(), Gone> {
    objects::check(worker, all).await?;
    uploads::check(worker).await?;
    settings::check(worker).await?;
    crowd::check(worker).await?;
    if all {
        stacks::check(worker).await?;
        hopeless::check(worker).await?;
    }
    Ok(())
}
