//! The real binary on one data folder: started, killed, started again.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use log::Durability;

use crate::moment::End;

/// Bytes of a segment of the log, the fewest that can be chosen: it rolls in every round, and is compacted in those that
/// last that long.
pub(crate) const SMALL_SEGMENTS: u32 = 64 << 10;
/// One segment for all.
pub(crate) const ONE_SEGMENT: u32 = 1 << 30;

/// A server that is asked to stop ends within so long, whoever waits for it.
pub(crate) const STOPS_WITHIN: Duration = Duration::from_secs(10);
/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A data folder and how the server is started on it.
pub(crate) struct Home {
    /// Where the server runs, and what it says is kept.
    folder: PathBuf,
    /// The data folder's path below that.
    data: &'static str,
    durability: Durability,
    segment: u32,
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    /// `http://127.0.0.1:PORT`.
    pub endpoint: String,
    /// From the start of the process to the line that it is ready.
    pub took: Duration,
    child: Child,
    /// Kept open: it may have more to say.
    _stdout: BufReader<ChildStdout>,
}

impl Home {
    pub(crate) fn new(folder: &Path, data: &'static str, durability: Durability, segment: u32) -> Self {
        Self { folder: folder.to_owned(), data, durability, segment }
    }

    fn spawn(&self) -> io::Result<Child> {
        fs::create_dir_all(&self.folder)?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_messaging"));
        command.args([
            "local",
            "--addr",
            "127.0.0.1:0",
            "--data-dir",
            self.data,
            "--durability",
            &self.durability.to_string(),
        ]);
        command.args(["--segment-bytes", &self.segment.to_string()]);
        command.current_dir(&self.folder).env("NO_COLOR", "1");
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MESSAGING_") || name.starts_with("AWS_"))
        {
            command.env_remove(name);
        }
        let stderr = File::options().create(true).append(true).open(self.stderr())?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).spawn()
    }

    /// Starts it and waits until it is ready.
    pub(crate) fn start(&self) -> io::Result<Server> {
        let started = Instant::now();
        let mut child = self.spawn()?;
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("no stdout"))?;
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            let mut line = String::new();
            let read = stdout.read_line(&mut line).map(|_| line);
            // Nobody listens any more when it took too long.
            let _ = tell.send((read, stdout));
        });
        let (line, stdout) = told.recv_timeout(PATIENCE).map_err(|_| {
            // It may have ended on its own.
            let _ = child.kill();
            io::Error::other("the server was not ready within a minute")
        })?;
        let line = line?;
        let url = line.strip_prefix("Ready on ").and_then(|rest| rest.split(',').next());
        let Some(endpoint) = url.map(str::to_owned) else {
            child.wait()?;
            return Err(io::Error::other(format!("the server did not start: {line}{}", self.said())));
        };
        Ok(Server { endpoint, took: started.elapsed(), child, _stdout: stdout })
    }

    /// Starts it and kills it after a time, whether it is ready or not.
    pub(crate) fn start_and_kill(&self, after: Duration) -> io::Result<()> {
        let mut child = self.spawn()?;
        std::thread::sleep(after);
        end(&mut child)
    }

    /// Cuts bytes off the end of the log's newest segment, but not more than half of it: what a server would leave that
    /// acknowledges before it writes.
    pub(crate) fn cut(&self, bytes: u64) -> io::Result<u64> {
        let entries = fs::read_dir(self.data().join("log"))?.collect::<io::Result<Vec<_>>>()?;
        let logs =
            entries.iter().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|it| it == "log"));
        let newest = logs.max();
        let file = File::options().write(true).open(newest.ok_or_else(|| io::Error::other("no segment"))?)?;
        let length = file.metadata()?.len();
        let cut = bytes.min(length / 2);
        file.set_len(length - cut)?;
        Ok(cut)
    }

    fn stderr(&self) -> PathBuf {
        self.folder.join("stderr")
    }

    /// Segments that the log has begun in all its lives, and those that are left.
    pub(crate) fn segments(&self) -> io::Result<(usize, usize)> {
        let entries = fs::read_dir(self.data().join("log"))?.collect::<io::Result<Vec<_>>>()?;
        let names = entries.iter().filter_map(|entry| entry.file_name().into_string().ok());
        let numbers = names.filter_map(|name| name.strip_suffix(".log")?.parse::<usize>().ok());
        let numbers: Vec<_> = numbers.collect();
        Ok((numbers.iter().copied().max().unwrap_or_default(), numbers.len()))
    }

    /// The names of the files that hold objects' bytes.
    pub(crate) fn object_files(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for shard in fs::read_dir(self.data().join("objects"))? {
            let shard = shard?.path();
            // What a start has set aside isn't the living objects'.
            if shard.file_name().is_some_and(|name| name.len() == 2) {
                for file in fs::read_dir(shard)? {
                    names.push(file?.file_name().to_string_lossy().into_owned());
                }
            }
        }
        Ok(names)
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join(self.data)
    }

    /// What it has said on stderr in all its lives.
    pub(crate) fn said(&self) -> String {
        fs::read(self.stderr()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }
}

impl Server {
    /// Ends it as a crash does.
    pub(crate) fn kill(mut self) -> io::Result<()> {
        end(&mut self.child)
    }

    /// Ends it in the given way. How long it took to stop where it was left to, up to [`STOPS_WITHIN`] and then killed.
    pub(crate) fn end(mut self, how: End) -> io::Result<Option<Duration>> {
        match how {
            End::Killed => {}
            End::Stopping(grace) => {
                self.ask_to_stop()?;
                std::thread::sleep(grace);
            }
            End::Stopped => {
                let asked = Instant::now();
                self.ask_to_stop()?;
                while self.child.try_wait()?.is_none() && asked.elapsed() < STOPS_WITHIN {
                    std::thread::sleep(Duration::from_millis(5));
                }
                let took = asked.elapsed();
                return end(&mut self.child).map(|()| Some(took));
            }
        }
        end(&mut self.child).map(|()| None)
    }

    fn ask_to_stop(&self) -> io::Result<()> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().map(drop)
    }
}

fn end(child: &mut Child) -> io::Result<()> {
    child.kill()?;
    child.wait().map(|_| ())
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = end(&mut self.child);
    }
}
