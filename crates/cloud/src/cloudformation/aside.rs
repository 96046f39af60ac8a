//! Long work aside: a large template takes its time, and the connections of a thread don't wait for it.

use tokio::sync::Semaphore;

use wire::AwsError;

/// Templates that are worked on at the same time.
static ROOM: Semaphore = Semaphore::const_new(2);

/// Does work on a thread of its own, when there is room; what was begun is done, whoever still waits for it.
///
/// # Errors
/// AWS's `InternalFailure` if the work panics.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AwsError> {
    let room = ROOM.acquire().await;
    let done = tokio::task::spawn_blocking(move || {
        let _room = room;
        work()
    });
    done.await.map_err(|_| AwsError::internal("Internal Failure"))
}
