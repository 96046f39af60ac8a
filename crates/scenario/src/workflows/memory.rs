//! How much memory requests may hold, whoever sends slowly or doesn't read what he asked for.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// What is counted, in bytes.
const UNIT: usize = 1 << 10;
/// What is no larger isn't counted: the number of connections bounds it, and nobody keeps others from it.
const SMALL: usize = 16 << 10;
/// How long to wait for those that hold it.
const PATIENCE: Duration = Duration::from_secs(2);

/// A share of the process's memory, for one kind of thing.
#[derive(Debug, Clone)]
pub(super) struct Memory(Arc<Semaphore>);

/// A part of it, until it is dropped.
#[derive(Debug)]
pub(super) struct Held(Option<OwnedSemaphorePermit>);

impl Memory {
    /// Of so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / UNIT)))
    }

    /// Takes so many bytes, as soon as they are free. Nothing if that takes too long.
    pub(super) async fn take(&self, bytes: usize) -> Option<Held> {
        if bytes <= SMALL {
            return Some(Held(None));
        }
        let units = u32::try_from(bytes.div_ceil(UNIT)).ok()?;
        let taken = timeout(PATIENCE, self.0.clone().acquire_many_owned(units)).await;
        taken.ok()?.ok().map(|permit| Held(Some(permit)))
    }
}

impl Held {
    /// Gives back what is more than so many bytes.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let units = if bytes <= SMALL { 0 } else { bytes.div_ceil(UNIT) };
        if let Some(permit) = &mut self.0 {
            drop(permit.split(permit.num_permits().saturating_sub(units)));
        }
    }

    /// A text that holds it for as long as somebody has a piece of it.
    pub(super) fn with(self, text: String) -> Bytes {
        Bytes::from_owner(Text { text, _held: self })
    }
}

struct Text {
    text: String,
    _held: Held,
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_held_is_free_again_when_its_last_piece_is_gone() {
        let memory = Memory::new(100 << 10);
        let mut first = memory.take(100 << 10).await.unwrap();
        assert!(memory.take(SMALL + 1).await.is_none());
        assert!(memory.take(SMALL).await.is_some());
        first.shrink(60 << 10);
        let text = first.with("x".repeat(60 << 10));
        assert!(memory.take(41 << 10).await.is_none());
        let piece = text.slice(1..2);
        drop(text);
        assert!(memory.take(41 << 10).await.is_none());
        drop(piece);
        let mut all = memory.take(100 << 10).await.unwrap();
        all.shrink(SMALL);
        assert!(memory.take(100 << 10).await.is_some());
    }
}
