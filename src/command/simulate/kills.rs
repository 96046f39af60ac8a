//! `--kill-every`: the embedded cloud is killed while a run goes, and started again.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Args;
use crate::aws::TargetKind;
use crate::command::{Context, value};
use crate::embedded::{ClockMode, Durability, Embedded, Kill};
use crate::exit::Failure;
use crate::report::Killed;
use crate::stop::Stop;
use crate::traffic::PATIENCE;
use crate::traffic::depths::Fault;

/// A cloud must be there for so long at least, to get on.
const LEAST: Duration = Duration::from_millis(500);
/// So many times as long as usual is a cloud asked again that we keep killing: that it doesn't answer is what was asked for.
const AS_PATIENT: u32 = 20;
/// So many kills are told one by one.
const TOLD: usize = 1_000;

/// Reads how often the cloud is to be killed.
pub(super) fn every(text: &str) -> Result<Duration, String> {
    match value::interval(text)? {
        every if every < LEAST => Err("500ms is the least: it must get on in between".into()),
        every => Ok(every),
    }
}

/// Refuses what a cloud can't have, or can't do, that is killed from here.
pub(super) fn check(context: &Context, args: &Args) -> Result<(), Failure> {
    if args.kill_every.is_none() {
        return Ok(());
    }
    if args.target.target != TargetKind::Local || args.target.endpoint(&context.env)?.is_some() {
        return Err(Failure::usage("--kill-every is for the embedded cloud of a simulation")
            .why("the target is another cloud, which isn't killed from here"));
    }
    if args.durability == Durability::Memory {
        return Err(Failure::usage("--kill-every needs a cloud that keeps its data")
            .why("with --durability memory nothing survives the first kill")
            .help("Leave --durability out, or say process or power."));
    }
    if args.chaos.chaos.is_some() {
        return Err(Failure::usage("--kill-every and --chaos don't go together")
            .why("rules of chaos end with their server, so none would be left after the first kill")
            .help("Give them to two runs."));
    }
    if args.clock != ClockMode::Wall {
        return Err(Failure::usage("--kill-every goes by the wall clock, and --clock by another")
            .why("what is killed is a process of its own: when it is there again no other clock can say")
            .help("Leave one of the two out."));
    }
    Ok(())
}

/// For how long a cloud that doesn't answer is asked again.
pub(super) fn patience(kill_every: Option<Duration>) -> Duration {
    // A receive that waits for messages never ends where the next kill comes before, and under load a publisher may miss the cloud again
    // and again. Whether it comes back at all, whoever starts it says.
    if kill_every.is_some() { PATIENCE * AS_PATIENT } else { PATIENCE }
}

/// What became of the kills during a run.
pub(super) struct Kills {
    /// When the run began.
    began: Instant,
    kills: Vec<Kill>,
    /// Why the cloud isn't there any more, if it isn't.
    pub gone: Option<Failure>,
}

impl Kills {
    /// For a report.
    pub(super) fn told(&self) -> Vec<Killed> {
        let since = |at: Instant| at.saturating_duration_since(self.began).as_secs_f64();
        let told = |kill: &Kill| Killed { at_s: since(kill.at), back_after_s: kill.back_after.as_secs_f64() };
        self.kills.iter().take(TOLD).map(told).collect()
    }
}

/// As bands of time.
pub(super) fn faults(killed: &[Killed]) -> impl Iterator<Item = Fault> {
    let told = |(n, kill): (usize, &Killed)| Fault {
        name: format!("kill {}", n + 1),
        strikes: 1,
        from_s: Some(kill.at_s),
        to_s: Some(kill.at_s + kill.back_after_s),
    };
    killed.iter().enumerate().map(told)
}

/// Runs to the end, while the cloud is killed every so often; a cloud that doesn't come back ends the run.
pub(super) async fn while_killed<T>(
    embedded: Option<&Embedded>,
    every: Option<Duration>,
    stop: &Stop,
    running: impl Future<Output = T>,
) -> (T, Kills) {
    let (began, done) = (Instant::now(), CancellationToken::new());
    let killing = async {
        let (Some(embedded), Some(every)) = (embedded, every) else { return (Vec::new(), None) };
        let (kills, ended) = embedded.kill_every(every, &done).await;
        if ended.is_err() {
            stop.request();
        }
        (kills, ended.err())
    };
    let running = async {
        let ended = running.await;
        done.cancel();
        ended
    };
    let (ended, (kills, gone)) = tokio::join!(running, killing);
    (ended, Kills { began, kills, gone })
}
