//! A cloud that runs, as the rest of the library reaches it: its thread, and the door within the process.

use std::sync::Arc;

use ::cloud::{Cloud, Inside};

use super::error::Error;
use super::thread::Thread;

/// The thread, which ends when this is dropped, and the door.
pub(super) struct Running {
    thread: Thread,
    inside: Inside,
}

impl Running {
    pub(super) fn of(thread: Thread, cloud: &Arc<Cloud>, region: &str) -> Result<Self, Error> {
        let inside = Inside::of(cloud, region).map_err(|error| Error::Region(error.message))?;
        Ok(Self { thread, inside })
    }

    /// Has work done on the cloud's thread.
    pub(super) async fn run<F>(&self, work: impl FnOnce(Inside) -> F) -> Result<F::Output, Error>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.thread.run(work(self.inside.clone())).await
    }

    /// Stops the cloud and waits until its data is safe.
    pub(super) async fn end(&mut self) -> Result<(), Error> {
        self.thread.end().await
    }
}
