//! From an HTTP request to an operation and back: which service, which operation, which account and region.

mod absent;
mod access;
mod admin;
mod answer;
mod context;
mod head;
mod operation;
mod route;
pub(crate) mod scope;
mod service;

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONNECTION, EXPECT, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response};
use hyper::body::{Body as _, Incoming};

pub use access::Access;
use access::Identity;
use admin::Page;
#[cfg(test)]
pub use admin::health;
use answer::{failure, finish, plain, style, style_of};
pub use context::{Context, DEFAULT_ACCOUNT, DEFAULT_REGION, Origin, RequestId, RequestIds, intern};
pub use head::{LONGEST_TRACE, host_of};
pub use operation::{Answer, Operation};
pub use route::{Route, queue_path, region_of_address, route};
pub use scope::{account_in, account_of, is_account, is_region};
pub use service::Service;

use crate::http::body::{self, Body};
use crate::http::unread;
use crate::sigv4::{Claim, Family, Payload as Signed, Refusal};
use wire::json::Json;
use wire::payload::Source;
use wire::{AwsError, Form, Payload, Protocol};
use crate::{Cloud, s3, sns};

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

    /// Tells the operator of a connection that couldn't be taken.
    pub fn not_accepted(&self, error: &std::io::Error) {
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
    pub fn stops(&self) {
        self.cloud.core.waiters.close();
    }

    /// Answers one request, which came from `peer`. Of its body nothing is left behind that the connection's next request would
    /// be taken for.
    pub async fn handle(&self, request: Request<Incoming>, peer: IpAddr) -> Response<Body> {
        let (parts, incoming) = request.into_parts();
        let waits = parts.headers.contains_key(EXPECT);
        let mut incoming = Some(incoming);
        let mut response = self.respond(parts, peer, &mut incoming).await;
        if let Some(rest) = incoming
            && !rest.is_end_stream()
            && (waits || !Box::pin(unread::skip(rest)).await)
        {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// Answers one request; takes or reads as much of its body as it needs.
    async fn respond(&self, parts: Parts, peer: IpAddr, incoming: &mut Option<Incoming>) -> Response<Body> {
        let id = self.request_ids.next();
        let refuse = |status, why: &str| plain(status, "text/plain; charset=utf-8", id, format!("{why}\n").into());
        let authority = match head::authority(&parts) {
            Ok(authority) => authority,
            Err(why) => return refuse(400, why),
        };
        let host = host_of(authority);
        if let Some(why) = self.access.guard.refuse_name(host) {
            return refuse(403, &why);
        }
        let checked = self.access.credentials.is_some();
        let (route, mut cx, claimed) = head::read(&self.cloud, &parts, authority, checked, id);
        cx.origin.address = Some(peer);
        match self.access.guard.refuse_page(&parts.headers) {
            Some(why) if route != Route::S3 || !s3::opens_to_page(&self.cloud, host, &parts, checked) => {
                return refuse(403, &why);
            }
            // What a bucket opens is S3 and nothing else.
            Some(_) => {}
            None => {
                if let Some(page) = Page::of(&self.cloud, &parts, cx.access_key.is_some()) {
                    return self.page(page, &parts, id).await;
                }
            }
        }
        if let Err(error) = claimed {
            return match route {
                Route::S3 => s3::refuse(cx, parts, error),
                route => failure(&error, style_of(&route), id),
            };
        }
        if !route.takes(&parts.method) {
            let message = format!("The method {} calls no operation.", parts.method.as_str().escape_debug());
            return failure(&AwsError::new(405, "MethodNotAllowed", message), style_of(&route), id);
        }
        match route {
            Route::S3 => {
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

    /// A page of the server's own. Where keys are wanted, what isn't for everybody is for who has one, whatever service
    /// his request is signed for; he sees his account's.
    async fn page(&self, page: Page, parts: &Parts, id: RequestId) -> Response<Body> {
        let mut identity = None;
        if page.is_closed() {
            let declared = parts.headers.contains_key("x-amz-content-sha256");
            let payload = if declared { Signed::Declared } else { Signed::Whole(b"") };
            identity = match self.access.verify(&self.cloud, parts, payload, Family::Query(None)) {
                Ok(identity) => identity,
                Err(error) => return failure(&error, style(None, Protocol::Query), id),
            };
        }
        let account = identity.as_ref().map(|identity| &*identity.account);
        let (status, content_type, body) = page.answer(&self.cloud, account).await;
        plain(status, content_type, id, body)
    }

    async fn s3(&self, mut cx: Context, parts: Parts, incoming: &mut Option<Incoming>) -> Response<Body> {
        let website = s3::is_website(&cx);
        if parts.method == Method::OPTIONS || website {
            // Neither is asked who he is.
            cx.become_nobody();
        }
        if parts.method == Method::OPTIONS {
            return s3::preflight(cx, parts);
        }
        if website {
            return Box::pin(s3::visit(cx, parts, self.access.credentials.is_some())).await;
        }
        let (body, back) = unread::lend(incoming.take());
        let body = s3s::Body::http_body(body);
        let response = match s3::is_form(&parts) {
            true => self.form(cx, parts, body).await,
            false => match self.access.verify(&self.cloud, &parts, Signed::Declared, Family::S3) {
                Ok(identity) => self.object(cx, identity, parts, body).await,
                Err(error) => s3::refuse(cx, parts, error),
            },
        };
        *incoming = back.take();
        response
    }

    /// A browser's form: signed in its fields, unless its request is.
    async fn form(&self, mut cx: Context, mut parts: Parts, body: s3s::Body) -> Response<Body> {
        let (form, body) = match s3::Form::open(&mut parts, body).await {
            Ok(opened) => opened,
            Err(failure) => return s3::refuse(cx, parts, failure.into()),
        };
        let identity = match (Claim::of_form(&form.fields), Claim::of(&parts)) {
            (Err(refusal), _) | (_, Err(refusal)) => Err(refusal.error(Family::S3)),
            (Ok(Some(_)), Ok(Some(_))) => Err(Refusal::TwoWays(String::new()).error(Family::S3)),
            (Ok(None), Ok(Some(_))) => self.access.verify(&self.cloud, &parts, Signed::Declared, Family::S3),
            (Ok(claim), Ok(None)) => {
                (cx.account, cx.access_key, cx.session) = head::who(&self.cloud, claim.as_ref());
                self.access.verify_form(&self.cloud, claim.as_ref(), form.policy())
            }
        };
        let permitted = identity.and_then(|identity| {
            form.permitted(&cx, &mut parts)?;
            Ok(identity)
        });
        match permitted {
            Ok(identity) => self.object(cx, identity, parts, body).await,
            Err(error) => s3::refuse(cx, parts, error),
        }
    }

    async fn object(
        &self,
        mut cx: Context,
        identity: Option<Identity>,
        mut parts: Parts,
        body: s3s::Body,
    ) -> Response<Body> {
        if let Some(identity) = identity {
            cx.become_whom(&identity);
            if let Some(chunks) = identity.chunks {
                parts.extensions.insert(chunks);
            }
        }
        s3::serve(cx, parts, body).await
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
        let hidden = self.access.credentials.is_none() && self.access.guard.may_be_a_page(&parts.headers);
        if hidden && !link && parts.method == Method::GET {
            let message = "A browser may not call this server by a GET: any page can make it do that.";
            return (service, Err(AwsError::new(403, "AccessDenied", message)));
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
        if let Some(identity) = self.access.verify(&self.cloud, parts, Signed::Whole(body), family)? {
            cx.become_whom(&identity);
        }
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
