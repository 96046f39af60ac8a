//! The real binary as a process of its own: `messaging local`, and commands against it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin;
use tempfile::TempDir;

/// How long a process may take to do what it was told.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program in a folder, without anything that the machine's environment says of AWS.
pub(crate) fn messaging(folder: &Path) -> Command {
    clean(Command::new(cargo_bin!("messaging")), folder)
}

/// The same, under a command that executes what follows it.
pub(crate) fn messaging_under(folder: &Path, under: &[&str]) -> Command {
    let mut command = clean(Command::new(under[0]), folder);
    command.args(&under[1..]).arg(cargo_bin!("messaging"));
    command
}

/// Under this a program hears hangups, also where the tests run under `nohup`.
pub(crate) const HEARS_HANGUPS: [&str; 2] = ["env", "--default-signal=HUP"];

/// A command in a folder, without anything that the machine's environment says of AWS.
fn clean(mut command: Command, folder: &Path) -> Command {
    command.current_dir(folder).env("NO_COLOR", "1");
    for (name, _) in std::env::vars() {
        if name.starts_with("MESSAGING_") || name.starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    for name in ["ARN", "TOPIC_ARN", "URL_ORDERS", "URL_PAYMENTS", "ACCESS_KEY", "SECRET_KEY"] {
        command.env_remove(name);
    }
    for name in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
        command.env(name, folder.join("none"));
    }
    command.env("HOME", folder).env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a command to its end.
pub(crate) fn run(folder: &Path, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ended {
    let output = messaging(folder).args(args).stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A running `messaging local`; killed when dropped.
pub(crate) struct Local {
    pub endpoint: String,
    /// The line that said it is ready.
    pub ready: String,
    child: Child,
    /// Kept open: it may have more to say.
    _stdout: BufReader<ChildStdout>,
}

impl Local {
    /// Starts it on a free port with the data folder `data` in `folder`, and waits until it is ready.
    pub(crate) fn start(folder: &Path, args: &[&str]) -> Self {
        Self::start_as(messaging(folder), folder, args)
    }

    /// The same, under a command that executes what follows it.
    pub(crate) fn start_under(folder: &Path, under: &[&str], args: &[&str]) -> Self {
        Self::start_as(messaging_under(folder, under), folder, args)
    }

    fn start_as(mut command: Command, folder: &Path, args: &[&str]) -> Self {
        command.args(["local", "--addr", "127.0.0.1:0", "--data-dir", "data"]).args(args);
        let stderr = std::fs::File::options().create(true).append(true).open(folder.join("stderr")).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        // Before it is ready it tells how a template's deployment goes.
        let mut told = String::new();
        let ready = loop {
            let mut line = String::new();
            if stdout.read_line(&mut line).unwrap() == 0 {
                let said = std::fs::read_to_string(folder.join("stderr")).unwrap();
                panic!("no ready line but:\n{told}and on stderr:\n{said}");
            }
            if line.starts_with("Ready on ") {
                break line;
            }
            told += &line;
        };
        let endpoint = ready["Ready on ".len()..].split(',').next().unwrap().to_owned();
        Self { endpoint, ready, child, _stdout: stdout }
    }

    /// Ends it as a crash does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal, as `TERM`, and waits for the end.
    pub(crate) fn signal(mut self, name: &str) -> ExitStatus {
        signal(&self.child, name);
        wait(&mut self.child)
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // It may have ended already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Sends a signal to a process.
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits for a process's end.
pub(crate) fn wait(child: &mut Child) -> ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if started.elapsed() > PATIENCE {
            _ = child.kill();
            panic!("it didn't end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}
