//! A cloud, a database and the service, for one test.

use std::process::Command;

use aws_sdk_sqs::types::QueueAttributeName;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::helpers::postgres::Postgres;
use crate::helpers::{Cloud, Process, eventually};

/// Makes two tests of each function: one on SQLite, one on PostgreSQL.
macro_rules! on_both {
    ($($test:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $test() {
                super::$test(crate::workflows::stage::Stage::sqlite(&[])).await;
            })*
        }

        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] #[ignore = "needs PostgreSQL"] async fn $test() {
                super::$test(crate::workflows::stage::Stage::postgres(&[])).await;
            })*
        }
    };
}
pub(super) use on_both;

/// A cloud, a database and the service.
pub(super) struct Stage {
    pub cloud: Cloud,
    pub postgres: Option<Postgres>,
    pub service: Process,
    pub http: reqwest::Client,
}

impl Stage {
    /// With an SQLite file, and further arguments.
    pub(super) fn sqlite(args: &[&str]) -> Self {
        Self::new(None, args)
    }

    /// With a database of a PostgreSQL server.
    pub(super) fn postgres(args: &[&str]) -> Self {
        Self::new(Some(Postgres::new()), args)
    }

    fn new(postgres: Option<Postgres>, args: &[&str]) -> Self {
        let cloud = Cloud::start();
        cloud.deploy("workflows");
        let service = Process::start(command(&cloud, postgres.as_ref(), args), cloud.folder.path());
        Self { cloud, postgres, service, http: reqwest::Client::new() }
    }

    /// The command that serves it, with further arguments.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        command(&self.cloud, self.postgres.as_ref(), args)
    }

    /// One more process of it.
    pub(super) fn another(&self, args: &[&str]) -> Process {
        Process::start(self.command(args), self.cloud.folder.path())
    }

    /// Kills it and starts it again.
    pub(super) fn crash(&mut self) {
        let new = self.command(&[]);
        self.stop();
        self.service = Process::start(new, self.cloud.folder.path());
    }

    /// Kills it.
    pub(super) fn stop(&mut self) {
        let killed = Command::new("kill").args(["-KILL", &self.service.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }

    /// A request.
    pub(super) fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.service.address))
    }

    /// GET.
    pub(super) async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path).send().await.unwrap()
    }

    /// Creates a workflow, which must succeed.
    pub(super) async fn create(&self, data: Value) -> Value {
        let answer = self.ask(Method::POST, "/workflow").json(&json!({ "data": data })).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        answer.json().await.unwrap()
    }

    /// Creates a workflow; its uuid.
    pub(super) async fn uuid(&self, data: Value) -> String {
        self.create(data).await["uuid"].as_str().unwrap().to_owned()
    }

    /// Sets a status.
    pub(super) async fn set(&self, uuid: &str, status: &str) -> Response {
        let body = json!({ "status": status });
        self.ask(Method::PATCH, &format!("/workflow/{uuid}")).json(&body).send().await.unwrap()
    }

    /// One workflow.
    pub(super) async fn show(&self, uuid: &str) -> Value {
        let answer = self.get(&format!("/workflow/{uuid}")).await;
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    /// Consumes one that waits or comes soon: its uuid and its CSV.
    pub(super) async fn consume(&self) -> Option<(String, String)> {
        consume(&self.http, &self.service.address).await.unwrap()
    }

    /// Waits until a queue has so many messages, those in flight included.
    pub(super) async fn until_messages(&self, queue: &str, n: u64) {
        let has = async || (self.messages(queue).await == n).then_some(());
        eventually(&format!("{n} messages on {queue}"), has).await;
    }

    /// How many messages a queue has, those in flight included.
    pub(super) async fn messages(&self, queue: &str) -> u64 {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let ask = self.cloud.sqs().get_queue_attributes().queue_url(self.queue_url(queue).await);
        let attributes = ask.set_attribute_names(Some(names.to_vec())).send().await.unwrap().attributes.unwrap();
        attributes.values().map(|n| n.parse::<u64>().unwrap()).sum()
    }

    /// How many messages are still to be sent to the queue, as the service saw when it looked last, at most a second ago.
    pub(super) async fn outbox(&self) -> u64 {
        let metrics = self.get("/metrics").await.text().await.unwrap();
        let line = metrics.lines().find_map(|line| line.strip_prefix("messaging_workflows_outbox "));
        line.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
    }

    /// A queue's URL.
    pub(super) async fn queue_url(&self, queue: &str) -> String {
        self.cloud.sqs().get_queue_url().queue_name(queue).send().await.unwrap().queue_url.unwrap()
    }
}

/// Consumes one: nothing if none waits; an error if there is no answer, or one of a service in trouble.
pub(super) async fn consume(http: &reqwest::Client, address: &str) -> Result<Option<(String, String)>, String> {
    let answer = http.get(format!("{address}/workflow/consume")).send().await.map_err(|it| it.to_string())?;
    match answer.status().as_u16() {
        200 => {}
        404 => return Ok(None),
        status => return Err(status.to_string()),
    }
    let location = answer.headers()["content-location"].to_str().unwrap().to_owned();
    let uuid = location.strip_prefix("/workflow/").unwrap().strip_suffix("/csv").unwrap().to_owned();
    Ok(Some((uuid, answer.text().await.map_err(|it| it.to_string())?)))
}

fn command(cloud: &Cloud, postgres: Option<&Postgres>, args: &[&str]) -> Command {
    let mut command = cloud.serve_command("workflows", args);
    if let Some(postgres) = postgres {
        // Not as a flag: it holds a password.
        command.env("DATABASE_URL", &postgres.url);
    }
    command
}
