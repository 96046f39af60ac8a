//! Flags of other commands that somebody may expect here: refused by name, with what there is in their stead.

use crate::exit::Failure;

/// `--trace`, where each request has a trace anyway.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct NoTrace {
    #[arg(long, hide = true)]
    trace: bool,
}

impl NoTrace {
    /// Refuses it, if it was given.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if !self.trace {
            return Ok(());
        }
        Err(Failure::usage("--trace is for events that `publish` and `simulate` of the fan-out make")
            .why("each request to this API has a trace already: that of its header X-Amzn-Trace-Id, or a new one, which is told in the answer")
            .help("Leave it out. The workers of archive, tasks, workflows and jobs get the trace by the message's AWSTraceHeader."))
    }
}

/// `--metrics`, where the API has them.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct NoMetrics {
    #[arg(long, hide = true, value_name = "ADDR")]
    metrics: Option<String>,
}

impl NoMetrics {
    /// Refuses it, if it was given.
    pub(super) fn check(&self) -> Result<(), Failure> {
        match &self.metrics {
            None => Ok(()),
            Some(_) => Err(Failure::usage("--metrics is for `publish`, `consume` and `simulate`")
                .why("what is served tells Prometheus by itself, at /metrics of the address of --addr")
                .help("Leave it out.")),
        }
    }
}
