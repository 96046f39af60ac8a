//! Receives on demand.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;

use crate::calls::MAX_MESSAGES;
use crate::error::Error;
use crate::job::Job;
use crate::shared::Shared;

/// How many seconds a receive on demand waits: enough that SQS asks all of its servers, little for who waits for the answer.
const POLL: i32 = 1;

/// Takes messages for a running worker whenever somebody asks; clones of it share the worker.
#[derive(Clone)]
pub struct Hand {
    pub(crate) shared: Arc<Shared>,
}

impl fmt::Debug for Hand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hand({})", self.shared.queue.url)
    }
}

impl Hand {
    /// One receive of `up_to` messages, at most ten and as many as there is room for. What it brings is worked on meanwhile; nothing
    /// waits for that. It goes on to its end when its caller doesn't wait for it, so that nothing is lost.
    ///
    /// # Errors
    /// [`Error::Full`] when there is no room, [`Error::Stopped`] when the worker doesn't run, and those of the receive.
    pub async fn take(&self, up_to: usize) -> Result<Vec<Arc<Job>>, Error> {
        let shared = self.shared.clone();
        if !shared.running.load(Ordering::Acquire) || shared.ending.is_cancelled() {
            return Err(Error::Stopped);
        }
        if up_to == 0 {
            return Ok(Vec::new());
        }
        let Ok(mut room) = shared.room.clone().try_acquire_owned() else { return Err(Error::Full) };
        while room.num_permits() < up_to.min(MAX_MESSAGES)
            && let Ok(more) = shared.room.clone().try_acquire_owned()
        {
            room.merge(more);
        }
        let (tell, told) = oneshot::channel();
        self.shared.spawn(async move {
            let received = shared.receive(room, POLL).await;
            if let Err(Err(error)) = tell.send(received) {
                shared.trouble_of(&error);
            }
        });
        told.await.unwrap_or(Err(Error::Stopped))
    }
}
