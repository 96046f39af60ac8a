//! The HTTP/1.1 server, in the clear and over TLS: accepts, bounds what a client may do, and hands each request to the handler.

pub(crate) mod body;
mod closing;
pub(crate) mod drain;
mod handler;
mod idle;
mod newer;
mod parked;
mod socket;
#[cfg(test)]
mod tests;
mod tls;
mod workers;

use std::future::poll_fn;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use http::request::Parts;
use hyper::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use body::Body;
use closing::Closing;
pub(crate) use handler::{Client, Handler};
use idle::Idle;
use parked::{Exchange, Parked};
use socket::Socket;
pub(crate) use workers::Workers;

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
    mut workers: Workers,
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
                let (served_by, closing, token) = (handler.clone(), closing.clone(), connections.token());
                let handshakes = handshakes.clone();
                let served = workers.serve(stream, move |stream| async move {
                    connection(stream, peer.ip(), served_by, closing, handshakes).await;
                    drop(token);
                });
                served.unwrap_or_else(|error| handler.not_accepted(&error));
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

/// Answers what comes over a connection within this process, until that ends.
pub(crate) async fn serve_within(stream: DuplexStream, handler: Arc<impl Handler>) {
    let client = Client { address: IpAddr::from([127, 0, 0, 1]), secure: false };
    requests(stream, client, handler, Arc::default()).await;
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
    mut stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    client: Client,
    handler: Arc<impl Handler>,
    closing: Arc<Closing>,
) {
    let exchange = Arc::default();
    let mut first = Bytes::new();
    loop {
        // Boxed, so that it is gone while the request waits.
        let spoken = Box::pin(speak(stream, first, client, &handler, &closing, &exchange)).await;
        let Some(parked) = spoken else { return };
        let Some(answered) = parked.answered(&exchange).await else { return };
        (stream, first) = answered;
    }
}

/// Speaks HTTP, beginning with what was read `first`, until the connection has ended or its request waits.
async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    first: Bytes,
    client: Client,
    handler: &Arc<impl Handler>,
    closing: &Closing,
    exchange: &Arc<Exchange>,
) -> Option<Parked<S>> {
    let service = service_fn(|request| {
        exchange.begin(request, |head, body, waits| answer(handler.clone(), head, body, client, waits))
    });
    let idle = Idle::default();
    let mut connection = http1::Builder::new()
        .timer(idle.clone())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD)
        // A client that goes away ends its request: a long poll must not receive for nobody.
        .half_close(false)
        .serve_connection(Socket::new(TokioIo::new(stream), first, READ_TIMEOUT, exchange.clone()), service);
    let (mut newer, mut waits) = (false, false);
    let spoken = poll_fn(|cx| match Pin::new(&mut connection).poll(cx) {
        Poll::Pending if exchange.waits() => Poll::Ready(None),
        polled => polled.map(Some),
    });
    // A client that breaks the protocol or goes away is its own affair.
    let ended = closing
        .or_end(pin!(async {
            tokio::select! {
                biased;
                done = spoken => match done {
                    Some(Err(error)) => {
                        newer = error.is_parse_version_h2();
                        if error.is_parse() {
                            handler.not_understood(client, &error.to_string());
                        }
                    }
                    Some(Ok(())) => {}
                    None => waits = true,
                },
                () = idle.expired(HEAD_TIMEOUT) => {}
            }
        }))
        .await;
    if waits {
        let parts = connection.into_parts();
        let (stream, unread) = parts.io.into_parts();
        return exchange.park(stream.into_inner(), joined(parts.read_buf, unread));
    }
    if newer {
        newer::refuse(connection.into_parts().io.into_parts().0.into_inner()).await;
    } else if !ended {
        Pin::new(&mut connection).graceful_shutdown();
        let _ = connection.await;
    }
    None
}

/// Bytes, and those behind them.
fn joined(bytes: Bytes, behind: Bytes) -> Bytes {
    match (bytes.is_empty(), behind.is_empty()) {
        (_, true) => bytes,
        (true, false) => behind,
        (false, false) => [bytes, behind].concat().into(),
    }
}

/// The answer to a request, which sets `waits` once it waits for what may take long.
async fn answer<H: Handler>(
    handler: Arc<H>,
    head: Box<Parts>,
    body: Incoming,
    client: Client,
    waits: Arc<AtomicBool>,
) -> Response<Body> {
    let json = head.headers.contains_key("x-amz-target");
    survive(handler.handle(head, body, client, waits), json, |what| handler.panicked(what)).await
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
