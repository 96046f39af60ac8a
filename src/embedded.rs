//! The embedded cloud inside this process: opened, served on a port, stopped. Here, and in `messaging local`, the client
//! wing and the cloud meet.

use std::net::SocketAddr;
use std::path::PathBuf;

use cloud::Access;
use cloud::{Options, Server};
pub(crate) use log::Durability;
use tokio::net::TcpListener;

use crate::exit::Failure;
use crate::ui::Ui;

/// Where a cloud's data lies unless somebody says where.
pub(crate) const DATA_DIR: &str = ".messaging";

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

/// An embedded cloud that runs inside this process.
pub(crate) struct Embedded {
    /// Its address, as `http://127.0.0.1:40213`.
    pub endpoint: String,
    /// Where its data lies; none if nothing is kept.
    pub data_dir: Option<PathBuf>,
    server: Server,
}

impl Embedded {
    /// Stops it and waits until its data is safe.
    pub(crate) async fn shutdown(self) -> Result<(), Failure> {
        stop(self.server).await
    }
}

/// Starts an embedded cloud on a free port of the loopback address.
pub(crate) async fn start(data_dir: PathBuf, durability: Durability, ui: &Ui) -> Result<Embedded, Failure> {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let options = Options { durability, ..Options::new(&data_dir) };
    let server = open(options, any, Access::default(), ui.clone()).await?;
    let data_dir = Some(data_dir).filter(|_| durability != Durability::Memory);
    Ok(Embedded { endpoint: format!("http://{}", server.address), data_dir, server })
}
