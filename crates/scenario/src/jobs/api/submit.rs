//! `POST /submit-job-request`: a job is safe in the queue, and known in the table, before the answer leaves.
//!
//! The order of the two: the queue first, since its message's id is the job's. Killed between the two, the client has no
//! answer and no id; the job is done nevertheless, and its entry is written by the processor. Both write the same entry, and
//! only the first one counts. So a job whose id a client has is always known.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::error::SdkError;
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use aws_sdk_sqs::operation::send_message::{SendMessageError, SendMessageOutput};
use aws_sdk_sqs::types::{MessageAttributeValue, MessageSystemAttributeNameForSends, MessageSystemAttributeValue};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::IgnoredAny;
use service::clock;
use service::http::Problem;
use tokio::time::sleep;
use utoipa::ToSchema;

use super::caller::{Allowed, Refusals};
use super::{Api, in_time};
use crate::jobs::TENANT;
use crate::jobs::failure::Failure;
use crate::jobs::figures::Moved;
use crate::jobs::tracking::{Request, Trouble};
use crate::message;

/// How often the entry is tried, and the pause in between: the job is in the queue already.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(200);

/// The answer to a job.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Submitted {
    /// The id of its message, by which its status is asked for.
    #[schema(example = "0b2f2c1e-5a3f-4a55-8f5e-3a3d6b9f9a10")]
    job_id: String,
}

/// Submits a job: any JSON of up to 1 MiB less 8 KiB (380 KiB where the tracking table is DynamoDB's)
#[utoipa::path(
    post, path = "/submit-job-request", tag = "jobs", security(("bearer" = [])),
    request_body(content = Value, description = "The job's payload", example = json!({ "station": "SYD", "days": 1 })),
    responses(
        (status = 200, description = "The job is in the queue", body = Submitted),
        (status = 400, description = "The body is no JSON", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The queue, the table or the issuer of tokens doesn't answer. With the member `jobId` \
            the job is in the queue, and its status is known once the table is back",
            body = Problem, content_type = "application/problem+json"),
        Refusals,
    )
)]
pub(super) async fn submit_job_request(
    State(api): State<Arc<Api>>,
    allowed: Allowed,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    api.submit(allowed, body).await.unwrap_or_else(|refusal| refusal)
}

/// The same as `/submit-job-request`
#[utoipa::path(
    post, path = "/submit-job", tag = "jobs", security(("bearer" = [])),
    request_body(content = Value, description = "The job's payload", example = json!({ "station": "SYD", "days": 1 })),
    responses(
        (status = 200, description = "The job is in the queue", body = Submitted),
        (status = 400, description = "The body is no JSON", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "As of `/submit-job-request`", body = Problem,
            content_type = "application/problem+json"),
        Refusals,
    )
)]
pub(super) async fn submit_job(
    State(api): State<Arc<Api>>,
    allowed: Allowed,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    api.submit(allowed, body).await.unwrap_or_else(|refusal| refusal)
}

impl Api {
    async fn submit(&self, allowed: Allowed, body: Result<Bytes, BytesRejection>) -> Result<Response, Response> {
        let most = self.tracking.max_payload();
        let too_large = || {
            let detail = format!("A payload has at most {most} bytes: it travels in a message of SQS.");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail).into_response()
        };
        let body = body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => too_large(),
            _ => Problem::bad_request(rejection.body_text()).into_response(),
        })?;
        let payload = payload(&body).map_err(|why| Problem::bad_request(why).into_response())?;
        if payload.len() > most {
            return Err(too_large());
        }
        let sent = clock::since_epoch();
        let late = |why| Failure { why, throttled: false };
        let job = in_time(self.send(&allowed, &payload), late)
            .await
            .map_err(|failure| Problem::unavailable("The queue").because(failure.why))?;
        self.figures.moved(Moved::Sent, 1);
        let tenant = &allowed.caller.tenant;
        let request = Request { job: &job, tenant, payload: &payload, sent, trace: &allowed.trace };
        if let Err(trouble) = in_time(self.track(&request), Trouble::new).await {
            let problem = Problem::unavailable("The tracking table").with("jobId", job);
            return Err(problem.because(trouble));
        }
        Ok(Json(Submitted { job_id: job }).into_response())
    }

    /// Sends the message, and gives its id. Its group is the tenant: the queue is fair to the others when one floods it.
    async fn send(&self, allowed: &Allowed, payload: &str) -> Result<String, Failure> {
        let tenant = &allowed.caller.tenant;
        let text = MessageAttributeValue::builder().data_type("String").string_value(tenant).build();
        let trace = MessageSystemAttributeValue::builder().data_type("String").string_value(&allowed.trace).build();
        let wrong = |error: aws_sdk_sqs::error::BuildError| Failure { why: error.to_string(), throttled: false };
        let send = self.clients.sqs.send_message().queue_url(&self.queue).message_body(payload);
        let send = send
            .message_group_id(tenant)
            .message_attributes(TENANT, text.map_err(wrong)?)
            .message_system_attributes(MessageSystemAttributeNameForSends::AwsTraceHeader, trace.map_err(wrong)?);
        let sent = send_once(send).await?;
        sent.message_id.ok_or_else(|| Failure { why: "SQS gave the message no id".into(), throttled: false })
    }

    /// Writes the entry, with patience: the job can't be taken back.
    async fn track(&self, request: &Request<'_>) -> Result<(), Trouble> {
        let mut left = TRIES;
        loop {
            left -= 1;
            let added = self.tracking.add(request).await;
            self.figures.asked("add", added.is_ok());
            match added {
                Err(_) if left > 0 => sleep(PAUSE).await,
                ended => return ended,
            }
        }
    }
}

/// Sends a message, and not again when the answer is lost: it may be in the queue already, and a second one would be a second
/// job, while the caller has one id. So the caller hears that the queue doesn't answer, and decides.
async fn send_once(send: SendMessageFluentBuilder) -> Result<SendMessageOutput, SdkError<SendMessageError>> {
    let once = aws_sdk_sqs::Config::builder().retry_config(RetryConfig::disabled());
    send.customize().config_override(once).send().await
}

/// The payload of a body: JSON as it was sent, its numbers and its order included.
fn payload(body: &[u8]) -> Result<Cow<'_, str>, String> {
    let text = std::str::from_utf8(body).map_err(|error| format!("The body is no UTF-8: {error}."))?;
    let _: IgnoredAny = serde_json::from_str(text).map_err(|error| format!("The body is no JSON: {error}."))?;
    Ok(message::fit(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn any_json_is_a_payload_and_nothing_else_is() {
        for text in
            ["{}", "null", " 1e999 ", "\"a\"", "[1,2]", "{\"a\":12345678901234567890123}", "\"\\u0000\"", "\"\u{7f}\""]
        {
            assert_eq!(payload(text.as_bytes()).unwrap(), text);
        }
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(payload(deep.as_bytes()).unwrap(), deep);
        for text in ["", "{", "{'a':1}", "1 2", "NaN", "\u{feff}{}", "\"a\nb\"", "a=b"] {
            assert!(payload(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(payload(b"\"\xff\"").is_err());
    }

    // A cloud was killed after it had taken a message and before it answered: the client of SQS sent it again by itself, and one
    // request became two jobs, of which the caller knew one.
    #[tokio::test]
    async fn a_message_whose_answer_is_lost_is_not_sent_again() {
        use tokio::io::AsyncReadExt;
        use tokio::net::TcpListener;

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_sqs::config::Region::new("eu-central-1"))
            .endpoint_url(format!("http://{}", listener.local_addr().unwrap()))
            .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
            .credentials_provider(aws_sdk_sqs::config::Credentials::new("test", "test", None, None, "test"))
            .build();
        let client = aws_sdk_sqs::Client::from_conf(config);
        let silent = tokio::spawn(async move {
            let mut taken = 0;
            // Whoever comes is heard, and left without an answer.
            while let Ok((mut stream, _)) = listener.accept().await {
                taken += usize::from(stream.read(&mut [0; 4096]).await.is_ok_and(|n| n > 0));
                if taken == 3 {
                    break;
                }
            }
        });
        let send = client.send_message().queue_url("http://127.0.0.1/000000000000/jobs").message_body("{}");
        assert!(send_once(send).await.is_err());
        assert!(!silent.is_finished());
        let send = client.send_message().queue_url("http://127.0.0.1/000000000000/jobs").message_body("{}");
        // The client alone would have tried again.
        assert!(send.send().await.is_err());
        silent.await.unwrap();
    }

    proptest! {
        #[test]
        fn a_payload_means_what_was_sent_and_fits_a_message(text in any::<String>()) {
            let sent = serde_json::to_string(&format!("{text}\u{fffe}\u{ffff}")).unwrap();
            let kept = payload(sent.as_bytes()).unwrap();
            prop_assert_eq!(serde_json::from_str::<Value>(&kept).unwrap(), serde_json::from_str::<Value>(&sent).unwrap());
            let is_fit = kept.chars().all(|c| c >= ' ' && !['\u{fffe}', '\u{ffff}'].contains(&c));
            prop_assert!(is_fit, "{kept:?}");
        }
    }
}
