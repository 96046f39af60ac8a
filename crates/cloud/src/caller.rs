//! How tests call a cloud that has no port.

use std::sync::Arc;

use serde_json::Value;

use super::Cloud;
use super::gateway::{Context, Operation, Origin, RequestIds};
use wire::json::Json;
use wire::payload::Source;
use wire::{AwsError, Names, Payload, Protocol};

/// A request of an account, in JSON.
pub fn context(cloud: Arc<Cloud>, account: &str) -> Context {
    Context {
        cloud,
        account: account.into(),
        region: "us-east-1".into(),
        access_key: None,
        session: None,
        proven: false,
        host: "http://localhost".into(),
        protocol: Protocol::Json10,
        request_id: RequestIds::default().next(),
        trace: None,
        service: None,
        origin: Origin::default(),
    }
}

/// Calls an operation of a service's table; without an output it's null.
pub async fn call(cx: &Context, table: &[Operation], operation: &str, input: Value) -> Result<Value, AwsError> {
    let operation = table.iter().find(|known| known.name == operation).unwrap();
    let body = input.to_string();
    let mut scratch = Vec::new();
    let source = Source::Json(Json::new(body.as_bytes(), &mut scratch));
    let payload = Payload { operation: operation.name, source, names: Names::Flat, namespace: "" };
    let answer = (operation.run)(cx, &payload).await?;
    Ok(if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer).unwrap() })
}
