//! How tests call a cloud that has no port.

use std::sync::Arc;

use serde_json::Value;

use crate::core::Cloud;
use crate::request::{Context, Service};
use crate::services::SERVICES;
use wire::json::Json;
use wire::payload::Source;
use wire::{AwsError, Names, Payload, Protocol};

/// A request of an account, in JSON.
pub(crate) fn context(cloud: Arc<Cloud>, account: &str) -> Context {
    let cx = Context::unasked(&cloud, (account, "us-east-1"), "http://localhost".into(), &SERVICES);
    Context { protocol: Protocol::Json10, ..cx }
}

/// Calls an operation of a service; without an output it's null.
pub(crate) async fn call(cx: &Context, service: &Service, operation: &str, input: Value) -> Result<Value, AwsError> {
    let operation = service.operation(operation).unwrap();
    let body = input.to_string();
    let mut scratch = Vec::new();
    let source = Source::Json(Json::new(body.as_bytes(), &mut scratch));
    let payload = Payload { operation: operation.name, source, names: Names::Flat, namespace: "" };
    service.check(&payload)?;
    let answer = (operation.run)(cx, &payload).await?;
    Ok(if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer).unwrap() })
}
