//! Serves a face on a port: its connections have bounds, and it stops gracefully.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::guard::Arrival;
use super::places::Places;
use super::write_timeout::WriteTimeout;
use super::{Face, Peer, drain};

/// How long a client may take to send a request's head, and how long a connection may idle.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// How long a client may leave an answer unread.
const READ_TIME: Duration = Duration::from_secs(30);
/// All the time that a spare connection has: the answer of `/health` takes at most 2 s.
const SPARE_TIME: Duration = Duration::from_secs(5);
/// How long what is under way may take once the service stops.
const LAST_REQUESTS: Duration = Duration::from_secs(10);
/// How long to wait when no connection can be taken, as when there are no file descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop`, then until what is under way has ended, at most 10 s more.
pub async fn serve(face: Face, listener: TcpListener, stop: CancellationToken) {
    serve_within(Places::new(), face.into_parts().0, listener, stop).await;
}

/// The same with these places.
async fn serve_within(places: Arc<Places>, router: Router, listener: TcpListener, stop: CancellationToken) {
    // Where it isn't known it is taken to be for this machine alone.
    let at = listener.local_addr().unwrap_or_else(|_| SocketAddr::from(([127, 0, 0, 1], 0)));
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    let mut short = http.clone();
    short.keep_alive(false);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let Ok((stream, peer)) = accepted else {
            sleep(PAUSE).await;
            continue;
        };
        // Who has his share of the spare places too is hung up on.
        let Some(place) = places.take(peer.ip()) else { continue };
        // Small answers would wait for the client's acknowledgement otherwise.
        _ = stream.set_nodelay(true);
        let (router, arrival) = (router.clone(), Arrival { at, is_spare: place.is_spare });
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            answer(router.clone(), request.map(Body::new), Peer(peer), arrival)
        });
        let stream = TokioIo::new(WriteTimeout::new(stream, READ_TIME));
        let http = if place.is_spare { &short } else { &http };
        let connection = graceful.watch(http.serve_connection(stream, service));
        tokio::spawn(async move {
            // A connection that breaks is its client's matter.
            if place.is_spare {
                _ = timeout(SPARE_TIME, connection).await;
            } else {
                _ = connection.await;
            }
            drop(place);
        });
    }
    drop(listener);
    _ = timeout(LAST_REQUESTS, graceful.shutdown()).await;
}

/// Answers a request, and leaves nothing of it on the connection.
async fn answer(router: Router, request: Request, peer: Peer, arrival: Arrival) -> Result<Response, Infallible> {
    let (mut head, body) = request.into_parts();
    head.extensions.insert(peer);
    head.extensions.insert(arrival);
    let (body, rest) = drain::lend(&head.headers, body);
    let mut response = router.oneshot(Request::from_parts(head, body)).await?;
    rest.drain(&mut response).await;
    Ok(response)
}

#[cfg(test)]
mod tests {
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use utoipa_axum::router::OpenApiRouter;

    use super::*;
    use crate::record::Tell;

    /// Serves a face with two routes, which don't read what is sent, in so many places.
    async fn served(places: Arc<Places>) -> (SocketAddr, CancellationToken) {
        let refuse = || async { axum::http::StatusCode::UNAUTHORIZED };
        let routes = OpenApiRouter::new().route("/late", post(refuse)).route("/quick", get(|| async { "quick" }));
        let (router, _) = Face::new("Test", "A test.", Tell::nobody()).routes(routes).into_parts();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        tokio::spawn(serve_within(places, router, listener, stop.clone()));
        (address, stop)
    }

    async fn ask(stream: &mut TcpStream, text: &str) -> String {
        stream.write_all(text.as_bytes()).await.unwrap();
        answer(stream).await
    }

    /// The head of an answer and the begin of its body.
    async fn answer(stream: &mut TcpStream) -> String {
        let mut read = vec![0; 4 << 10];
        let mut length = 0;
        while !read[..length].windows(4).any(|window| window == b"\r\n\r\n") {
            let more = stream.read(&mut read[length..]).await.unwrap();
            assert!(more > 0, "the connection ended: {:?}", String::from_utf8_lossy(&read[..length]));
            length += more;
        }
        String::from_utf8_lossy(&read[..length]).into_owned()
    }

    /// A client that took all connections kept everybody out, `/health` too.
    #[tokio::test]
    async fn when_all_places_are_taken_health_answers() {
        let (address, stop) = served(Places::of((2, 2), (3, 3))).await;
        let connect = async || TcpStream::connect(address).await.unwrap();
        let quick = "GET /quick HTTP/1.1\r\nhost: localhost\r\n\r\n";
        let mut taken = [connect().await, connect().await];
        for stream in &mut taken {
            assert!(ask(stream, quick).await.starts_with("HTTP/1.1 200"));
        }
        let refused = ask(&mut connect().await, quick).await;
        assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after: 1"), "{refused}");
        assert!(refused.contains("connection: close"), "{refused}");
        let healthy = ask(&mut connect().await, &quick.replace("/quick", "/health")).await;
        assert!(healthy.starts_with("HTTP/1.1 200"), "{healthy}");
        stop.cancel();
    }

    /// A client that sent 3 MiB found its connection reset instead of reading that its token is wrong.
    #[tokio::test]
    async fn who_still_sends_reads_the_answer_too() {
        let (address, stop) = served(Places::new()).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let (size, part) = (3 << 20, vec![b'x'; 64 << 10]);
        for round in 0..2 {
            let head = format!("POST /late HTTP/1.1\r\nhost: localhost\r\ncontent-length: {size}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            for _ in 0..size / part.len() {
                stream.write_all(&part).await.unwrap();
            }
            let refused = answer(&mut stream).await;
            assert!(
                refused.starts_with("HTTP/1.1 401") && !refused.contains("connection: close"),
                "{round}: {refused}"
            );
        }
        // Who asks first isn't told to send; who has announced too much isn't listened to.
        for head in ["content-length: 9\r\nexpect: 100-continue", "content-length: 99999999999"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let head = format!("POST /late HTTP/1.1\r\nhost: localhost\r\n{head}\r\n\r\n");
            let refused = ask(&mut stream, &head).await;
            assert!(refused.starts_with("HTTP/1.1 401") && refused.contains("connection: close"), "{refused}");
        }
        stop.cancel();
    }
}
