//! The rules of queues and messages, through the operations as clients call them, under a clock that stands still.

use std::time::Duration;

use serde_json::{Value, json};

use crate::core::Cloud;
use crate::core::clock::Clock;
use crate::request::Context;
use crate::server::Options;
use crate::testing::call::{self, context};
use log::Durability;
use wire::AwsError;

mod messages;
mod queues;

const ARN: &str = "arn:aws:sqs:us-east-1:000000000000:";

/// A cloud and a client of it.
struct Client {
    cx: Context,
    clock: Clock,
    _folder: tempfile::TempDir,
}

impl Client {
    fn new(strict: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(1_000_000);
        let options =
            Options { durability: Durability::Memory, strict, clock: clock.clone(), ..Options::new(folder.path()) };
        let (cloud, _) = Cloud::open(options, |_| {}).unwrap();
        Self { cx: context(cloud, "000000000000"), clock, _folder: folder }
    }

    fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, AwsError> {
        call(&self.cx, operation, input).await
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|error| panic!("{operation}: {error:?}"))
    }

    /// The error's code in the query protocol, and its message.
    async fn refused(&self, operation: &str, input: Value) -> (String, String) {
        let error = self.call(operation, input).await.expect_err(operation);
        (error.query_code.unwrap_or(error.code).into_owned(), error.message)
    }

    async fn queue(&self, name: &str, attributes: Value) -> String {
        let created = self.ok("CreateQueue", json!({"QueueName": name, "Attributes": attributes})).await;
        created["QueueUrl"].as_str().unwrap().to_owned()
    }

    async fn fifo(&self, name: &str) -> String {
        self.queue(name, json!({"FifoQueue": "true", "ContentBasedDeduplication": "true"})).await
    }

    async fn send(&self, queue: &str, body: &str, group: Option<&str>) -> Value {
        self.ok("SendMessage", json!({"QueueUrl": queue, "MessageBody": body, "MessageGroupId": group})).await
    }

    async fn receive(&self, queue: &str) -> Vec<Value> {
        let input = json!({"QueueUrl": queue, "MaxNumberOfMessages": 10, "AttributeNames": ["All"]});
        match self.ok("ReceiveMessage", input).await["Messages"].take() {
            Value::Array(messages) => messages,
            _ => Vec::new(),
        }
    }

    async fn bodies(&self, queue: &str) -> Vec<String> {
        self.receive(queue).await.iter().map(|message| message["Body"].as_str().unwrap().to_owned()).collect()
    }

    async fn attribute(&self, queue: &str, name: &str) -> Value {
        self.ok("GetQueueAttributes", json!({"QueueUrl": queue, "AttributeNames": [name]})).await["Attributes"][name]
            .take()
    }
}

async fn call(cx: &Context, operation: &str, input: Value) -> Result<Value, AwsError> {
    call::call(cx, &crate::sqs::SERVICE, operation, input).await
}
