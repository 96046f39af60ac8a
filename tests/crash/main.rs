//! The crash harness: the real binary with real clients, `kill -9` at random moments, restarts on the same data, and a
//! count of everything that an acknowledgement promised and a restart didn't keep.
//!
//! `cargo test` runs a few rounds. `cargo test --test crash -- --rounds 300 --seed 7 --durability power --keep` runs as many as
//! you like. The moments come from the seed, but this is real time: two runs with one seed differ in what the machine
//! does meanwhile. The only sleeps that matter are the random moments themselves.
//!
//! Every call is acknowledged, refused, or of unknown fate, since its connection broke. What is acknowledged must be there
//! after every restart; what is of unknown fate may be there, but in all queues and streams of its fan-out or in none.
//! Firehose's records are held to landing exactly once: an object gets its name in the same transaction that takes its
//! records out of the buffer, so a kill between the two leaves a nameless file, which the next start removes.
//!
//! A check that can't fail is a defect: before each run the ledger is told stories with one thing wrong, and a small run
//! cuts the end off the log, as a server would leave it that acknowledges before it writes. If that isn't found, the test
//! fails.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the harness prints what it counts")]

mod args;
mod clients;
mod counts;
mod drain;
mod full;
mod landed;
mod ledger;
mod moment;
mod proof;
mod register;
mod routes;
mod run;
#[cfg(feature = "scenarios")]
mod scenarios;
mod server;
mod setup;
mod work;

use std::process::ExitCode;

use clap::Parser;
use log::Durability;

use crate::args::Args;
use crate::counts::Fault;
use crate::run::{Outcome, Plan, run};

/// Rounds unless told otherwise: as many as fit into an ordinary run of all tests.
const ROUNDS: u32 = 6;
/// Rounds of a scenario unless told otherwise.
#[cfg(feature = "scenarios")]
const SCENARIO_ROUNDS: u32 = 3;
/// Rounds for each time that a disk is filled and emptied.
const ROUNDS_A_DISK: u32 = 20;
/// What the small run before cuts off the log.
const CUT: u64 = 16 << 10;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let args = Args::parse();
    if args.listed() || !args.chosen() {
        return ExitCode::SUCCESS;
    }
    if args.durability == Durability::Memory {
        eprintln!("crash: --durability memory promises that nothing survives, so there is nothing to check.");
        return ExitCode::from(2);
    }
    match all(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("crash: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The cloud, then the scenarios; or what was chosen. Whether all is well.
fn all(args: &Args) -> Result<bool> {
    let seed = args.seed.unwrap_or_else(|| rand::random::<u32>().into());
    let chosen = !args.scenarios.is_empty();
    let cloud = chosen || cloud(args, seed)?;
    // Who asks for many rounds, or for sabotage, means the cloud unless scenarios are named.
    if !chosen && (args.rounds.is_some() || args.sabotage.is_some()) {
        return Ok(cloud);
    }
    Ok(scenarios(args, seed)? && cloud)
}

#[cfg(feature = "scenarios")]
fn scenarios(args: &Args, seed: u64) -> Result<bool> {
    scenarios::proof::check()?;
    let all = args.scenarios.is_empty() || args.scenarios.iter().any(|name| name == "all");
    let names: Vec<&str> =
        if all { scenarios::NAMES.to_vec() } else { args.scenarios.iter().map(String::as_str).collect() };
    let rounds = args.rounds.unwrap_or(SCENARIO_ROUNDS);
    let plan = scenarios::Plan { rounds, seed, database_url: args.database_url.clone() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut well = true;
    for name in names {
        let folder = tempfile::Builder::new().prefix("messaging-crash-").tempdir()?;
        let ended = runtime.block_on(scenarios::run(name, &plan, folder.path()));
        if args.keep || !matches!(ended, Ok(true)) {
            eprintln!("crash: {name}: the data folder is {}", folder.keep().display());
        }
        well &= ended.map_err(|error| error.to_string())?;
    }
    Ok(well)
}

#[cfg(not(feature = "scenarios"))]
fn scenarios(args: &Args, _seed: u64) -> Result<bool> {
    if args.scenarios.is_empty() { Ok(true) } else { Err("the scenarios are not built in".into()) }
}

/// The cloud alone: the proof that its checks can fail, then the run itself. Whether all is well.
fn cloud(args: &Args, seed: u64) -> Result<bool> {
    proof::check()?;
    let plan =
        Plan { rounds: args.rounds.unwrap_or(ROUNDS), seed, durability: args.durability, sabotage: args.sabotage };
    if plan.sabotage.is_some() {
        return found(&rounds(&plan, args.keep)?);
    }
    let small = Plan { rounds: 1, sabotage: Some(CUT), ..plan.clone() };
    let outcome = rounds(&small, false)?;
    if !found(&outcome)? {
        print(&small, &outcome);
        return Ok(false);
    }
    let outcome = rounds(&plan, args.keep)?;
    print(&plan, &outcome);
    Ok(outcome.counts.wrong() == 0)
}

/// Whether sabotage was found.
fn found(outcome: &Outcome) -> Result<bool> {
    let lost = outcome.counts.faults(Fault::Lost);
    println!("crash: the log's end was cut off on purpose: {lost} lost, {} faults in all", outcome.counts.wrong());
    Ok(lost > 0)
}

fn rounds(plan: &Plan, keep: bool) -> Result<Outcome> {
    let folder = tempfile::Builder::new().prefix("messaging-crash-").tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let outcome = runtime.block_on(async {
        let outcome = run(plan, &folder.path().join("rounds")).await?;
        if plan.sabotage.is_none() {
            let times = plan.rounds.div_ceil(ROUNDS_A_DISK);
            full::run(&folder.path().join("full"), plan.durability, times, &outcome.counts).await?;
        }
        Ok::<_, Box<dyn std::error::Error>>(outcome)
    });
    let well = outcome.as_ref().is_ok_and(|outcome| outcome.counts.wrong() == 0 || plan.sabotage.is_some());
    if keep || !well {
        eprintln!("crash: the data folder is {}", folder.keep().display());
    }
    outcome
}

fn print(plan: &Plan, outcome: &Outcome) {
    println!("crash: durability {}, seed {}", plan.durability, plan.seed);
    outcome.counts.print(&[
        ("rounds", plan.rounds.to_string()),
        ("kills", outcome.kills.to_string()),
        ("restarts", outcome.restarts.to_string()),
        ("unfinished ends of the log that were cut off", outcome.torn.to_string()),
        ("segments of the log begun", outcome.segments.0.to_string()),
        ("segments left", outcome.segments.1.to_string()),
        ("longest start in ms", outcome.slowest_start.as_millis().to_string()),
        ("seconds", outcome.took.as_secs().to_string()),
    ]);
}
