//! The server as a whole: the data folder, what runs in the background, the port.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Cloud;
use super::clock::Clock;
use super::core::Core;
use super::gateway::{Access, Gateway};
use super::notices::Notices;
use super::s3::{self, Blobs};
use super::{http, maintenance};
use crate::log::{self, DirectoryDisk, DirectoryLock, Disk, Durability, LogError, MemoryDisk, Recovery};

/// How a cloud is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the log and the objects lie. With [`Durability::Memory`] a folder for objects only, emptied at start.
    pub data_dir: PathBuf,
    pub durability: Durability,
    /// Refuse whatever AWS refuses, also where that stands in the way of a first try: deliveries to a queue without any
    /// policy and through unknown roles, a name used again within its cool-down.
    pub strict: bool,
    pub clock: Clock,
    /// Bytes of a segment of the log.
    pub segment_bytes: u32,
}

impl Options {
    /// The defaults for a data folder.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            durability: Durability::default(),
            strict: false,
            clock: Clock::System,
            segment_bytes: log::Options::default().segment_bytes,
        }
    }
}

/// Why a cloud can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("can't use the data folder {folder}: {cause}")]
    Folder { folder: PathBuf, cause: std::io::Error },
    #[error(transparent)]
    Log(#[from] LogError),
}

impl Cloud {
    /// Opens the data folder, which no other process may hold, and replays its log. `print` gets the notices.
    pub fn open(
        options: Options,
        print: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<(Arc<Self>, Recovery), OpenError> {
        let folder = |cause| OpenError::Folder { folder: options.data_dir.clone(), cause };
        std::fs::create_dir_all(&options.data_dir).map_err(folder)?;
        let lock = log::lock_directory(&options.data_dir)?;
        let disk: Arc<dyn Disk> = match options.durability {
            Durability::Memory => Arc::new(MemoryDisk::default()),
            Durability::Process | Durability::Power => {
                let logs = options.data_dir.join("log");
                std::fs::create_dir_all(&logs).map_err(folder)?;
                Arc::new(DirectoryDisk::open(&logs).map_err(folder)?)
            }
        };
        let log = log::Options { durability: options.durability, segment_bytes: options.segment_bytes };
        let (core, recovery) = Core::open(disk, log, options.clock, options.strict, rand::random())?;
        let blobs = s3::open_blobs(&core, &options.data_dir).map_err(folder)?;
        Ok((Arc::new(Self::of(core, blobs, Some(lock), print)), recovery))
    }

    /// `lock` keeps others out of the data folder, if there is one.
    pub(super) fn of(
        core: Core,
        blobs: Blobs,
        lock: Option<Lock>,
        print: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        let notices = Arc::new(Notices::new(print));
        core.tell(notices.clone());
        Self {
            core,
            notices,
            move_tasks: Default::default(),
            blobs,
            sns: Default::default(),
            address: Default::default(),
            _lock: lock,
        }
    }
}

/// A cloud that serves.
pub struct Server {
    pub cloud: Arc<Cloud>,
    pub address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    /// Serves on a listener until [`Server::stop`].
    pub fn start(cloud: Arc<Cloud>, listener: TcpListener, access: Access) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        _ = cloud.address.set(address);
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let (workers, gateway) = (http::Workers::start()?, Arc::new(Gateway::with_access(cloud.clone(), access)));
        tasks.spawn(http::serve(listener, workers, gateway, stop.clone()));
        tasks.spawn(maintenance::run(cloud.clone(), stop.clone()));
        tasks.spawn(super::firehose::flusher::run(cloud.clone(), stop.clone()));
        tokio::spawn(super::cloudformation::resume(cloud.clone()));
        tasks.spawn(super::sqs::move_tasks::run::run(cloud.clone(), stop.clone()));
        tasks.spawn(super::sns::background::run(cloud.clone(), stop.clone()));
        tasks.close();
        Ok(Self { cloud, address, stop, tasks })
    }

    /// Stops cleanly: what runs is finished, what waits is written.
    pub async fn stop(self) -> Result<(), LogError> {
        self.stop.cancel();
        self.tasks.wait().await;
        self.cloud.core.log().retry()
    }
}

/// Held for as long as the cloud is open.
pub(super) type Lock = DirectoryLock;
