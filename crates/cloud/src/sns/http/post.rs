//! One POST to an endpoint.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderMap, USER_AGENT};
use http::uri::Authority;
use http::{Method, Request, StatusCode, Uri};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;

use super::auth::User;
use crate::chaos::{Kind, Subject};
use crate::core::Cloud;
use crate::notification::reach;
use crate::notification::tls::Tls;
use text::arn;

/// "Amazon SNS message delivery retries": an endpoint has 15 seconds.
const TIMEOUT: Duration = Duration::from_secs(15);

/// No more of an answer is read: heads of status 100 that never ended kept a thread from all others, and no timeout ended it.
const MAX_HEAD: u64 = 64 << 10;

/// What is posted.
#[derive(Debug)]
pub(super) struct Post<'p> {
    pub url: &'p str,
    /// `Notification`, `SubscriptionConfirmation` or `UnsubscribeConfirmation`.
    pub kind: &'p str,
    pub message_id: &'p str,
    pub topic_arn: &'p str,
    pub subscription_arn: Option<&'p str>,
    pub raw: bool,
    pub content_type: &'p str,
    pub body: String,
}

/// Why a post didn't arrive.
#[derive(Debug)]
pub(super) struct PostError {
    pub reason: String,
    /// Another attempt would fail the same way.
    pub permanent: bool,
}

impl PostError {
    fn passing(reason: impl std::fmt::Display) -> Self {
        Self { reason: reason.to_string(), permanent: false }
    }

    fn permanent(reason: impl std::fmt::Display) -> Self {
        Self { reason: reason.to_string(), permanent: true }
    }
}

/// Posts; an answer of 2xx is success.
pub(super) async fn send(post: Post<'_>, cloud: &Cloud) -> Result<(), PostError> {
    if is_down(&post, cloud) {
        return Err(PostError::passing("can't connect: a rule of chaos says that the endpoint is down"));
    }
    match tokio::time::timeout(TIMEOUT, exchange(post, cloud)).await {
        Ok(result) => result,
        Err(_) => Err(PostError::passing("the endpoint gave no answer within 15 s")),
    }
}

/// Whether a rule of chaos has an endpoint refuse.
fn is_down(post: &Post<'_>, cloud: &Cloud) -> bool {
    let topic = post.topic_arn;
    let name = topic.rsplit(':').next().unwrap_or_default();
    let subject = Subject {
        account: arn::account(topic),
        region: arn::region(topic),
        service: "sns",
        operation: "",
        names: &[name, topic, post.url],
    };
    cloud.chaos.has(Kind::Endpoint) && cloud.chaos.is_down(cloud.core.now(), &subject)
}

async fn exchange(post: Post<'_>, cloud: &Cloud) -> Result<(), PostError> {
    let uri: Uri = post.url.parse().map_err(|error| PostError::permanent(format!("the URL is invalid: {error}")))?;
    let authority = uri.authority().ok_or_else(|| PostError::permanent("the URL has no host"))?.clone();
    let secure = match uri.scheme_str() {
        Some("http") => false,
        Some("https") => true,
        _ => return Err(PostError::permanent("the URL is neither http nor https")),
    };
    if let Some(why) = cloud.reach.refuses(&uri) {
        return Err(PostError::permanent(why));
    }
    let tls = &cloud.tls;
    let (mut status, headers) = attempt(&post, &uri, &authority, secure.then_some(tls), None).await?;
    if let Some(user) = User::of(&authority).filter(|_| secure && status == StatusCode::UNAUTHORIZED)
        && let Some(credentials) = user.answer(&headers, path(&uri), post.message_id)
    {
        (status, _) = attempt(&post, &uri, &authority, Some(tls), Some(&credentials)).await?;
    }
    // A client's error is not tried again, except that it was too much at once.
    match status.as_u16() {
        200..300 => Ok(()),
        429 => Err(PostError::passing(format!("the endpoint answered {status}"))),
        400..500 => Err(PostError::permanent(format!("the endpoint answered {status}"))),
        _ => Err(PostError::passing(format!("the endpoint answered {status}"))),
    }
}

/// One request on a connection of its own, over TLS if there is one to speak.
async fn attempt(
    post: &Post<'_>,
    uri: &Uri,
    authority: &Authority,
    tls: Option<&Tls>,
    credentials: Option<&str>,
) -> Result<(StatusCode, HeaderMap), PostError> {
    let (addresses, port) = reach::target(uri).ok_or_else(|| {
        PostError::permanent(format!(
            "{} is not a loopback address, and nothing is sent to others from here",
            authority.host()
        ))
    })?;
    let mut stream = Err(PostError::passing("no address"));
    for address in addresses {
        stream = TcpStream::connect((address, port))
            .await
            .map_err(|error| PostError::passing(format!("can't connect: {error}")));
        if stream.is_ok() {
            break;
        }
    }
    let request = request(post, uri, authority, credentials)?;
    match tls {
        None => over(stream?, request).await,
        Some(tls) => over(tls.connect(authority.host(), stream?).await.map_err(PostError::passing)?, request).await,
    }
}

async fn over(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<(StatusCode, HeaderMap), PostError> {
    let (read, write) = tokio::io::split(stream);
    let stream = TokioIo::new(tokio::io::join(read.take(MAX_HEAD), write));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.map_err(PostError::passing)?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(PostError::passing);
    connection.abort();
    let (head, _) = response?.into_parts();
    Ok((head.status, head.headers))
}

fn request(
    post: &Post<'_>,
    uri: &Uri,
    authority: &Authority,
    credentials: Option<&str>,
) -> Result<Request<Full<Bytes>>, PostError> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path(uri))
        .header(HOST, authority.as_str().rsplit('@').next().unwrap_or_default())
        .header(USER_AGENT, "Amazon Simple Notification Service Agent")
        .header(CONNECTION, "Keep-Alive")
        .header(ACCEPT_ENCODING, "gzip,deflate")
        .header(CONTENT_TYPE, post.content_type)
        .header("x-amz-sns-message-type", post.kind)
        .header("x-amz-sns-message-id", post.message_id)
        .header("x-amz-sns-topic-arn", post.topic_arn);
    if let Some(arn) = post.subscription_arn {
        request = request.header("x-amz-sns-subscription-arn", arn);
    }
    if post.raw {
        request = request.header("x-amz-sns-rawdelivery", "true");
    }
    if let Some(credentials) = credentials {
        request = request.header(AUTHORIZATION, credentials);
    }
    request.body(Full::new(Bytes::from(post.body.clone()))).map_err(PostError::permanent)
}

/// What is asked for at the host.
fn path(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |path| path.as_str())
}
