//! AWS's own clients for one life of the server. Nothing is tried twice, so that each call's fate is known.

use std::sync::OnceLock;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_sqs::config::SharedHttpClient;
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

use crate::counts::{Counts, Did, Fault};

/// A dead server's connections end at once; whoever waits so long was forgotten by a living one.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone)]
pub(crate) struct Clients {
    pub sns: aws_sdk_sns::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub firehose: aws_sdk_firehose::Client,
    pub s3: aws_sdk_s3::Client,
    pub cloudformation: aws_sdk_cloudformation::Client,
    endpoint: String,
}

/// The connection broke, or the server failed: what was asked for may have happened.
#[derive(Debug)]
pub(crate) struct Gone;

impl Clients {
    pub(crate) fn new(endpoint: &str) -> Self {
        let credentials = Credentials::new("test", "test", None, None, "crash");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .region(Region::new("us-east-1"))
            .endpoint_url(endpoint)
            .http_client(http_client())
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_timeout(PATIENCE).build())
            .build();
        let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
        Self {
            sns: aws_sdk_sns::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            firehose: aws_sdk_firehose::Client::new(&config),
            s3: aws_sdk_s3::Client::from_conf(s3),
            cloudformation: aws_sdk_cloudformation::Client::new(&config),
            endpoint: endpoint.to_owned(),
        }
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        self.endpoint.trim_start_matches("http://")
    }

    pub(crate) fn url(&self, queue: &str) -> String {
        format!("{}/000000000000/{queue}", self.endpoint)
    }
}

/// Without TLS: reading the machine's certificates for every life of the server would take longer than some of them last.
fn http_client() -> SharedHttpClient {
    static CLIENT: OnceLock<SharedHttpClient> = OnceLock::new();
    CLIENT.get_or_init(|| aws_smithy_http_client::Builder::new().build_http()).clone()
}

/// A call's fate: what it gave, or why it was refused and so didn't happen, or nobody knows.
pub(crate) fn fate<T, E: ProvideErrorMetadata>(
    counts: &Counts,
    result: Result<T, SdkError<E, HttpResponse>>,
) -> Result<Result<T, String>, Gone> {
    let error = match result {
        Ok(answer) => return Ok(Ok(answer)),
        Err(error) => error,
    };
    if let SdkError::ServiceError(service) = &error
        && service.raw().status().as_u16() < 500
    {
        let metadata = error.meta();
        let (code, message) = (metadata.code().unwrap_or_default(), metadata.message().unwrap_or_default());
        return Ok(Err(format!("{code}: {message}")));
    }
    if let SdkError::TimeoutError(_) = error {
        counts.fault(Fault::Hung, || "a client waited for 20 s".to_owned());
    }
    counts.did(Did::Unknown, 1);
    Err(Gone)
}
