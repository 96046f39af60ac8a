//! An operation's place in its service's table, and the macro that makes the table.

use std::future::Future;
use std::pin::Pin;

use super::Context;
use wire::{AwsError, Payload};

/// The future of one operation: its encoded answer.
pub(crate) type Answer<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, AwsError>> + Send + 'a>>;

/// One operation of a service.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// AWS's name, e.g. `Publish`.
    pub name: &'static str,
    /// Decodes the input, runs the handler, encodes its output.
    pub run: for<'a> fn(&'a Context, &'a Payload<'_>) -> Answer<'a>,
    /// Whether its answer tells of nothing but what its own commit has waited for. Of another the gateway waits until the log
    /// holds all that it may have seen.
    pub durable: bool,
}

/// A service's operations, sorted by name: `operations! { "ListTopics" => list::list_topics, "Publish" => publish::publish [durable], .. }`.
/// `[durable]` stands behind those that look and change in one step: see [`Operation::durable`].
///
/// A handler is `async fn publish(cx: &Context, input: PublishInput<'_>) -> Result<PublishOutput, AwsError>`. Its input
/// is any `Deserialize` structure (unknown members are ignored, so members are `Option`s and the operation says what is
/// missing; no `#[serde(flatten)]`), its output any `Serialize` structure, or `()` where AWS's model has no output. It never learns which
/// protocol asked.
#[macro_export]
macro_rules! operations {
    ($($name:literal => $handler:path $([$durable:ident])?),* $(,)?) => {
        &[$({
            fn run<'a>(
                cx: &'a $crate::request::Context,
                payload: &'a wire::Payload<'_>,
            ) -> $crate::request::Answer<'a> {
                Box::pin(async move {
                    let input = payload.decode()?;
                    let output = $handler(cx, input).await?;
                    payload.encode(&output, cx.request_id.as_str())
                })
            }
            $crate::request::Operation { name: $name, run, durable: $crate::operations!(@durable $($durable)?) }
        }),*]
    };
    (@durable) => { false };
    (@durable durable) => { true };
}
