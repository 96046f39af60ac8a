//! The state of an embedded cloud as a file: sent and taken by the client of S3, which streams. AWS itself is never asked.

use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::config::{Builder, RequestChecksumCalculation, StalledStreamProtectionConfig};
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use serde_json::Value;

use super::error::{CallError, ErrorKind};
use super::page::{Answer, NoPage, read};
use super::target::{CONNECT, Target};

/// Where it is.
const PATH: &str = "/_messaging/state";
/// How long it may take: as long as its size wants.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

impl Target {
    /// The state, as it comes.
    pub(crate) async fn state(&self) -> Result<ByteStream, NoPage> {
        // Whoever has no clock of ours is another server, of which nothing is asked.
        self.page("clock", &[]).await?;
        let answer = Answer::to("saving the state");
        let asked = self.s3().get_object().bucket("state").key("state").customize();
        let asked = asked.interceptor(answer.clone()).config_override(patient());
        let sent = asked.mutate_request(|request| lead(request, "GET", PATH)).send().await;
        match sent {
            Ok(output) => Ok(output.body),
            Err(error) => Err(refusal(&answer, error.into())),
        }
    }

    /// Sends a state, which takes the place of all there is; without `replace` only where there is nothing. What the server says of it.
    pub(crate) async fn load_state(&self, file: &Path, replace: bool) -> Result<Value, NoPage> {
        self.page("clock", &[]).await?;
        let unread = |why: String| NoPage::Failed(CallError::without_code(ErrorKind::Other, why));
        let body = ByteStream::from_path(file).await;
        let body = body.map_err(|error| unread(format!("{} can't be read: {error}", file.display())))?;
        let answer = Answer::to("loading the state");
        let asked = self.s3().put_object().bucket("state").key("state").body(body).customize();
        let asked = asked.interceptor(answer.clone()).config_override(patient());
        let path = if replace { format!("{PATH}?replace=true") } else { PATH.to_owned() };
        let sent = asked.mutate_request(move |request| lead(request, "PUT", &path)).send().await;
        match sent {
            Ok(_) => read("state", answer.taken()),
            Err(error) => Err(refusal(&answer, error.into())),
        }
    }
}

/// What the server said is the better reason.
fn refusal(answer: &Answer, error: CallError) -> NoPage {
    match answer.taken() {
        Some(told) => read("state", Some(told)).err().unwrap_or(NoPage::Failed(error)),
        None => NoPage::Failed(error),
    }
}

/// A file may be long, and is sent once.
fn patient() -> Builder {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(LONG).operation_attempt_timeout(LONG);
    Builder::new()
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts.build())
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

/// Makes a request for the state of what would have been one for an object, before it is signed.
fn lead(request: &mut HttpRequest, method: &str, target: &str) {
    let uri: http::Uri = request.uri().parse().unwrap_or_default();
    let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
    if request.set_uri(format!("{}://{authority}{target}", uri.scheme_str().unwrap_or("http"))).is_ok() {
        _ = request.set_method(method);
    }
}
