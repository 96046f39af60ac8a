//! Whether anybody still reads what goes to stdout.

use std::os::fd::AsFd;

use tokio::io::Interest;
use tokio::net::unix::pipe::Sender;

/// Returns when the reader of stdout went away, as `| head` does: who waits for something to tell would else notice it only when that
/// comes. Of a file nobody goes away.
pub(crate) async fn reader_left() {
    // Nothing is written by it, so that it is no matter whether writing would wait.
    let watched = std::io::stdout().as_fd().try_clone_to_owned().and_then(Sender::from_owned_fd_unchecked);
    if let Ok(watched) = watched
        && watched.ready(Interest::ERROR).await.is_ok()
    {
        return;
    }
    std::future::pending().await
}
