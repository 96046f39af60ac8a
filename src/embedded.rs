//! The embedded cloud inside this process: opened, served on a port, stopped. Here, and in `messaging local`, the client
//! wing and the cloud meet.

mod apart;
mod within;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
pub(crate) use cloud::History;
use cloud::{Access, ChaosRules, Clock, Cloud};
use cloud::{Options, Server};
pub(crate) use log::Durability;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::apart::Apart;
pub(crate) use self::apart::Kill;
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

    /// Whether somebody sits and waits for what falls due.
    pub(crate) fn is_waited_for(self) -> bool {
        self.speed() == 1 && !matches!(self, Self::Frozen { .. })
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

/// An embedded cloud of this process: inside it, or in one that ends with it.
pub(crate) struct Embedded {
    /// Its address, as `http://127.0.0.1:40213`.
    pub endpoint: String,
    /// Where its data lies; none if nothing is kept.
    pub data_dir: Option<PathBuf>,
    /// The way to one that no socket leads to.
    pub http: Option<SharedHttpClient>,
    chaos: Option<Chaos>,
    runs: Runs,
}

/// Where a cloud runs.
enum Runs {
    Inside(Server),
    Apart(Arc<Apart>),
}

impl Embedded {
    /// From now on it fails by its rules, if it has any.
    pub(crate) fn begin_chaos(&self, ui: &Ui) {
        if let (Some(chaos), Runs::Inside(server)) = (&self.chaos, &self.runs) {
            chaos.plant(&server.cloud, ui);
        }
    }

    /// What its rules did by now, a line for each.
    pub(crate) fn struck(&self) -> Vec<String> {
        match &self.runs {
            Runs::Inside(server) if self.chaos.is_some() => server.cloud.chaos_told(),
            _ => Vec::new(),
        }
    }

    /// For how long its rules hold up at most what comes all the same, where its clock runs `speed` times as fast as the wall's.
    pub(crate) fn holds_up(&self, speed: u32) -> Duration {
        self.chaos.as_ref().map_or(Duration::ZERO, |chaos| chaos.rules.hold_up(speed))
    }

    /// Says what its rules did, if it has any.
    pub(crate) fn tell_chaos(&self, ui: &Ui) {
        self.struck().iter().for_each(|line| ui.note(format!("Chaos: {line}.")));
    }

    /// What time it is there, in milliseconds since 1970; nothing if it goes by the wall clock in any case.
    pub(crate) fn now(&self) -> Option<u64> {
        match &self.runs {
            Runs::Inside(server) => Some(server.cloud.core.now()),
            Runs::Apart(_) => None,
        }
    }

    /// Kills it as by a crash, again and again, so long after it was ready each time, until `done`; then it is ready. What became of
    /// that, and why it isn't there any more, if so. One inside this process is never killed.
    pub(crate) async fn kill_every(
        &self,
        period: Duration,
        done: &CancellationToken,
    ) -> (Vec<Kill>, Result<(), Failure>) {
        match &self.runs {
            Runs::Inside(_) => (Vec::new(), Ok(())),
            Runs::Apart(apart) => apart.kill_every(period, done).await,
        }
    }

    /// Stops it and waits until its data is safe.
    pub(crate) async fn shutdown(self) -> Result<(), Failure> {
        match self.runs {
            Runs::Inside(server) => stop(server).await,
            Runs::Apart(apart) => apart.shutdown().await,
        }
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
    let endpoint = format!("http://{}", server.address);
    Ok(Embedded { endpoint, data_dir, http: None, chaos, runs: Runs::Inside(server) })
}

/// Starts one on this thread, whose runtime's time is paused: from `from` on it goes on to the next moment at which something is due when
/// nothing is left to do. All chance in it follows from the seed.
pub(crate) async fn start_stepped(
    (data_dir, durability): (PathBuf, Durability),
    from: u64,
    seed: u128,
    chaos: Option<Chaos>,
    ui: &Ui,
) -> Result<Embedded, Failure> {
    let cant = |why: &dyn std::fmt::Display| Failure::new("Can't open the embedded cloud").why(why);
    cloud::work_alone();
    let options = Options { durability, clock: Clock::stepped(from), seed: Some(seed), ..Options::new(&data_dir) };
    let notices = ui.clone();
    let (cloud, _) = Cloud::open(options, move |text| notices.warn(text)).map_err(|error| cant(&error))?;
    // Where `local` would be, so that URLs are those of any cloud; nobody listens there.
    let address = SocketAddr::from(([127, 0, 0, 1], 4566));
    let server = Server::within(cloud, address).await.map_err(|error| cant(&error.message))?;
    let http = Some(within::client(server.entrance()));
    let data_dir = Some(data_dir).filter(|_| durability != Durability::Memory);
    Ok(Embedded { endpoint: format!("http://{address}"), data_dir, http, chaos, runs: Runs::Inside(server) })
}

/// Starts one as a process of its own, which can be killed.
pub(crate) async fn start_apart(data_dir: PathBuf, durability: Durability, ui: &Ui) -> Result<Embedded, Failure> {
    let apart = Apart::start(data_dir.clone(), durability, ui.clone()).await?;
    let endpoint = format!("http://{}", apart.address);
    Ok(Embedded { endpoint, data_dir: Some(data_dir), http: None, chaos: None, runs: Runs::Apart(apart) })
}
