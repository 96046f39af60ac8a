//! The length of answers: the SDK reads one whole, and a server may never end it.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// Bytes of an answer: ten messages of a megabyte as JSON may write them are the longest.
const MOST: usize = 128 << 20;
/// The operation whose answer is read piece by piece, as far as somebody wants it.
const STREAMED: &str = "GetObject";

/// Ends answers that are longer than [`MOST`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounded;

/// Why an answer wasn't read to its end.
#[derive(Debug, thiserror::Error)]
#[error("{TOO_LONG}")]
struct TooLong;

pub(super) const TOO_LONG: &str = "the answer is longer than 128 MiB";

#[dyn_dispatch_hint]
impl Intercept for Bounded {
    fn name(&self) -> &'static str {
        "Bounded"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if cfg.load::<Metadata>().is_some_and(|call| call.name() == STREAMED) {
            return Ok(());
        }
        let body = context.response_mut().body_mut();
        let whole = std::mem::replace(body, SdkBody::taken());
        *body = whole.map_preserve_contents(|body| {
            let told = |error: BoxError| if error.is::<LengthLimitError>() { TooLong.into() } else { error };
            SdkBody::from_body_1_x(Limited::new(body, MOST).map_err(told))
        });
        Ok(())
    }
}
