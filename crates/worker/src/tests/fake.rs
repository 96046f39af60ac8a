//! An SQS behind the SDK's HTTP client, without sockets: so the SDK is the real one, and the clock can be tokio's paused one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::{Credentials, Region};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use crate::queue::Queue;

/// What goes wrong with a request.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// Nobody answers at the address.
    Down,
    /// It is done, and the answer comes so much later.
    Late(Duration),
    /// It is done, and the answer is lost.
    Lost,
    /// It is refused with this status and code.
    Refused(u16, &'static str),
    /// Each message of the batch fails: by the sender's fault, or the service's.
    Entries(bool),
}

type Hook = Box<dyn FnMut(&str, &Value) -> Option<Fault> + Send>;

/// A message in a queue.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) body: String,
    pub(super) group: Option<String>,
    pub(super) deduplication: Option<String>,
    pub(super) attributes: Value,
    pub(super) trace: Option<String>,
    pub(super) receives: u32,
    receipt: String,
    visible: Instant,
    received: Instant,
}

#[derive(Default)]
struct Cloud {
    queues: BTreeMap<String, Vec<Message>>,
    calls: Vec<(String, Value)>,
    hook: Option<Hook>,
    numbers: u64,
    most_in_flight: usize,
    max_receives: Option<u32>,
}

#[derive(Clone, Default)]
pub(super) struct Fake {
    cloud: Arc<Mutex<Cloud>>,
    sent: Arc<Notify>,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fake")
    }
}

/// How many milliseconds after the epoch the tests send: a fixed number, which the worker's clock reads too.
pub(super) const SENT: u64 = 1_000_000;

impl Fake {
    pub(super) fn client(&self) -> Client {
        let connector = SharedHttpConnector::new(self.clone());
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version_latest()
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("key", "secret", None, None, "tests"))
            .endpoint_url("http://sqs.test")
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()));
        Client::from_conf(config.build())
    }

    /// A queue as its worker knows it; its dead letters go to `dead`, or `dead.fifo`.
    pub(super) fn queue(&self, name: &str, visibility: u64, max_receives: Option<u32>) -> Queue {
        self.cloud.lock().max_receives = max_receives;
        let fifo = name.ends_with(".fifo");
        let dead = if fifo { "dead.fifo" } else { "dead" };
        Queue {
            url: format!("http://sqs.test/1/{name}"),
            visibility: Duration::from_secs(visibility),
            fifo,
            max_receives,
            dead_letters: max_receives.map(|_| format!("http://sqs.test/1/{dead}")),
        }
    }

    /// Sends a message of a group, which is its body up to the first digit; its id.
    pub(super) fn send(&self, queue: &str, body: &str) -> String {
        let group = body.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
        self.send_with(queue, body, Some(group).filter(|_| queue.ends_with(".fifo")), json!({}), None)
    }

    pub(super) fn send_with(
        &self,
        queue: &str,
        body: &str,
        group: Option<String>,
        attributes: Value,
        trace: Option<&str>,
    ) -> String {
        let mut cloud = self.cloud.lock();
        cloud.numbers += 1;
        let id = format!("id-{:.8}-{}", body, cloud.numbers);
        let now = Instant::now();
        cloud.queues.entry(queue.to_owned()).or_default().push(Message {
            id: id.clone(),
            body: body.to_owned(),
            group,
            deduplication: None,
            attributes,
            trace: trace.map(str::to_owned),
            receives: 0,
            receipt: String::new(),
            visible: now,
            received: now,
        });
        self.sent.notify_waiters();
        id
    }

    /// Hands out the same message a second time, as a standard queue may: with a receipt of its own.
    pub(super) fn double(&self, queue: &str) {
        let mut cloud = self.cloud.lock();
        let messages = cloud.queues.get_mut(queue).unwrap();
        let double = messages[0].clone();
        messages.push(double);
    }

    /// What goes wrong from now on.
    pub(super) fn when(&self, hook: impl FnMut(&str, &Value) -> Option<Fault> + Send + 'static) {
        self.cloud.lock().hook = Some(Box::new(hook));
    }

    pub(super) fn all_well(&self) {
        self.cloud.lock().hook = None;
    }

    pub(super) fn messages(&self, queue: &str) -> Vec<Message> {
        self.cloud.lock().queues.get(queue).cloned().unwrap_or_default()
    }

    pub(super) fn bodies(&self, queue: &str) -> Vec<String> {
        self.messages(queue).into_iter().map(|message| message.body).collect()
    }

    /// In how long the first message is visible, in milliseconds.
    pub(super) fn hidden_ms(&self, queue: &str) -> u64 {
        let visible = self.messages(queue)[0].visible;
        visible.saturating_duration_since(Instant::now()).as_millis() as u64
    }

    /// The requests of an operation so far.
    pub(super) fn calls(&self, operation: &str) -> Vec<Value> {
        self.cloud.lock().calls.iter().filter(|(name, _)| name == operation).map(|(_, body)| body.clone()).collect()
    }

    pub(super) fn most_in_flight(&self) -> usize {
        self.cloud.lock().most_in_flight
    }

    async fn answer(self, operation: String, body: Value) -> Result<(u16, Value), ConnectorError> {
        let fault = {
            let mut cloud = self.cloud.lock();
            cloud.calls.push((operation.clone(), body.clone()));
            // A hook may ask the fake.
            let mut hook = cloud.hook.take();
            drop(cloud);
            let fault = hook.as_mut().and_then(|hook| hook(&operation, &body));
            self.cloud.lock().hook = hook;
            fault
        };
        let down = || Err(ConnectorError::io("nobody answers".into()));
        match fault {
            Some(Fault::Down) => return down(),
            Some(Fault::Refused(status, code)) => {
                return Ok((status, json!({"__type": format!("com.amazonaws.sqs#{code}"), "message": "no"})));
            }
            Some(Fault::Entries(sender)) => {
                let entries = body["Entries"].as_array().unwrap();
                let failed =
                    |entry: &Value| json!({"Id": entry["Id"], "Code": "No", "Message": "no", "SenderFault": sender});
                let failed: Vec<Value> = entries.iter().map(failed).collect();
                return Ok((200, json!({"Successful": [], "Failed": failed})));
            }
            Some(Fault::Late(_) | Fault::Lost) | None => {}
        }
        let queue = body["QueueUrl"].as_str().unwrap_or_default().rsplit('/').next().unwrap().to_owned();
        let answer = match operation.as_str() {
            "ReceiveMessage" => self.receive(&queue, &body).await,
            "SendMessage" => self.take_in(&queue, &body),
            "DeleteMessageBatch" | "ChangeMessageVisibilityBatch" => self.cloud.lock().batch(&queue, &body),
            other => panic!("the worker asks for {other}"),
        };
        match fault {
            Some(Fault::Late(time)) => sleep(time).await,
            Some(Fault::Lost) => return down(),
            _ => {}
        }
        Ok((200, answer))
    }

    async fn receive(&self, queue: &str, body: &Value) -> Value {
        let deadline = Instant::now() + Duration::from_secs(body["WaitTimeSeconds"].as_u64().unwrap());
        loop {
            let sent = self.sent.notified();
            let (messages, next) = self.cloud.lock().take(queue, body);
            if !messages.is_empty() {
                return json!({"Messages": messages});
            }
            if Instant::now() >= deadline {
                return json!({});
            }
            tokio::select! {
                () = sent => {}
                () = sleep_until(next.map_or(deadline, |next| next.min(deadline))) => {}
            }
        }
    }

    fn take_in(&self, queue: &str, body: &Value) -> Value {
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let trace = body["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"].as_str();
        let attributes = body["MessageAttributes"].clone();
        let (group, deduplication) = (text("MessageGroupId"), text("MessageDeduplicationId"));
        let known =
            self.messages(queue).into_iter().find(|it| deduplication.is_some() && it.deduplication == deduplication);
        let id = match known {
            Some(known) => known.id,
            None => self.send_with(queue, body["MessageBody"].as_str().unwrap(), group, attributes, trace),
        };
        if let Some(sent) = self.cloud.lock().queues.get_mut(queue).unwrap().iter_mut().find(|it| it.id == id) {
            sent.deduplication = deduplication;
        }
        json!({"MessageId": id})
    }
}

impl Cloud {
    /// Hands out what is visible, and says when more will be. A FIFO group of which one is in flight gives nothing.
    fn take(&mut self, queue: &str, body: &Value) -> (Vec<Value>, Option<Instant>) {
        let now = Instant::now();
        let most = body["MaxNumberOfMessages"].as_u64().unwrap() as usize;
        let hidden = Duration::from_secs(body["VisibilityTimeout"].as_u64().unwrap());
        let messages = self.queues.entry(queue.to_owned()).or_default();
        if let Some(max) = self.max_receives {
            let spent = |message: &Message| message.receives >= max && message.visible <= now;
            let dead: Vec<Message> = messages.extract_if(.., |message| spent(message)).collect();
            let name = if queue.ends_with(".fifo") { "dead.fifo" } else { "dead" };
            self.queues.entry(name.to_owned()).or_default().extend(dead);
        }
        let messages = self.queues.entry(queue.to_owned()).or_default();
        let held: Vec<Option<String>> =
            messages.iter().filter(|it| it.visible > now).map(|it| it.group.clone()).collect();
        let mut taken = Vec::new();
        for message in messages.iter_mut().filter(|it| it.visible <= now) {
            if taken.len() == most {
                break;
            }
            if queue.ends_with(".fifo") && held.contains(&message.group) {
                continue;
            }
            self.numbers += 1;
            message.receives += 1;
            message.receipt = format!("{}#{}", message.id, self.numbers);
            (message.visible, message.received) = (now + hidden, now);
            let mut system =
                json!({"ApproximateReceiveCount": message.receives.to_string(), "SentTimestamp": SENT.to_string()});
            if let Some(group) = &message.group {
                system["MessageGroupId"] = json!(group);
            }
            if let Some(trace) = &message.trace {
                system["AWSTraceHeader"] = json!(trace);
            }
            taken.push(json!({
                "MessageId": message.id,
                "ReceiptHandle": message.receipt,
                "Body": message.body,
                "Attributes": system,
                "MessageAttributes": message.attributes,
            }));
        }
        let in_flight = messages.iter().filter(|message| message.visible > now).count();
        self.most_in_flight = self.most_in_flight.max(in_flight);
        (taken, messages.iter().map(|message| message.visible).filter(|visible| *visible > now).min())
    }

    /// Deletes messages, or changes when they are visible. A receipt is good while its message is in flight by that receive.
    fn batch(&mut self, queue: &str, body: &Value) -> Value {
        let now = Instant::now();
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        let messages = self.queues.entry(queue.to_owned()).or_default();
        let entries = body["Entries"].as_array().unwrap();
        assert!((1..=10).contains(&entries.len()), "{body}");
        for entry in entries {
            let handle = entry["ReceiptHandle"].as_str().unwrap();
            let at = messages.iter().position(|it| it.receipt == handle && it.visible > now);
            let why = match (at, entry["VisibilityTimeout"].as_u64()) {
                (None, _) => Some("ReceiptHandleIsInvalid"),
                (Some(at), None) => {
                    messages.remove(at);
                    None
                }
                (Some(at), Some(seconds)) => {
                    let until = now + Duration::from_secs(seconds);
                    let fits = until <= messages[at].received + Duration::from_secs(43_200);
                    if fits {
                        messages[at].visible = until;
                    }
                    (!fits).then_some("InvalidParameterValue")
                }
            };
            match why {
                None => successful.push(json!({"Id": entry["Id"]})),
                Some(code) => {
                    failed.push(json!({"Id": entry["Id"], "Code": code, "Message": "no", "SenderFault": true}));
                }
            }
        }
        json!({"Successful": successful, "Failed": failed})
    }
}

impl HttpConnector for Fake {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = request.headers().get("x-amz-target").unwrap().rsplit('.').next().unwrap().to_owned();
        let body = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let (fake, sent) = (self.clone(), self.sent.clone());
        HttpConnectorFuture::new(async move {
            let (status, body) = fake.answer(operation, body).await?;
            // What is visible again may be waited for.
            sent.notify_waiters();
            Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body.to_string())))
        })
    }
}
