//! From an HTTP request to an operation and back: which service, which operation, which account and region.

mod access;
mod admin;
mod answer;
pub(crate) mod chaos;
pub(crate) mod clock;
pub(crate) mod guard;
mod head;
pub(crate) mod log;
mod look;
mod metrics;
mod pages;
pub(crate) mod reset;
mod route;
#[cfg(feature = "console")]
mod to_console;
#[cfg(feature = "console")]
mod to_html;
mod to_page;
mod to_s3;
mod to_state;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::header::{CONNECTION, EXPECT, HeaderValue};
use http::request::Parts;
use http::{Method, Response};
use hyper::body::{Body as _, Incoming};
use rustls::ServerConfig;

pub use access::Access;
use admin::Page;
#[cfg(test)]
pub(crate) use admin::health;
use answer::{failure, finish, negotiated, no_such_action, payload, plain, style, style_of, tell};
use route::Route;
#[cfg(test)]
pub(crate) use route::route;

use crate::chaos::Kind;
#[cfg(feature = "console")]
use crate::console::{sign_in::Sessions, watch::Watch};
use crate::core::Cloud;
use crate::http::body::Body;
use crate::http::{Client, Handler, drain};
use crate::request::{Context, Operation, RequestId, RequestIds, Service, Told, host_of, queue_path};
use crate::services::SERVICES;
use crate::sigv4::{Family, Payload as Signed};
use crate::{s3, sns, sqs};
use wire::json::Json;
use wire::payload::Source;
use wire::{AwsError, Form, Payload, Protocol};

/// From requests to operations.
pub(crate) struct Gateway {
    cloud: Arc<Cloud>,
    request_ids: RequestIds,
    access: Access,
    /// The figures over time.
    #[cfg(feature = "console")]
    watch: Arc<Watch>,
    #[cfg(feature = "console")]
    sessions: Sessions,
}

impl Gateway {
    /// A gateway for loopback that looks at no signature.
    #[cfg(test)]
    pub(crate) fn new(cloud: Arc<Cloud>) -> Gateway {
        Self::with_access(cloud, Access::default())
    }

    /// A gateway for those who may use it.
    pub(crate) fn with_access(cloud: Arc<Cloud>, access: Access) -> Gateway {
        Gateway {
            request_ids: RequestIds::of(cloud.core.number()),
            cloud,
            access,
            #[cfg(feature = "console")]
            watch: Arc::default(),
            #[cfg(feature = "console")]
            sessions: Sessions::default(),
        }
    }

    /// What is to be kept up to date for the console.
    #[cfg(feature = "console")]
    pub(crate) fn watch(&self) -> Arc<Watch> {
        self.watch.clone()
    }
}

impl Handler for Gateway {
    /// Tells the operator of a request that panicked; the panic hook has said where.
    fn panicked(&self, what: &str) {
        self.cloud.notice(&format!("a request failed by a fault of this server: {what}"));
    }

    /// Tells the operator of a connection that couldn't be taken.
    fn not_accepted(&self, error: &std::io::Error) {
        use std::io::ErrorKind::{ConnectionAborted, ConnectionReset};
        // A client that has left again is its own affair.
        if !matches!(error.kind(), ConnectionAborted | ConnectionReset) {
            self.cloud.notice(&format!(
                "connections can't be taken: {error}. If these are too many, raise the limit of open files (ulimit -n), or \
                 have clients keep fewer connections"
            ));
        }
    }

    /// The server stops: nobody waits for messages any more.
    fn stops(&self) {
        self.cloud.core.waiters.close();
        #[cfg(feature = "console")]
        self.watch.hub.wake();
    }

    /// Names that aren't this server's get what its address would: the answer then says why they are refused.
    async fn certificate_for(&self, name: Option<&str>, address: IpAddr) -> Option<Arc<ServerConfig>> {
        let name = name.filter(|name| self.access.guard.refuse_name(name).is_none());
        self.cloud.certificate_for(name, address).await
    }

    fn not_understood(&self, client: Client, why: &str) {
        if let Some(log) = &self.access.log {
            log.not_understood(self.cloud.core.now(), client.address, why);
        }
    }

    /// Answers one request of a client's. Of its body nothing is left behind that the connection's next request would
    /// be taken for.
    async fn handle(
        &self,
        parts: Box<Parts>,
        incoming: Incoming,
        client: Client,
        waits: Arc<AtomicBool>,
    ) -> Response<Body> {
        let expects = parts.headers.contains_key(EXPECT);
        let mut incoming = Some(incoming);
        let entry = self.access.log.as_ref().map(|log| log.begin(&parts, self.cloud.core.clock()));
        let told = entry.as_ref().map(|entry| entry.told());
        let mut response = self.share(self.respond(parts, client, &mut incoming, told, waits).await);
        if let Some(entry) = entry {
            entry.end(response.status().as_u16());
        }
        if let Some(rest) = incoming
            && !rest.is_end_stream()
            && (expects || !Box::pin(drain::drain(rest)).await)
        {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// What a query asks for, and its parameters.
type Query = (&'static Service, &'static Operation, Payload<'static>);
/// A refusal in the words of a service.
type Refused = (Option<&'static Service>, AwsError);

/// Where a request leads.
enum Way<'r> {
    /// To a page of the server's own.
    Page(Page, Context),
    Service(Route<'r>, Context),
}

impl Gateway {
    /// A page of the server's own. Boxed, since every request's future is as large as the largest way through here.
    fn shown<'a>(
        &'a self,
        page: Page,
        cx: Context,
        parts: &'a Parts,
        incoming: &'a mut Option<Incoming>,
    ) -> BoxFuture<'a, Response<Body>> {
        match page {
            #[cfg(feature = "console")]
            Page::Start | Page::Html(_) => Box::pin(self.console_page(cx, parts, incoming)),
            #[cfg(feature = "console")]
            Page::Console(_) => Box::pin(self.console(cx, parts, incoming)),
            Page::State(..) => Box::pin(self.state(page, parts, incoming, cx.request_id)),
            page => Box::pin(self.page(page, parts, incoming, cx.request_id)),
        }
    }

    /// Answers one request; takes or reads as much of its body as it needs.
    async fn respond(
        &self,
        parts: Box<Parts>,
        client: Client,
        incoming: &mut Option<Incoming>,
        told: Option<Arc<Told>>,
        waits: Arc<AtomicBool>,
    ) -> Response<Body> {
        let (route, mut cx) = match self.admit(&parts, client, told) {
            Ok(Way::Service(route, cx)) => (route, cx),
            Ok(Way::Page(page, cx)) => return self.shown(page, cx, &parts, incoming).await,
            Err(refusal) => return *refusal,
        };
        match route {
            Route::S3 => {
                Box::pin(async {
                    let response = self.s3(cx, parts, incoming).await;
                    self.cloud.core.wait_durable().await;
                    response
                })
                .await
            }
            Route::BareQueue => {
                plain(404, "text/xml", cx.request_id, Bytes::from_static(b"<UnknownOperationException/>\n"))
            }
            Route::UnknownTarget(target) => {
                let message = if target.is_empty() { String::new() } else { format!("No service here has {target}.") };
                let error = AwsError::bad("UnknownOperationException", message);
                tell(&cx, &error);
                failure(&error, style_of(&route), cx.request_id)
            }
            Route::Json { service, operation, protocol } => {
                let answer = match self.read_json(&mut cx, service, operation, &parts, incoming).await {
                    Ok((operation, body)) => {
                        // A request that waits for long is not to hold what it came in.
                        drop(parts);
                        cx.waits = Some(waits);
                        self.json(&cx, service, operation, &body).await
                    }
                    Err(error) => Err(error),
                };
                _ = answer.as_ref().inspect_err(|error| tell(&cx, error));
                finish(answer, style(Some(service), protocol), cx.request_id)
            }
            Route::Query { service } => {
                let protocol = negotiated(&parts);
                let (service, answer) = match self.query(&mut cx, service, &parts, incoming).await {
                    Ok((service, operation, payload)) => {
                        drop(parts);
                        cx.waits = Some(waits);
                        (Some(service), self.run(&cx, service, operation, &payload).await)
                    }
                    Err((service, error)) => (service, Err(error)),
                };
                _ = answer.as_ref().inspect_err(|error| tell(&cx, error));
                finish(answer, style(service, protocol), cx.request_id)
            }
        }
    }

    /// Where a request's head leads; or its refusal, for what its head says alone.
    fn admit<'r>(
        &self,
        parts: &'r Parts,
        client: Client,
        told: Option<Arc<Told>>,
    ) -> Result<Way<'r>, Box<Response<Body>>> {
        let id = self.request_ids.next();
        let refuse = |status, why: &str| {
            Err(Box::new(plain(status, "text/plain; charset=utf-8", id, format!("{why}\n").into())))
        };
        let authority = match head::authority(parts) {
            Ok(authority) => authority,
            Err(why) => return refuse(400, why),
        };
        let host = host_of(authority);
        if let Some(why) = self.access.guard.refuse_name(host) {
            return refuse(403, &why);
        }
        let checked = self.access.credentials.is_some();
        let (route, mut cx, claimed) = head::read(&self.cloud, parts, authority, checked, id, client);
        if let Some(told) = &told {
            told.who(&cx.account, &cx.region);
        }
        cx.told = told;
        match self.access.guard.refuse_page(&parts.headers) {
            Some(why) if route != Route::S3 || !s3::opens_to_page(&self.cloud, host, parts, checked) => {
                return refuse(403, &why);
            }
            // What a bucket opens is S3 and nothing else.
            Some(_) => {}
            None => {
                if let Some(page) = Page::of(&self.cloud, parts, host, cx.access_key.is_some(), checked) {
                    // A look is no line of the log; what changes something is.
                    if let Some(told) = cx.told.as_ref().filter(|_| !page.changes()) {
                        told.is_page();
                    }
                    return Ok(Way::Page(page, cx));
                }
            }
        }
        if let Err(error) = claimed {
            tell(&cx, &error);
            return Err(Box::new(match route {
                Route::S3 => s3::refuse(cx, parts.clone(), error),
                route => failure(&error, style_of(&route), id),
            }));
        }
        if !route.takes(&parts.method) {
            let message = format!("The method {} calls no operation.", parts.method.as_str().escape_debug());
            let error = AwsError::new(405, "MethodNotAllowed", message);
            tell(&cx, &error);
            return Err(Box::new(failure(&error, style_of(&route), id)));
        }
        Ok(Way::Service(route, cx))
    }

    /// Which operation a JSON request asks for, of whom it is proven, and its body.
    async fn read_json(
        &self,
        cx: &mut Context,
        service: &'static Service,
        name: &str,
        parts: &Parts,
        incoming: &mut Option<Incoming>,
    ) -> Result<(&'static Operation, Bytes), AwsError> {
        let body = self.collect(incoming, service.body_limit).await?;
        if let Some(told) = &cx.told {
            told.operation(service.id, name);
            told.resource(&log::about_json(&body));
        }
        self.verify(cx, parts, &body, Family::Json(service))?;
        let Some(operation) = service.operation(name) else {
            let unknown = || {
                let message = format!("The operation {name} is not one of this cloud's.");
                AwsError::bad("UnknownOperationException", message)
            };
            return Err(service.refuse_absent(name).unwrap_or_else(unknown));
        };
        cx.note_use(service.id);
        Ok((operation, body))
    }

    async fn json(
        &self,
        cx: &Context,
        service: &'static Service,
        operation: &'static Operation,
        body: &[u8],
    ) -> Result<Vec<u8>, AwsError> {
        let mut scratch = Vec::new();
        let payload = payload(service, operation, Source::Json(Json::new(body, &mut scratch)));
        self.run(cx, service, operation, &payload).await
    }

    /// As [`read_query`](Self::read_query), once the body was read.
    async fn query(
        &self,
        cx: &mut Context,
        service: Option<&'static Service>,
        parts: &Parts,
        incoming: &mut Option<Incoming>,
    ) -> Result<Query, Refused> {
        let limit = service.unwrap_or(&sqs::SERVICE).body_limit;
        let body = self.collect(incoming, limit).await.map_err(|error| (service, error))?;
        let read = self.read_query(cx, service, parts, &body)?;
        cx.note_use(read.0.id);
        Ok(read)
    }

    /// Which operation a query asks for, of whom it is proven, and its parameters; or a refusal in the words of a service.
    fn read_query(
        &self,
        cx: &mut Context,
        service: Option<&'static Service>,
        parts: &Parts,
        body: &[u8],
    ) -> Result<Query, Refused> {
        let form = Form::parse(&[body, parts.uri.query().unwrap_or_default().as_bytes()]);
        let mut form = form.map_err(|error| (service, error))?;
        let version = form.get("Version");
        let queue = queue_path(parts.uri.path()).is_some();
        let service = service
            .or_else(|| version.and_then(|it| SERVICES.by_version(it)))
            .or_else(|| queue.then_some(&sqs::SERVICE));
        // The links in SNS's messages: a GET without a signature, and without a version that would tell the service.
        let link = service.is_none() && parts.method == Method::GET && form.get("Action").is_some_and(sns::is_link);
        let service = if link { Some(&sns::SERVICE) } else { service };
        if let Some(told) = &cx.told {
            told.operation(service.map_or("query", |service| service.id), form.get("Action").unwrap_or_default());
            let path = queue_path(parts.uri.path()).map_or("", |(_, queue)| queue);
            let about = log::about(|name| form.get(name));
            told.resource(if about.is_empty() { path } else { about });
        }
        if !(link && cx.access_key.is_none())
            && let Err(error) = self.verify(cx, parts, body, Family::Query(service))
        {
            return Err((service, error));
        }
        let hidden = self.access.credentials.is_none() && self.access.guard.may_be_a_page(&parts.headers);
        if hidden && !link && parts.method == Method::GET {
            let message = "A browser may not call this server by a GET: any page can make it do that.";
            return Err((service, AwsError::new(403, "AccessDenied", message)));
        }
        let (Some(service), Some(action)) = (service, form.get("Action")) else {
            let error = match form.get("Action") {
                None => AwsError::bad("MissingAction", "The request must contain the parameter Action."),
                Some(action) => no_such_action(service, action, version),
            };
            return Err((service, error));
        };
        let at_queue = *service == sqs::SERVICE && queue;
        let known = service.operation(action).filter(|_| !at_queue || sqs::is_of_queue(action));
        let Some(operation) = known else {
            let refusal =
                service.refuse_absent(action).unwrap_or_else(|| no_such_action(Some(service), action, version));
            return Err((Some(service), refusal));
        };
        if at_queue {
            form.set_default("QueueUrl", &format!("{}{}", cx.host, parts.uri.path()));
        }
        let source = match negotiated(parts) {
            Protocol::QueryJson => Source::Negotiated(form),
            _ => Source::Form(form),
        };
        Ok((service, operation, payload(service, operation, source)))
    }

    fn verify(&self, cx: &mut Context, parts: &Parts, body: &[u8], family: Family) -> Result<(), AwsError> {
        if let Some(proof) = self.access.verify(&self.cloud, parts, Signed::Whole(body), family)? {
            cx.become_whom(&proof.identity);
        }
        Ok(())
    }

    async fn run(
        &self,
        cx: &Context,
        service: &Service,
        operation: &Operation,
        payload: &Payload<'_>,
    ) -> Result<Vec<u8>, AwsError> {
        if self.cloud.chaos.has(Kind::Answer) {
            Box::pin(self.meet_chaos(cx, service, operation, payload)).await?;
        }
        service.check(payload)?;
        let answer = (operation.run)(cx, payload).await;
        // A refusal may come of a look alone.
        if answer.is_err() || !operation.durable {
            Box::pin(self.cloud.core.wait_durable()).await;
        }
        answer
    }
}
