//! From an HTTP request to an operation and back: which service, which operation, which account and region.

mod context;
mod operation;
mod route;
mod scope;
mod service;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response};
use hyper::body::Incoming;

pub use context::{Context, DEFAULT_ACCOUNT, DEFAULT_REGION, RequestId, RequestIds, intern};
pub use operation::{Answer, Operation};
pub use route::{Route, queue_path, region_of_address, route};
pub use scope::{Scope, account_of, is_account, is_region};
pub use service::Service;

use crate::cloud::Cloud;
use crate::cloud::http::body::{self, Body};
use crate::cloud::wire::fault::{self, Style};
use crate::cloud::wire::payload::Source;
use crate::cloud::wire::{AwsError, Form, Names, Payload, Protocol};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
static QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");
static ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// Every service's operations, and what each request needs of the server.
pub struct Gateway {
    cloud: Arc<Cloud>,
    /// Each service's table, sorted by name.
    tables: [(Service, Vec<Operation>); Service::ALL.len()],
    request_ids: RequestIds,
}

impl Gateway {
    pub fn new(cloud: Arc<Cloud>) -> Gateway {
        let tables = Service::ALL.map(|service| {
            let mut table = service.operations().to_vec();
            table.sort_by_key(|operation| operation.name);
            (service, table)
        });
        Gateway { cloud, tables, request_ids: RequestIds::default() }
    }

    fn operation(&self, service: Service, name: &str) -> Option<&Operation> {
        let (_, table) = self.tables.iter().find(|(of, _)| *of == service)?;
        table.binary_search_by_key(&name, |operation| operation.name).ok().map(|at| &table[at])
    }

    /// Answers one request.
    pub async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        let (parts, incoming) = request.into_parts();
        if let Some(answer) = self.admin(&parts) {
            return answer;
        }
        let authority = authority(&parts);
        let host = host_of(authority);
        let scope = Scope::of(&parts.headers, parts.uri.query());
        let route = route(&parts, host, scope.as_ref());
        let cx = self.context(&parts, authority, host, scope.as_ref(), &route);
        let cx = match cx {
            Ok(cx) => cx,
            Err((error, id)) => return failure(&error, style_of(&route), id),
        };
        let id = cx.request_id;
        match route {
            Route::S3 => {
                drop(scope);
                crate::cloud::s3::serve(cx, parts, incoming).await
            }
            Route::BareQueue => plain(404, "text/xml", id, Bytes::from_static(b"<UnknownOperationException/>\n")),
            Route::UnknownTarget(target) => {
                let message = if target.is_empty() { String::new() } else { format!("No service here has {target}.") };
                failure(&AwsError::bad("UnknownOperationException", message), style(None, Protocol::Json11), id)
            }
            Route::Json { service, operation, protocol } => {
                let answer = self.json(&cx, service, operation, incoming).await;
                finish(answer, style(Some(service), protocol), id)
            }
            Route::Query { service } => {
                let (service, answer) = self.query(&cx, service, &parts, incoming).await;
                finish(answer, style(service, Protocol::Query), id)
            }
        }
    }

    async fn json(&self, cx: &Context, service: Service, name: &str, incoming: Incoming) -> Result<Vec<u8>, AwsError> {
        let Some(operation) = self.operation(service, name) else {
            let message = format!("The operation {name} is not one of this cloud's.");
            return Err(AwsError::bad("UnknownOperationException", message));
        };
        let body = body::collect(incoming, service.body_limit()).await?;
        self.run(cx, service, operation, Source::Json(&body)).await
    }

    async fn query(
        &self,
        cx: &Context,
        service: Option<Service>,
        parts: &Parts,
        incoming: Incoming,
    ) -> (Option<Service>, Result<Vec<u8>, AwsError>) {
        let limit = service.unwrap_or(Service::Sqs).body_limit();
        let form = match body::collect(incoming, limit).await {
            Ok(body) => Form::parse(&[&body[..], parts.uri.query().unwrap_or_default().as_bytes()]),
            Err(error) => Err(error),
        };
        let mut form = match form {
            Ok(form) => form,
            Err(error) => return (service, Err(error)),
        };
        let version = form.get("Version");
        let queue = queue_path(parts.uri.path()).is_some();
        let service =
            service.or_else(|| version.and_then(Service::by_version)).or_else(|| queue.then_some(Service::Sqs));
        let (Some(service), Some(action)) = (service, form.get("Action")) else {
            let error = match form.get("Action") {
                None => AwsError::bad("MissingAction", "The request must contain the parameter Action."),
                Some(action) => no_such_action(action, version),
            };
            return (service, Err(error));
        };
        let Some(operation) = self.operation(service, action) else {
            return (Some(service), Err(no_such_action(action, version.or(service.version()))));
        };
        if service == Service::Sqs && queue {
            form.default("QueueUrl", &format!("{}{}", cx.host, parts.uri.path()));
        }
        (Some(service), self.run(cx, service, operation, Source::Form(form)).await)
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
        (operation.run)(cx, &payload).await
    }

    fn context(
        &self,
        parts: &Parts,
        authority: &str,
        host: &str,
        scope: Option<&Scope>,
        route: &Route,
    ) -> Result<Context, (AwsError, RequestId)> {
        let request_id = self.request_ids.next();
        let region = match scope {
            Some(scope) if !is_region(&scope.region) => {
                let message =
                    format!("Credential should be scoped to a valid region, not '{}'. ", scope.region.escape_debug());
                return Err((AwsError::new(403, "SignatureDoesNotMatch", message), request_id));
            }
            // What SDKs call the region of a service that has none.
            Some(scope) if scope.region == "aws-global" => DEFAULT_REGION,
            Some(scope) => &scope.region,
            None => region_of_address(host, parts.uri.path()).unwrap_or(DEFAULT_REGION),
        };
        let account = scope.and_then(|scope| account_of(&scope.access_key)).unwrap_or(DEFAULT_ACCOUNT);
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
            host: intern_host(authority),
            protocol,
            request_id,
        })
    }

    /// What isn't AWS's: the paths of the server itself.
    fn admin(&self, parts: &Parts) -> Option<Response<Body>> {
        if parts.method != Method::GET || parts.uri.query().is_some() {
            return None;
        }
        if let Some(certificate) = self.cloud.sns.signer.certificate(&self.cloud, parts.uri.path()) {
            return Some(plain(200, "application/x-pem-file", self.request_ids.next(), certificate.into()));
        }
        if parts.uri.path() != "/health" {
            return None;
        }
        let body = serde_json::json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") });
        Some(plain(200, "application/json", self.request_ids.next(), body.to_string().into()))
    }
}

/// AWS's answer to an action it doesn't know; the same for one that this cloud doesn't have.
fn no_such_action(action: &str, version: Option<&str>) -> AwsError {
    let version = version.unwrap_or("NO_VERSION_SPECIFIED");
    AwsError::bad("InvalidAction", format!("Could not find operation {action} for version {version}"))
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

fn style(service: Option<Service>, protocol: Protocol) -> Style {
    Style {
        protocol,
        names: service.map_or(Names::Wrapped, Service::names),
        namespace: service.map_or(fault::NO_SERVICE, Service::namespace),
        prefix: service.map_or("", Service::error_prefix),
    }
}

fn style_of(route: &Route) -> Style {
    match route {
        Route::Json { service, protocol, .. } => style(Some(*service), *protocol),
        Route::Query { service } => style(*service, Protocol::Query),
        Route::UnknownTarget(_) => style(None, Protocol::Json11),
        Route::BareQueue => style(Some(Service::Sqs), Protocol::Query),
        Route::S3 => style(None, Protocol::Rest),
    }
}

fn finish(answer: Result<Vec<u8>, AwsError>, style: Style, id: RequestId) -> Response<Body> {
    match answer {
        Ok(body) => plain(200, style.protocol.content_type(), id, body.into()),
        Err(error) => failure(&error, style, id),
    }
}

/// An error as an HTTP answer.
pub fn failure(error: &AwsError, style: Style, id: RequestId) -> Response<Body> {
    let rendered = fault::render(error, style, id.as_str());
    let mut response = plain(rendered.status, style.protocol.content_type(), id, rendered.body.into());
    for (name, value) in [(&QUERY_ERROR, rendered.query_error), (&ERROR_TYPE, rendered.error_type)] {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn plain(status: u16, content_type: &'static str, id: RequestId, body: Bytes) -> Response<Body> {
    let mut response = Response::new(body::full(body));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert(&REQUEST_ID, id);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
