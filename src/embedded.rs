//! The embedded cloud inside this process: opened, served on a port, stopped. Here, and in `messaging local`, the client
//! wing and the cloud meet.

use std::net::SocketAddr;
use std::path::PathBuf;

use cloud::{Access, ChaosRules, Clock, Cloud};
use cloud::{Options, Server};
pub(crate) use log::Durability;
use tokio::net::TcpListener;

use crate::exit::Failure;
use crate::ui::Ui;

/// Where a cloud's data lies unless somebody says where.
pub(crate) const DATA_DIR: &str = ".messaging";

/// How the cloud's clock runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClockMode {
    /// As the one on the wall.
    Wall,
    /// So many times as fast, from a moment in milliseconds since 1970 on, or from now on.
    Fast { factor: u32, from: Option<u64> },
    /// It stands still, there or now, until it is moved.
    Frozen { from: Option<u64> },
}

impl ClockMode {
    /// The clock, from now on.
    pub(crate) fn start(self) -> Clock {
        match self {
            Self::Wall => Clock::System,
            Self::Fast { factor, from } => Clock::running(from.unwrap_or_else(cloud::wall), factor),
            Self::Frozen { from } => Clock::frozen(from.unwrap_or_else(cloud::wall)),
        }
    }

    /// How many times as fast as the wall's it runs; a frozen one doesn't.
    pub(crate) fn speed(self) -> u32 {
        match self {
            Self::Fast { factor, .. } => factor,
            Self::Wall | Self::Frozen { .. } => 1,
        }
    }

    /// When it was asked to begin, if that was said.
    pub(crate) fn from(self) -> Option<u64> {
        match self {
            Self::Wall => None,
            Self::Fast { from, .. } | Self::Frozen { from } => from,
        }
    }
}

/// The data folder: as it was given, or else the default, whose steps are `default`. These may be no links: a link to any
/// folder comes with a cloned repository, and nobody gave it.
pub(crate) fn data_dir(given: Option<PathBuf>, default: &[&str]) -> Result<PathBuf, Failure> {
    if let Some(given) = given {
        return Ok(given);
    }
    let mut path = PathBuf::new();
    for step in default {
        path.push(step);
        if path.is_symlink() {
            let leads = std::fs::read_link(&path).map(|to| to.display().to_string()).unwrap_or_default();
            return Err(Failure::new(format!("{} is a symbolic link, to {leads:?}", path.display()))
                .help("Say --data-dir DIR if that is the folder you mean."));
        }
    }
    Ok(path)
}

/// Opens a cloud and serves it on an address.
pub(crate) async fn open(options: Options, address: SocketAddr, access: Access, ui: Ui) -> Result<Server, Failure> {
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Failure::new(format!("Can't listen on {address}"))
            .why(error)
            .help("Stop what listens there, or choose another address with --addr.")
    })?;
    let notices = ui.clone();
    let opened = tokio::task::spawn_blocking(move || cloud::Cloud::open(options, move |text| notices.warn(text))).await;
    let (cloud, _) = opened
        .map_err(|error| Failure::new("Can't open the embedded cloud").why(error))?
        .map_err(|error| Failure::new("Can't open the embedded cloud").why(error))?;
    Server::start(cloud, listener, access).map_err(|error| Failure::new("Can't serve the embedded cloud").why(error))
}

/// Stops a cloud and waits until its data is safe.
pub(crate) async fn stop(server: Server) -> Result<(), Failure> {
    server.stop().await.map_err(|error| Failure::new("The end of the log could not be written").why(error))
}

/// Rules by which a cloud fails, and the seed of their chance.
#[derive(Debug, Clone)]
pub(crate) struct Chaos {
    rules: ChaosRules,
    seed: u64,
}

impl Chaos {
    /// Reads rules.
    ///
    /// # Errors
    /// In words, with the field that is wrong.
    pub(crate) fn parse(text: &str, seed: u64) -> Result<Self, String> {
        Ok(Self { rules: ChaosRules::parse(text)?, seed })
    }

    /// Puts them in force from now on, and says so.
    pub(crate) fn plant(&self, cloud: &Cloud, ui: &Ui) {
        ui.note(format!("The cloud fails by rules from now on, chaos seed {}.", self.seed));
        self.rules.clone().plant(cloud, self.seed);
    }
}

/// An embedded cloud that runs inside this process.
pub(crate) struct Embedded {
    /// Its address, as `http://127.0.0.1:40213`.
    pub endpoint: String,
    /// Where its data lies; none if nothing is kept.
    pub data_dir: Option<PathBuf>,
    chaos: Option<Chaos>,
    server: Server,
}

impl Embedded {
    /// From now on it fails by its rules, if it has any.
    pub(crate) fn begin_chaos(&self, ui: &Ui) {
        if let Some(chaos) = &self.chaos {
            chaos.plant(&self.server.cloud, ui);
        }
    }

    /// Says what its rules did, if it has any.
    pub(crate) fn tell_chaos(&self, ui: &Ui) {
        let told = if self.chaos.is_some() { self.server.cloud.chaos_told() } else { Vec::new() };
        told.iter().for_each(|line| ui.note(format!("Chaos: {line}.")));
    }

    /// What time it is there, in milliseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.server.cloud.core.now()
    }

    /// Stops it and waits until its data is safe.
    pub(crate) async fn shutdown(self) -> Result<(), Failure> {
        stop(self.server).await
    }
}

/// Starts an embedded cloud on a free port of the loopback address. By the rules of chaos it fails once it is told to begin.
pub(crate) async fn start(
    data_dir: PathBuf,
    durability: Durability,
    clock: ClockMode,
    chaos: Option<Chaos>,
    ui: &Ui,
) -> Result<Embedded, Failure> {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let options = Options { durability, clock: clock.start(), ..Options::new(&data_dir) };
    let server = open(options, any, Access::default(), ui.clone()).await?;
    let data_dir = Some(data_dir).filter(|_| durability != Durability::Memory);
    Ok(Embedded { endpoint: format!("http://{}", server.address), data_dir, chaos, server })
}
