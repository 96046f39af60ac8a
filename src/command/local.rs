//! `messaging local`: serves the embedded cloud.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use cloud::Access;
use cloud::Cloud;
use cloud::Credentials;
use cloud::Guard;
use cloud::Options;
use cloud::{LogForm, RequestLog};
use tokio::sync::oneshot::Receiver;

use super::chaos::flags::ChaosArgs;
use super::{Context, value};
use crate::aws::{Target, local_region};
use crate::config::file;
use crate::deploy::{Deployer, Template};
use crate::embedded::{self, ClockMode, DATA_DIR, Durability, History};
use crate::exit::{Exit, Failure};
use crate::ui::{Level, Telling, Ui, told_records, told_together};

/// Serve the embedded cloud: SNS, SQS, Firehose, S3, CloudFormation, IAM, STS, Logs, SSM, ECR and KMS on one port
#[derive(Debug, Clone, clap::Args)]
#[command(after_long_help = "Examples:
  messaging local
  messaging local --template infra.yaml --parameter BufferingSeconds=5
  messaging local --addr 127.0.0.1:4567 --data-dir /tmp/cloud --durability power

  # any AWS client works, with any keys:
  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  aws --region us-east-1 --endpoint-url http://127.0.0.1:4566 sqs list-queues")]
pub(crate) struct Args {
    /// The address to listen on: HOST:PORT, a HOST, or a PORT of 127.0.0.1. Port 0 is a free one, which the ready line names.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4566")]
    pub addr: String,
    /// The port to listen on, of 127.0.0.1; 0 is a free one.
    #[arg(long, short, value_name = "PORT", conflicts_with = "addr")]
    pub port: Option<u16>,
    /// The folder that keeps everything: an empty or a new one, or one that this program made. Default: .messaging
    ///
    /// Any other folder is refused and not touched. No symbolic link in it is followed; the path that is given here may lead
    /// through links, but .messaging, unless it is given, may be none. --durability memory doesn't use the folder.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// What survives.
    #[arg(long, value_parser = value::durability(), default_value = "process")]
    pub durability: Durability,
    /// Bytes of a segment of the log: small ones are given back sooner, and let tests see that happen.
    #[arg(long, value_name = "BYTES", hide = true, default_value_t = log::Options::default().segment_bytes,
        value_parser = value::within::<u32>(1 << 16, 1 << 30))]
    pub segment_bytes: u32,
    /// Deploy this template at start, as the stack `messaging`.
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// A parameter of the template; may be repeated.
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = value::key_value, requires = "template")]
    pub parameters: Vec<(String, String)>,
    /// Refuse whatever AWS refuses, also where it stands in the way of a first try: an account's deliveries to its queue
    /// without any policy or through a role that was never created, a queue's name within 60 s of its deletion.
    #[arg(long)]
    pub strict: bool,
    /// Let placeholders, which do nothing, stand in stacks for resources of types that this cloud doesn't simulate, as a Lambda
    /// function or an alarm, and leave out what else it refuses by name. Each is told, in the stack's events and as a notice.
    #[arg(long)]
    pub placeholders: bool,
    /// Print for each message that is published what every subscription did with it, and why.
    #[arg(long)]
    pub explain: bool,
    /// How much is remembered of what became of messages: so many of them, so much memory (64MiB), or both with a comma. 0 is nothing.
    #[arg(long, value_name = "N", default_value = "100000,64MiB", value_parser = value::history)]
    pub history: History,
    /// Print a line for each request: what it called, on what, how it was answered and how fast.
    #[arg(long)]
    pub log_requests: bool,
    /// For whom what is told on stderr is: text for people, or json, a record a line, for programs.
    ///
    /// With json the lines of --log-requests and --explain are such records as well, on stderr.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// How much is told on stderr: all that goes on (info), only what isn't as somebody may have expected (warn), or nothing but what
    /// ends the server (error). What --log-requests and --explain ask for is told at every level.
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "info")]
    pub log_level: Level,
    /// How the cloud's clock runs: wall, x600 (so many times as fast) or frozen (it stands still until `messaging clock` moves it).
    ///
    /// All that is stored or has a deadline goes by it; signatures, links and how long a poll waits go by the wall clock. x600 and
    /// frozen may say from when on, as frozen@2026-03-29T00:00:00Z. The data folder keeps its time, which never goes back.
    #[arg(long, value_name = "CLOCK", default_value = "wall", value_parser = value::clock)]
    pub clock: ClockMode,
    /// Check signatures (version 4) against the access keys of this file, in the form of ~/.aws/credentials; the pages below
    /// /_messaging want one as well.
    #[arg(long, value_name = "FILE")]
    pub credentials: Option<PathBuf>,
    /// Serve other machines without asking who they are.
    #[arg(long)]
    pub open_to_all: bool,
    /// Post to SNS's http and https endpoints on this machine also with --credentials or where other machines are served: who
    /// subscribes one then reaches whatever listens on loopback here.
    #[arg(long)]
    pub deliver_to_loopback: bool,
    /// A host name that this server is called by, beside localhost, its IP addresses and AWS's names; may be repeated.
    /// Requests to any other name are refused: a web page may have bound it to this machine.
    #[arg(long = "name", value_name = "HOST", value_parser = value::host)]
    pub names: Vec<String>,
    #[command(flatten)]
    pub chaos: ChaosArgs,
    /// End when stdin ends, also when whoever started it is killed.
    #[arg(long, hide = true)]
    pub until_stdin_ends: bool,
    /// Answer what is more than a cloud's quotas of throughput allow in a second as that cloud does.
    #[arg(long, value_enum, value_name = "CLOUD")]
    pub quotas: Option<Quotas>,
}

/// For whom a server tells what goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// People.
    Text,
    /// Programs.
    Json,
}

/// Whose quotas.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Quotas {
    /// Amazon Web Services', as an account has them at first.
    Aws,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    if args.until_stdin_ends {
        let stop = context.stop.clone();
        // No task: the program's end waits for those.
        std::thread::spawn(move || {
            _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
            stop.request();
        });
    }
    let json = args.log_format == LogFormat::Json;
    context.ui.tell_by(Telling { level: args.log_level, json });
    let access = args.access()?;
    let template = args.template.as_deref().map(|path| Template::load(Some(path))).transpose()?;
    let chaos = args.chaos.load()?;
    let data_dir = embedded::data_dir(args.data_dir.clone(), &[DATA_DIR])?;
    let address = args.address(&access).await?;
    let guard = Guard::new(address.ip(), args.names.clone());
    let (log, printed) = args.request_log(&context.ui)?.unzip();
    let access = Access { guard, deliver_to_loopback: args.deliver_to_loopback, log, ..access };
    let options = Options {
        durability: args.durability,
        strict: args.strict,
        placeholders: args.placeholders,
        clock: args.clock.start(),
        quotas: args.quotas.is_some(),
        history: args.history,
        segment_bytes: args.segment_bytes,
        ..Options::new(&data_dir)
    };
    let server = embedded::open(options, address, access, context.ui.clone()).await?;
    if args.explain {
        let ui = context.ui.clone();
        server
            .cloud
            .notices
            .explain_to(move |lines| if json { told_together("explain", lines) } else { ui.lines(lines) });
    }
    let endpoint = format!("http://{}", server.address);
    let clock = told_clock(args.clock, &server.cloud);
    if let Some(template) = &template {
        let target = Target::local(endpoint.clone(), local_region(None)?).stopped_by(&context.stop);
        let deployer = Deployer { target: &target, ui: &context.ui, stop: &context.stop, stack: STACK };
        let deployed = deployer.apply(template, &args.parameters).await;
        if let Err(failure) = deployed {
            embedded::stop(server).await?;
            return Err(failure);
        }
    }
    if let Some(chaos) = chaos {
        chaos.plant(&server.cloud, &context.ui);
    }
    let signatures = if args.credentials.is_some() { "signatures are checked" } else { "signatures are not checked" };
    context.ui.line(format!(
        "Ready on {endpoint}, console at {endpoint}/_messaging/, data in {}, durability {} ({}); {signatures}.",
        if args.durability == Durability::Memory { "memory".into() } else { data_dir.to_string_lossy() },
        server.cloud.core.durability(),
        promise(args.durability),
    ));
    if let Some(clock) = clock {
        context.ui.note(clock);
    }
    match args.credentials {
        Some(_) => context.ui.note("Any AWS client works, with one of these keys:"),
        None => {
            context.ui.note("Any AWS client works, with any keys:");
            context.ui.note("  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test");
        }
    }
    context.ui.note(format!("  aws --region us-east-1 --endpoint-url {endpoint} sqs list-queues"));
    context.ui.note("Ctrl-C stops it.");
    context.stop.requested().await;
    embedded::stop(server).await?;
    if let Some(printed) = printed {
        // The last lines; an output that stands still isn't waited for.
        _ = tokio::time::timeout(LAST_LINES, printed).await;
    }
    context.ui.note("Stopped.");
    Ok(Exit::Ok)
}

/// A file of keys has at most so many bytes.
const MAX_CREDENTIALS: u64 = 1 << 20;

/// How long the last lines of the log of requests may take.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The host and the port that an address without one means.
const HOST: &str = "127.0.0.1";
const PORT: u16 = 4566;

/// The stack that `--template` deploys.
const STACK: &str = "messaging";

/// How the clock runs, unless it is the wall's.
fn told_clock(asked: ClockMode, cloud: &Cloud) -> Option<String> {
    let (mode, now) = (cloud.core.clock().mode(), cloud.core.now());
    let shown = jiff::Timestamp::from_millisecond(now as i64).map(|now| format!("{now:.0}")).unwrap_or_default();
    let later = asked.from().is_some_and(|from| now > from + STARTING);
    let why = if later { ", for this folder's time was later than that already" } else { "" };
    match asked {
        ClockMode::Wall if mode == "wall" => None,
        ClockMode::Frozen { .. } => {
            Some(format!("The clock stands at {shown}{why}; `messaging clock advance 1h` moves it."))
        }
        _ => Some(format!("The clock runs {mode} from {shown} on{why}.")),
    }
}

/// Milliseconds that a fast clock may show more after a start.
const STARTING: u64 = 60_000;

/// The durability in words.
fn promise(durability: Durability) -> &'static str {
    match durability {
        Durability::Memory => "nothing survives the end of the process",
        Durability::Process => "what was acknowledged survives kill -9",
        Durability::Power => "what was acknowledged survives a power cut",
    }
}

impl Args {
    /// The log of requests, if there is to be one, and the end of its last line.
    fn request_log(&self, ui: &Ui) -> Result<Option<(RequestLog, Receiver<()>)>, Failure> {
        if !self.log_requests {
            return Ok(None);
        }
        let ui = ui.clone();
        let log = match self.log_format {
            LogFormat::Text => RequestLog::to(LogForm::Text, move |lines| ui.lines(lines)),
            LogFormat::Json => RequestLog::to(LogForm::Json, told_records),
        };
        log.map(Some).map_err(|error| Failure::new("Can't log requests").why(error))
    }

    /// Whose signatures are checked.
    fn access(&self) -> Result<Access, Failure> {
        let Some(path) = &self.credentials else { return Ok(Access::default()) };
        let text = file::read(path, MAX_CREDENTIALS)
            .map_err(|error| Failure::usage(format!("Can't read the credentials {}", path.display())).why(error))?;
        let credentials = Credentials::parse(&text)
            .map_err(|error| Failure::usage(format!("Can't use the credentials {}", path.display())).why(error))?;
        Ok(Access { credentials: Some(credentials), ..Access::default() })
    }

    /// The address to listen on: beyond this machine only with credentials, or when told outright.
    async fn address(&self, access: &Access) -> Result<SocketAddr, Failure> {
        let unknown = || {
            Failure::usage(format!("{} is no address to listen on", self.addr))
                .help("Give one like 127.0.0.1:4566, or a port like 4566.")
        };
        let address = match self.port {
            Some(port) => whole(&port.to_string()),
            None => whole(&self.addr),
        };
        let address = tokio::net::lookup_host(&address).await.map_err(|error| unknown().why(error))?.next();
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

/// `HOST:PORT` of an address that may leave out one of them. A port alone is this machine's: to serve others, name an address.
fn whole(address: &str) -> String {
    let port = address.strip_prefix(':').unwrap_or(address);
    if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("{HOST}:{port}");
    }
    if address.parse::<std::net::Ipv6Addr>().is_ok() {
        return format!("[{address}]:{PORT}");
    }
    let has_port = address.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
    if has_port { address.to_owned() } else { format!("{address}:{PORT}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `--addr 4740` and `--addr :4740` were refused.
    #[test]
    fn an_address_may_leave_out_its_host_or_its_port() {
        for (given, meant) in [
            ("127.0.0.1:4566", "127.0.0.1:4566"),
            ("4740", "127.0.0.1:4740"),
            (":4740", "127.0.0.1:4740"),
            ("0", "127.0.0.1:0"),
            ("localhost", "localhost:4566"),
            ("0.0.0.0", "0.0.0.0:4566"),
            ("::1", "[::1]:4566"),
            ("[::1]", "[::1]:4566"),
            ("[::1]:80", "[::1]:80"),
            ("99999", "127.0.0.1:99999"),
            ("localhost:", "localhost:"),
        ] {
            assert_eq!(whole(given), meant, "{given}");
        }
    }
}
