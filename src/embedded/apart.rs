//! An embedded cloud as a process of its own: it can be killed as by a crash, and started again on the same data and port.
//!
//! The process is this program's `local`, and ends with whoever started it: when its stdin ends, which it does however that one ends.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::TcpSocket;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::Durability;
use crate::exit::Failure;
use crate::ui::Ui;

/// How long it may take to be ready: what its data folder holds is read again.
const START: Duration = Duration::from_secs(60);
/// How long it may take to end when it is told to.
const END: Duration = Duration::from_secs(20);
/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(10);
/// The line by which `local` says that it is ready, up to its address.
const READY: &str = "Ready on http://";
/// How a line on stderr begins that is for the user.
const WARNING: &str = "warning: ";
/// So many of the last lines on stderr are kept, each cut to so many characters: they say why it doesn't start.
const LAST_LINES: usize = 20;
const LONGEST_LINE: usize = 500;

/// A cloud that was killed, and how long it took until it was there again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kill {
    pub at: Instant,
    pub back_after: Duration,
}

/// A cloud in a process of its own.
#[derive(Debug)]
pub(super) struct Apart {
    data_dir: PathBuf,
    durability: Durability,
    pub address: SocketAddr,
    ui: Ui,
    process: Mutex<Process>,
    /// Keeps the port while nobody listens there.
    _held: Option<TcpSocket>,
}

#[derive(Debug)]
struct Process {
    child: Child,
    /// Ends it when it is dropped.
    stdin: Option<ChildStdin>,
}

impl Apart {
    /// Starts one on a free port.
    pub(super) async fn start(data_dir: PathBuf, durability: Durability, ui: Ui) -> Result<Arc<Self>, Failure> {
        blocking(move || {
            let any = SocketAddr::from(([127, 0, 0, 1], 0));
            let held = hold(any);
            let free = held.as_ref().and_then(|held| held.local_addr().ok()).unwrap_or(any);
            let (process, address) = launch(&data_dir, durability, free, &ui)?;
            Ok(Arc::new(Self { data_dir, durability, address, ui, process: Mutex::new(process), _held: held }))
        })
        .await
    }

    /// Kills it again and again, so long after it was ready each time, until `done`; then it is ready.
    pub(super) async fn kill_every(
        self: &Arc<Self>,
        period: Duration,
        done: &CancellationToken,
    ) -> (Vec<Kill>, Result<(), Failure>) {
        let mut kills = Vec::new();
        loop {
            tokio::select! {
                () = sleep(period) => {}
                () = done.cancelled() => return (kills, Ok(())),
            }
            let (at, apart) = (Instant::now(), self.clone());
            if let Err(failure) = blocking(move || apart.kill_and_launch()).await {
                return (kills, Err(failure));
            }
            kills.push(Kill { at, back_after: at.elapsed() });
        }
    }

    fn kill_and_launch(&self) -> Result<(), Failure> {
        let mut process = self.process.lock();
        end(&mut process.child).map_err(|error| Failure::new("The embedded cloud can't be killed").why(error))?;
        let (next, _) = launch(&self.data_dir, self.durability, self.address, &self.ui)?;
        *process = next;
        Ok(())
    }

    /// Has it end, and waits for that.
    pub(super) async fn shutdown(self: Arc<Self>) -> Result<(), Failure> {
        blocking(move || {
            let mut process = self.process.lock();
            process.stdin = None;
            let until = Instant::now() + END;
            while Instant::now() < until {
                match process.child.try_wait() {
                    Ok(Some(status)) if status.success() => return Ok(()),
                    Ok(Some(status)) => {
                        return Err(Failure::new("The embedded cloud didn't end well").why(status));
                    }
                    Ok(None) => std::thread::sleep(LOOK),
                    Err(error) => return Err(Failure::new("The embedded cloud can't be waited for").why(error)),
                }
            }
            end(&mut process.child).map_err(|error| Failure::new("The embedded cloud doesn't end").why(error))
        })
        .await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        _ = end(&mut self.child);
    }
}

/// Keeps a port, on which others can listen meanwhile. A port on which nobody does is anybody's: a connection of another program, or
/// one of our own publishers that looks for the cloud, may get it as its own end, and the cloud can't listen there any more. Nothing
/// listens on the socket itself, so that connections are refused while the cloud is dead.
fn hold(address: SocketAddr) -> Option<TcpSocket> {
    // Elsewhere two may not be bound to one port, whoever of them listens.
    if !cfg!(target_os = "linux") {
        return None;
    }
    let socket = TcpSocket::new_v4().ok()?;
    socket.set_reuseaddr(true).ok()?;
    socket.bind(address).ok()?;
    Some(socket)
}

fn end(child: &mut Child) -> std::io::Result<()> {
    child.kill()?;
    child.wait().map(drop)
}

async fn blocking<T: Send + 'static>(what: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(what).await;
    done.map_err(|error| Failure::new("The embedded cloud can't be started").why(error))?
}

/// Starts the process, and waits until it is ready on an address.
fn launch(
    data_dir: &PathBuf,
    durability: Durability,
    address: SocketAddr,
    ui: &Ui,
) -> Result<(Process, SocketAddr), Failure> {
    let failed = |why: &dyn std::fmt::Display| Failure::new("The embedded cloud can't be started").why(why);
    let program = std::env::current_exe().map_err(|error| failed(&error))?;
    let mut command = Command::new(program);
    command.args(["local", "--until-stdin-ends", "--addr"]).arg(address.to_string()).arg("--data-dir").arg(data_dir);
    command.args(["--durability", if durability == Durability::Power { "power" } else { "process" }]);
    command.env("NO_COLOR", "1").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Ctrl-C goes to whoever the terminal runs, and that is not this one: it ends when it is told to.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(|error| failed(&error))?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let process = Process { child, stdin };
    let said = stderr.map(|stderr| hear(stderr, ui.clone())).unwrap_or_default();
    let ready = stdout.and_then(when_ready);
    match ready {
        Some(address) => Ok((process, address)),
        None => {
            drop(process);
            Err(failed(&said.lock().join("\n")))
        }
    }
}

/// The address on which it says that it is ready; none if it ends or takes too long. What it says later is passed over.
fn when_ready(stdout: ChildStdout) -> Option<SocketAddr> {
    let (to, ready) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(rest) = line.strip_prefix(READY) {
                let address = rest.split(',').next().and_then(|address| address.parse().ok());
                // Nobody waits for it any more if it took too long.
                _ = to.send(address);
            }
        }
    });
    ready.recv_timeout(START).ok().flatten()
}

/// Hears what it says on stderr: warnings are the user's, and the last lines say why it doesn't start.
fn hear(stderr: ChildStderr, ui: Ui) -> Arc<Mutex<Vec<String>>> {
    let said = Arc::<Mutex<Vec<String>>>::default();
    let ear = said.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if let Some(warning) = line.strip_prefix(WARNING) {
                ui.warn(warning);
            }
            let mut said = ear.lock();
            if said.len() == LAST_LINES {
                said.remove(0);
            }
            said.push(line.chars().take(LONGEST_LINE).collect());
        }
    });
    said
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::ErrorKind;

    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// While the cloud was dead a publisher's own connection could get the port: the kernel chooses among those that nobody has.
    #[tokio::test]
    async fn the_port_of_a_dead_cloud_is_kept_for_it() {
        let held = hold(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = held.local_addr().unwrap();
        let taken = TcpSocket::new_v4().unwrap().bind(address).unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AddrInUse);
        for _ in 0..3 {
            let refused = TcpStream::connect(address).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
            // As `local` does, and again after it was killed.
            let listener = TcpListener::bind(address).await.unwrap();
            let (there, here) = tokio::join!(TcpStream::connect(address), listener.accept());
            drop((there.unwrap(), here.unwrap()));
        }
    }
}
