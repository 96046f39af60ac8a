//! The ceiling: a bare hyper server that reads the body and answers as many bytes as SNS, SQS and S3 do, and nothing else.

use std::convert::Infallible;
use std::ops::Range;
use std::pin::Pin;
use std::sync::LazyLock;

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use http_body_util::{BodyExt, Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::CONTENT_LENGTH;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;

use super::objects::SMALL;
use super::requests::event;

/// The bytes of an answer to Publish, and of the headers of S3's answers.
const ANSWER: &[u8] = &[b'x'; 290];
/// A small object.
const OBJECT: &[u8] = &[b'x'; SMALL];
/// A piece of a large one.
const PIECE: &[u8] = &[b'x'; 256 << 10];

/// An answer to ReceiveMessage with ten events, always the same.
static MESSAGES: LazyLock<Bytes> = LazyLock::new(|| {
    let message = |n| {
        json!({"MessageId": "0f4fb9c9-c017-40cb-89a1-61c9d9c6d4fd", "ReceiptHandle": "A".repeat(44),
               "MD5OfBody": "0123456789abcdef0123456789abcdef", "Body": event(n)})
    };
    json!({"Messages": (0..10).map(message).collect::<Vec<_>>()}).to_string().into()
});

/// An answer to DeleteMessageBatch with ten entries.
static DELETED: LazyLock<Bytes> = LazyLock::new(|| {
    let entry = |n: usize| json!({"Id": n.to_string()});
    json!({"Successful": (0..10).map(entry).collect::<Vec<_>>()}).to_string().into()
});

type Pieces = StreamBody<stream::Map<stream::Iter<Range<usize>>, fn(usize) -> Result<Frame<Bytes>, Infallible>>>;
type Body = Either<Full<Bytes>, Pin<Box<Pieces>>>;

/// Serves on a free port, which it prints, until it is killed.
pub(crate) fn serve() -> std::io::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("Ready on http://{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(async move {
                let served = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service_fn(answer));
                // A client that went away is no news.
                let _ = served.await;
            });
        }
    })
}

/// The answer to a request, when its body was read and thrown away.
async fn answer(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let large = request.headers().get("x-limit-bytes").and_then(|bytes| bytes.to_str().ok()?.parse().ok());
    let answer = match request.headers().get("x-amz-target").map(|target| target.as_bytes()) {
        Some(b"AmazonSQS.ReceiveMessage") => MESSAGES.clone(),
        Some(b"AmazonSQS.DeleteMessageBatch") => DELETED.clone(),
        _ if request.method() == Method::GET => Bytes::from_static(OBJECT),
        _ => Bytes::from_static(ANSWER),
    };
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    let Some(bytes) = large else { return Ok(Response::new(Either::Left(Full::new(answer)))) };
    let mut response = Response::new(Either::Right(Box::pin(of_length(bytes))));
    // Without it the body came in chunks, whose lengths were taken for bytes of the object.
    response.headers_mut().insert(CONTENT_LENGTH, bytes.into());
    Ok(response)
}

/// So many bytes of nothing.
fn of_length(bytes: usize) -> Pieces {
    let pieces: fn(usize) -> Result<Frame<Bytes>, Infallible> = |_| Ok(Frame::data(Bytes::from_static(PIECE)));
    StreamBody::new(stream::iter(0..bytes / PIECE.len()).map(pieces))
}
