//! `/_messaging/state`: the whole state as a file, sent as it is made, and taken as it comes.

use std::io::{self, Write};

use bytes::Bytes;
use futures::StreamExt;
use http::request::Parts;
use http::{Method, Response};
use http_body_util::StreamBody;
use hyper::body::{Frame, Incoming};
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;

use super::Gateway;
use super::admin::Page;
use super::answer::plain;
use super::guard::is_same_origin;
use crate::http::body::{self, Body};
use crate::request::RequestId;
use crate::state::{self, Saving};
use wire::AwsError;

/// The version of the answers.
const VERSION: u32 = 1;
/// What the file is, for HTTP.
const FILE: &str = "application/octet-stream";
/// Bytes of the file that are sent together.
const CHUNK: usize = 256 << 10;
/// How many such pieces wait for a client that reads slowly.
const WAITING: usize = 4;

impl Gateway {
    /// Sends or takes a state. Nobody does either on a server that checks signatures.
    pub(super) async fn state(
        &self,
        page: Page,
        parts: &Parts,
        incoming: &mut Option<Incoming>,
        id: RequestId,
    ) -> Response<Body> {
        let Page::State(method, query) = page else { return plain(404, "application/json", id, Bytes::new()) };
        let answered = match method {
            _ if self.access.credentials.is_some() => Err(denied(
                "The state of a server that checks signatures is neither saved nor loaded: its keys are of several accounts.",
            )),
            Method::PUT if !is_same_origin(parts) => {
                Err(denied("A page of another server may not change anything here."))
            }
            Method::PUT => self.load_state(&query, incoming).await.map(|json| (200, json)),
            Method::HEAD => return plain(200, FILE, id, Bytes::new()),
            _ => match self.save_state(&query, id).await {
                Ok(response) => return response,
                Err(error) => Err(error),
            },
        };
        let (status, json) = answered.unwrap_or_else(|error| {
            let told = json!({"code": error.code, "message": error.message});
            (error.status, json!({"page": "state", "error": told}))
        });
        plain(status, "application/json", id, json.to_string().into())
    }

    async fn load_state(&self, query: &str, incoming: &mut Option<Incoming>) -> Result<Json, AwsError> {
        let replace = match query {
            "" => false,
            "replace=true" => true,
            _ => return Err(wrong("Nothing was loaded: replace=true is all that a load can be told.")),
        };
        let loaded = Box::pin(state::load(&self.cloud, state::of_body(incoming), replace)).await?;
        let mut json = serde_json::to_value(&loaded).map_err(|error| AwsError::internal(error.to_string()))?;
        json["page"] = "state".into();
        json["version"] = VERSION.into();
        Ok(json)
    }

    async fn save_state(&self, query: &str, id: RequestId) -> Result<Response<Body>, AwsError> {
        if !query.is_empty() {
            return Err(wrong("A state is saved as a whole: that takes no parameter."));
        }
        let saving = Saving::begin(&self.cloud).await?;
        let (to, pieces) = mpsc::channel(WAITING);
        let cloud = self.cloud.clone();
        tokio::task::spawn_blocking(move || {
            let mut pipe = Pipe { to, waiting: Vec::with_capacity(CHUNK) };
            // The client sees by the end that never comes that its file isn't whole.
            if let Err(error) = saving.write(&mut pipe).map_err(io::Error::other).and_then(|_| pipe.flush()) {
                cloud.notice(&format!("a state wasn't saved to its end: {error}"));
                _ = pipe.to.blocking_send(Err(error));
            }
        });
        let mut response = plain(200, FILE, id, Bytes::new());
        let pieces = futures::stream::unfold(pieces, |mut pieces| async { Some((pieces.recv().await?, pieces)) });
        *response.body_mut() =
            body::stream(StreamBody::new(pieces.map(|piece: io::Result<Bytes>| piece.map(Frame::data))));
        Ok(response)
    }
}

/// Writes to a client, which may be slow.
struct Pipe {
    to: mpsc::Sender<io::Result<Bytes>>,
    waiting: Vec<u8>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.waiting);
        if piece.is_empty() {
            return Ok(());
        }
        self.to.blocking_send(Ok(piece.into())).map_err(|_| io::Error::other("the client went away"))
    }
}

fn denied(why: &str) -> AwsError {
    AwsError::new(403, "AccessDenied", why)
}

fn wrong(why: &str) -> AwsError {
    AwsError::bad("InvalidParameterValue", why)
}
