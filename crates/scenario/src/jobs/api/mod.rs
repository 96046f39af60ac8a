//! The API: `submit` takes jobs, `status` tells of them, `caller` is who asks, `page` shows the figures.

mod caller;
mod page;
mod status;
mod submit;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use serde_json::Value;
use service::alarms::Raised;
use service::auth::{Authorizer, OwnKey};
use tokio::time::timeout;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::page::Depths;
use super::figures::Figures;
use super::throttle::Throttle;
use super::tracking::Tracking;
use crate::Clients;

pub(super) use self::status::{JobInfo, JobStatus, UNKNOWN};

/// The routes whose answers are the API's figures; what shows figures isn't.
pub(super) const ROUTES: [&str; 3] = ["/submit-job-request", "/submit-job", "/job-status/{job-id}"];

/// How long the queue or the table may take: a client is answered well before its request's bound of 30 s.
const PATIENCE: Duration = Duration::from_secs(8);

/// Does something unless it takes too long; `late` makes an error of that.
async fn in_time<T, E>(what: impl Future<Output = Result<T, E>>, late: impl FnOnce(String) -> E) -> Result<T, E> {
    let ended = timeout(PATIENCE, what).await;
    ended.unwrap_or_else(|_| Err(late(format!("no answer within {} s", PATIENCE.as_secs()))))
}

/// What the handlers share.
pub(super) struct Api {
    pub clients: Clients,
    pub queue: String,
    pub dead_letters: String,
    pub tracking: Arc<dyn Tracking>,
    pub authorizer: Arc<Authorizer>,
    pub throttle: Throttle,
    pub figures: Figures,
    pub raised: Raised,
    pub literal: bool,
    pub depths: Depths,
}

/// What of the document no route says.
#[derive(OpenApi)]
#[openapi(
    modifiers(&Bearer),
    tags(
        (name = "jobs", description = "Submit jobs, and ask how far they are"),
        (name = "figures", description = "What goes on"),
        (name = "keys", description = "The keys that sign tokens")
    )
)]
struct Document;

/// The security scheme `bearer`.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let about = "A JSON Web Token, signed by RS256. On this machine `messaging token jobs` prints one.";
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").description(Some(about));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme.build()));
    }
}

/// The API's routes. `own_key` is shown if it is the one that signs.
pub(super) fn routes(api: Arc<Api>, own_key: Option<OwnKey>) -> OpenApiRouter {
    let limit = DefaultBodyLimit::max(api.tracking.max_payload());
    let routes = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(submit::submit_job_request))
        .routes(routes!(submit::submit_job))
        .layer(limit)
        .routes(routes!(status::job_status))
        .routes(routes!(page::dashboard))
        .with_state(api);
    match own_key.and_then(|key| serde_json::to_value(key.public()).ok()) {
        Some(keys) => routes.merge(OpenApiRouter::new().routes(routes!(jwks)).with_state(Arc::new(keys))),
        None => routes,
    }
}

/// The public key of this service's own, which signs the tokens of `messaging token jobs`.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "keys", responses(
    (status = 200, description = "A JSON Web Key Set", body = Value),
))]
async fn jwks(State(keys): State<Arc<Value>>) -> Json<Value> {
    Json((*keys).clone())
}
