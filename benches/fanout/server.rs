//! A server under test: one of this package's, started here, or any other by its address.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::connection::Connection;

/// The binary, as `cargo bench` builds it.
pub(crate) const MESSAGING: &str = env!("CARGO_BIN_EXE_messaging");

/// A server and, where it runs on this machine by our hand, its process.
pub(crate) struct Server {
    pub name: String,
    pub address: SocketAddr,
    pub pid: Option<u32>,
    child: Option<Child>,
    /// The folder that goes with it.
    pub data: Option<tempfile::TempDir>,
}

impl Server {
    /// The ceiling: this program once more.
    pub(crate) fn limit() -> std::io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--serve-limit");
        Self::start("limit", command)
    }

    /// `messaging local` on a data folder of its own.
    pub(crate) fn messaging(name: &str, durability: &str) -> std::io::Result<Self> {
        let data = tempfile::tempdir()?;
        let mut server = Self::messaging_on(name, durability, data.path())?;
        server.data = Some(data);
        Ok(server)
    }

    /// `messaging local` on a data folder that stays.
    pub(crate) fn messaging_on(name: &str, durability: &str, data: &Path) -> std::io::Result<Self> {
        let mut command = Command::new(MESSAGING);
        command.args(["local", "--addr", "127.0.0.1:0", "--durability", durability, "--data-dir"]).arg(data);
        Self::start(name, command)
    }

    /// One that runs already: `NAME=URL` or `NAME=URL=PID`.
    pub(crate) fn running(text: &str) -> Option<Self> {
        let mut parts = text.split('=');
        let (name, url, pid) = (parts.next()?, parts.next()?, parts.next());
        let authority = url.strip_prefix("http://")?.trim_end_matches('/');
        let address = authority.to_socket_addrs().ok()?.next()?;
        Some(Self {
            name: name.to_owned(),
            address,
            pid: pid.and_then(|pid| pid.parse().ok()),
            child: None,
            data: None,
        })
    }

    fn start(name: &str, mut command: Command) -> std::io::Result<Self> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.as_mut() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let url = line.split_whitespace().find_map(|word| word.strip_prefix("http://"));
        let address = url.and_then(|url| url.trim_end_matches(',').parse().ok());
        let address = address.ok_or_else(|| std::io::Error::other(format!("{name} did not start: {line}")))?;
        Ok(Self { name: name.to_owned(), address, pid: Some(child.id()), child: Some(child), data: None })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Resident memory in bytes, with that of child processes; where the system tells.
    pub(crate) fn memory(&self) -> Option<u64> {
        resident(self.pid?)
    }

    /// Bytes of memory that it takes to remember what became of messages, which is a bounded amount and none of what a queued message
    /// takes; 0 for other clouds.
    pub(crate) async fn remembered(&self) -> u64 {
        self.overview().await.map_or(0, |told| told["history"]["bytes"].as_u64().unwrap_or(0))
    }

    async fn overview(&self) -> std::io::Result<serde_json::Value> {
        let ask = b"GET /_messaging/api/v1/overview HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.call(ask).await?;
        Ok(serde_json::from_slice(answer.body)?)
    }

    /// Processor time so far, in seconds.
    pub(crate) fn cpu_seconds(&self) -> Option<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid?)).ok()?;
        let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
        // "proc(5)": utime and stime, in ticks of a hundredth of a second.
        Some((fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?) / 100.0)
    }
}

/// Processor time of a server, counted from when this was made.
pub(crate) struct Spent<'s>(&'s Server, Option<f64>);

impl<'s> Spent<'s> {
    pub(crate) fn by(server: &'s Server) -> Self {
        Self(server, server.cpu_seconds())
    }

    /// Microseconds for each of so many requests.
    pub(crate) fn us_each(&self, requests: u64) -> Option<f64> {
        let spent = self.0.cpu_seconds()? - self.1?;
        (requests > 0).then(|| spent * 1e6 / requests as f64)
    }
}

fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let own = line.split_whitespace().next()?.parse::<u64>().ok()? * 1024;
    // Each thread has its own children.
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten();
    let children = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    let resident_in = |list: String| list.split_whitespace().filter_map(|it| resident(it.parse().ok()?)).sum::<u64>();
    Some(own + children.map(resident_in).sum::<u64>())
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may be gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
