//! The way to a cloud of this thread: requests go through memory, each in its turn, and no socket has a say in when.

use std::error::Error;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use cloud::Entrance;
use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;

type Failed = Box<dyn Error + Send + Sync>;

/// Connections to a server of this thread.
#[derive(Clone)]
struct Within {
    entrance: Entrance,
    /// Those on which nothing is under way.
    idle: Arc<Mutex<Vec<SendRequest<Full<Bytes>>>>>,
}

impl std::fmt::Debug for Within {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Within")
    }
}

/// A client of HTTP whose requests, to whichever address, go to this server.
pub(super) fn client(entrance: Entrance) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Within { entrance, idle: Arc::default() });
    SharedHttpClient::new(http_client_fn(move |_, _| connector.clone()))
}

impl HttpConnector for Within {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let within = self.clone();
        HttpConnectorFuture::new(async move { within.exchange(request).await.map_err(ConnectorError::io) })
    }
}

impl Within {
    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, Failed> {
        let (mut head, body) = request.try_into_http1x()?.into_parts();
        let body = ByteStream::new(body).collect().await?.into_bytes();
        if let Some(authority) = head.uri.authority() {
            head.headers.insert(HOST, HeaderValue::from_str(authority.as_str())?);
        }
        let way = head.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        head.uri = Uri::from(way);
        let mut connection = self.connection().await?;
        let answer = connection.send_request(Request::from_parts(head, Full::new(body))).await?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        self.idle.lock().push(connection);
        Ok(HttpResponse::try_from(http::Response::from_parts(head, SdkBody::from(body)))?)
    }

    /// One on which nothing is under way, or a new one.
    async fn connection(&self) -> Result<SendRequest<Full<Bytes>>, Failed> {
        loop {
            let Some(mut idle) = self.idle.lock().pop() else { break };
            // The server hangs up on who says nothing for long.
            if idle.ready().await.is_ok() {
                return Ok(idle);
            }
        }
        let (connection, speaking) = http1::handshake(TokioIo::new(self.entrance.connect())).await?;
        tokio::spawn(async move { _ = speaking.await });
        Ok(connection)
    }
}
