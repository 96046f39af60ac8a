//! The HTTP/1.1 server, in the clear and over TLS: accepts, bounds what a client may do, and hands each request to the handler.

pub(crate) mod body;
mod closing;
pub(crate) mod drain;
mod handler;
mod idle;
mod newer;
#[cfg(test)]
mod tests;
mod tls;
mod workers;
mod write_timeout;

use std::convert::Infallible;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use body::Body;
use closing::Closing;
pub(crate) use handler::{Client, Handler};
use idle::Idle;
pub(crate) use workers::Workers;
use write_timeout::WriteTimeout;

/// How long a client may take to send a request's head, or may leave a connection idle between two.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// How long a client may leave an answer unread.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// How long requests that run may still take after the server was told to stop. Most take a millisecond; a client that is
/// slow to send or to read would hold up the end for ever.
const GRACE: Duration = Duration::from_secs(1);
/// More headers than any AWS client sends.
const MAX_HEADERS: usize = 128;
/// The longest request head, in bytes; a presigned URL or a query string can be long.
const MAX_HEAD: usize = 128 * 1024;

/// Serves until told to stop; then no new connection is taken, idle ones are closed, and what runs may be finished,
/// within [`GRACE`]. Long polls are answered, with nothing.
pub(crate) async fn serve(
    listener: TcpListener,
    workers: Workers,
    handler: Arc<impl Handler>,
    stop: CancellationToken,
) {
    let connections = TaskTracker::new();
    let closing = Arc::new(Closing::default());
    let handshakes = Arc::new(Semaphore::new(tls::MOST));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (handler, closing, token) = (handler.clone(), closing.clone(), connections.token());
                let handshakes = handshakes.clone();
                workers.serve(stream, move |stream| async move {
                    connection(stream, peer.ip(), handler, closing, handshakes).await;
                    drop(token);
                });
            }
            // The client is gone already, or there are no more file descriptors: the next accept may succeed.
            Err(error) => {
                handler.not_accepted(&error);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
    drop(listener);
    handler.stops();
    closing.tell();
    connections.close();
    let _ = tokio::time::timeout(GRACE, connections.wait()).await;
    workers.stop(GRACE).await;
}

async fn connection(
    stream: TcpStream,
    peer: IpAddr,
    handler: Arc<impl Handler>,
    closing: Arc<Closing>,
    handshakes: Arc<Semaphore>,
) {
    let _ = stream.set_nodelay(true);
    // A client that says nothing isn't waited for when the server stops.
    let begins = closing.unless_told(tokio::time::timeout(HEAD_TIMEOUT, tls::begins(&stream))).await;
    let Some(Ok(secure)) = begins else { return };
    let client = Client { address: peer, secure };
    match secure {
        false => requests(stream, client, handler, closing).await,
        // Boxed, since every connection's future is as large as the largest way through here.
        true => Box::pin(secured(stream, client, handler, closing, &handshakes)).await,
    }
}

async fn secured(
    stream: TcpStream,
    client: Client,
    handler: Arc<impl Handler>,
    closing: Arc<Closing>,
    handshakes: &Semaphore,
) {
    let accepted = closing.unless_told(tls::accept(stream, client, &*handler, handshakes)).await;
    if let Some(Some(stream)) = accepted {
        requests(stream, client, handler, closing).await;
    }
}

/// Answers a connection's requests, one after the other.
async fn requests(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    client: Client,
    handler: Arc<impl Handler>,
    closing: Arc<Closing>,
) {
    let answering = handler.clone();
    let service = service_fn(move |request| answer(answering.clone(), request, client));
    let idle = Idle::default();
    let mut connection = http1::Builder::new()
        .timer(idle.clone())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD)
        // A client that goes away ends its request: a long poll must not receive for nobody.
        .half_close(false)
        .serve_connection(WriteTimeout::new(TokioIo::new(stream), READ_TIMEOUT), service);
    let mut newer = false;
    // A client that breaks the protocol or goes away is its own affair.
    let ended = closing
        .or_end(pin!(async {
            tokio::select! {
                biased;
                done = &mut connection => if let Err(error) = done {
                    newer = error.is_parse_version_h2();
                    if error.is_parse() {
                        handler.not_understood(client, &error.to_string());
                    }
                },
                () = idle.expired(HEAD_TIMEOUT) => {}
            }
        }))
        .await;
    if newer {
        newer::refuse(connection.into_parts().io.into_inner().into_inner()).await;
    } else if !ended {
        Pin::new(&mut connection).graceful_shutdown();
        let _ = connection.await;
    }
}

async fn answer<H: Handler>(
    handler: Arc<H>,
    request: Request<Incoming>,
    client: Client,
) -> Result<Response<Body>, Infallible> {
    let json = request.headers().contains_key("x-amz-target");
    Ok(survive(handler.handle(request, client), json, |what| handler.panicked(what)).await)
}

/// A panic ends its own request alone. No `async fn`: that would hold, and move, the answer's future twice.
fn survive(
    answer: impl Future<Output = Response<Body>>,
    json: bool,
    tell: impl FnOnce(&str),
) -> impl Future<Output = Response<Body>> {
    AssertUnwindSafe(answer).catch_unwind().map(move |answer| {
        answer.unwrap_or_else(|panic| {
            let what = panic.downcast_ref::<String>().map(String::as_str);
            tell(what.or(panic.downcast_ref::<&str>().copied()).unwrap_or("unknown"));
            failure(json)
        })
    })
}

/// The answer to a request that panicked.
fn failure(json: bool) -> Response<Body> {
    let failure = match json {
        true => {
            r#"{"__type":"InternalFailure","message":"The request processing has failed because of an unknown error."}"#
        }
        false => {
            "<ErrorResponse><Error><Type>Receiver</Type><Code>InternalFailure</Code><Message>The request processing has \
                  failed because of an unknown error.</Message></Error></ErrorResponse>"
        }
    };
    let mut response = Response::new(body::full(failure.into()));
    *response.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
    response
}
