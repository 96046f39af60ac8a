//! What several tests need: the binary as processes of their own, and clients of the cloud.

pub(crate) mod postgres;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use tempfile::TempDir;

/// How long a test waits for what happens on its own, and how often it looks at least: on a machine that is busy with something else a
/// look takes longer, as does what is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
const LOOKS: u32 = 1_000;

/// The program in a folder, without anything that the machine's environment says of AWS.
pub(crate) fn messaging(folder: &Path) -> Command {
    let mut command = Command::new(cargo_bin!("messaging"));
    command.current_dir(folder).env("NO_COLOR", "1");
    for (name, _) in std::env::vars() {
        let ours = ["MESSAGING_", "AWS_", "ARCHIVE_", "TASKS_", "WORKFLOWS_", "JOBS_", "JWT_", "DATABASE_"];
        if ours.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name);
        }
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
pub(crate) fn run(folder: &Path, args: &[&str]) -> Ended {
    let output = messaging(folder).args(args).stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A process that says when it is ready; killed when dropped.
pub(crate) struct Process {
    /// The address in its ready line, as `http://127.0.0.1:40213`.
    pub address: String,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts it and waits until it is ready.
    pub(crate) fn start(mut command: Command, folder: &Path) -> Self {
        let stderr = std::fs::File::options().create(true).append(true).open(folder.join("stderr")).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut told = String::new();
        let address = loop {
            let mut line = String::new();
            if stdout.read_line(&mut line).unwrap() == 0 {
                let said = std::fs::read_to_string(folder.join("stderr")).unwrap();
                panic!("no ready line but:\n{told}and on stderr:\n{said}");
            }
            if let Some(address) = ready(&line) {
                break address;
            }
            told += &line;
        };
        let lines = Arc::new(Mutex::new(vec![told]));
        let kept = lines.clone();
        let reader = std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        Self { address, child, lines, reader: Some(reader) }
    }

    /// What it has said on stdout since it was ready, a line each.
    pub(crate) fn said(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a crash does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal, as `TERM`, and waits for the end; gives all that it said too.
    pub(crate) fn signal(mut self, name: &str) -> (ExitStatus, Vec<String>) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < PATIENCE, "it didn't end");
            std::thread::sleep(Duration::from_millis(10));
        };
        self.reader.take().unwrap().join().unwrap();
        (status, self.said())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// The address in a ready line, of text or of JSON.
fn ready(line: &str) -> Option<String> {
    if let Some(rest) = line.strip_prefix("Ready on ") {
        let end = rest.find([',', ' ']).unwrap_or(rest.len());
        return Some(rest[..end].trim_end_matches(':').to_owned());
    }
    let record: serde_json::Value = serde_json::from_str(line).ok()?;
    (record["record"] == "ready").then(|| record["address"].as_str().unwrap().to_owned())
}

/// An embedded cloud as a process of its own, in a folder that goes away.
pub(crate) struct Cloud {
    pub folder: TempDir,
    pub process: Process,
}

impl Cloud {
    /// Starts one.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = Self::process(folder.path(), "127.0.0.1:0");
        Self { folder, process }
    }

    fn process(folder: &Path, address: &str) -> Process {
        let mut command = messaging(folder);
        command.args(["local", "--addr", address, "--data-dir", "cloud"]);
        Process::start(command, folder)
    }

    /// Its address.
    pub(crate) fn endpoint(&self) -> &str {
        &self.process.address
    }

    /// Deploys a scenario's template.
    pub(crate) fn deploy(&self, scenario: &str) {
        let ended = self.run(&["deploy", "--scenario", scenario]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }

    /// Runs a command against it to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        run(self.folder.path(), &[args, &["--endpoint-url", self.endpoint()]].concat())
    }

    /// Serves a scenario on a free port, with further arguments.
    pub(crate) fn serve(&self, scenario: &str, args: &[&str]) -> Process {
        Process::start(self.serve_command(scenario, args), self.folder.path())
    }

    /// The command that [`Cloud::serve`] starts.
    pub(crate) fn serve_command(&self, scenario: &str, args: &[&str]) -> Command {
        let mut command = messaging(self.folder.path());
        command.args(["serve", scenario, "--addr", "127.0.0.1:0", "--endpoint-url", self.endpoint()]).args(args);
        command
    }

    /// Kills it and starts it again on the same folder and port.
    pub(crate) fn crash_and_restart(&mut self) {
        let address = self.endpoint()["http://".len()..].to_owned();
        self.process.child.kill().unwrap();
        self.process.child.wait().unwrap();
        self.process = Self::process(self.folder.path(), &address);
    }

    /// What clients of the AWS SDK are made of.
    pub(crate) fn config(&self) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
            .region(Region::new("us-east-1"))
            .endpoint_url(self.endpoint())
            .build()
    }

    /// A client of SQS.
    pub(crate) fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config())
    }

    /// A client of S3.
    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.config()).force_path_style(true);
        aws_sdk_s3::Client::from_conf(config.build())
    }
}

/// Asks again and again until there is an answer; panics after [`PATIENCE`] and as many looks.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let (started, mut looks) = (Instant::now(), 0);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        looks += 1;
        assert!(started.elapsed() < PATIENCE || looks < LOOKS, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
