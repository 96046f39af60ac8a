//! The scenarios under kills: the cloud, the API and the workers are processes that are killed at random moments, and started
//! again on the same data and ports, while clients work. In the end every accepted request has had its effect once, or has
//! ended with a reason; none is lost, none is half.
//!
//! ```text
//! fleet      the processes
//! strike     who dies in a round, when and how
//! world      what clients have, and what looks at the cloud
//! ledger     what clients know, what was found, what the two come to; `proof` shows that it can fail
//! archive, tasks, workflows, jobs   each scenario's clients and checks, and how its effects are sabotaged
//! picture, database   what they need
//! ```
//!
//! The checks know nothing of the services' code: they use the API and look at the queues, the buckets and the database. After a run
//! in which nothing is wrong, effects are removed behind the services' backs, one kind after another: each must be found.

mod archive;
mod database;
mod fleet;
mod jobs;
mod ledger;
mod picture;
pub(crate) mod proof;
mod strike;
mod tasks;
mod workflows;
mod world;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinSet;

use self::archive::Archive;
use self::fleet::{CLOUD, Fleet, STOPS_WITHIN};
use self::jobs::Jobs;
use self::ledger::{Did, Fault, Findings, Tally};
use self::strike::Strike;
use self::tasks::Tasks;
use self::workflows::Workflows;
use self::world::{Client, World};

/// Clients side by side.
const CLIENTS: usize = 10;
/// For how long nothing may move in the end while something is left. Retries wait longer and longer.
const PATIENCE: Duration = Duration::from_secs(45);
/// The same after sabotage: what it took never comes.
const SABOTAGED: Duration = Duration::from_secs(3);
/// Runs of so many rounds have the time to let processes stand still for seconds.
const LONG: u32 = 6;
/// Requests that the last round waits for, so that there is something to check.
const ENOUGH: usize = 40;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A scenario as its clients see it.
pub(crate) trait System: Send + Sync + 'static {
    /// Its name.
    const NAME: &'static str;
    /// The ways to remove an effect of it, which must all be found.
    const SABOTAGES: &'static [&'static str];

    /// Its processes: the first has the API. A name and the arguments of `serve` for each.
    fn services(&self, database_url: Option<&str>) -> Vec<(&'static str, Vec<String>)>;

    /// What is to be done once the stack is there, before the services run.
    fn set_up(&self, world: &World, fleet: &Fleet) -> impl Future<Output = Result<()>> + Send;

    /// What a client does once.
    fn request(&self, world: &World, client: &mut Client) -> impl Future<Output = ()> + Send;

    /// Does what clients must do for requests to have their effect; how much is left to be done, by whomever.
    fn left(&self, world: &World) -> impl Future<Output = Result<u64>> + Send;

    /// Looks what became of all requests. It may be asked again.
    fn find(&self, world: &World) -> impl Future<Output = Result<Findings>> + Send;

    /// Removes an effect.
    fn sabotage(&self, what: &str, world: &World, fleet: &mut Fleet) -> impl Future<Output = Result<()>> + Send;
}

/// What is run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub rounds: u32,
    pub seed: u64,
    pub database_url: Option<String>,
}

/// The scenarios' names.
pub(crate) const NAMES: [&str; 4] = [Archive::NAME, Tasks::NAME, Workflows::NAME, Jobs::NAME];

/// Runs a scenario by its name, and prints what it came to. Whether all is well.
pub(crate) async fn run(name: &str, plan: &Plan, folder: &Path) -> Result<bool> {
    match name {
        Archive::NAME => run_one(Archive::default(), plan, folder).await,
        Tasks::NAME => run_one(Tasks::default(), plan, folder).await,
        Workflows::NAME => run_one(Workflows::default(), plan, folder).await,
        Jobs::NAME => run_one(Jobs::default(), plan, folder).await,
        _ => Err(format!("there is no scenario {name}; there are {}", NAMES.join(", ")).into()),
    }
}

async fn run_one<S: System>(system: S, plan: &Plan, folder: &Path) -> Result<bool> {
    let began = Instant::now();
    let mut fleet = Fleet::new(folder, &system.services(plan.database_url.as_deref()))?;
    fleet.start(CLOUD)?;
    fleet.run(&["deploy", "--scenario", S::NAME, "--endpoint-url", &fleet.address(CLOUD)])?;
    let world = World::new(&fleet, &format!("messaging-{}", S::NAME), plan.database_url.clone()).await?;
    system.set_up(&world, &fleet).await?;
    let (system, world) = (Arc::new(system), Arc::new(world));
    let toll = rounds(&system, &world, &mut fleet, plan).await?;
    let left = settle(&*system, &world, PATIENCE).await?;
    let mut findings = system.find(&world).await?;
    if left > 0 {
        findings.strange(Fault::Lost, format!("{left} are left, and nothing moves"));
    }
    for n in 0..fleet.len() {
        for line in fleet.said(n).lines().filter(|line| line.contains("panicked at")) {
            findings.strange(Fault::Server, format!("{}: {line}", fleet.name(n)));
        }
    }
    let tally = world.ledger.settle(&findings);
    println!("crash: {}, seed {}", S::NAME, plan.seed);
    let mut rows = vec![("rounds".to_owned(), plan.rounds.to_string())];
    rows.extend(toll.rows(&fleet));
    rows.push(("seconds".to_owned(), began.elapsed().as_secs().to_string()));
    tally.print(&rows);
    if tally.wrong() > 0 {
        return Ok(false);
    }
    if tally.done(Did::Done) == 0 || tally.done(Did::Acknowledged) == 0 {
        println!("  nothing was done: there is nothing to check");
        return Ok(false);
    }
    sabotage(&*system, &world, &mut fleet, tally).await
}

/// How often who died, and how long starts took.
#[derive(Default)]
struct Toll {
    kills: Vec<usize>,
    stops: Vec<usize>,
    freezes: usize,
    slowest_start: Duration,
}

impl Toll {
    fn rows(&self, fleet: &Fleet) -> Vec<(String, String)> {
        let mut rows: Vec<_> =
            (0..fleet.len()).map(|n| (format!("kills of the {}", fleet.name(n)), self.kills[n].to_string())).collect();
        rows.push(("stops by SIGTERM".to_owned(), self.stops.iter().sum::<usize>().to_string()));
        rows.push(("times that one stood still for some seconds".to_owned(), self.freezes.to_string()));
        rows.push(("longest start in ms".to_owned(), self.slowest_start.as_millis().to_string()));
        rows
    }
}

/// Rounds of work, each with a violent end. When it returns all processes run, and no client works.
async fn rounds<S: System>(system: &Arc<S>, world: &Arc<World>, fleet: &mut Fleet, plan: &Plan) -> Result<Toll> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(plan.seed);
    let mut toll = Toll { kills: vec![0; fleet.len()], stops: vec![0; fleet.len()], ..Toll::default() };
    for n in 0..fleet.len() {
        toll.slowest_start = toll.slowest_start.max(fleet.start(n)?);
    }
    let over = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let (system, world, over) = (system.clone(), world.clone(), over.clone());
        let mut client = Client::new(number, rng.random());
        clients.spawn(async move {
            while !over.load(Ordering::Relaxed) {
                system.request(&world, &mut client).await;
                client.pause().await;
            }
        });
    }
    for round in 1..=plan.rounds {
        let strike = Strike::draw(&mut rng, fleet.len(), plan.rounds >= LONG);
        tokio::time::sleep(strike.work).await;
        if round == plan.rounds {
            enough(world).await;
        }
        for ended in fleet.ended_by_themselves()? {
            world.ledger.saw(Fault::Server, format!("in round {round}: {ended}"));
        }
        if let Some((n, time)) = strike.frozen {
            fleet.freeze(n, time).await?;
            toll.freezes += 1;
        }
        for (n, how, pause) in &strike.ends {
            if fleet.end(*n, *how)?.is_some_and(|took| took >= STOPS_WITHIN) {
                world.ledger.saw(Fault::Stop, format!("the {} in round {round}", fleet.name(*n)));
            }
            tokio::time::sleep(*pause).await;
        }
        // The cloud first: a service that finds none at its start ends.
        fleet.start(CLOUD)?;
        for (n, after) in &strike.starting {
            fleet.start_and_kill(*n, *after)?;
        }
        for n in 0..fleet.len() {
            toll.slowest_start = toll.slowest_start.max(fleet.start(n)?);
            toll.kills[n] += strike.kills(n);
            toll.stops[n] += strike.stops(n);
        }
        if round % 25 == 0 {
            eprintln!("crash: {}, {round} rounds, {} acknowledged", S::NAME, world.ledger.count_acknowledged());
        }
    }
    over.store(true, Ordering::Relaxed);
    while let Some(ended) = clients.join_next().await {
        ended?;
    }
    Ok(toll)
}

/// Waits until so much was acknowledged that a run proves something.
async fn enough(world: &World) {
    let since = Instant::now();
    while world.ledger.count_acknowledged() < ENOUGH && since.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until nothing is left to be done, or nothing moves any more; how much is left.
async fn settle<S: System>(system: &S, world: &World, patience: Duration) -> Result<u64> {
    let (mut since, mut before) = (Instant::now(), u64::MAX);
    loop {
        let left = system.left(world).await?;
        if left == 0 || since.elapsed() > patience {
            return Ok(left);
        }
        if left != before {
            (since, before) = (Instant::now(), left);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Removes effects behind the services' backs. Whether each was found.
async fn sabotage<S: System>(system: &S, world: &World, fleet: &mut Fleet, mut before: Tally) -> Result<bool> {
    for what in S::SABOTAGES {
        system.sabotage(what, world, fleet).await?;
        settle(system, world, SABOTAGED).await?;
        let after = world.ledger.settle(&system.find(world).await?);
        println!("crash: {}, sabotage: {what}: {}", S::NAME, after.summary());
        if after.wrong() <= before.wrong() {
            println!("crash: {}: that was not found", S::NAME);
            return Ok(false);
        }
        before = after;
    }
    Ok(true)
}
