//! The stop signal: how Ctrl-C and its like reach whatever runs.

use tokio_util::sync::CancellationToken;

use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Tells everybody who holds a clone of it that the program is to stop.
///
/// At the first Ctrl-C, SIGTERM or SIGHUP (the terminal is gone) commands finish what is in flight and end. A second Ctrl-C
/// or SIGTERM ends the program at once, as SIGQUIT always does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop {
    /// Cancelled by a signal, or by a command that has what it wanted.
    token: CancellationToken,
    /// Cancelled by a signal only.
    signalled: CancellationToken,
}

impl Stop {
    /// Listens for the signals; must be called inside the runtime. At the first it says that what is in flight is finished, of a command
    /// that `has_work` that can be.
    pub(crate) fn on_signals(ui: &Ui, has_work: bool) -> Self {
        let stop = Self::default();
        let (listener, ui) = (stop.clone(), ui.clone());
        tokio::spawn(async move {
            tokio::select! { () = signal() => {}, () = hangup() => {} }
            listener.signalled.cancel();
            listener.token.cancel();
            match has_work {
                true => {
                    ui.note_after_key("Stopping: what is in flight is finished first (Ctrl-C again stops at once).")
                }
                false => ui.forget_key(),
            }
            signal().await;
            ui.clear();
            std::process::exit(Exit::Interrupted as i32);
        });
        stop
    }

    /// One that a token requests.
    #[cfg(feature = "scenarios")]
    pub(crate) fn of(token: CancellationToken) -> Self {
        Self { token, signalled: CancellationToken::default() }
    }

    /// Asks for the end, as a command does when it has what it wanted.
    pub(crate) fn request(&self) {
        self.token.cancel();
    }

    /// Whether the user or the command itself asked for the end.
    pub(crate) fn is_requested(&self) -> bool {
        self.token.is_cancelled()
    }

    /// A token that is cancelled when the user or the command itself asks for the end.
    pub(crate) fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Whether the user asked for the end, and not the command itself.
    pub(crate) fn is_signalled(&self) -> bool {
        self.signalled.is_cancelled()
    }

    /// Resolves when the user asks for the end.
    pub(crate) fn signalled(&self) -> impl Future<Output = ()> + Send + Sync + 'static {
        self.signalled.clone().cancelled_owned()
    }

    /// An error once the user asked for the end.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self.is_signalled() {
            true => Err(Failure::new("Stopped before it was done").exit(Exit::Interrupted)),
            false => Ok(()),
        }
    }

    /// Resolves when the user or the command itself asks for the end.
    pub(crate) async fn requested(&self) {
        self.token.cancelled().await;
    }

    /// A stop for a part of the work: it is requested together with this one, and can be requested alone.
    pub(crate) fn child(&self) -> Self {
        Self { token: self.token.child_token(), signalled: self.signalled.clone() }
    }
}

/// Resolves when the terminal is gone (SIGHUP), unless the program was told not to mind (`nohup`).
async fn hangup() {
    #[cfg(target_os = "linux")]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // A handler would end what `nohup` is to keep. What is ignored can be asked for safely on Linux only; elsewhere a
        // hangup keeps ending the program at once.
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        if !ignores_hangup(&status)
            && let Ok(mut hangup) = signal(SignalKind::hangup())
        {
            hangup.recv().await;
            return;
        }
    }
    std::future::pending().await
}

/// Whether a process ignores SIGHUP, by its `/proc/PID/status` (`proc_pid_status(5)`: `SigIgn`, a mask in hex).
#[cfg(any(target_os = "linux", test))]
fn ignores_hangup(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

/// Resolves at the next Ctrl-C or SIGTERM.
async fn signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! { () = interrupt => {}, _ = terminate.recv() => {} }
            return;
        }
    }
    interrupt.await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nohup_is_seen() {
        assert!(ignores_hangup("Name:\tx\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000001001\n"));
        assert!(!ignores_hangup("SigBlk:\t0000000000000001\nSigIgn:\t0000000000001000\n"));
        assert!(!ignores_hangup(""));
    }
}
