//! The processes of a run: the cloud, and the services of a scenario, each on a port and a folder that stay its own.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rand::RngExt;

use crate::moment::End;

/// The cloud's place in a fleet.
pub(crate) const CLOUD: usize = 0;
/// A service that is asked to stop ends within so long: what it works on has 20 s, and what is told the cloud last a few more.
pub(crate) const STOPS_WITHIN: Duration = Duration::from_secs(35);
/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Below the ports that a connection gets by itself: a client that calls a dead server must not take its port.
const PORTS: std::ops::Range<u16> = 10_000..32_000;
/// What the machine's environment says of these is not for the run.
const FOREIGN: [&str; 9] =
    ["MESSAGING_", "AWS_", "ARCHIVE_", "TASKS_", "WORKFLOWS_", "JOBS_", "JWT_", "DATABASE_", "DYNAMODB_"];

/// Processes that are killed and started again.
pub(crate) struct Fleet {
    folder: PathBuf,
    processes: Vec<Process>,
}

struct Process {
    name: String,
    args: Vec<String>,
    port: u16,
    child: Option<Child>,
}

impl Fleet {
    /// The cloud, and services: a name and the arguments of `serve` for each.
    pub(crate) fn new(folder: &Path, services: &[(&str, Vec<String>)]) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let port = free_port()?;
        let cloud = ["local", "--data-dir", "cloud", "--segment-bytes", "65536"].map(str::to_owned);
        let mut processes = vec![Process { name: "cloud".into(), args: cloud.into(), port, child: None }];
        for (name, args) in services {
            let mut all = vec!["serve".to_owned()];
            all.extend(args.iter().cloned());
            let endpoint = format!("http://127.0.0.1:{port}");
            all.extend([
                "--endpoint-url".into(),
                endpoint,
                "--data-dir".into(),
                format!("data-{}", name.replace(' ', "-")),
            ]);
            processes.push(Process { name: (*name).to_owned(), args: all, port: free_port()?, child: None });
        }
        Ok(Self { folder: folder.to_owned(), processes })
    }

    /// How many there are, the cloud included.
    pub(crate) fn len(&self) -> usize {
        self.processes.len()
    }

    /// A process's name.
    pub(crate) fn name(&self, n: usize) -> &str {
        &self.processes[n].name
    }

    /// Where a process answers.
    pub(crate) fn address(&self, n: usize) -> String {
        format!("http://127.0.0.1:{}", self.processes[n].port)
    }

    /// The folder of all.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts a process unless it runs, and waits until it is ready; how long that took.
    pub(crate) fn start(&mut self, n: usize) -> io::Result<Duration> {
        let started = Instant::now();
        if self.processes[n].child.is_some() {
            return Ok(Duration::ZERO);
        }
        let mut child = self.spawn(n, Stdio::piped())?;
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("no stdout"))?;
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
            let ready = lines.any(|line| line.starts_with("Ready on "));
            // Nobody listens any more when it took too long.
            _ = tell.send(ready);
            lines.for_each(drop);
        });
        match told.recv_timeout(PATIENCE) {
            Ok(true) => {
                self.processes[n].child = Some(child);
                Ok(started.elapsed())
            }
            ended => {
                _ = child.kill();
                let status = child.wait()?;
                let why = if ended.is_ok() { "ended" } else { "is not ready within a minute" };
                Err(io::Error::other(format!("{} {why} ({status}): {}", self.name(n), last_lines(&self.said(n)))))
            }
        }
    }

    /// Starts a process that is not running, and kills it after a time, ready or not.
    pub(crate) fn start_and_kill(&mut self, n: usize, after: Duration) -> io::Result<()> {
        let mut child = self.spawn(n, Stdio::null())?;
        std::thread::sleep(after);
        kill(&mut child)
    }

    /// Ends a process in the given way. How long it took to stop where it was left to, up to [`STOPS_WITHIN`] and then killed.
    pub(crate) fn end(&mut self, n: usize, how: End) -> io::Result<Option<Duration>> {
        let Some(mut child) = self.processes[n].child.take() else { return Ok(None) };
        let asked = Instant::now();
        if how != End::Killed {
            signal(&child, "TERM")?;
        }
        match how {
            End::Killed => kill(&mut child).map(|()| None),
            End::Stopping(grace) => {
                std::thread::sleep(grace);
                kill(&mut child).map(|()| None)
            }
            End::Stopped => {
                while child.try_wait()?.is_none() && asked.elapsed() < STOPS_WITHIN {
                    std::thread::sleep(Duration::from_millis(5));
                }
                let took = asked.elapsed();
                kill(&mut child).map(|()| Some(took))
            }
        }
    }

    /// Lets a process stand still for a time, as an overloaded machine does: what it holds may be others' when it goes on.
    pub(crate) async fn freeze(&self, n: usize, time: Duration) -> io::Result<()> {
        let Some(child) = &self.processes[n].child else { return Ok(()) };
        signal(child, "STOP")?;
        tokio::time::sleep(time).await;
        signal(child, "CONT")
    }

    /// The processes that have ended though nobody ended them, and their last words.
    pub(crate) fn ended_by_themselves(&mut self) -> io::Result<Vec<String>> {
        let mut ended = Vec::new();
        for n in 0..self.len() {
            let Some(child) = &mut self.processes[n].child else { continue };
            if let Some(status) = child.try_wait()? {
                self.processes[n].child = None;
                ended.push(format!("{} ({status}): {}", self.name(n), last_lines(&self.said(n))));
            }
        }
        Ok(ended)
    }

    /// What a process has said on stderr in all its lives.
    pub(crate) fn said(&self, n: usize) -> String {
        fs::read(self.stderr(n)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    fn stderr(&self, n: usize) -> PathBuf {
        self.folder.join(format!("stderr-{}", self.name(n).replace(' ', "-")))
    }

    fn spawn(&self, n: usize, stdout: Stdio) -> io::Result<Child> {
        let Process { args, port, .. } = &self.processes[n];
        let mut command = program();
        command.args(args).args(["--addr", &format!("127.0.0.1:{port}")]);
        self.surround(&mut command);
        let stderr = File::options().create(true).append(true).open(self.stderr(n))?;
        command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).spawn()
    }

    /// Runs a command of the program to its end against the cloud; what it printed.
    pub(crate) fn run(&self, args: &[&str]) -> io::Result<String> {
        let mut command = program();
        command.args(args);
        self.surround(&mut command);
        let output = command.stdin(Stdio::null()).output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if !output.status.success() {
            let (status, said) = (output.status, text(&output.stderr));
            return Err(io::Error::other(format!("messaging {} ({status}): {said}", args.join(" "))));
        }
        Ok(text(&output.stdout))
    }

    /// The folder and the environment of a command: nothing of the machine's own.
    fn surround(&self, command: &mut Command) {
        command.current_dir(&self.folder).env("NO_COLOR", "1").env("HOME", &self.folder);
        for (name, _) in std::env::vars().filter(|(name, _)| FOREIGN.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for process in &mut self.processes {
            if let Some(child) = &mut process.child {
                // It may have ended already.
                _ = kill(child);
            }
        }
    }
}

/// The program that cargo says at run time, so that a harness can be moved together with it; else the one it was built with.
fn program() -> Command {
    Command::new(std::env::var_os("CARGO_BIN_EXE_messaging").unwrap_or_else(|| env!("CARGO_BIN_EXE_messaging").into()))
}

fn signal(child: &Child, name: &str) -> io::Result<()> {
    Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().map(drop)
}

fn kill(child: &mut Child) -> io::Result<()> {
    child.kill()?;
    child.wait().map(|_| ())
}

/// A port that nobody listens on.
fn free_port() -> io::Result<u16> {
    let mut rng = rand::rng();
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let mut tries = (0..1_000).map(|_| rng.random_range(PORTS));
    tries.find(free).ok_or_else(|| io::Error::other("no free port"))
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().rev().take(4).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
}
