//! `--clock frozen`: a run whose time goes on when nothing is left to do, and which is the same each time for the same seed.
//!
//! Clients and cloud share one thread, whose runtime has no sockets and whose time is paused: Tokio moves it on to the next timer when no
//! task can go on, whether that is an event's moment, the end of somebody's work or something that falls due in the cloud. So there is one
//! order in which things happen, and all chance on the thread follows from the seed.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::{Args, simulate_fan_out};
use crate::aws::TargetKind;
use crate::clock;
use crate::command::Context;
use crate::embedded::{self, Chaos, ClockMode, Durability, Embedded};
use crate::exit::{Exit, Failure};
use crate::report::progress::TICK;
use crate::traffic::run::Run;
use crate::ui::Ui;

/// When a run begins unless somebody says when, so that two begin at the same time: 2026-01-01T00:00:00Z.
const BEGIN: u64 = 1_767_225_600_000;
/// However long a run takes, somebody looks about so often how it goes.
const LOOKS: u32 = 500;

/// As much as the main thread has, which runs commands otherwise.
const STACK: usize = 8 << 20;

/// Simulates on a thread of its own.
pub(super) async fn simulate(context: &Context, mut args: Args, from: Option<u64>) -> Result<Exit, Failure> {
    refuse(context, &args)?;
    let seed = *args.seed.get_or_insert_with(|| rand::random::<u32>().into());
    args.chaos.chaos_seed.get_or_insert(seed);
    let from = from.unwrap_or(BEGIN);
    args.clock = ClockMode::Frozen { from: Some(from) };
    let (context, (tell, told)) = (context.clone(), oneshot::channel());
    let cant = |why: &dyn std::fmt::Display| Failure::new("Can't start the run").why(why);
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let ended = match runtime {
            Ok(runtime) => runtime.block_on(async {
                clock::step_from(Timestamp::from_millisecond(from as i64).unwrap_or_default());
                simulate_fan_out(&context, args).await
            }),
            Err(error) => Err(cant(&error)),
        };
        // Who doesn't wait any more needn't be told.
        _ = tell.send(ended);
    };
    let thread = std::thread::Builder::new().name("stepped".into()).stack_size(STACK);
    thread.spawn(run).map_err(|error| cant(&error))?;
    told.await.map_err(|_| cant(&"a part of it failed by a fault of this program"))?
}

/// Refuses what can't be the same each time, or isn't of this process.
fn refuse(context: &Context, args: &Args) -> Result<(), Failure> {
    let elsewhere = args.target.target != TargetKind::Local || args.target.endpoint(&context.env)?.is_some();
    if elsewhere {
        return Err(Failure::usage("--clock is for the embedded cloud of a simulation")
            .why("the target is another cloud, which has a clock of its own")
            .help("`messaging local --clock x600` runs one that others can use."));
    }
    let refused = |flag: &str, why: &str| {
        Err(Failure::usage(format!("{flag} and --clock frozen don't go together")).why(why.to_owned()))
    };
    if args.metrics.metrics.is_some() {
        return refused(
            "--metrics",
            "whoever asks over the network does so at one time or another, and time stands still meanwhile",
        );
    }
    if args.durability == Durability::Power {
        return refused("--durability power", "how long a disk takes would decide what happens before what");
    }
    Ok(())
}

/// Starts the cloud. Nothing of it is kept unless a folder is named: in one that holds an earlier run it would go on from there.
pub(super) async fn start(args: &Args, chaos: Option<Chaos>, ui: &Ui) -> Result<Embedded, Failure> {
    let (from, seed) = (args.clock.from().unwrap_or(BEGIN), args.seed.unwrap_or_default());
    let kept = match &args.data_dir {
        Some(folder) => {
            if std::fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()) {
                ui.warn(format!(
                    "{} isn't empty: what is there makes this another run than in a new folder.",
                    folder.display()
                ));
            }
            (folder.clone(), args.durability)
        }
        None => (PathBuf::new(), Durability::Memory),
    };
    fastrand::seed(seed);
    let embedded = embedded::start_stepped(kept, from, fastrand::u128(..), chaos, ui).await?;
    // Names of files beside it may have been taken: that is no business of the run's.
    fastrand::seed(seed);
    if let Some(now) = embedded.now().and_then(|now| Timestamp::from_millisecond(now as i64).ok()) {
        clock::step_from(now);
    }
    Ok(embedded)
}

/// The same run, which goes by stepped time if that is how time goes here; the `whole` of it takes so long at most.
pub(super) fn pace(run: Run, whole: Duration) -> Run {
    if clock::is_stepped() { run.stepped(whole / LOOKS) } else { run }
}

/// How often the user sees how a run goes, the `whole` of which takes so long at most. A log of its latencies has a line each second.
pub(super) fn ticks(whole: Duration, has_log: bool) -> Duration {
    if clock::is_stepped() && !has_log { TICK.max(whole / LOOKS) } else { TICK }
}
