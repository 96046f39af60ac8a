//! The service with a caller, and what tests ask of both.

use aws_sdk_sqs::types::MessageSystemAttributeName;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use crate::helpers::{Cloud, Process, eventually, run};

/// A served scenario with a caller.
pub(super) struct Served {
    pub(super) process: Process,
    pub(super) token: String,
    pub(super) http: Client,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: reqwest::header::HeaderMap,
    pub(super) body: Value,
}

pub(super) fn cloud() -> Cloud {
    let cloud = Cloud::start();
    cloud.deploy("jobs");
    cloud
}

/// A token of a caller, signed by the key of the folder `jobs`.
pub(super) fn token(cloud: &Cloud, caller: &str) -> String {
    let ended = run(cloud.folder.path(), &["token", "jobs", "--data-dir", "jobs", "--caller", caller]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout.trim().to_owned()
}

pub(super) fn serve(cloud: &Cloud, args: &[&str]) -> Served {
    let process = cloud.serve("jobs", &[&["--data-dir", "jobs"], args].concat());
    Served { process, token: token(cloud, "ann"), http: Client::new() }
}

impl Served {
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.process.address)
    }

    pub(super) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answer { status, headers, body }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(self.http.get(self.url(path)).bearer_auth(&self.token)).await
    }

    pub(super) async fn post(&self, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.http.post(self.url("/submit-job-request")).bearer_auth(&self.token);
        self.send(request.header(CONTENT_TYPE, "application/json").body(body)).await
    }

    /// Submits a job that is accepted, and gives its id.
    pub(super) async fn submit(&self, payload: &Value) -> String {
        let answer = self.post(payload.to_string()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["jobId"].as_str().unwrap().to_owned()
    }

    /// A job's status once it is this one.
    pub(super) async fn until(&self, job: &str, status: &str) -> Value {
        eventually(&format!("{job} is {status}"), async || {
            let answer = self.get(&format!("/job-status/{job}")).await;
            assert!(answer.status == 200 || answer.status >= 500, "an accepted job is always known: {answer:?}");
            (answer.body["jobStatus"] == status).then_some(answer.body)
        })
        .await
    }
}

/// An output of the stack.
pub(super) async fn output(cloud: &Cloud, name: &str) -> String {
    let stacks = aws_sdk_cloudformation::Client::new(&cloud.config());
    let told = stacks.describe_stacks().stack_name("messaging-jobs").send().await.unwrap();
    let outputs = told.stacks.unwrap().remove(0).outputs.unwrap();
    outputs.into_iter().find(|it| it.output_key() == Some(name)).unwrap().output_value.unwrap()
}

/// The first message of a queue, once there is one.
pub(super) async fn message(cloud: &Cloud, queue: &str) -> aws_sdk_sqs::types::Message {
    let sqs = cloud.sqs();
    eventually("a message", async || {
        let receive = sqs.receive_message().queue_url(queue).message_attribute_names("All");
        let receive = receive.message_system_attribute_names(MessageSystemAttributeName::All);
        receive.send().await.unwrap().messages.unwrap_or_default().pop()
    })
    .await
}
