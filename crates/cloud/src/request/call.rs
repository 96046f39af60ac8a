//! The door from one service to the operations of another.

use serde_json::Value;

use super::Context;
use wire::json::Json;
use wire::payload::Source;
use wire::{AwsError, Payload, Protocol};

impl Context {
    /// Calls an operation of a service as a client would that speaks JSON; without an output it's null.
    ///
    /// # Errors
    /// The operation's own, and `UnknownOperationException` for one that isn't there.
    pub async fn call(&self, service: &str, operation: &str, input: Value) -> Result<Value, AwsError> {
        let found = self.services.by_id(service).and_then(|service| Some((service, service.operation(operation)?)));
        let Some((service, operation)) = found else {
            let message = format!("The operation {operation} of {service} is not one of this cloud's.");
            return Err(AwsError::bad("UnknownOperationException", message));
        };
        let body = input.to_string();
        let mut scratch = Vec::new();
        let payload = Payload {
            operation: operation.name,
            source: Source::Json(Json::new(body.as_bytes(), &mut scratch)),
            names: service.names,
            namespace: service.namespace,
        };
        service.check(&payload)?;
        let cx = Context { protocol: Protocol::Json11, ..self.clone() };
        let answer = (operation.run)(&cx, &payload).await?;
        if answer.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer).map_err(|error| AwsError::internal(error.to_string()))
    }
}
