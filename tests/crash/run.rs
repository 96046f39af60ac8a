//! A run: rounds of work, each with a violent end, then the reckoning.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use log::Durability;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinSet;

use crate::clients::{Clients, Gone};
use crate::counts::{Counts, Did, Fault};
use crate::landed::Buckets;
use crate::moment::Moment;
use crate::routes::QUEUES;
use crate::server::{Home, ONE_SEGMENT, SMALL_SEGMENTS, STOPS_WITHIN, Server};
use crate::work::{self, Worker, World};
use crate::{drain, landed, setup};

/// What is run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub rounds: u32,
    pub seed: u64,
    pub durability: Durability,
    /// Bytes to cut off the log's end after the last kill.
    pub sabotage: Option<u64>,
}

/// What came of it.
pub(crate) struct Outcome {
    pub counts: Arc<Counts>,
    pub kills: usize,
    pub restarts: usize,
    pub slowest_start: Duration,
    /// Ends of the log that a kill had left unfinished.
    pub torn: usize,
    /// Segments of the log: begun, and left at the end.
    pub segments: (usize, usize),
    pub took: Duration,
}

/// How long a run with sabotage may take to have something to lose.
const PATIENCE: Duration = Duration::from_secs(60);

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

pub(crate) async fn run(plan: &Plan, folder: &Path) -> Result<Outcome> {
    let began = Instant::now();
    // A cut of a segment's end finds what is there, so there must be much of it.
    let segment = if plan.sabotage.is_some() { ONE_SEGMENT } else { SMALL_SEGMENTS };
    let home = Home::new(folder, "data", plan.durability, segment);
    let world = Arc::new(World::new());
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(plan.seed);
    let mut server = home.start()?;
    let (mut kills, mut restarts, mut slowest_start) = (0, 0, server.took);
    setup::make(&Clients::new(&server.endpoint)).await?;
    let mut buckets = Buckets::default();
    for round in 1..=plan.rounds {
        let last = round == plan.rounds;
        // The first half of the rounds has few declarations, the second more than a segment holds.
        if round == plan.rounds / 2 + 1 && plan.sabotage.is_none() {
            work::crowd(&Clients::new(&server.endpoint), &world).await?;
        }
        world.counts.round.store(round, Ordering::Relaxed);
        let moment = Moment::draw(&mut rng);
        let clients = Clients::new(&server.endpoint);
        let tasks = work::start(&clients, &world, &mut rng, plan.sabotage.is_some());
        tokio::time::sleep(moment.work).await;
        if plan.sabotage.is_some() {
            enough(&world.counts, began).await;
        }
        if let Some(took) = server.end(moment.end)?.filter(|took| *took >= STOPS_WITHIN) {
            world.counts.fault(Fault::Stop, || format!("it was asked to stop and still there after {took:?}"));
        }
        finish(tasks).await?;
        for after in &moment.starting {
            home.start_and_kill(*after)?;
        }
        if let Some(bytes) = plan.sabotage.filter(|_| last) {
            home.cut(bytes)?;
        }
        server = home.start()?;
        kills += moment.kills();
        restarts += 1 + moment.starting.len();
        slowest_start = slowest_start.max(server.took);
        let seed = rng.random();
        let mut worker = Worker::new(&Clients::new(&server.endpoint), &world, seed, false);
        if check(&mut worker, &mut buckets).await.is_err() {
            world.counts.fault(Fault::Server, || format!("it was gone in the checks after round {round}"));
        }
        if round % 25 == 0 && !last {
            eprintln!("crash: {round} rounds, {} faults", world.counts.wrong());
        }
    }
    // What sabotage took from the streams will never land.
    let patience = if plan.sabotage.is_some() { Duration::from_secs(2) } else { drain::PATIENCE };
    if reckon(&server, &world, rng.random(), &mut buckets, patience).await.is_err() {
        world.counts.fault(Fault::Server, || "it was gone in the last checks".to_owned());
    }
    leaks(&home, &server, &world, rng.random()).await?;
    server.kill()?;
    let said = home.said();
    let panics = said.lines().filter(|line| line.contains("panicked at"));
    panics.for_each(|line| world.counts.fault(Fault::Server, || line.to_owned()));
    let torn = said.matches("were cut off").count();
    let (counts, segments, took) = (world.counts.clone(), home.segments()?, began.elapsed());
    Ok(Outcome { counts, kills, restarts, slowest_start, torn, segments, took })
}

/// Holds the files of objects' bytes against what names them: nothing that was broken off or replaced may stay behind.
async fn leaks(home: &Home, server: &Server, world: &Arc<World>, seed: u64) -> Result<()> {
    let worker = Worker::new(&Clients::new(&server.endpoint), world, seed, false);
    let Ok(named) = landed::named(&worker).await else { return Ok(()) };
    let mut files = home.object_files()?;
    let since = Instant::now();
    // A file goes after its object's deletion was acknowledged.
    while files.len() > named && since.elapsed() < drain::PATIENCE {
        tokio::time::sleep(Duration::from_millis(20)).await;
        files = home.object_files()?;
    }
    if files.len() != named {
        world.counts.fault(Fault::Leaked, || format!("{} files for {named} objects and parts", files.len()));
    }
    Ok(())
}

/// Waits until so much was acknowledged that a cut of the log's end hits some of it.
async fn enough(counts: &Counts, began: Instant) {
    const ENOUGH: u64 = 300;
    while counts.done(Did::Published) < ENOUGH && began.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits for the workers, who notice that the server is gone.
async fn finish(mut tasks: JoinSet<()>) -> Result<()> {
    while let Some(ended) = tasks.join_next().await {
        ended?;
    }
    Ok(())
}

/// What can be checked after every restart, before anybody works.
async fn check(worker: &mut Worker, buckets: &mut Buckets) -> std::result::Result<(), Gone> {
    for queue in 0..QUEUES.len() {
        let depth = drain::depth(worker, queue).await?;
        worker.world.ledger.lock().check_depth(queue, depth);
    }
    work::check(worker, false).await?;
    landed::read(worker, buckets).await?;
    worker.world.ledger.lock().tidy();
    Ok(())
}

/// Empties everything and closes the ledger.
async fn reckon(
    server: &Server,
    world: &Arc<World>,
    seed: u64,
    buckets: &mut Buckets,
    patience: Duration,
) -> std::result::Result<(), Gone> {
    let clients = Clients::new(&server.endpoint);
    let mut worker = Worker::new(&clients, world, seed, false);
    work::check(&mut worker, true).await?;
    let mut tasks = JoinSet::new();
    for queue in 0..QUEUES.len() {
        let mut worker = Worker::new(&clients, world, seed ^ queue as u64, false);
        tasks.spawn(async move { drain::queue(&mut worker, queue).await });
    }
    drain::streams(&mut worker, buckets, patience).await?;
    for drained in tasks.join_all().await {
        drained?;
    }
    world.ledger.lock().close();
    Ok(())
}
