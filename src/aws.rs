//! Clients for a target, and what their errors mean.
//!
//! `local` never reads profiles, SSO, IMDS or real credentials: it signs with fixed test keys and talks to one address.
//! `aws` is the SDK's own chain. Nothing reaches AWS unless the target says so.

use std::error::Error as StdError;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider},
};
use aws_sdk_sns::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use clap::{Args, ValueEnum};

use crate::config::Env;
use crate::exit::{Exit, Failure};

/// Where `messaging local` listens unless told otherwise.
pub const LOCAL_ENDPOINT: &str = "http://127.0.0.1:4566";
const LOCAL_REGION: &str = "us-east-1";
const ATTEMPTS: u32 = 5;
const PROBE: Duration = Duration::from_secs(3);

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
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", hide_env_values = true, value_parser = endpoint)]
    pub endpoint_url: Option<String>,
    /// The AWS region [default: us-east-1 on local, the SDK's own on aws].
    #[arg(long, env = "AWS_REGION", hide_env_values = true)]
    pub region: Option<String>,
}

fn endpoint(text: &str) -> Result<String, String> {
    let uri: http::Uri = text.parse().map_err(|error| format!("{error}"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(_)) => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err("an address like http://127.0.0.1:4566 is needed".into()),
    }
}

/// A cloud that can be talked to.
#[derive(Debug, Clone)]
pub struct Cloud {
    pub target: Target,
    pub region: String,
    /// The address, when it isn't AWS's own.
    pub endpoint: Option<String>,
    config: SdkConfig,
}

impl Cloud {
    /// Resolves the target; on `local` makes sure that something answers.
    pub async fn connect(args: &TargetArgs, env: &Env) -> Result<Self, Failure> {
        match args.target {
            Target::Local => {
                let endpoint = args.endpoint_url.clone().unwrap_or_else(|| LOCAL_ENDPOINT.into());
                refuse_aws(&endpoint)?;
                probe(&endpoint).await?;
                Ok(Self::local(endpoint, args.region.clone()))
            }
            Target::Aws => Self::aws(args, env).await,
        }
    }

    /// An emulator at `endpoint`, with fixed test credentials.
    pub fn local(endpoint: String, region: Option<String>) -> Self {
        let region = region
            .or_else(|| std::env::var("AWS_DEFAULT_REGION").ok().filter(|region| !region.is_empty()))
            .unwrap_or_else(|| LOCAL_REGION.into());
        let credentials = Credentials::new("test", "test", None, None, "messaging local");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .region(Region::new(region.clone()))
            .endpoint_url(&endpoint)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .build();
        Self { target: Target::Local, region, endpoint: Some(endpoint), config }
    }

    async fn aws(args: &TargetArgs, env: &Env) -> Result<Self, Failure> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
        if let Some(region) = &args.region {
            loader = loader.region(Region::new(region.clone()));
        }
        // AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE> are the SDK's to read: the narrower wins there.
        let from_environment = std::env::var("AWS_ENDPOINT_URL").ok();
        if let Some(endpoint) = args.endpoint_url.as_ref().filter(|url| Some(*url) != from_environment.as_ref()) {
            loader = loader.endpoint_url(endpoint);
        }
        if let Some(credentials) = own_keys(env)? {
            loader = loader.credentials_provider(credentials);
        }
        let config = loader.load().await;
        let Some(region) = config.region().map(ToString::to_string) else {
            return Err(Failure::usage("No AWS region is set")
                .help("Name one with --region, AWS_REGION, or in the profile (`aws configure`)."));
        };
        let cloud = Self { target: Target::Aws, region, endpoint: args.endpoint_url.clone(), config };
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
            Err(error) => Err(missing().why(deepest(&error))),
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
        aws_sdk_sns::Client::new(&self.config)
    }

    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config)
    }

    pub fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        aws_sdk_cloudformation::Client::new(&self.config)
    }

    /// S3, with path style wherever the address isn't AWS's own.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.config).force_path_style(self.endpoint.is_some()).build();
        aws_sdk_s3::Client::from_conf(config)
    }
}

/// `ACCESS_KEY` and `SECRET_KEY`, unless the SDK's own variables or a profile are named in the environment.
fn own_keys(env: &Env) -> Result<Option<Credentials>, Failure> {
    if env.find(&["AWS_ACCESS_KEY_ID", "AWS_PROFILE"]).is_some() {
        return Ok(None);
    }
    match (env.find(&["ACCESS_KEY"]), env.find(&["SECRET_KEY"])) {
        (Some(access), Some(secret)) => {
            Ok(Some(Credentials::new(access.value, secret.value, None, None, "ACCESS_KEY and SECRET_KEY")))
        }
        (None, None) => Ok(None),
        (Some(one), None) => Err(half(&one.origin.to_string(), "SECRET_KEY")),
        (None, Some(one)) => Err(half(&one.origin.to_string(), "ACCESS_KEY")),
    }
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
    let why = match tokio::time::timeout(PROBE, tokio::net::TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", PROBE.as_secs()),
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
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => Kind::Unreachable,
            SdkError::ServiceError(service) if service.raw().status().is_server_error() => Kind::Busy,
            SdkError::ServiceError(service) => kind_of(service.err().code(), service.err().message()),
            _ => Kind::Other,
        };
        let code = error.code().map(str::to_owned);
        let message = match error.message() {
            Some(message) => message.to_owned(),
            None => match error.raw_response() {
                Some(answer) => format!("HTTP {}: {}", answer.status(), deepest(&error)),
                None => deepest(&error),
            },
        };
        Self { kind, code, message }
    }
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

/// The text at the bottom of an error's chain: the SDK's own are wrappers.
fn deepest(error: &(dyn StdError + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

impl CallError {
    /// The error as the command line shows it; `doing` completes the sentence "Can't ..".
    pub fn failure(&self, cloud: &Cloud, doing: &str) -> Failure {
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
mod tests {
    use super::*;

    #[test]
    fn local_is_never_aws() {
        for endpoint in ["https://sns.us-east-1.amazonaws.com", "https://SQS.cn-north-1.amazonaws.com.cn"] {
            assert!(refuse_aws(endpoint).is_err(), "{endpoint}");
        }
        for endpoint in ["http://127.0.0.1:4566", "http://localhost.localstack.cloud:4566", "http://amazonaws.com.test"]
        {
            assert!(refuse_aws(endpoint).is_ok(), "{endpoint}");
        }
    }

    #[test]
    fn errors_have_kinds() {
        for (code, message, kind) in [
            ("NotFound", None, Kind::NotFound),
            ("QueueDoesNotExist", None, Kind::NotFound),
            ("AWS.SimpleQueueService.NonExistentQueue", None, Kind::NotFound),
            ("NoSuchBucket", None, Kind::NotFound),
            ("ValidationError", Some("Stack with id x does not exist"), Kind::NotFound),
            ("ValidationError", Some("Template format error"), Kind::Other),
            ("AccessDeniedException", None, Kind::Denied),
            ("Throttling", None, Kind::Busy),
            ("InvalidParameter", None, Kind::Other),
        ] {
            assert_eq!(kind_of(Some(code), message), kind, "{code}");
        }
    }
}
