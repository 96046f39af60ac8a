//! Every attempt of a request is seen: the SDK tries again by itself, and tells nobody.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sns::config::{AsyncSleep, Sleep};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef, Error,
    FinalizerInterceptorContextRef, InterceptorContext,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{Metadata, OrchestratorError};
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction, RetryClassifierPriority};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};

use super::bounded::TOO_LONG;
use crate::stop::Stop;

/// What happens to a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Attempt<'a> {
    /// It is sent, or sent again; `operation` as `Publish`.
    Sent { operation: &'a str },
    /// It is sent again.
    Again,
    /// An attempt failed in a way that may pass; `operation` as `Publish`. Of one that is `unanswered` nobody knows
    /// whether the service has done what it was asked for.
    Failed { operation: &'a str, why: &'a str, unanswered: bool },
}

/// Hears of every attempt.
pub(crate) type Ear = Arc<dyn Fn(Attempt<'_>) + Send + Sync>;

/// Watches the attempts of requests: an interceptor for a client, or for a single call.
#[derive(Clone)]
pub(crate) struct Watch(Ear);

impl Watch {
    pub(crate) fn new(ear: Ear) -> Self {
        Self(ear)
    }

    /// Tells the ear of an attempt that failed.
    fn report_failure(&self, cfg: &ConfigBag, why: &str, unanswered: bool) {
        // The SDK tells how long it would have waited.
        let why = if unanswered && is_pulled(cfg) { UNANSWERED } else { why };
        (self.0)(Attempt::Failed { operation: operation(cfg), why, unanswered });
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// What a request asks for that goes elsewhere than to the operation that it is made of.
#[derive(Debug, Clone)]
pub(super) struct Called(pub String);

impl Storable for Called {
    type Storer = StoreReplace<Self>;
}

/// What a request asks for, as `Publish`.
fn operation(cfg: &ConfigBag) -> &str {
    let named = || cfg.load::<Metadata>().map_or("a request", |call| call.name());
    cfg.load::<Called>().map_or_else(named, |called| &called.0)
}

/// How the last attempt of a request stands.
#[derive(Debug)]
enum Last {
    /// It began, and its end was never seen: the time for an attempt ran out.
    Open,
    /// It succeeded, or the ear has heard of its failure.
    Told,
    /// It was refused, for this reason; whether that passes shows when it is tried again.
    Refused(String),
}

impl Storable for Last {
    type Storer = StoreReplace<Self>;
}

/// Why an attempt failed whose end was never seen.
const CUT: &str = "no complete answer in time";

#[dyn_dispatch_hint]
impl Intercept for Watch {
    fn name(&self) -> &'static str {
        "Watch"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let last = cfg.load::<Last>();
        match last {
            Some(Last::Open) => self.report_failure(cfg, CUT, true),
            Some(Last::Refused(why)) => self.report_failure(cfg, why, false),
            Some(Last::Told) | None => {}
        }
        if last.is_some() && !is_pulled(cfg) {
            (self.0)(Attempt::Again);
        }
        if last.is_none() || !is_pulled(cfg) {
            (self.0)(Attempt::Sent { operation: operation(cfg) });
        }
        cfg.interceptor_state().store_put(Last::Open);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut last = Last::Told;
        if let Some(Err(error)) = context.output_or_error() {
            if error.is_interceptor_error() && is_pulled(cfg) {
                // The ear has heard of the failure before.
                cfg.interceptor_state().store_put(Last::Told);
                return Ok(());
            }
            let status = context.response().map(|answer| answer.status().as_u16());
            match status.filter(|_| error.is_operation_error()) {
                Some(status) if may_pass(status) => {
                    self.report_failure(cfg, &format!("HTTP {status}"), is_gateways(status))
                }
                Some(status) => last = Last::Refused(format!("HTTP {status}")),
                None => self.report_failure(cfg, &reason(error), may_have_arrived(error)),
            }
        }
        cfg.interceptor_state().store_put(last);
        Ok(())
    }

    fn read_after_execution(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(Last::Open) = cfg.load::<Last>() {
            self.report_failure(cfg, CUT, true);
        }
        Ok(())
    }
}

/// Whether what was answered with this status may be answered otherwise later.
pub(crate) fn may_pass(status: u16) -> bool {
    status == 429 || status >= 500
}

/// A gateway that has no answer of the server behind it: 502 and 504 (RFC 9110, 15.6.3 and 15.6.5).
fn is_gateways(status: u16) -> bool {
    matches!(status, 502 | 504)
}

/// Whether the service may have got a request for which no answer came: not when no connection could be made.
fn may_have_arrived(error: &OrchestratorError<Error>) -> bool {
    let unconnected = |error: &(dyn StdError + 'static)| {
        error.downcast_ref::<hyper_util::client::legacy::Error>().is_some_and(|error| error.is_connect())
    };
    if let Some(connector) = error.as_connector_error() {
        return !connector.is_user() && !chain(connector).any(unconnected);
    }
    error.is_timeout_error() || error.is_response_error()
}

fn chain<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn StdError + 'static)| -> Option<&'e (dyn StdError + 'static)> {
        (*error).source()
    })
}

/// The reason at the bottom of an error's chain: the SDK's own are wrappers. Of what took too long, how long that was.
pub(crate) fn reason(error: &(dyn StdError + 'static)) -> String {
    let mut deepest = String::new();
    for error in chain(error) {
        deepest = error.to_string();
        // "HTTP read timeout occurred after 9s", and the same of connections and of whole attempts.
        if let Some((what, limit)) = deepest.split_once(" timeout occurred after ") {
            let missing = if what.ends_with("connect") { "connection" } else { "answer" };
            return format!("no {missing} within {}", limit.trim_end_matches('s').to_owned() + " s");
        }
    }
    deepest
}

/// HTTP 429 is tried again as 5xx is: the SDK knows some codes of it, not the status itself.
#[derive(Debug)]
pub(crate) struct TooMany;

impl ClassifyRetry for TooMany {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().map(|answer| answer.status().as_u16()) {
            Some(429) => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "TooMany"
    }
}

/// A certificate that isn't trusted stays so.
#[derive(Debug)]
pub(crate) struct Distrust;

impl ClassifyRetry for Distrust {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.output_or_error() {
            Some(Err(error)) if [UNTRUSTED, TOO_LONG].iter().any(|why| reason(error).contains(why)) => {
                RetryAction::RetryForbidden
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "Distrust"
    }

    /// After all others: what they would send again isn't.
    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// How rustls says that it doesn't trust a certificate.
pub(super) const UNTRUSTED: &str = "invalid peer certificate";

/// How long a request that waits when the user wants to stop may go on waiting.
const GRACE: Duration = Duration::from_secs(3);
/// Why a request failed that the stop ended.
const UNANSWERED: &str = "not answered before the stop";

/// Ends the waiting of requests when the user wants to stop: what is under way gets [`GRACE`] to be answered, and nothing
/// is tried again, whatever the server says. It also keeps servers from saying how long somebody waits.
#[derive(Clone, Debug)]
pub(crate) struct Brake(Stop);

/// The error of a request that would have been tried again.
#[derive(Debug, thiserror::Error)]
#[error("{UNANSWERED}")]
pub(crate) struct Stopped;

/// Whether an error says that somebody stopped it.
pub(crate) fn is_stopped(error: &(dyn StdError + 'static)) -> bool {
    chain(error).any(|error| error.is::<Stopped>())
}

impl Brake {
    pub(crate) fn new(stop: Stop) -> Self {
        Self(stop)
    }

    pub(crate) fn is_pulled(&self) -> bool {
        self.0.is_signalled()
    }
}

/// Whether the request of this configuration is to end.
fn is_pulled(cfg: &ConfigBag) -> bool {
    cfg.load::<Brake>().is_some_and(Brake::is_pulled)
}

impl Storable for Brake {
    type Storer = StoreReplace<Self>;
}

#[dyn_dispatch_hint]
impl Intercept for Brake {
    fn name(&self) -> &'static str {
        "Brake"
    }

    /// No second attempt after the wish to stop.
    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.is_pulled() && cfg.load::<RequestAttempts>().is_some_and(|made| made.attempts() > 1) {
            return Err(Stopped.into());
        }
        cfg.interceptor_state().store_put(self.clone());
        Ok(())
    }

    /// The SDK waits as `x-amz-retry-after` says, for up to 20 s, and panics in a debug build when the answer has no code
    /// that it knows (aws-runtime, `AwsErrorCodeClassifier`). Its own growing pauses do without.
    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        context.response_mut().headers_mut().remove("x-amz-retry-after");
        Ok(())
    }
}

impl ClassifyRetry for Brake {
    fn classify_retry(&self, _: &InterceptorContext) -> RetryAction {
        if self.is_pulled() { RetryAction::RetryForbidden } else { RetryAction::NoActionIndicated }
    }

    fn name(&self) -> &'static str {
        "Brake"
    }

    /// After all others: it has the last word.
    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// The SDK's pauses and limits of time, cut short.
impl AsyncSleep for Brake {
    fn sleep(&self, duration: Duration) -> Sleep {
        let signalled = self.0.signalled();
        Sleep::new(async move {
            tokio::select! {
                biased;
                () = tokio::time::sleep(duration) => {}
                () = async { signalled.await; tokio::time::sleep(GRACE).await } => {}
            }
        })
    }
}
