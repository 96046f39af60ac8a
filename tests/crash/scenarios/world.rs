//! What clients of a scenario have, and what looks at the cloud behind it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName, QueueAttributeName as Name,
};
use bytes::Bytes;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::Result;
use super::fleet::{CLOUD, Fleet};
use super::ledger::{Fault, Ledger};
use crate::clients::Clients;

/// Whoever waits so long was forgotten: a service tries a cloud that is away again for some 15 s.
const PATIENCE: Duration = Duration::from_secs(60);
/// For how long a killed worker's messages stay away.
const VISIBILITY: &str = "3";
/// So often a message may be received: as many times as a worker may be killed over it.
const RECEIVES: u32 = 1_000;
/// How many requests look at the results side by side.
pub(crate) const AT_ONCE: usize = 16;
/// What says why a message is a dead letter.
const REASON: &str = "DeadLetterReason";

/// What clients and checks of a run share. The fleet's addresses stay, so all of it outlives every process.
pub(crate) struct World {
    pub clients: Clients,
    http: reqwest::Client,
    api: String,
    outputs: BTreeMap<String, String>,
    pub ledger: Ledger,
    /// The folder that the fleet runs in.
    pub folder: PathBuf,
    /// The database that services share, if they do.
    pub database_url: Option<String>,
}

/// One of the clients.
pub(crate) struct Client {
    pub number: usize,
    pub rng: Xoshiro256PlusPlus,
}

impl Client {
    pub(crate) fn new(number: usize, seed: u64) -> Self {
        Self { number, rng: Xoshiro256PlusPlus::seed_from_u64(seed) }
    }

    /// A moment in which somebody thinks, or waits for a server to come back.
    pub(crate) async fn pause(&mut self) {
        tokio::time::sleep(Duration::from_micros(self.rng.random_range(5_000..60_000))).await;
    }
}

/// An answer that says what became of a request.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl World {
    /// The clients of a fleet whose cloud has the stack.
    pub(crate) async fn new(fleet: &Fleet, stack: &str, database_url: Option<String>) -> Result<Self> {
        let clients = Clients::new(&fleet.address(CLOUD));
        let described = clients.cloudformation.describe_stacks().stack_name(stack).send().await?;
        let outputs = described.stacks().iter().flat_map(|stack| stack.outputs());
        let outputs = outputs.filter_map(|it| Some((it.output_key.clone()?, it.output_value.clone()?))).collect();
        let http = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let (api, folder) = (fleet.address(CLOUD + 1), fleet.folder().to_owned());
        Ok(Self { clients, http, api, outputs, ledger: Ledger::default(), folder, database_url })
    }

    /// An output of the stack.
    pub(crate) fn output(&self, name: &str) -> &str {
        self.outputs.get(name).map_or("", String::as_str)
    }

    /// A request of the API.
    pub(crate) fn api(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.api))
    }

    /// A request by an address that somebody gave.
    pub(crate) fn fetch(&self, url: &str) -> RequestBuilder {
        self.http.get(url)
    }

    /// Sends a request once, as soon as somebody listens. Nothing if its fate is unknown: the connection broke, or the server
    /// had trouble.
    pub(crate) async fn call(&self, request: RequestBuilder) -> Option<Answer> {
        let since = Instant::now();
        loop {
            let read = async {
                let response = request.try_clone()?.send().await;
                let answer = async {
                    let response = response?;
                    let (status, headers) = (response.status(), response.headers().clone());
                    Ok::<_, reqwest::Error>(Answer { status, headers, body: response.bytes().await? })
                };
                Some(answer.await)
            };
            match read.await? {
                // A service that waits for its cloud for too long says 408.
                Ok(answer) if answer.status.is_server_error() || answer.status == 408 => return None,
                Ok(answer) => return Some(answer),
                // Nobody has heard of it.
                Err(error) if error.is_connect() && since.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(error) => {
                    if error.is_timeout() || error.is_connect() {
                        self.ledger.saw(Fault::Hung, error.to_string());
                    }
                    return None;
                }
            }
        }
    }

    /// Sends a request until its fate is known. Everything runs when this is called.
    pub(crate) async fn must(&self, request: RequestBuilder) -> Result<Answer> {
        for _ in 0..20 {
            let again = request.try_clone().ok_or("a body that can't be sent twice")?;
            if let Some(answer) = self.call(again).await {
                return Ok(answer);
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        Err(format!("no answer to {request:?}").into())
    }

    /// Has the messages of killed workers come back soon, and no message die of workers that are killed over it.
    pub(crate) async fn hasten(&self, queue: &str) -> Result<()> {
        let (sqs, url) = (&self.clients.sqs, self.output(queue));
        let asked = sqs.get_queue_attributes().queue_url(url).attribute_names(Name::RedrivePolicy).send().await?;
        let policy = asked.attributes().and_then(|all| all.get(&Name::RedrivePolicy)).cloned();
        let mut policy: Value = serde_json::from_str(&policy.ok_or("no redrive policy")?)?;
        policy["maxReceiveCount"] = json!(RECEIVES);
        let set = sqs.set_queue_attributes().queue_url(url).attributes(Name::VisibilityTimeout, VISIBILITY);
        set.attributes(Name::RedrivePolicy, policy.to_string()).send().await?;
        Ok(())
    }

    /// Messages in a queue, those in flight and delayed included.
    pub(crate) async fn depth(&self, queue: &str) -> Result<u64> {
        let names = [
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
        ];
        let get = self.clients.sqs.get_queue_attributes().queue_url(self.output(queue));
        let answer = get.set_attribute_names(Some(names.to_vec())).send().await?;
        Ok(answer.attributes().into_iter().flatten().filter_map(|(_, count)| count.parse::<u64>().ok()).sum())
    }

    /// Takes all messages out of a queue, in their order.
    pub(crate) async fn drain(&self, queue: &str) -> Result<Vec<Message>> {
        let (sqs, url) = (&self.clients.sqs, self.output(queue));
        let mut all = Vec::new();
        while self.depth(queue).await? > 0 {
            let receive = sqs.receive_message().queue_url(url).max_number_of_messages(10).wait_time_seconds(1);
            let receive = receive.message_attribute_names("All");
            let received = receive.message_system_attribute_names(MessageSystemAttributeName::All).send().await?;
            let taken = received.messages.unwrap_or_default();
            let entries = taken.iter().enumerate().map(|(n, message)| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(n.to_string());
                entry.receipt_handle(message.receipt_handle().unwrap_or_default()).build()
            });
            let entries = entries.collect::<std::result::Result<Vec<_>, _>>()?;
            if !entries.is_empty() {
                sqs.delete_message_batch().queue_url(url).set_entries(Some(entries)).send().await?;
            }
            all.extend(taken);
        }
        Ok(all)
    }

    /// Deletes all messages of a queue.
    pub(crate) async fn purge(&self, queue: &str) -> Result<()> {
        self.clients.sqs.purge_queue().queue_url(self.output(queue)).send().await?;
        Ok(())
    }

    /// The keys of a bucket.
    pub(crate) async fn keys(&self, bucket: &str) -> Result<Vec<String>> {
        let mut pages = self.clients.s3.list_objects_v2().bucket(bucket).into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            keys.extend(page?.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
        }
        Ok(keys)
    }

    /// An object's bytes.
    pub(crate) async fn object(&self, bucket: &str, key: &str) -> Result<Bytes> {
        let object = self.clients.s3.get_object().bucket(bucket).key(key).send().await?;
        Ok(object.body.collect().await?.into_bytes())
    }

    /// Deletes an object.
    pub(crate) async fn delete(&self, bucket: &str, key: &str) -> Result<()> {
        self.clients.s3.delete_object().bucket(bucket).key(key).send().await?;
        Ok(())
    }
}

/// Why a message is a dead letter; empty if it doesn't say.
pub(crate) fn reason(message: &Message) -> String {
    let reason = message.message_attributes().and_then(|all| all.get(REASON));
    reason.and_then(|reason| reason.string_value()).unwrap_or_default().to_owned()
}

/// What SQS says of a message; empty if it says nothing.
pub(crate) fn attribute(message: &Message, name: &MessageSystemAttributeName) -> String {
    message.attributes().and_then(|all| all.get(name)).cloned().unwrap_or_default()
}
