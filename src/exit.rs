//! How the program ends: exit codes, the one error shape of the command line, and the stop signal.

use std::error::Error as StdError;
use std::fmt;
use std::io::Write as _;

use miette::Diagnostic;
use tokio_util::sync::CancellationToken;

use crate::ui::escape;

/// The exit codes; `messaging --help` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for was done.
    Ok = 0,
    /// Something failed.
    Failed = 1,
    /// The command line, the environment or `.env` doesn't make sense.
    Usage = 2,
    /// The run finished, but the ledger doesn't balance: something was lost.
    Lost = 3,
    /// Nothing answers at the endpoint.
    Unreachable = 4,
    /// Stopped by Ctrl-C, SIGTERM or SIGHUP before it was done.
    Interrupted = 130,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        (exit as u8).into()
    }
}

/// An error as the command line shows it: what happened, why, and what to do. Names and reasons come from outside: what
/// a terminal would obey in them is escaped where they are shown.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    message: String,
    why: Option<Why>,
    help: Option<String>,
}

/// One cause in the chain that miette prints.
#[derive(Debug)]
struct Why(String);

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape::lines(&self.0))
    }
}

impl StdError for Why {}

impl Failure {
    /// Something failed while it ran.
    pub fn new(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: message.into(), why: None, help: None }
    }

    /// The user's input doesn't make sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(message).exit(Exit::Usage)
    }

    pub fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    pub fn why(mut self, why: impl fmt::Display) -> Self {
        self.why = Some(Why(why.to_string()));
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape::lines(&self.message))
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.why.as_ref().map(|why| why as &dyn StdError)
    }
}

impl Diagnostic for Failure {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(escape::lines(help)) as Box<dyn fmt::Display>)
    }
}

/// The wish to stop: the first Ctrl-C, SIGTERM or SIGHUP (the terminal is gone) finishes what is in flight; a second Ctrl-C or
/// SIGTERM aborts. SIGQUIT ends the program at once, as everywhere.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// Cancelled by a signal, or by a command that has what it wanted.
    token: CancellationToken,
    /// Cancelled by a signal only.
    signalled: CancellationToken,
}

impl Stop {
    /// Listens for the signals; must be called inside the runtime.
    pub fn on_signals() -> Self {
        let stop = Self::default();
        let listener = stop.clone();
        tokio::spawn(async move {
            tokio::select! { () = signal() => {}, () = hangup() => {} }
            listener.signalled.cancel();
            listener.token.cancel();
            // The terminal may be gone.
            _ = writeln!(
                std::io::stderr(),
                "\nStopping: what is in flight is finished first (Ctrl-C again stops at once)."
            );
            signal().await;
            std::process::exit(Exit::Interrupted as i32);
        });
        stop
    }

    /// Asks for the end, as a command does when it has what it wanted.
    pub fn request(&self) {
        self.token.cancel();
    }

    pub fn is_requested(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Whether the user asked for the end, and not the command itself.
    pub fn is_signalled(&self) -> bool {
        self.signalled.is_cancelled()
    }

    /// Resolves when the user asks for the end.
    pub fn signalled(&self) -> impl Future<Output = ()> + Send + Sync + 'static {
        self.signalled.clone().cancelled_owned()
    }

    /// An error once the user asked for the end.
    pub fn check(&self) -> Result<(), Failure> {
        match self.is_signalled() {
            true => Err(Failure::new("Stopped before it was done").exit(Exit::Interrupted)),
            false => Ok(()),
        }
    }

    pub async fn requested(&self) {
        self.token.cancelled().await;
    }

    /// A stop of its own, that also ends when this one does.
    pub fn child(&self) -> Self {
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
