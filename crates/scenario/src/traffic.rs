//! What the clients of a scenario are given, to make its traffic.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{Clients, Outputs, Settings};

/// What the traffic is to be.
#[derive(Clone)]
pub struct Traffic {
    /// The API, as `http://127.0.0.1:40213`.
    pub api: String,
    /// Clients of the cloud, for what clients of the scenario do there, and to check what came of it.
    pub clients: Clients,
    /// What the stack's outputs say.
    pub outputs: Outputs,
    /// How many requests.
    pub count: u64,
    /// How many requests a second; as fast as the answers come without it.
    pub rate: Option<f64>,
    /// How many clients side by side.
    pub concurrency: usize,
    /// The same seed makes the same traffic.
    pub seed: u64,
    /// How long to wait once nothing moves any more.
    pub patience: Duration,
    /// The scenario's own settings.
    pub settings: Settings,
    /// The folder that the running system was given; in it lies a key that signs tokens, for example.
    pub folder: PathBuf,
    /// What is shown while it runs.
    pub progress: Arc<Progress>,
    /// Cancelled when the user wants the end.
    pub stop: CancellationToken,
}

/// How far it is.
#[derive(Debug, Default)]
pub struct Progress {
    asked: AtomicU64,
    done: AtomicU64,
}

impl Progress {
    /// So many more were asked for.
    pub fn ask(&self, n: u64) {
        self.asked.fetch_add(n, Ordering::Relaxed);
    }

    /// So many more had their effect.
    pub fn finish(&self, n: u64) {
        self.done.fetch_add(n, Ordering::Relaxed);
    }

    /// How many were asked for, and how many had their effect.
    pub fn get(&self) -> (u64, u64) {
        (self.asked.load(Ordering::Relaxed), self.done.load(Ordering::Relaxed))
    }
}
