//! Work that takes long, on a thread of its own: a large template must not hold up the connections of a thread.

use tokio::sync::Semaphore;

use crate::turns::aside;
use wire::AwsError;

/// Pieces of such work that run at the same time.
static PERMITS: Semaphore = Semaphore::const_new(2);

/// Does work on a thread of its own, when a permit is free. What has begun is done, even if nobody waits for it any more.
///
/// # Errors
/// AWS's `InternalFailure` if the work panics.
pub(super) async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AwsError> {
    let permit = PERMITS.acquire().await;
    let done = aside(move || {
        let _permit = permit;
        work()
    });
    done.await.map_err(|_| AwsError::internal("Internal Failure"))
}
