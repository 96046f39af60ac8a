//! One face for every API.
//!
//! What a face gives by itself: `/health`, `/metrics`, `/openapi.json`, the documentation at `/apidocs`, an id and a trace
//! for each request, a line in the log, figures by route, errors as problem documents, limits of time and size, a guard
//! against pages of other sites, and a stop that lets what is under way end.

mod access;
mod drain;
mod guard;
mod health;
mod in_time;
mod places;
mod problem;
mod serve;
mod write_timeout;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

pub use self::access::{Answered, Observer, Peer, RequestId, Trace};
pub use self::health::{Checked, Dependency, Health};
pub use self::problem::{PROBLEM_JSON, Problem};
pub use self::serve::serve;
use crate::metrics::{self, Metrics};
use crate::record::Tell;

/// How long a request may take, unless its route streams.
const MAX_TIME: Duration = Duration::from_secs(30);
/// How long a body may stand still.
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// How large a body may be that is read as a whole, in bytes, unless its route says otherwise
/// (`axum::extract::DefaultBodyLimit`).
pub const MAX_BODY: usize = 2 << 20;
/// The documentation page: its scripts are this server's, its styles stand in it.
const PAGE_POLICY: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/// A service's face, to be given its routes and then served.
pub struct Face {
    api: OpenApiRouter,
    streaming: OpenApiRouter,
    dependencies: Vec<Arc<dyn Dependency>>,
    observer: Option<Observer>,
    names: Vec<String>,
    /// What `/metrics` shows.
    pub metrics: Metrics,
    /// Who hears what it says.
    pub tell: Tell,
}

impl Face {
    /// A face without routes of its own; `title` and `about` stand in its documentation.
    pub fn new(title: &str, about: &str, tell: Tell) -> Self {
        let info = InfoBuilder::new().title(title).description(Some(about)).version(env!("CARGO_PKG_VERSION")).build();
        let openapi = OpenApiBuilder::new().info(info).build();
        Self {
            api: OpenApiRouter::with_openapi(openapi),
            streaming: OpenApiRouter::new(),
            dependencies: Vec::new(),
            observer: None,
            names: Vec::new(),
            metrics: Metrics::default(),
            tell,
        }
    }

    /// With these routes, whose requests end within 30 s.
    pub fn routes(mut self, routes: OpenApiRouter) -> Self {
        self.api = self.api.merge(routes);
        self
    }

    /// With these routes, whose requests may take as long as their bodies move.
    pub fn streaming_routes(mut self, routes: OpenApiRouter) -> Self {
        self.streaming = self.streaming.merge(routes);
        self
    }

    /// With something that `/health` asks after.
    pub fn needs(mut self, dependency: Arc<dyn Dependency>) -> Self {
        self.dependencies.push(dependency);
        self
    }

    /// With somebody who hears of every request that was answered.
    pub fn observed_by(mut self, observer: Observer) -> Self {
        self.observer = Some(observer);
        self
    }

    /// With further names that it may be called by where it listens on loopback.
    pub fn named(mut self, names: Vec<String>) -> Self {
        self.names = names;
        self
    }

    /// The routes as a router, and their OpenAPI document.
    pub fn into_parts(self) -> (Router, OpenApi) {
        let checks = Arc::new(health::Checks::new(self.dependencies));
        let own = OpenApiRouter::new().routes(routes!(health::health)).with_state(checks);
        let limited = self.api.merge(own).layer(axum::middleware::from_fn(in_time::in_time));
        let (router, openapi) = limited.merge(self.streaming).split_for_parts();
        let metrics = self.metrics.clone();
        let text = get(|| async move { ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], metrics.text()) });
        let page = Router::from(SwaggerUi::new("/apidocs").url("/openapi.json", openapi.clone()))
            .layer(axum::middleware::map_response(with_page_policy));
        let names: Arc<[String]> = self.names.into();
        let around = Arc::new(access::Around { metrics: self.metrics, tell: self.tell, observer: self.observer });
        let router = router
            .route("/metrics", text)
            .merge(page)
            .fallback(|| async { StatusCode::NOT_FOUND })
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .layer(RequestBodyTimeoutLayer::new(MAX_PAUSE))
            .layer(CatchPanicLayer::custom(access::panicked))
            .layer(axum::middleware::from_fn_with_state(names, guard::guard))
            .layer(axum::middleware::from_fn_with_state(around, access::around));
        (router, openapi)
    }
}

/// Lets a page of ours run only what is ours.
async fn with_page_policy(response: axum::response::Response) -> impl IntoResponse {
    let policy = [
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (policy, response)
}

#[cfg(test)]
mod tests;
