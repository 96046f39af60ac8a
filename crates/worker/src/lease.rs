//! The right to work on a message.

use tokio_util::sync::CancellationToken;

/// The right to work on a message, and to be the only one who does.
///
/// It ends when the visibility couldn't be extended any more, at the bound of [`crate::Settings::max_held`], and when the worker stops
/// and its grace is over. The work must stop then: somebody else may get the message soon. A handler that doesn't is dropped at its
/// next `await`; what it runs elsewhere, as blocking code, has to look at the lease by itself.
#[derive(Debug, Clone, Default)]
pub struct Lease {
    token: CancellationToken,
}

impl Lease {
    /// Whether the work must stop, or has ended.
    pub fn is_over(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Resolves when the work must stop.
    pub async fn over(&self) {
        self.token.cancelled().await;
    }

    /// A token that is cancelled when the work must stop; to cancel it by hand ends nothing but its own clones.
    pub fn token(&self) -> CancellationToken {
        self.token.child_token()
    }

    pub(crate) fn end(&self) {
        self.token.cancel();
    }
}
