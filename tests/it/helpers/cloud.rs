//! An embedded cloud of a test's own: in this process, on a free port, in a folder that goes away.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use cloud::Access;
use cloud::Clock;
use cloud::Cloud;
use cloud::{OpenError, Options, Server};
use log::LogError;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// 2026-03-14 23:30:00 UTC, in ms: half an hour before midnight.
pub(crate) const LATE_EVENING: u64 = 1_773_531_000_000;

/// How long a test waits for what happens on its own.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The log's first segment in a cloud's folder.
const SEGMENT: &str = "data/log/00000001.log";

/// A cloud that serves.
pub(crate) struct TestCloud {
    pub clock: Clock,
    pub endpoint: String,
    options: Options,
    server: Option<Server>,
    folder: TempDir,
}

impl TestCloud {
    /// One whose clock stands still at [`LATE_EVENING`].
    pub(crate) async fn start() -> Self {
        Self::open(Clock::manual(LATE_EVENING), false).await
    }

    /// The same, as hard as AWS.
    pub(crate) async fn strict() -> Self {
        Self::open(Clock::manual(LATE_EVENING), true).await
    }

    /// The same, in which placeholders stand for what isn't simulated.
    pub(crate) async fn with_placeholders() -> Self {
        let clock = Clock::manual(LATE_EVENING);
        Self::open_on(Options { clock, placeholders: true, ..Options::new("") }, |_| {}).await
    }

    /// The same, which keeps AWS's quotas of throughput.
    pub(crate) async fn with_quotas() -> Self {
        let clock = Clock::manual(LATE_EVENING);
        Self::open_on(Options { clock, quotas: true, ..Options::new("") }, |_| {}).await
    }

    /// From the next start on without placeholders.
    pub(crate) fn forbid_placeholders(&mut self) {
        self.options.placeholders = false;
    }

    /// One with this clock.
    pub(crate) async fn with_clock(clock: Clock) -> Self {
        Self::open(clock, false).await
    }

    /// Stops cleanly and starts again with another clock.
    pub(crate) async fn restart_with_clock(&mut self, clock: Clock) {
        self.options.clock = clock;
        self.restart().await;
    }

    /// The time that the cloud shows.
    pub(crate) fn now(&self) -> u64 {
        self.server.as_ref().expect("it serves").cloud.core.now()
    }

    /// One that runs by the wall's clock.
    pub(crate) async fn live() -> Self {
        Self::open(Clock::System, false).await
    }

    /// The log's first segment.
    pub(crate) fn segment(&self) -> PathBuf {
        self.folder.path().join(SEGMENT)
    }

    /// One whose clock stands still at `now`, on a data folder that `prepare` makes.
    pub(crate) async fn on(now: u64, prepare: impl FnOnce(&Path)) -> Self {
        Self::open_on(Options { clock: Clock::manual(now), ..Options::new("") }, prepare).await
    }

    /// One whose log is cut into segments of 64 KiB.
    pub(crate) async fn with_small_segments() -> Self {
        let clock = Clock::manual(LATE_EVENING);
        Self::open_on(Options { clock, segment_bytes: 1 << 16, ..Options::new("") }, |_| {}).await
    }

    async fn open(clock: Clock, strict: bool) -> Self {
        Self::open_on(Options { clock, strict, ..Options::new("") }, |_| {}).await
    }

    /// With these options, but for the folder.
    async fn open_on(options: Options, prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        prepare(&folder.path().join("data"));
        let options = Options { data_dir: folder.path().join("data"), ..options };
        let clock = options.clock.clone();
        let server = try_serve(&options).await.unwrap();
        Self { clock, endpoint: format!("http://{}", server.address), options, server: Some(server), folder }
    }

    /// Stops cleanly and starts again on the same folder; the port changes.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.start_again().await;
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts again on a data folder that somebody did something to.
    pub(crate) async fn restart_after(&mut self, harm: impl FnOnce(&Path)) {
        self.stop().await;
        harm(&self.data());
        self.start_again().await;
    }

    /// Starts again with another log: the bytes of its only segment.
    pub(crate) async fn restart_with(&mut self, segment: &[u8]) {
        self.stop().await;
        std::fs::write(self.segment(), segment).unwrap();
        self.start_again().await;
    }

    async fn start_again(&mut self) {
        // What runs in the background, such as the making of a signing key, may hold the folder a moment longer.
        let server = eventually(async || try_serve(&self.options).await).await.expect("the folder is free again");
        self.endpoint = format!("http://{}", server.address);
        self.server = Some(server);
    }

    /// Stops; why a start on what somebody then made of the folder is refused.
    pub(crate) async fn refused_after(&mut self, harm: impl FnOnce(&Path)) -> String {
        self.stop().await;
        harm(&self.data());
        let refused = eventually(async || match Cloud::open(self.options.clone(), |_| {}) {
            Err(OpenError::Log(LogError::Locked { .. })) => None,
            Err(error) => Some(error.to_string()),
            Ok(_) => panic!("it was not refused"),
        });
        refused.await.expect("the folder is free again")
    }

    /// Stops cleanly.
    pub(crate) async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await.unwrap();
        }
    }

    /// Moves the clock on.
    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// A connection through memory.
    pub(crate) fn connect_within(&self) -> tokio::io::DuplexStream {
        self.server.as_ref().unwrap().entrance().connect()
    }

    /// The server's inside.
    pub(crate) fn inside(&self) -> &Arc<Cloud> {
        &self.server.as_ref().unwrap().cloud
    }

    /// The entries of the folder around the data folder: nothing may appear beside it.
    pub(crate) fn files_outside(&self) -> Vec<std::path::PathBuf> {
        let mut entries: Vec<_> = std::fs::read_dir(self.folder.path()).unwrap().map(|it| it.unwrap().path()).collect();
        entries.sort();
        entries
    }

    /// What the server has said of itself.
    pub(crate) fn notices(&self) -> Vec<String> {
        self.server.as_ref().unwrap().cloud.notices.all().into_iter().map(|(_, text)| text).collect()
    }

    /// From now on what every message's way is told to.
    pub(crate) fn explain(&self) -> Arc<Mutex<Vec<String>>> {
        let told = Arc::<Mutex<Vec<String>>>::default();
        let ear = told.clone();
        let cloud = &self.server.as_ref().unwrap().cloud;
        cloud.notices.explain_to(move |lines| ear.lock().unwrap().extend_from_slice(lines));
        told
    }

    /// Waits until the server has said something that contains all of `words`.
    pub(crate) async fn notice_with(&self, words: &[&str]) -> String {
        eventually(async || self.notices().into_iter().find(|text| words.iter().all(|word| text.contains(word))))
            .await
            .unwrap_or_else(|| panic!("no notice has {words:?}: {:#?}", self.notices()))
    }

    pub(crate) fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&config(&self.endpoint))
    }

    pub(crate) fn sns(&self) -> aws_sdk_sns::Client {
        aws_sdk_sns::Client::new(&config(&self.endpoint))
    }

    pub(crate) fn firehose(&self) -> aws_sdk_firehose::Client {
        aws_sdk_firehose::Client::new(&config(&self.endpoint))
    }

    pub(crate) fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        aws_sdk_cloudformation::Client::new(&config(&self.endpoint))
    }

    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        s3(&self.endpoint)
    }
}

/// A server on the folder; none while another holds it.
async fn try_serve(options: &Options) -> Option<Server> {
    let cloud = match Cloud::open(options.clone(), |_| {}) {
        Ok((cloud, _)) => cloud,
        Err(OpenError::Log(LogError::Locked { .. })) => return None,
        Err(error) => panic!("{error}"),
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    Some(Server::start(cloud, listener, Access::default()).unwrap())
}

/// What every client of an address is made of; nothing is tried twice, so that each failure is seen.
pub(crate) fn config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        // Without TLS: reading the machine's certificates for each client takes longer than most tests.
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .build()
}

/// An S3 client that names buckets in the path.
pub(crate) fn s3(endpoint: &str) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(&config(endpoint)).force_path_style(true).build();
    aws_sdk_s3::Client::from_conf(config)
}

/// It looks so often at least before patience ends: on a machine that is busy with something else a look takes longer, as does what is
/// waited for.
const LOOKS: u32 = 1_000;

/// Looks until there is something, or patience ends.
pub(crate) async fn eventually<T>(mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let (end, mut looks) = (tokio::time::Instant::now() + PATIENCE, 0);
    loop {
        if let Some(found) = look().await {
            return Some(found);
        }
        looks += 1;
        if tokio::time::Instant::now() > end && looks >= LOOKS {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The code of a refused call.
pub(crate) fn code<T: std::fmt::Debug, E>(result: Result<T, E>) -> String
where
    E: aws_sdk_sqs::error::ProvideErrorMetadata,
{
    match result {
        Ok(answer) => panic!("it was not refused: {answer:?}"),
        Err(error) => error.code().unwrap_or("no code").to_owned(),
    }
}
