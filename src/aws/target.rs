//! A target: where the clients of AWS's services send their requests, and how long they wait.

use std::time::Duration;

use aws_config::{AppName, BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_sns::config::{IdentityCache, SharedAsyncSleep, StalledStreamProtectionConfig};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::attempts::{Brake, Distrust, Ear, TooMany, Watch};
use super::bounded::Bounded;
use super::flags::TargetKind;
use crate::stop::Stop;

/// Where `messaging local` listens unless told otherwise.
pub(super) const LOCAL_ENDPOINT: &str = "http://127.0.0.1:4566";
/// The region of the target `local` unless another is said.
const LOCAL_REGION: &str = "us-east-1";
/// How often the SDK sends a request at most, the first time included.
const ATTEMPTS: u32 = 5;
/// How long it may take to make a connection.
pub(super) const CONNECT: Duration = Duration::from_secs(3);
/// How long it may take until an answer begins.
const ANSWER: Duration = Duration::from_secs(9);
/// How long one attempt of a request may take, from the connection to the end of the answer.
const ATTEMPT: Duration = Duration::from_secs(10);

/// The limits of time for a request whose answer the service holds back for up to `held`, as that of a long poll.
pub(super) fn timeouts(held: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .read_timeout(held + ANSWER)
        .operation_attempt_timeout(held + ATTEMPT)
        .build()
}

/// Whole bodies' speed isn't watched: of a request whose answer is whole the limit of an attempt says enough, and the SDK's watch costs
/// each request an alarm. S3's bodies come in pieces after the attempt, and are watched.
fn unwatched() -> StalledStreamProtectionConfig {
    StalledStreamProtectionConfig::disabled()
}

/// How often the SDK tries a request again.
pub(super) fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS)
}

/// The application's id, as the user's environment has it for every SDK ("Application ID", AWS SDKs and Tools Reference Guide). One that
/// is no id is passed over, as the SDK does.
fn app_name() -> Option<AppName> {
    AppName::new(std::env::var("AWS_SDK_UA_APP_ID").ok()?).ok()
}

/// A cloud that a client talks to.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub kind: TargetKind,
    pub region: String,
    /// The address, when it isn't AWS's own.
    pub endpoint: Option<String>,
    pub(super) config: SdkConfig,
    /// Hears of every attempt of every client.
    watch: Option<Watch>,
    pub(super) brake: Brake,
    /// It is in this process, and no one else gets there.
    is_within: bool,
}

/// A client of a service, made of the configuration of the target.
macro_rules! client {
    ($service:ident, $target:expr, |$config:ident| $more:expr) => {{
        let $config = $service::config::Builder::from(&$target.config)
            .retry_classifier(TooMany)
            .retry_classifier(Distrust)
            .retry_classifier($target.brake.clone())
            .interceptor($target.brake.clone())
            .interceptor(Bounded)
            .sleep_impl(SharedAsyncSleep::new($target.brake.clone()));
        let config = match &$target.watch {
            Some(watch) => $more.interceptor(watch.clone()),
            None => $more,
        };
        $service::Client::from_conf(config.build())
    }};
}

impl Target {
    /// An emulator at `endpoint`, with fixed test credentials.
    pub(crate) fn local(endpoint: String, region: Option<String>) -> Self {
        let region = region.unwrap_or_else(|| LOCAL_REGION.into());
        let credentials = Credentials::new("test", "test", None, None, "messaging local");
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            // These never change: nothing is to be remembered of them.
            .identity_cache(IdentityCache::no_cache())
            .region(Region::new(region.clone()))
            .endpoint_url(&endpoint)
            .retry_config(retries())
            .timeout_config(timeouts(Duration::ZERO));
        config.set_app_name(app_name());
        Self::new(TargetKind::Local, region, Some(endpoint), config.build())
    }

    /// A target that nobody listens to and nobody stops.
    pub(super) fn new(kind: TargetKind, region: String, endpoint: Option<String>, config: SdkConfig) -> Self {
        Self { kind, region, endpoint, config, watch: None, brake: Brake::new(Stop::default()), is_within: false }
    }

    /// The same, whose requests end soon once the user wants to stop.
    pub(crate) fn stopped_by(self, stop: &Stop) -> Self {
        Self { brake: Brake::new(stop.clone()), ..self }
    }

    /// The same, of an application of this name unless the user has named it: the console of the embedded cloud tells by it who asks.
    pub(crate) fn called(self, application: &str) -> Self {
        // What can't be a name is none.
        let named = self.config.app_name().cloned().or_else(|| AppName::new(application.to_owned()).ok());
        let mut config = self.config.into_builder();
        config.set_app_name(named);
        Self { config: config.build(), ..self }
    }

    /// The same, to which requests go through a client of HTTP of this process: at its address nobody listens.
    pub(crate) fn through(self, client: SharedHttpClient) -> Self {
        let config = self.config.into_builder().http_client(client).build();
        Self { config, is_within: true, ..self }
    }

    /// The same, whose attempts `ear` hears of.
    pub(crate) fn heard_by(&self, ear: Ear) -> Self {
        Self { watch: Some(Watch::new(ear)), ..self.clone() }
    }

    /// Whether its address is another than the one that this kind of target has by itself.
    pub(crate) fn is_elsewhere(&self) -> bool {
        match self.kind {
            TargetKind::Local => self.endpoint.as_deref().is_some_and(|endpoint| endpoint != LOCAL_ENDPOINT),
            TargetKind::Aws => self.endpoint.is_some(),
        }
    }

    /// `local (http://127.0.0.1:4566, us-east-1)`.
    pub(crate) fn describe(&self) -> String {
        let kind = match self.kind {
            TargetKind::Local => "local",
            TargetKind::Aws => "aws",
        };
        match &self.endpoint {
            Some(_) if self.is_within => format!("{kind} (within this process, {})", self.region),
            Some(endpoint) => format!("{kind} ({endpoint}, {})", self.region),
            None => format!("{kind} ({})", self.region),
        }
    }

    /// A client of SNS.
    pub(crate) fn sns(&self) -> aws_sdk_sns::Client {
        client!(aws_sdk_sns, self, |config| config.stalled_stream_protection(unwatched()))
    }

    /// A client of SQS.
    pub(crate) fn sqs(&self) -> aws_sdk_sqs::Client {
        client!(aws_sdk_sqs, self, |config| config.stalled_stream_protection(unwatched()))
    }

    /// A client of DynamoDB.
    #[cfg(feature = "scenarios")]
    pub(crate) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        client!(aws_sdk_dynamodb, self, |config| config.stalled_stream_protection(unwatched()))
    }

    /// A client of CloudFormation.
    pub(crate) fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        client!(aws_sdk_cloudformation, self, |config| config.stalled_stream_protection(unwatched()))
    }

    /// A client of Firehose.
    pub(crate) fn firehose(&self) -> aws_sdk_firehose::Client {
        client!(aws_sdk_firehose, self, |config| config.stalled_stream_protection(unwatched()))
    }

    /// A client of S3, with path style wherever the address isn't AWS's own.
    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        client!(aws_sdk_s3, self, |config| config.force_path_style(self.endpoint.is_some()))
    }
}
