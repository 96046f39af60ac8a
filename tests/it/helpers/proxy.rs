//! A proxy between a client and a cloud that does on purpose what no cloud may: it loses, doubles, delays and reorders publishes.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// What becomes of a publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Passes,
    /// Acknowledged, and gone.
    Lost,
    Twice,
    /// Acknowledged, and passed on so much later.
    Late(Duration),
    /// Acknowledged, and passed on when the next one is.
    BehindNext,
}

/// An event that was published through the proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Passing {
    pub sequence: u64,
    pub event_type: String,
}

/// A proxy in front of a cloud.
pub(crate) struct Proxy {
    pub endpoint: String,
    inner: Arc<Inner>,
}

struct Inner {
    to: String,
    client: reqwest::Client,
    fate: Box<dyn Fn(u64) -> Fate + Send + Sync>,
    /// What is done before the first publish is passed on.
    before: tokio::sync::Mutex<Option<futures::future::BoxFuture<'static, ()>>>,
    seen: Mutex<Vec<Passing>>,
    kept: Mutex<Option<Asked>>,
}

/// A request, whole.
#[derive(Clone)]
struct Asked {
    head: http::request::Parts,
    body: Bytes,
}

impl Proxy {
    /// In front of an address; each event's fate follows from its sequence.
    pub(crate) async fn start(
        to: &str,
        fate: impl Fn(u64) -> Fate + Send + Sync + 'static,
        before: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Inner {
            to: to.to_owned(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            fate: Box::new(fate),
            before: tokio::sync::Mutex::new(Some(Box::pin(before))),
            seen: Mutex::default(),
            kept: Mutex::default(),
        });
        let serving = inner.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let inner = serving.clone();
                let service = service_fn(move |request| {
                    let inner = inner.clone();
                    async move { Ok::<_, std::convert::Infallible>(inner.answer(request).await) }
                });
                // A client that hangs up is no concern of the proxy's.
                tokio::spawn(
                    async move { _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await },
                );
            }
        });
        Self { endpoint, inner }
    }

    /// What was published.
    pub(crate) fn seen(&self) -> Vec<Passing> {
        self.inner.seen.lock().unwrap().clone()
    }
}

impl Inner {
    async fn answer(self: &Arc<Self>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let asked = Asked { head, body: body.collect().await.map(|body| body.to_bytes()).unwrap_or_default() };
        let Some(passing) = published(&asked.body) else { return self.pass(&asked).await };
        if let Some(before) = self.before.lock().await.take() {
            before.await;
        }
        let fate = (self.fate)(passing.sequence);
        self.seen.lock().unwrap().push(passing);
        match fate {
            Fate::Passes => {
                let answer = self.pass(&asked).await;
                let kept = self.kept.lock().unwrap().take();
                if let Some(kept) = kept {
                    self.pass(&kept).await;
                }
                answer
            }
            Fate::Lost => acknowledged(),
            Fate::Twice => {
                self.pass(&asked).await;
                self.pass(&asked).await
            }
            Fate::Late(by) => {
                let inner = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(by).await;
                    inner.pass(&asked).await;
                });
                acknowledged()
            }
            Fate::BehindNext => {
                *self.kept.lock().unwrap() = Some(asked);
                acknowledged()
            }
        }
    }

    /// Passes a request on, as it is.
    async fn pass(&self, asked: &Asked) -> Response<Full<Bytes>> {
        let path = asked.head.uri.path_and_query().map_or("/", |path| path.as_str());
        let request = self
            .client
            .request(asked.head.method.clone(), format!("{}{path}", self.to))
            .headers(asked.head.headers.clone())
            .body(asked.body.clone());
        let Ok(answer) = request.send().await else {
            return Response::builder().status(502).body(Full::default()).unwrap();
        };
        let mut response = Response::builder().status(answer.status());
        for (name, value) in answer.headers().iter().filter(|(name, _)| *name != "transfer-encoding") {
            response = response.header(name, value);
        }
        response.body(Full::new(answer.bytes().await.unwrap_or_default())).unwrap()
    }
}

/// The event of a request that publishes one.
fn published(body: &[u8]) -> Option<Passing> {
    let text = std::str::from_utf8(body).ok().filter(|text| text.contains("Action=Publish&"))?;
    let message = text.split('&').find_map(|pair| pair.strip_prefix("Message="))?.replace('+', " ");
    let message = percent_encoding::percent_decode_str(&message).decode_utf8().ok()?;
    let event: serde_json::Value = serde_json::from_str(&message).ok()?;
    let sequence = event["sequence"].as_str()?.parse().ok()?;
    Some(Passing { sequence, event_type: event["type"].as_str()?.to_owned() })
}

/// What SNS answers to a publish that it took.
fn acknowledged() -> Response<Full<Bytes>> {
    let id = "00000000-0000-4000-8000-000000000000";
    let text = format!(
        "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>{id}</MessageId>\
         </PublishResult><ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></PublishResponse>"
    );
    Response::builder().header("content-type", "text/xml").body(Full::new(text.into())).unwrap()
}
