//! Takes files: the file lies in the bucket, what is known of it beside it, and the message in the queue, before the answer
//! names the token.

use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::{MessageSystemAttributeNameForSends, MessageSystemAttributeValue};
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures::TryStreamExt;
use serde::Serialize;
use service::clock;
use service::http::{Peer, Problem, Trace};
use service::objects::{Attributes, Error};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::body::Upload;
use super::refused::{Refused, Wrong};
use super::{Api, Numbers, Png};
use crate::tasks::picture;
use crate::tasks::store::key;
use crate::tasks::task::{Kind, Meta, Order, Token};
use crate::tasks::tenant::{idempotency_key, tenant};

/// What a task is known by from now on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accepted {
    token: Token,
}

/// Puts the 60 x 60 blocks of a picture into another order.
///
/// The result is a PNG of the same size, colour type, bit depth, palette and transparency; what is left of whole blocks at the
/// right and at the bottom stays where it is. The picture may have 20 MiB, its sides 16,384 pixels, and all its pixels 32 MiB
/// (3840 x 2160 with transparency).
#[utoipa::path(post, path = "/randomize", tag = "tasks",
    params(
        ("X-Tenant" = Option<String>, Header, description = "Whose task it is; the client's address without it. Tenants come in turn.",
            pattern = "^[A-Za-z0-9._-]{1,64}$", example = "acme"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key with the same file gives the same token. Choose it by chance.",
            pattern = r"^[!#-\[\]-~]{1,255}$", example = "0b8a9a0c-6a51-4a3a-9f0f-6a4d5b8f7c11"),
    ),
    request_body(content = Png, content_type = "image/png", description = "The picture"),
    responses(
        (status = 201, description = "It is in the queue", body = Accepted,
            headers(("Location" = String, description = "Its status"))),
        (status = 400, description = "It is no PNG, or too large a picture, or a header is wrong", body = Wrong),
        (status = 408, description = "The body came too slowly", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The key came with another file before", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "What the bucket holds of the key's task was changed", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The bucket or the queue doesn't answer", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn randomize(
    State(api): State<Api>,
    peer: Option<Extension<Peer>>,
    Extension(trace): Extension<Trace>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answer(&api, Kind::Randomize, peer, &trace, &headers, body).await
}

/// Adds up the even numbers of a text.
///
/// The text is streamed: with a length or chunked, of any size up to the service's limit. Words are separated by white space,
/// commas and semicolons; numbers are whole ones, with a sign or without, of up to 4,096 digits. Other words are counted and
/// the first of them named.
#[utoipa::path(post, path = "/sum-even", tag = "tasks",
    params(
        ("X-Tenant" = Option<String>, Header, description = "Whose task it is; the client's address without it. Tenants come in turn.",
            pattern = "^[A-Za-z0-9._-]{1,64}$", example = "acme"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key with the same file gives the same token. Choose it by chance.",
            pattern = r"^[!#-\[\]-~]{1,255}$", example = "0b8a9a0c-6a51-4a3a-9f0f-6a4d5b8f7c11"),
    ),
    request_body(content = Numbers, content_type = "text/plain", description = "The numbers"),
    responses(
        (status = 201, description = "It is in the queue", body = Accepted,
            headers(("Location" = String, description = "Its status"))),
        (status = 400, description = "A header is wrong, or the body broke off", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is no text/plain", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The key came with another file before", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "What the bucket holds of the key's task was changed", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The bucket or the queue doesn't answer", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn sum_even(
    State(api): State<Api>,
    peer: Option<Extension<Peer>>,
    Extension(trace): Extension<Trace>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answer(&api, Kind::SumEven, peer, &trace, &headers, body).await
}

async fn answer(
    api: &Api,
    kind: Kind,
    peer: Option<Extension<Peer>>,
    trace: &Trace,
    headers: &HeaderMap,
    body: Body,
) -> Response {
    let mut upload = Upload::new(body);
    let request = Request { api, kind, peer: peer.map(|Extension(peer)| peer), trace, headers };
    match request.take(&mut upload).await {
        Ok(token) => {
            let location = format!("/{}/{}/status", kind.name(), token.as_str());
            (StatusCode::CREATED, [(LOCATION, location)], Json(Accepted { token })).into_response()
        }
        Err(refused) => {
            upload.refuse().await;
            refused.answer(kind)
        }
    }
}

/// A request to take a file.
struct Request<'a> {
    api: &'a Api,
    kind: Kind,
    peer: Option<Peer>,
    trace: &'a Trace,
    headers: &'a HeaderMap,
}

impl Request<'_> {
    async fn take(&self, upload: &mut Upload) -> Result<Token, Refused> {
        let tenant = tenant(self.headers, self.peer.map(|peer| peer.0.ip())).map_err(Refused::Wrong)?;
        let repeatable = idempotency_key(self.headers).map_err(Refused::Wrong)?;
        self.check_type()?;
        let most = if self.kind == Kind::Randomize { picture::MAX_FILE } else { self.api.max_text };
        // Before the body is sent: a client that asks for permission to continue needn't.
        if self.declared_length().is_some_and(|length| length > most) {
            return Err(Error::TooLarge { most }.into());
        }
        if self.kind == Kind::Randomize {
            let begin = upload.begin(picture::HEADER).await.map_err(|why| Refused::Wrong(broke_off(&why)))?;
            picture::check(begin).map_err(Refused::Wrong)?;
        }
        let token = match &repeatable {
            Some(key) => Token::of_key(self.kind, &tenant, key),
            None => Token::random(),
        };
        // An upload of its own: two requests with the same key don't touch each other's.
        let payload = key(self.kind, &token, &format!("payload-{:016x}", rand::random::<u64>()));
        let (length, digest) = self.store(upload, &payload, most, repeatable.is_some()).await?;
        let requested = clock::now();
        let meta = Meta { task: self.kind, token, tenant, payload, length, digest, requested };
        self.begin(meta).await
    }

    /// Stores the body.
    async fn store(
        &self,
        upload: &mut Upload,
        payload: &str,
        most: u64,
        with_digest: bool,
    ) -> Result<(u64, Option<String>), Refused> {
        let attributes = Attributes { content_type: self.kind.takes(), trace: Some(&self.trace.0) };
        let mut hash = with_digest.then(Sha256::new);
        let body = upload.stream().map_err(|why| broke_off(&why)).inspect_ok(|bytes| {
            if let Some(hash) = &mut hash {
                hash.update(bytes);
            }
        });
        let length = self.api.objects().upload(payload, attributes, body, most).await?;
        Ok((length, hash.map(|hash| hex::encode(hash.finalize()))))
    }

    /// The payload is stored: makes the task known, and asks for it.
    async fn begin(&self, meta: Meta) -> Result<Token, Refused> {
        let store = &self.api.store;
        let Some(first) = store.begin(&meta).await? else {
            self.send(&meta).await?;
            return Ok(meta.token);
        };
        // A retry of the SDK may have met what it had written itself before.
        if first.payload != meta.payload {
            // What is left of it after a failure expires.
            _ = self.api.objects().delete(&meta.payload).await;
            if first.digest.is_none() || first.digest != meta.digest {
                return Err(Refused::Reused);
            }
        }
        // The first request may have died before it sent the message. Two messages for one task do no harm: its end is
        // written once.
        if !store.has_begun(first.task, &first.token).await? {
            self.send(&first).await?;
        }
        Ok(first.token)
    }

    /// Asks a worker for it.
    async fn send(&self, meta: &Meta) -> Result<(), Refused> {
        let failed = |why: String| Refused::Queue(why);
        let order = Order { task: meta.task, token: meta.token.clone() };
        let order = serde_json::to_string(&order).map_err(|why| failed(why.to_string()))?;
        let trace = MessageSystemAttributeValue::builder().data_type("String").string_value(&self.trace.0).build();
        let trace = trace.map_err(|why| failed(why.to_string()))?;
        let send = self
            .api
            .sqs
            .send_message()
            .queue_url(&self.api.queue_url)
            .message_body(order)
            // The tenant: of a standard queue this makes a fair one.
            .message_group_id(&meta.tenant)
            .message_system_attributes(MessageSystemAttributeNameForSends::AwsTraceHeader, trace);
        send.send().await.map_err(|error| failed(DisplayErrorContext(error).to_string()))?;
        Ok(())
    }

    /// Refuses what is of another content type.
    fn check_type(&self) -> Result<(), Refused> {
        let given = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = given.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case(self.kind.takes()) {
            return Ok(());
        }
        Err(match self.kind {
            Kind::Randomize => Refused::Wrong("the content type of the body must be image/png".to_owned()),
            Kind::SumEven => Refused::Type("text/plain"),
        })
    }

    fn declared_length(&self) -> Option<u64> {
        self.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }
}

fn broke_off(why: &axum::Error) -> String {
    format!("the body broke off: {why}")
}
