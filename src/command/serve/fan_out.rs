//! `messaging serve fanout`: the orders and the payments API behind their queues, and a way in for events.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use scenario::{Error, Outputs, Role, System};
use serde::Serialize;
use serde_json::json;
use service::http::{Dependency, Face, Problem};
use service::metrics::Metrics;
use service::record::{Record, Tell};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::aws::{CallError, Target};
use crate::event::own::{Common, Own};
use crate::exit::Failure;
use crate::stack;
use crate::stop::Stop;
use crate::traffic::PATIENCE;
use crate::traffic::api::Api;
use crate::traffic::consumer::{self, Handling, LONG_POLL, Notice, Plan};
use crate::traffic::publisher::values;

/// What the fan-out is in its documentation.
const ABOUT: &str = "An e-commerce's events: a topic broadcasts each to the queues of the orders and the payments API, which \
    this service drains, and to a delivery stream.";

/// The fan-out's service: its face, and a worker for each queue.
pub(super) async fn open(
    target: &Target,
    outputs: &Outputs,
    role: Role,
    workers: usize,
    tell: Tell,
    stop: CancellationToken,
) -> Result<System, Failure> {
    let output = |name: &str| {
        let missing = || Failure::usage(format!("The stack has no output {name}")).help("Deploy infra.yaml.");
        outputs.get(name).cloned().ok_or_else(missing)
    };
    let topic = Arc::new(Topic { sns: target.sns(), arn: output(stack::TOPIC_ARN)? });
    let mut face = Face::new("Fan-out", ABOUT, tell.clone()).needs(topic.clone());
    if role.has_api() {
        face = face.routes(OpenApiRouter::new().routes(routes!(publish)).with_state(topic));
    }
    let mut work: Vec<futures::future::BoxFuture<'static, Result<(), Error>>> = Vec::new();
    for (api, name) in [(Api::Orders, stack::ORDERS_QUEUE_URL), (Api::Payments, stack::PAYMENTS_QUEUE_URL)] {
        if !role.has_workers() {
            break;
        }
        let (sqs, url) = (target.sqs(), output(name)?);
        let looked = consumer::describe(&sqs, &url).await;
        let settings = looked.map_err(|error| error.failure(target, &format!("look at the queue {url}")))?;
        face = face.needs(Arc::new(Drained { api, sqs: sqs.clone(), url: url.clone() }));
        let plan = Plan {
            api,
            queue_url: url,
            handling: Handling { receivers: u32::try_from(workers).unwrap_or(u32::MAX), ..Handling::default() },
            until_empty: false,
            poll: LONG_POLL,
            budget: None,
            trace: false,
            patience: PATIENCE,
        };
        let listener = listener(face.metrics.clone(), tell.clone());
        let stop = Stop::of(stop.clone());
        work.push(Box::pin(async move {
            let ended = consumer::consume(&sqs, plan, &settings, &stop, listener).await;
            ended.map_err(|error| Error::failed(format!("The {} API's worker ended", api.name()), error))
        }));
    }
    Ok(System { face, work })
}

/// What is heard of the workers, as figures and lines.
fn listener(metrics: Metrics, tell: Tell) -> consumer::Listener {
    Arc::new(move |api, notice| {
        let (name, none) = (api.name(), Duration::ZERO);
        let record = match &notice {
            Notice::Handled { event, summary, receives, age, .. } => {
                metrics.job_begins(name);
                metrics.job_ends(name, "done", none, age.unwrap_or_default());
                let lead = age.map(|age| age.as_secs_f64() * 1_000.0);
                let facts =
                    json!({ "kind": name, "id": event.id, "outcome": "done", "attempts": receives, "lead_ms": lead });
                Record::new("job", format!("{name}: {} {summary}", event.event_type), facts)
            }
            Notice::Own { message_id, receives, .. } => {
                metrics.job_begins(name);
                metrics.job_ends(name, "done", none, none);
                let facts = json!({ "kind": name, "id": message_id, "outcome": "done", "attempts": receives });
                Record::new("job", format!("{name}: an event of somebody's own"), facts)
            }
            Notice::Failed { event, why, receives, .. } => failed(&metrics, name, &event.id, why, *receives),
            Notice::Unreadable { message_id, why, receives } => failed(&metrics, name, message_id, why, *receives),
            Notice::NotDeleted { message_id, why } => Record::note(format!("{name}: {message_id} not deleted: {why}")),
            Notice::NotKept { message_id, why } => Record::note(format!("{name}: {message_id} not kept: {why}")),
            Notice::Trouble { why, .. } => Record::note(format!("{name}: {why}")),
            // A service has no flag for deaths.
            Notice::Died { .. } => return,
            Notice::Request { .. } | Notice::Received { .. } | Notice::Again | Notice::Left { .. } => return,
        };
        tell.tell(record);
    })
}

/// A message that comes again, or ends in the dead-letter queue.
fn failed(metrics: &Metrics, api: &str, id: &str, why: &str, receives: u32) -> Record {
    metrics.job_begins(api);
    metrics.job_ends(api, "retry", Duration::ZERO, Duration::ZERO);
    let facts = json!({ "kind": api, "id": id, "outcome": "retry", "attempts": receives, "error": why });
    Record::new("job", format!("{api}: {id} failed: {why}"), facts)
}

/// The topic that events go to.
struct Topic {
    sns: aws_sdk_sns::Client,
    arn: String,
}

#[async_trait]
impl Dependency for Topic {
    fn name(&self) -> &str {
        "topic"
    }

    async fn check(&self) -> Result<(), String> {
        let asked = self.sns.get_topic_attributes().topic_arn(&self.arn).send().await;
        asked.map(drop).map_err(|error| CallError::from(error).to_string())
    }
}

/// A queue that is drained.
struct Drained {
    api: Api,
    sqs: aws_sdk_sqs::Client,
    url: String,
}

#[async_trait]
impl Dependency for Drained {
    fn name(&self) -> &str {
        self.api.name()
    }

    async fn check(&self) -> Result<(), String> {
        consumer::held(&self.sqs, &self.url).await.map(drop).map_err(|error| error.to_string())
    }
}

/// An event that the topic has taken.
#[derive(Debug, Serialize, ToSchema)]
struct Published {
    /// The id that SNS gave it.
    #[serde(rename = "messageId")]
    #[schema(rename = "messageId", example = "5b0ba1d7-9a0e-5f3c-8f77-b9a4f0e4a5b1")]
    message_id: String,
}

/// Publishes an event: any JSON, as it stands there, or `{"message": .., "attributes": {..}, "subject": ".."}`.
#[utoipa::path(post, path = "/events", tag = "events",
    request_body(content = serde_json::Value, description = "The event", example = json!({
        "message": { "order": 1 }, "attributes": { "kind": "order" }
    })),
    responses(
        (status = 202, description = "The topic has it", body = Published),
        (status = 400, description = "It isn't JSON, or no event", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "It is too large", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "SNS doesn't take it", body = Problem, content_type = "application/problem+json"),
    ))]
async fn publish(State(topic): State<Arc<Topic>>, body: String) -> Response {
    let fifo = topic.arn.ends_with(".fifo");
    let own = match Own::read(1, &body, &Common { attributes: Vec::new(), fifo }) {
        Ok(own) => own,
        Err(why) => return Problem::bad_request(format!("The body is no event: {why}.")).into_response(),
    };
    let attributes = values(own.attributes).collect();
    let request =
        topic.sns.publish().topic_arn(&topic.arn).message(own.message).set_message_attributes(Some(attributes));
    let request =
        request.set_subject(own.subject).set_message_group_id(own.group).set_message_deduplication_id(own.dedup);
    match request.send().await {
        Ok(answer) => {
            let message_id = answer.message_id.unwrap_or_default();
            (StatusCode::ACCEPTED, Json(Published { message_id })).into_response()
        }
        Err(error) => {
            let error = CallError::from(error);
            match error.kind.may_pass() {
                true => Problem::unavailable("The topic").because(error),
                false => Problem::bad_request(format!("SNS doesn't take it: {error}")).into_response(),
            }
        }
    }
}
