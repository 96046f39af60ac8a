//! Clients for a target, and what their errors mean.
//!
//! `local` never reads profiles, SSO, IMDS or real credentials: it signs with fixed test keys and talks to one address.
//! `aws` is the SDK's own chain. Nothing reaches AWS unless the target says so. No request waits for an answer longer than
//! [`ANSWER`], and no attempt of the SDK goes unseen: [`attempts`].

pub mod attempts;

use std::error::Error as StdError;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider},
};
use aws_sdk_sns::{
    config::{SharedAsyncSleep, http::HttpResponse},
    error::{ProvideErrorMetadata, SdkError},
};
use clap::{Args, ValueEnum};

use self::attempts::{Brake, Ear, TooMany, Watch};
use crate::config::{Env, Found, Origin};
use crate::exit::{Exit, Failure, Stop};

/// Where `messaging local` listens unless told otherwise.
pub const LOCAL_ENDPOINT: &str = "http://127.0.0.1:4566";
const LOCAL_REGION: &str = "us-east-1";
const ATTEMPTS: u32 = 5;
/// How long a connection may take to be made ..
const CONNECT: Duration = Duration::from_secs(3);
/// .. an answer to begin, and everything of one attempt.
const ANSWER: Duration = Duration::from_secs(9);
const ATTEMPT: Duration = Duration::from_secs(10);

/// How long an attempt may take whose answer is `held` back on purpose, as that of a long poll.
pub fn timeouts(held: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .read_timeout(held + ANSWER)
        .operation_attempt_timeout(held + ATTEMPT)
        .build()
}

/// Which cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// The embedded cloud of `messaging local`, or any other emulator.
    Local,
    /// Amazon Web Services, with the SDK's own configuration.
    Aws,
}

/// The flags that choose a cloud.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Target")]
pub struct TargetArgs {
    /// Which cloud to talk to.
    #[arg(long, value_enum, default_value = "local", env = "MESSAGING_TARGET", hide_env_values = true, global = false)]
    pub target: Target,
    /// Another address than the target's own: LocalStack, moto, a VPC endpoint ..
    ///
    /// Of AWS_ENDPOINT_URL in .env, with the target aws: only the keys of .env go to an address that .env names.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", hide_env_values = true, value_parser = endpoint)]
    pub endpoint_url: Option<String>,
    /// The AWS region [default: us-east-1 on local, the SDK's own on aws].
    #[arg(long, env = "AWS_REGION", hide_env_values = true, value_parser = region)]
    pub region: Option<String>,
}

impl TargetArgs {
    /// Another address than the target's own, and who named it: a flag, the environment, or `.env`.
    pub fn endpoint(&self, env: &Env) -> Result<Option<Found>, Failure> {
        if let Some(url) = &self.endpoint_url {
            // Of the flag or the environment: the user says it, either way.
            return Ok(Some(Found { value: url.clone(), origin: Origin::Flag("--endpoint-url") }));
        }
        let Some(found) = env.find(&["AWS_ENDPOINT_URL"]) else { return Ok(None) };
        let wrong = |why| Failure::usage(format!("{} is no address", found.origin)).why(why);
        let value = endpoint(&found.value).map_err(wrong)?;
        Ok(Some(Found { value, origin: found.origin }))
    }
}

fn endpoint(text: &str) -> Result<String, String> {
    let uri: http::Uri = text.parse().map_err(|error| format!("{error}"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(_)) => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err("an address like http://127.0.0.1:4566 is needed".into()),
    }
}

/// A region's name is a part of the addresses of AWS: nothing else may come in by it.
fn region(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let ends = text.starts_with('-') || text.ends_with('-');
    if text.is_empty() || text.len() > 63 || ends || !text.chars().all(good) {
        return Err("a region like us-east-1 is needed".into());
    }
    Ok(text.to_owned())
}

/// A cloud that can be talked to.
#[derive(Debug, Clone)]
pub struct Cloud {
    pub target: Target,
    pub region: String,
    /// The address, when it isn't AWS's own.
    pub endpoint: Option<String>,
    config: SdkConfig,
    /// Hears of every attempt of every client.
    watch: Option<Watch>,
    brake: Brake,
}

/// A client of a service, made of the cloud's configuration.
macro_rules! client {
    ($service:ident, $cloud:expr, |$config:ident| $more:expr) => {{
        let $config = $service::config::Builder::from(&$cloud.config)
            .retry_classifier(TooMany)
            .retry_classifier($cloud.brake.clone())
            .interceptor($cloud.brake.clone())
            .sleep_impl(SharedAsyncSleep::new($cloud.brake.clone()));
        let config = match &$cloud.watch {
            Some(watch) => $more.interceptor(watch.clone()),
            None => $more,
        };
        $service::Client::from_conf(config.build())
    }};
}

impl Cloud {
    /// Resolves the target; on `local` makes sure that something answers. The user may stop that, and every request.
    pub async fn connect(args: &TargetArgs, env: &Env, stop: &Stop) -> Result<Self, Failure> {
        tokio::select! {
            cloud = Self::find(args, env) => Ok(cloud?.stopped_by(stop)),
            () = stop.signalled() => Err(Failure::new("Stopped before it was done").exit(Exit::Interrupted)),
        }
    }

    async fn find(args: &TargetArgs, env: &Env) -> Result<Self, Failure> {
        match args.target {
            Target::Local => {
                let endpoint = args.endpoint(env)?.map_or_else(|| LOCAL_ENDPOINT.into(), |found| found.value);
                refuse_aws(&endpoint)?;
                probe(&endpoint).await?;
                Ok(Self::local(endpoint, local_region(args.region.as_deref())?))
            }
            Target::Aws => Self::aws(args, env).await,
        }
    }

    /// An emulator at `endpoint`, with fixed test credentials.
    pub fn local(endpoint: String, region: Option<String>) -> Self {
        let region = region.unwrap_or_else(|| LOCAL_REGION.into());
        let credentials = Credentials::new("test", "test", None, None, "messaging local");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .region(Region::new(region.clone()))
            .endpoint_url(&endpoint)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(timeouts(Duration::ZERO))
            .build();
        Self {
            target: Target::Local,
            region,
            endpoint: Some(endpoint),
            config,
            watch: None,
            brake: Brake::new(Stop::default()),
        }
    }

    /// The same, whose requests end soon once the user wants to stop.
    pub fn stopped_by(self, stop: &Stop) -> Self {
        Self { brake: Brake::new(stop.clone()), ..self }
    }

    /// The same, whose attempts `ear` hears of.
    pub fn heard_by(&self, ear: Ear) -> Self {
        Self { watch: Some(Watch::new(ear)), ..self.clone() }
    }

    async fn aws(args: &TargetArgs, env: &Env) -> Result<Self, Failure> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(timeouts(Duration::ZERO));
        if let Some(region) = &args.region {
            loader = loader.region(Region::new(region.clone()));
        }
        let endpoint = args.endpoint(env)?;
        // AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE> are the SDK's to read: the narrower wins there.
        let from_environment = std::env::var("AWS_ENDPOINT_URL").ok();
        if let Some(found) = endpoint.as_ref().filter(|found| Some(&found.value) != from_environment.as_ref()) {
            loader = loader.endpoint_url(&found.value);
        }
        let keys = own_keys(env)?;
        if let Some(found) = &endpoint {
            keep_keys_from(found, keys.as_ref().is_some_and(|keys| keys.of_file))?;
        }
        if let Some(keys) = keys {
            loader = loader.credentials_provider(keys.credentials);
        }
        let config = loader.load().await;
        let Some(region) = config.region().map(ToString::to_string) else {
            return Err(Failure::usage("No AWS region is set")
                .help("Name one with --region, AWS_REGION, or in the profile (`aws configure`)."));
        };
        let cloud = Self {
            target: Target::Aws,
            region,
            endpoint: endpoint.map(|found| found.value),
            config,
            watch: None,
            brake: Brake::new(Stop::default()),
        };
        cloud.check_credentials().await?;
        Ok(cloud)
    }

    async fn check_credentials(&self) -> Result<(), Failure> {
        let help = "Use `aws configure`, `aws sso login`, AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, \
                    or ACCESS_KEY and SECRET_KEY in .env. Without --target aws everything runs locally and needs none.";
        let missing = || Failure::usage("No AWS credentials were found").help(help);
        let provider = self.config.credentials_provider().ok_or_else(missing)?;
        match provider.provide_credentials().await {
            Ok(_) => Ok(()),
            Err(error) => Err(missing().why(attempts::reason(&error))),
        }
    }

    /// `local (http://127.0.0.1:4566, us-east-1)`.
    pub fn describe(&self) -> String {
        let target = match self.target {
            Target::Local => "local",
            Target::Aws => "aws",
        };
        match &self.endpoint {
            Some(endpoint) => format!("{target} ({endpoint}, {})", self.region),
            None => format!("{target} ({})", self.region),
        }
    }

    pub fn sns(&self) -> aws_sdk_sns::Client {
        client!(aws_sdk_sns, self, |config| config)
    }

    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        client!(aws_sdk_sqs, self, |config| config)
    }

    pub fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        client!(aws_sdk_cloudformation, self, |config| config)
    }

    /// S3, with path style wherever the address isn't AWS's own.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        client!(aws_sdk_s3, self, |config| config.force_path_style(self.endpoint.is_some()))
    }
}

/// The region of the target `local`, when it is said: the given one, or that of `AWS_DEFAULT_REGION`.
pub fn local_region(given: Option<&str>) -> Result<Option<String>, Failure> {
    if let Some(given) = given {
        return Ok(Some(given.to_owned()));
    }
    let Some(name) = std::env::var("AWS_DEFAULT_REGION").ok().filter(|name| !name.is_empty()) else { return Ok(None) };
    let wrong = |why| Failure::usage(format!("AWS_DEFAULT_REGION is {name:?}")).why(why);
    region(&name).map(Some).map_err(wrong)
}

/// Keys that are this program's settings.
struct Keys {
    credentials: Credentials,
    /// Both stand in `.env`.
    of_file: bool,
}

/// `ACCESS_KEY` and `SECRET_KEY`, unless the SDK's own variables or a profile are named in the environment.
fn own_keys(env: &Env) -> Result<Option<Keys>, Failure> {
    if env.find(&["AWS_ACCESS_KEY_ID", "AWS_PROFILE"]).is_some() {
        return Ok(None);
    }
    match (env.find(&["ACCESS_KEY"]), env.find(&["SECRET_KEY"])) {
        (Some(access), Some(secret)) => {
            let of_file = [&access, &secret].iter().all(|found| matches!(found.origin, Origin::File { .. }));
            let credentials = Credentials::new(access.value, secret.value, None, None, "ACCESS_KEY and SECRET_KEY");
            Ok(Some(Keys { credentials, of_file }))
        }
        (None, None) => Ok(None),
        (Some(one), None) => Err(half(&one.origin.to_string(), "SECRET_KEY")),
        (None, Some(one)) => Err(half(&one.origin.to_string(), "ACCESS_KEY")),
    }
}

/// A request carries its session token in plain text, and everything else that the user may send. So an address that only
/// `.env` names, which may come with a cloned folder, gets no keys but those of the same file.
fn keep_keys_from(endpoint: &Found, keys_of_file: bool) -> Result<(), Failure> {
    if keys_of_file || !matches!(endpoint.origin, Origin::File { .. }) {
        return Ok(());
    }
    Err(Failure::usage(format!("Your AWS keys aren't sent to {}", endpoint.value))
        .why(format!("only {} names that address, and the keys aren't of that file", endpoint.origin))
        .help("Say --endpoint-url, or export AWS_ENDPOINT_URL, if you trust it; take it out of the file if you don't."))
}

fn half(there: &str, missing: &str) -> Failure {
    Failure::usage(format!("{missing} is missing")).why(format!("{there} is set")).help("Set both, or none.")
}

/// The target `local` is never AWS, whatever the address says.
fn refuse_aws(endpoint: &str) -> Result<(), Failure> {
    let uri: http::Uri = endpoint.parse().unwrap_or_default();
    let host = uri.host().unwrap_or_default().to_ascii_lowercase();
    if [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|suffix| host.ends_with(suffix)) {
        return Err(Failure::usage(format!("{endpoint} is AWS, but the target is local"))
            .help("Say --target aws if this is meant to reach AWS; take the endpoint away if it isn't."));
    }
    Ok(())
}

/// Whether something listens at an address.
async fn probe(endpoint: &str) -> Result<(), Failure> {
    let uri: http::Uri = endpoint.parse().unwrap_or_default();
    let host = uri.host().unwrap_or("127.0.0.1").trim_matches(['[', ']']).to_owned();
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    let why = match tokio::time::timeout(CONNECT, tokio::net::TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", CONNECT.as_secs()),
    };
    Err(unreachable(endpoint).why(why))
}

fn unreachable(endpoint: &str) -> Failure {
    Failure::new(format!("Nothing answers at {endpoint}")).exit(Exit::Unreachable).help(
        "Start the embedded cloud with `messaging local` in another terminal, name another address with \
         --endpoint-url, or mean AWS with --target aws.",
    )
}

/// What kind of error a call met; it decides what happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nobody answered; it may be there later.
    Unreachable,
    /// What was named doesn't exist.
    NotFound,
    /// The credentials are wrong, or may not do this.
    Denied,
    /// It can't now, though it might: throttled, or failed inside.
    Busy,
    /// Anything else.
    Other,
}

impl Kind {
    /// Whether the same call may succeed later.
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Unreachable | Self::Busy)
    }
}

/// A call that failed, after the SDK's own retries.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}{message}", .code.as_ref().map(|code| format!("{code}: ")).unwrap_or_default())]
pub struct CallError {
    pub kind: Kind,
    pub code: Option<String>,
    pub message: String,
}

impl<E> From<SdkError<E, HttpResponse>> for CallError
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let kind = match &error {
            error if attempts::is_stopped(error) => Kind::Unreachable,
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => Kind::Unreachable,
            // What came is no answer, or only a part of one.
            SdkError::ResponseError(_) => Kind::Busy,
            SdkError::ServiceError(service) if attempts::may_pass(service.raw().status().as_u16()) => Kind::Busy,
            SdkError::ServiceError(service) => kind_of(service.err().code(), service.err().message()),
            _ => Kind::Other,
        };
        let code = error.code().map(str::to_owned);
        let message = match error.message() {
            Some(message) => without_canonical(message).to_owned(),
            None => match error.raw_response() {
                // All of it came; what the parser misses in it means nothing to anyone.
                Some(answer) if answer.body().bytes().is_some() && code.is_none() => {
                    format!("HTTP {} without an answer as AWS gives it", answer.status())
                }
                Some(answer) => format!("HTTP {}: {}", answer.status(), attempts::reason(&error)),
                None => attempts::reason(&error),
            },
        };
        Self { kind, code, message }
    }
}

/// AWS's text of SignatureDoesNotMatch without the request that it repeats: among its headers is the session token.
fn without_canonical(message: &str) -> &str {
    message.split("The Canonical String for this request").next().unwrap_or_default().trim_end()
}

fn kind_of(code: Option<&str>, message: Option<&str>) -> Kind {
    let code = code.unwrap_or_default();
    // CloudFormation says `ValidationError: Stack with id .. does not exist`.
    let gone = code == "ValidationError" && message.is_some_and(|message| message.contains("does not exist"));
    if gone || ["NotFound", "DoesNotExist", "NonExistentQueue", "NoSuch"].iter().any(|word| code.contains(word)) {
        return Kind::NotFound;
    }
    if ["Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown"].iter().any(|word| code.contains(word)) {
        return Kind::Busy;
    }
    const DENIED: [&str; 10] = [
        "AccessDenied",
        "AuthorizationError",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClient",
    ];
    if DENIED.iter().any(|word| code.contains(word)) { Kind::Denied } else { Kind::Other }
}

impl CallError {
    /// The error as the command line shows it where the cloud has answered before.
    pub fn failure_after_answers(&self, cloud: &Cloud, doing: &str) -> Failure {
        let failure = self.failure(cloud, doing);
        match (self.kind, &cloud.endpoint) {
            _ if failure.exit == Exit::Interrupted => failure,
            (Kind::Unreachable, Some(endpoint)) => Failure::new(format!("{endpoint} doesn't answer any more"))
                .exit(Exit::Unreachable)
                .why(self)
                .help("Look at the server that ran there, and start it again."),
            _ => failure,
        }
    }

    /// The error as the command line shows it; `doing` completes the sentence "Can't ..".
    pub fn failure(&self, cloud: &Cloud, doing: &str) -> Failure {
        if self.kind.may_pass() && cloud.brake.is_pulled() {
            let failure = Failure::new(format!("Stopped: can't {doing}")).exit(Exit::Interrupted);
            // The SDK tells how long it would have waited.
            let unanswered = self.kind == Kind::Unreachable;
            return if unanswered { failure.why(attempts::Stopped) } else { failure.why(self) };
        }
        let failure = match (self.kind, &cloud.endpoint) {
            (Kind::Unreachable, Some(endpoint)) => return unreachable(endpoint).why(self),
            (Kind::Unreachable, None) => {
                Failure::new(format!("AWS can't be reached from here ({})", cloud.region)).exit(Exit::Unreachable)
            }
            _ => Failure::new(format!("Can't {doing}")),
        };
        let failure = failure.why(self);
        match (self.kind, cloud.target) {
            (Kind::Denied, Target::Aws) => {
                failure.help("See who you are with `aws sts get-caller-identity`, and what that identity may do.")
            }
            _ => failure,
        }
    }
}

#[cfg(test)]
mod tests;
