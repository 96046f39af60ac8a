//! From an HTTP request to an operation and back: which service, which operation, which account and region.

mod absent;
mod access;
mod admin;
mod answer;
mod context;
mod operation;
mod route;
pub(in crate::cloud) mod scope;
mod service;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONNECTION, EXPECT, HOST, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response};
use hyper::body::{Body as _, Incoming};

pub use access::Access;
#[cfg(test)]
pub use admin::health;
use answer::{failure, finish, plain, style, style_of};
pub use context::{Context, DEFAULT_ACCOUNT, DEFAULT_REGION, RequestId, RequestIds, intern};
pub use operation::{Answer, Operation};
pub use route::{Route, queue_path, region_of_address, route};
pub use scope::{Scope, account_in, account_of, is_account, is_region};
pub use service::Service;

use crate::cloud::http::body::{self, Body};
use crate::cloud::http::unread;
use crate::cloud::sigv4::{Family, Payload as Signed, Verified};
use crate::cloud::sts::session;
use crate::cloud::wire::json::Json;
use crate::cloud::wire::payload::Source;
use crate::cloud::wire::{AwsError, Form, Payload, Protocol};
use crate::cloud::{Cloud, s3, sns};

static TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// Every service's operations, and what each request needs of the server.
pub struct Gateway {
    cloud: Arc<Cloud>,
    /// Each service's table, sorted by name.
    tables: [(Service, Vec<Operation>); Service::ALL.len()],
    request_ids: RequestIds,
    access: Access,
}

impl Gateway {
    /// A gateway for loopback that looks at no signature.
    pub fn new(cloud: Arc<Cloud>) -> Gateway {
        Self::with_access(cloud, Access::default())
    }

    pub fn with_access(cloud: Arc<Cloud>, access: Access) -> Gateway {
        let tables = Service::ALL.map(|service| {
            let mut table = service.operations().to_vec();
            table.sort_by_key(|operation| operation.name);
            (service, table)
        });
        Gateway { cloud, tables, request_ids: RequestIds::default(), access }
    }

    fn operation(&self, service: Service, name: &str) -> Option<&Operation> {
        let (_, table) = self.tables.iter().find(|(of, _)| *of == service)?;
        table.binary_search_by_key(&name, |operation| operation.name).ok().map(|at| &table[at])
    }

    /// Tells the operator of a request that panicked; the panic hook has said where.
    pub fn panicked(&self, what: &str) {
        self.cloud.notice(&format!("a request failed by a fault of this server: {what}"));
    }

    /// Answers one request. Of its body nothing is left behind that the connection's next request would be taken for.
    pub async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        let (parts, incoming) = request.into_parts();
        let waits = parts.headers.contains_key(EXPECT);
        let mut incoming = Some(incoming);
        let mut response = self.respond(parts, &mut incoming).await;
        if let Some(rest) = incoming
            && !rest.is_end_stream()
            && (waits || !Box::pin(unread::skip(rest)).await)
        {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// Answers one request; takes or reads as much of its body as it needs.
    async fn respond(&self, parts: Parts, incoming: &mut Option<Incoming>) -> Response<Body> {
        let id = self.request_ids.next();
        let authority = authority(&parts);
        let host = host_of(authority);
        let refuse = |why: String| plain(403, "text/plain; charset=utf-8", id, format!("{why}\n").into());
        if let Some(why) = self.access.guard.refuse_name(host) {
            return refuse(why);
        }
        let scope = Scope::of(&parts.headers, parts.uri.query());
        let route = route(&parts, host, scope.as_ref());
        match self.access.guard.refuse_page(&parts.headers) {
            Some(why) if route != Route::S3 || !s3::opens_to_page(&self.cloud, host, &parts) => return refuse(why),
            // What a bucket opens is S3 and nothing else.
            Some(_) => {}
            None => {
                if let Some((status, content_type, body)) = admin::answer(&self.cloud, &parts).await {
                    return plain(status, content_type, id, body);
                }
            }
        }
        let mut cx = match self.context(&parts, authority, host, scope.as_ref(), &route, id) {
            Ok(cx) => cx,
            Err(error) => return failure(&error, style_of(&route), id),
        };
        match route {
            Route::S3 => {
                drop(scope);
                // Boxed, since every request's future is as large as the largest way through here.
                Box::pin(async {
                    let response = self.s3(cx, parts, incoming).await;
                    self.cloud.core.settle().await;
                    response
                })
                .await
            }
            Route::BareQueue => plain(404, "text/xml", id, Bytes::from_static(b"<UnknownOperationException/>\n")),
            Route::UnknownTarget(target) => {
                let message = if target.is_empty() { String::new() } else { format!("No service here has {target}.") };
                failure(&AwsError::bad("UnknownOperationException", message), style_of(&route), id)
            }
            Route::Json { service, operation, protocol } => {
                let answer = self.json(&mut cx, service, operation, &parts, incoming).await;
                finish(answer, style(Some(service), protocol), id)
            }
            Route::Query { service } => {
                let (service, answer) = self.query(&mut cx, service, &parts, incoming).await;
                finish(answer, style(service, Protocol::Query), id)
            }
        }
    }

    async fn s3(&self, mut cx: Context, mut parts: Parts, incoming: &mut Option<Incoming>) -> Response<Body> {
        if parts.method == Method::OPTIONS {
            return s3::preflight(cx, parts);
        }
        if s3::is_website(host_of(authority(&parts))) {
            return s3::visit(cx, parts, self.access.credentials.is_some());
        }
        let verified = match self.access.verify(&self.cloud, &parts, Signed::Declared, Family::S3) {
            Ok(verified) => verified,
            Err(error) => return failure(&error, style_of(&Route::S3), cx.request_id),
        };
        cx.act_for(verified.as_ref());
        if let Some(chunks) = verified.and_then(|verified| verified.chunks) {
            parts.extensions.insert(chunks);
        }
        let (body, back) = unread::lend(incoming.take());
        let response = s3::serve(cx, parts, s3s::Body::http_body(body)).await;
        *incoming = back.take();
        response
    }

    async fn json(
        &self,
        cx: &mut Context,
        service: Service,
        name: &str,
        parts: &Parts,
        incoming: &mut Option<Incoming>,
    ) -> Result<Vec<u8>, AwsError> {
        let body = body::collect(incoming, service.body_limit()).await?;
        self.verify(cx, parts, &body, Family::Json(service))?;
        let Some(operation) = self.operation(service, name) else {
            let message = format!("The operation {name} is not one of this cloud's.");
            return Err(AwsError::bad("UnknownOperationException", message));
        };
        let mut scratch = Vec::new();
        self.run(cx, service, operation, Source::Json(Json::new(&body, &mut scratch))).await
    }

    async fn query(
        &self,
        cx: &mut Context,
        service: Option<Service>,
        parts: &Parts,
        incoming: &mut Option<Incoming>,
    ) -> (Option<Service>, Result<Vec<u8>, AwsError>) {
        let limit = service.unwrap_or(Service::Sqs).body_limit();
        let body = match body::collect(incoming, limit).await {
            Ok(body) => body,
            Err(error) => return (service, Err(error)),
        };
        let mut form = match Form::parse(&[&body, parts.uri.query().unwrap_or_default().as_bytes()]) {
            Ok(form) => form,
            Err(error) => return (service, Err(error)),
        };
        let version = form.get("Version");
        let queue = queue_path(parts.uri.path()).is_some();
        let service =
            service.or_else(|| version.and_then(Service::by_version)).or_else(|| queue.then_some(Service::Sqs));
        // The links in SNS's messages: a GET without a signature, and without a version that would tell the service.
        let link = service.is_none() && parts.method == Method::GET && form.get("Action").is_some_and(sns::is_link);
        let service = if link { Some(Service::Sns) } else { service };
        if !(link && cx.access_key.is_none())
            && let Err(error) = self.verify(cx, parts, &body, Family::Query(service))
        {
            return (service, Err(error));
        }
        let (Some(service), Some(action)) = (service, form.get("Action")) else {
            let error = match form.get("Action") {
                None => AwsError::bad("MissingAction", "The request must contain the parameter Action."),
                Some(action) => no_such_action(service, action, version),
            };
            return (service, Err(error));
        };
        let Some(operation) = self.operation(service, action) else {
            let refusal =
                absent::refuse(service, action).unwrap_or_else(|| no_such_action(Some(service), action, version));
            return (Some(service), Err(refusal));
        };
        if service == Service::Sqs && queue {
            form.default("QueueUrl", &format!("{}{}", cx.host, parts.uri.path()));
        }
        (Some(service), self.run(cx, service, operation, Source::Form(form)).await)
    }

    fn verify(&self, cx: &mut Context, parts: &Parts, body: &[u8], family: Family) -> Result<(), AwsError> {
        let verified = self.access.verify(&self.cloud, parts, Signed::Whole(body), family)?;
        cx.act_for(verified.as_ref());
        Ok(())
    }

    async fn run(
        &self,
        cx: &Context,
        service: Service,
        operation: &Operation,
        source: Source<'_>,
    ) -> Result<Vec<u8>, AwsError> {
        let payload =
            Payload { operation: operation.name, source, names: service.names(), namespace: service.namespace() };
        let answer = (operation.run)(cx, &payload).await;
        // A refusal may come of a look alone.
        if answer.is_err() || !operation.is_settled() {
            Box::pin(self.cloud.core.settle()).await;
        }
        answer
    }

    fn context(
        &self,
        parts: &Parts,
        authority: &str,
        host: &str,
        scope: Option<&Scope>,
        route: &Route,
        request_id: RequestId,
    ) -> Result<Context, AwsError> {
        let region = match scope {
            Some(scope) if !is_region(&scope.region) => {
                let message =
                    format!("Credential should be scoped to a valid region, not '{}'. ", scope.region.escape_debug());
                return Err(AwsError::new(403, "SignatureDoesNotMatch", message));
            }
            // What SDKs call the region of a service that has none.
            Some(scope) if scope.region == "aws-global" => DEFAULT_REGION,
            Some(scope) => &scope.region,
            None => region_of_address(host, parts.uri.path()).unwrap_or(DEFAULT_REGION),
        };
        let session = scope.and_then(|scope| session::of_request(&self.cloud, parts, &scope.access_key));
        let account = match &session {
            Some(session) => &session.account,
            None => scope.and_then(|scope| account_of(&scope.access_key)).unwrap_or(DEFAULT_ACCOUNT),
        };
        let protocol = match route {
            Route::Json { protocol, .. } => *protocol,
            Route::UnknownTarget(_) => Protocol::Json11,
            Route::Query { .. } | Route::BareQueue => Protocol::Query,
            Route::S3 => Protocol::Rest,
        };
        Ok(Context {
            cloud: self.cloud.clone(),
            account: intern(account),
            region: intern(region),
            access_key: scope.map(|scope| intern(&scope.access_key)),
            session: session.map(Arc::new),
            host: intern_host(authority),
            protocol,
            request_id,
            trace: parts.headers.get(&TRACE_ID).and_then(|id| id.to_str().ok()).map(Arc::from),
            service: None,
        })
    }
}

impl Context {
    /// The account of a verified key that names one.
    fn act_for(&mut self, verified: Option<&Verified<'_>>) {
        if let Some(account) = verified.and_then(|verified| verified.key.account.as_deref()) {
            self.account = intern(account);
        }
    }
}

/// AWS's answer to an action it doesn't know.
fn no_such_action(service: Option<Service>, action: &str, version: Option<&str>) -> AwsError {
    let message = match service {
        Some(Service::Sqs) => format!("The action {action} is not valid for this endpoint."),
        _ => {
            let version = version.or(service.and_then(Service::version)).unwrap_or("NO_VERSION_SPECIFIED");
            format!("Could not find operation {action} for version {version}")
        }
    };
    AwsError::bad("InvalidAction", message)
}

/// Host and port as the client addressed this server.
fn authority(parts: &Parts) -> &str {
    parts
        .uri
        .authority()
        .map(|authority| authority.as_str())
        .or_else(|| parts.headers.get(HOST).and_then(|host| host.to_str().ok()))
        .unwrap_or("localhost")
}

/// The authority without its port.
pub fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// `http://` and the authority, made once for each that comes again and again.
fn intern_host(authority: &str) -> Arc<str> {
    use std::cell::RefCell;
    thread_local! {
        static LAST: RefCell<Arc<str>> = RefCell::new("http://".into());
    }
    LAST.with_borrow_mut(|last| {
        if last.strip_prefix("http://") != Some(authority) {
            *last = format!("http://{authority}").into();
        }
        last.clone()
    })
}
