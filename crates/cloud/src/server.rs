//! The server as a whole: the data folder, what runs in the background, the port.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use tokio::io::DuplexStream;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::blobs::Blobs;
use crate::core::Cloud;
use crate::core::Core;
use crate::core::clock::Clock;
use crate::core::journal::History;
use crate::folder::{DataFolder, Home, OBJECTS};
use crate::gateway::{Access, Gateway};
use crate::quotas::Quotas;
use crate::s3;
use crate::services::SERVICES;
use crate::{http, maintenance};
use directory::Directory;
use log::{self, Disk, Durability, LogError, MemoryDisk, Recovery};
use wire::AwsError;

pub use crate::folder::{FolderError, OpenError};

/// So many bytes are under way at once on a connection within this process.
const CONNECTION: usize = 64 << 10;

/// How a cloud is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the log and the objects lie. [`Durability::Memory`] touches it not at all: its objects lie in a temporary folder.
    pub data_dir: PathBuf,
    /// What an acknowledgement promises to survive.
    pub durability: Durability,
    /// Refuse whatever AWS refuses, also where that stands in the way of a first try: deliveries to a queue without any
    /// policy and through unknown roles, a name used again within its cool-down.
    pub strict: bool,
    /// Let placeholders stand in stacks for resources of types that aren't simulated, and leave out what of others is refused
    /// by name.
    pub placeholders: bool,
    /// Refuse what is more than AWS's quotas of throughput.
    pub quotas: bool,
    /// Where the time comes from.
    pub clock: Clock,
    /// How much is remembered of what became of messages.
    pub history: History,
    /// Bytes of a segment of the log.
    pub segment_bytes: u32,
    /// What ids follow from; a random number without it. Whoever knows it can guess them.
    pub seed: Option<u128>,
}

impl Options {
    /// The defaults for a data folder.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            durability: Durability::default(),
            strict: false,
            placeholders: false,
            quotas: false,
            clock: Clock::System,
            history: History::default(),
            segment_bytes: log::Options::default().segment_bytes,
            seed: None,
        }
    }
}

impl Cloud {
    /// Opens the data folder, which no other process may hold, and replays its log. `print` gets the notices, among them what of
    /// the folder isn't as it was.
    pub fn open(
        options: Options,
        print: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<(Arc<Self>, Recovery), OpenError> {
        let log = log::Options { durability: options.durability, segment_bytes: options.segment_bytes };
        let seed = options.seed.unwrap_or_else(rand::random);
        let open = |disk: Arc<dyn Disk>| Core::open(disk, log, options.clock.clone(), options.strict, seed);
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |cause| FolderError::Failed { path, cause }
        };
        if options.durability == Durability::Memory {
            let folder = temporary().map_err(failed(&std::env::temp_dir()))?;
            let objects = Directory::open(folder.path()).map_err(failed(folder.path()))?;
            let blobs = Blobs::temporary(Arc::new(objects));
            let (core, recovery) = open(Arc::new(MemoryDisk::default()))?;
            let mut cloud = Self::new(core, blobs, Some(Home::Temporary(folder)), print);
            cloud.configure(&options);
            return Ok((Arc::new(cloud), recovery));
        }
        let (folder, (core, recovery)) = DataFolder::open(&options.data_dir, |disk| open(Arc::new(disk)))?;
        let marker = folder.marker();
        let at = failed(&options.data_dir);
        core.note_format(move |format| marker.rise(format)).map_err(at)?;
        let noted = folder.noted_end();
        let is_of_the_folder = noted.is_some_and(|end| core.log().ended_at(end).unwrap_or(false));
        let opened = s3::open_blobs(&core, &folder, recovery.is_whole() && is_of_the_folder);
        let (blobs, notices) = opened.map_err(failed(&options.data_dir.join(OBJECTS)))?;
        let mut cloud = Self::new(core, blobs, Some(Home::Kept(folder)), print);
        cloud.configure(&options);
        // Not before: until the objects were looked at, a start that is killed leaves the next to know what this one knew.
        cloud.note_end();
        let is_whole = recovery.cuts.is_empty() && recovery.lost.is_empty();
        let older = noted.filter(|_| is_whole && !is_of_the_folder).map(|end| {
            format!(
                "the log isn't the one that this folder had last, which went to byte {} of segment {}: it is an older copy, \
                 another's, or lost its end when the machine went down, and what happened since isn't in it",
                end.offset, end.segment
            )
        });
        let notices = recovery.notices(options.durability).into_iter().chain(older).chain(notices);
        notices.for_each(|text| cloud.notice(&text));
        cloud.tell_clock();
        Ok((Arc::new(cloud), recovery))
    }

    fn configure(&mut self, options: &Options) {
        self.core.remember(options.history);
        self.placeholders = options.placeholders;
        if options.seed.is_some() {
            self.core.tell_secrets();
        }
        if options.quotas {
            self.quotas = Quotas::aws();
        }
    }
}

/// A cloud that serves.
pub struct Server {
    /// The state.
    pub cloud: Arc<Cloud>,
    /// Where it listens.
    pub address: SocketAddr,
    gateway: Arc<Gateway>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    /// Serves on a listener until [`Server::stop`].
    pub fn start(cloud: Arc<Cloud>, listener: TcpListener, access: Access) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let server = Self::at(cloud, address, access);
        let Self { cloud, gateway, stop, tasks, .. } = &server;
        #[cfg(feature = "console")]
        tasks.spawn(crate::console::watch::sample::run(cloud.clone(), gateway.watch(), stop.clone()));
        let workers = http::Workers::default();
        let (kept, gateway, stopping) = (cloud.clone(), gateway.clone(), stop.clone());
        tasks.spawn(async move {
            // No answer tells a time that a restart doesn't know.
            if let Err(error) = kept.core.keep_time_ahead().await {
                kept.notice(&format!("the time can't be kept: {}", error.message));
            }
            http::serve(listener, workers, gateway, stopping).await;
        });
        server.look_after();
        Ok(server)
    }

    /// Serves within this process alone, by its [`Entrance`]: at its address nobody listens. All of it is done by the tasks of the
    /// runtime that this is called in.
    ///
    /// # Errors
    /// The time can't be kept.
    pub async fn within(cloud: Arc<Cloud>, address: SocketAddr) -> Result<Self, AwsError> {
        cloud.core.keep_time_ahead().await?;
        let server = Self::at(cloud, address, Access::default());
        server.look_after();
        Ok(server)
    }

    /// The way into it for this process.
    pub fn entrance(&self) -> Entrance {
        Entrance { gateway: self.gateway.clone(), stop: self.stop.clone(), tasks: self.tasks.clone() }
    }

    /// One that does nothing yet.
    fn at(cloud: Arc<Cloud>, address: SocketAddr, access: Access) -> Self {
        cloud.listens(address);
        cloud.reach.opened(address, access.credentials.is_some(), access.deliver_to_loopback);
        let gateway = Arc::new(Gateway::with_access(cloud.clone(), access));
        Self { cloud, address, gateway, stop: CancellationToken::new(), tasks: TaskTracker::new() }
    }

    /// Begins with what is done without being asked.
    fn look_after(&self) {
        let Self { cloud, stop, tasks, .. } = self;
        tasks.spawn(maintenance::run(cloud.clone(), stop.clone()));
        tasks.spawn(crate::firehose::flusher::run(cloud.clone(), stop.clone()));
        tokio::spawn(crate::cloudformation::resume(cloud.clone(), &SERVICES));
        tasks.spawn(crate::sqs::move_tasks::run::run(cloud.clone(), stop.clone()));
        tasks.spawn(crate::sns::background::run(cloud.clone(), stop.clone()));
    }

    /// Stops cleanly: long polls are answered, requests have a second to end, what waits is written.
    pub async fn stop(self) -> Result<(), LogError> {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        // What can't be kept was kept ahead.
        _ = self.cloud.core.keep_time(self.cloud.core.now()).await;
        self.cloud.core.log().retry()?;
        self.cloud.note_end();
        Ok(())
    }
}

/// A way into a server that goes through memory. It keeps the server's cloud, and with it the data folder.
#[derive(Clone)]
pub struct Entrance {
    gateway: Arc<Gateway>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Entrance {
    /// A connection, as one to the server's address would be.
    pub fn connect(&self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(CONNECTION);
        let (served, stop) = (http::serve_within(ours, self.gateway.clone()), self.stop.clone());
        self.tasks.spawn(async move { _ = stop.run_until_cancelled_owned(served).await });
        theirs
    }
}

fn temporary() -> std::io::Result<TempDir> {
    use std::os::unix::fs::PermissionsExt;
    let owner_only = std::fs::Permissions::from_mode(0o700);
    tempfile::Builder::new().prefix("messaging-").permissions(owner_only).tempdir()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn a_cloud_in_memory_keeps_objects_in_a_private_folder_that_goes_with_it() {
        let options = Options { durability: Durability::Memory, ..Options::new("nowhere") };
        let (cloud, _) = Cloud::open(options, |_| {}).unwrap();
        let Some(Home::Temporary(folder)) = cloud.home() else { panic!("it has another home") };
        let path = folder.path().to_owned();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o700);
        drop(cloud);
        assert!(!path.exists());
    }
}
