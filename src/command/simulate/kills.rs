//! `--kill-every`: the embedded cloud is killed while a run goes, and started again.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::embedded::{Embedded, Kill};
use crate::exit::Failure;
use crate::report::Killed;
use crate::stop::Stop;
use crate::traffic::depths::Fault;

/// So many kills are told one by one.
const TOLD: usize = 1_000;

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
