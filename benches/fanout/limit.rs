//! The ceiling: a bare hyper server that reads the body and answers as many bytes as SNS and SQS do, and nothing else.

use std::convert::Infallible;
use std::sync::LazyLock;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;

use super::requests::event;

/// The bytes of an answer to Publish.
const ANSWER: &[u8] = &[b'x'; 290];

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

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let answer = match request.headers().get("x-amz-target").map(|target| target.as_bytes()) {
        Some(b"AmazonSQS.ReceiveMessage") => MESSAGES.clone(),
        Some(b"AmazonSQS.DeleteMessageBatch") => DELETED.clone(),
        _ => Bytes::from_static(ANSWER),
    };
    let _ = request.into_body().collect().await;
    Ok(Response::new(Full::new(answer)))
}
