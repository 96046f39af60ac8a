//! What time it is in a cloud, by the Date of an answer.

use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use jiff::{Timestamp, fmt::rfc2822};
use parking_lot::Mutex;

use super::Target;

/// Notes the Date of an answer.
#[derive(Clone, Default)]
struct Dated(Arc<Mutex<Option<Timestamp>>>);

impl fmt::Debug for Dated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dated")
    }
}

#[dyn_dispatch_hint]
impl Intercept for Dated {
    fn name(&self) -> &'static str {
        "Dated"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").and_then(|date| rfc2822::parse(date).ok());
        *self.0.lock() = date.map(|date| date.timestamp());
        Ok(())
    }
}

impl Target {
    /// The cloud's time just now, in whole seconds; none if it doesn't tell.
    pub(crate) async fn time(&self) -> Option<Timestamp> {
        let dated = Dated::default();
        let asked = self.sqs().list_queues().max_results(1).customize().interceptor(dated.clone());
        // A refusal is dated, too.
        let _ = asked.send().await;
        dated.0.lock().take()
    }
}
