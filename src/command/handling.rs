//! The flags that say how consumers work: how many there are, how long each message takes, how often they fail or die.

use std::time::Duration;

use super::value;
use crate::traffic::consumer::{Handling, MAX_MESSAGES, Work};

/// How the APIs behind the queues work.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Consumers")]
pub(crate) struct HandlingArgs {
    /// How long an API works on a message: 20ms, 5ms..50ms (each time as often), or lognormal(20ms,2), of which half are below
    /// 20 ms and two thirds within a half and twice of it.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = Work::parse)]
    pub work: Work,
    /// The share of events on which an API fails, like 0.01 or 1%; such an event fails each time it comes.
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = value::share)]
    pub fail_rate: f64,
    /// The share of attempts in which a worker dies, like 1%: in the middle of its work, or when all is done but the delete.
    ///
    /// What it held comes again after the visibility timeout, and another receiver stands in its place. Each receiver is then a
    /// worker of its own.
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = value::share)]
    pub crash_rate: f64,
    /// Know what was handled, by the ids of the last million events of a queue, and do nothing twice.
    #[arg(long)]
    pub idempotent: bool,
    /// Let the receivers of a queue begin one after the other, the last after so long.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = value::duration)]
    pub slow_start: Duration,
    /// How many messages a receive asks for at most, 1 to 10.
    #[arg(long, value_name = "N", default_value_t = MAX_MESSAGES as u32, value_parser = value::within::<u32>(1, MAX_MESSAGES as u64))]
    pub receive: u32,
    /// How many messages of a queue may wait here to be handled; as many as the receivers are busy with otherwise.
    #[arg(long, value_name = "N", value_parser = value::within::<u32>(0, 100_000))]
    pub prefetch: Option<u32>,
    /// Hide what is received for so long instead of the queue's own timeout, like 2s; 0 to 12h, a number alone is seconds.
    ///
    /// What fails comes back after that, so with a short one a dead letter is seen soon.
    #[arg(long, value_name = "DURATION", value_parser = value::visibility)]
    pub visibility_timeout: Option<Duration>,
    /// Don't extend the visibility of what is held: what takes longer than the timeout comes again meanwhile.
    #[arg(long)]
    pub no_heartbeat: bool,
    /// When a message that failed comes back: `none` leaves it alone until its visibility ends, `exponential:1s..5m` hides it for
    /// the first pause, then for twice as long each time, up to the last.
    ///
    /// Up to half of each pause is left to chance. A message that fails at its last receive goes to the dead-letter queue with the
    /// reason as its attribute DeadLetterReason.
    #[arg(long, value_name = "POLICY", default_value = "none", value_parser = value::retry)]
    pub retry: value::Retry,
}

impl HandlingArgs {
    /// What they ask of so many receivers a queue, by a seed.
    pub(super) fn handling(&self, receivers: u32, seed: u64) -> Handling {
        Handling {
            receivers,
            slow_start: self.slow_start,
            receive: self.receive as usize,
            prefetch: self.prefetch.map(|prefetch| prefetch as usize),
            visibility: self.visibility_timeout,
            heartbeat: !self.no_heartbeat,
            work: self.work,
            fail_rate: self.fail_rate,
            crash_rate: self.crash_rate,
            idempotent: self.idempotent,
            retry: self.retry.0,
            seed,
        }
    }
}
