//! `messaging local`: serves the embedded cloud.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::ValueEnum;
use tokio::net::TcpListener;

use super::deploy::{Deployer, Template};
use super::{Context, value};
use crate::aws::{Cloud, local_region};
use crate::cloud as server;
use crate::cloud::gateway::Access;
use crate::cloud::http::guard::Guard;
use crate::cloud::server::{Options, Server};
use crate::cloud::sigv4::Credentials;
use crate::exit::{Exit, Failure};
use crate::log;
use crate::ui::Ui;

/// What an acknowledgement promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// Nothing survives the end of the process.
    Memory,
    /// What was acknowledged survives kill -9.
    Process,
    /// What was acknowledged survives a power cut.
    Power,
}

/// Serve the embedded cloud: SNS, SQS, Firehose, S3, CloudFormation, IAM and STS on one port
#[derive(Debug, Clone, clap::Args)]
#[command(after_long_help = "Examples:
  messaging local
  messaging local --template infra.yaml --parameter BufferingSeconds=5
  messaging local --addr 127.0.0.1:4567 --data-dir /tmp/cloud --durability power

  # any AWS client works:
  AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test aws --endpoint-url http://127.0.0.1:4566 sqs list-queues")]
pub struct Args {
    /// The address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4566")]
    pub addr: String,
    /// The folder that keeps everything.
    #[arg(long, value_name = "DIR", default_value = ".messaging")]
    pub data_dir: PathBuf,
    /// What survives.
    #[arg(long, value_enum, default_value = "process")]
    pub durability: Durability,
    /// Bytes of a segment of the log: small ones are given back sooner, and let tests see that happen.
    #[arg(long, value_name = "BYTES", hide = true, default_value_t = log::Options::default().segment_bytes,
        value_parser = clap::value_parser!(u32).range(1 << 16..=1 << 30))]
    pub segment_bytes: u32,
    /// Deploy this template at start, as the stack `messaging`.
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// A parameter of the template; may be repeated.
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = value::key_value, requires = "template")]
    pub parameters: Vec<(String, String)>,
    /// Refuse whatever AWS refuses, also where it stands in the way of a first try: deliveries to a queue without any
    /// policy or through a role that was never created, a queue's name within 60 s of its deletion.
    #[arg(long)]
    pub strict: bool,
    /// Print for each message that is published what every subscription did with it, and why.
    #[arg(long)]
    pub explain: bool,
    /// Check signatures against the access keys of this file, in the form of ~/.aws/credentials.
    #[arg(long, value_name = "FILE")]
    pub credentials: Option<PathBuf>,
    /// Serve other machines without asking who they are.
    #[arg(long)]
    pub open_to_all: bool,
}

pub async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let access = args.access()?;
    let address = args.address(&access).await?;
    let access = Access { guard: Guard::new(address.ip(), Vec::new()), ..access };
    let options = Options {
        durability: args.durability.into(),
        strict: args.strict,
        segment_bytes: args.segment_bytes,
        ..Options::new(&args.data_dir)
    };
    let server = open(options, address, access, context.ui.clone()).await?;
    if args.explain {
        let ui = context.ui.clone();
        server.cloud.notices.explain_to(move |lines| ui.lines(lines));
    }
    let endpoint = format!("http://{}", server.address);
    if let Some(template) = &args.template {
        let template = Template::load(Some(template))?;
        let cloud = Cloud::local(endpoint.clone(), local_region(None)?);
        let deployer = Deployer { cloud: &cloud, ui: &context.ui, stop: &context.stop, stack: STACK };
        let deployed = deployer.apply(&template, &args.parameters).await;
        if let Err(failure) = deployed {
            stop(server).await?;
            return Err(failure);
        }
    }
    let signatures = if args.credentials.is_some() { "signatures are checked" } else { "signatures are not checked" };
    context.ui.line(format!(
        "Ready on {endpoint}, data in {}, durability {} ({}); {signatures}.",
        args.data_dir.display(),
        server.cloud.core.durability(),
        promise(args.durability),
    ));
    context.ui.note(format!("Any AWS client works: aws --endpoint-url {endpoint} sqs list-queues. Ctrl-C stops it."));
    context.stop.requested().await;
    stop(server).await?;
    context.ui.note("Stopped.");
    Ok(Exit::Ok)
}

/// The stack that `--template` deploys.
const STACK: &str = "messaging";

/// The durability in words.
fn promise(durability: Durability) -> &'static str {
    match durability {
        Durability::Memory => "nothing survives the end of the process",
        Durability::Process => "what was acknowledged survives kill -9",
        Durability::Power => "what was acknowledged survives a power cut",
    }
}

impl Args {
    /// Whose signatures are checked.
    fn access(&self) -> Result<Access, Failure> {
        let Some(path) = &self.credentials else { return Ok(Access::default()) };
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("Can't read the credentials {}", path.display())).why(error))?;
        let credentials = Credentials::parse(&text)
            .map_err(|error| Failure::usage(format!("Can't use the credentials {}", path.display())).why(error))?;
        Ok(Access { credentials: Some(credentials), ..Access::default() })
    }

    /// The address to listen on: beyond this machine only with credentials, or when told outright.
    async fn address(&self, access: &Access) -> Result<SocketAddr, Failure> {
        let unknown = || {
            Failure::usage(format!("{} is no address to listen on", self.addr)).help("Give one like 127.0.0.1:4566.")
        };
        let address = tokio::net::lookup_host(&self.addr).await.map_err(|error| unknown().why(error))?.next();
        let address = address.ok_or_else(unknown)?;
        if !address.ip().is_loopback() && access.credentials.is_none() && !self.open_to_all {
            return Err(Failure::usage(format!(
                "{address} can be reached from other machines, and nobody would be asked who they are"
            ))
            .help("Give --credentials FILE so that signatures are checked, or say --open-to-all."));
        }
        Ok(address)
    }
}

impl From<Durability> for log::Durability {
    fn from(durability: Durability) -> Self {
        match durability {
            Durability::Memory => Self::Memory,
            Durability::Process => Self::Process,
            Durability::Power => Self::Power,
        }
    }
}

async fn open(options: Options, address: SocketAddr, access: Access, ui: Ui) -> Result<Server, Failure> {
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Failure::new(format!("Can't listen on {address}"))
            .why(error)
            .help("Stop what listens there, or choose another address with --addr.")
    })?;
    let notices = ui.clone();
    let opened =
        tokio::task::spawn_blocking(move || server::Cloud::open(options, move |text| notices.warn(text))).await;
    let (cloud, recovery) = opened
        .map_err(|error| Failure::new("Can't open the embedded cloud").why(error))?
        .map_err(|error| Failure::new("Can't open the embedded cloud").why(error))?;
    for cut in &recovery.cuts {
        ui.warn(format!(
            "{} ended in {} bytes that were never acknowledged, from byte {} on: they were cut off",
            cut.file, cut.bytes, cut.offset
        ));
    }
    Server::start(cloud, listener, access).map_err(|error| Failure::new("Can't serve the embedded cloud").why(error))
}

async fn stop(server: Server) -> Result<(), Failure> {
    server.stop().await.map_err(|error| Failure::new("The end of the log could not be written").why(error))
}

/// An embedded cloud that runs inside this process.
pub struct Embedded {
    /// Its address, as `http://127.0.0.1:40213`.
    pub endpoint: String,
    pub data_dir: PathBuf,
    server: Server,
}

impl Embedded {
    /// Stops it and waits until its data is safe.
    pub async fn shutdown(self) -> Result<(), Failure> {
        stop(self.server).await
    }
}

/// Starts an embedded cloud on a free port of the loopback address.
pub async fn start_embedded(data_dir: PathBuf, durability: Durability, ui: &Ui) -> Result<Embedded, Failure> {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let options = Options { durability: durability.into(), ..Options::new(&data_dir) };
    let server = open(options, any, Access::default(), ui.clone()).await?;
    Ok(Embedded { endpoint: format!("http://{}", server.address), data_dir, server })
}
