//! `messaging local`: serves the embedded cloud.

use std::path::PathBuf;

use clap::ValueEnum;

use super::{Context, value};
use crate::exit::{Exit, Failure};

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
    /// Deploy this template at start, as the stack `messaging`.
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// A parameter of the template; may be repeated.
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = value::key_value, requires = "template")]
    pub parameters: Vec<(String, String)>,
}

pub async fn run(_context: &Context, _args: Args) -> Result<Exit, Failure> {
    Err(Failure::new("The embedded cloud isn't built yet"))
}

/// An embedded cloud that runs inside this process.
#[derive(Debug)]
pub struct Embedded {
    /// Its address, as `http://127.0.0.1:40213`.
    pub endpoint: String,
    pub data_dir: PathBuf,
}

impl Embedded {
    /// Stops it and waits until its data is safe.
    pub async fn shutdown(self) -> Result<(), Failure> {
        Ok(())
    }
}

/// Starts an embedded cloud on a free port of the loopback address.
pub async fn start_embedded(_data_dir: PathBuf, _durability: Durability) -> Result<Embedded, Failure> {
    Err(Failure::new("The embedded cloud isn't built yet"))
}
