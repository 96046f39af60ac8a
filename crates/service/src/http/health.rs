//! `GET /health`: whether the service and what it needs are there.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use futures::future::join_all;
use serde::Serialize;
use tokio::time::{Instant, timeout};
use utoipa::ToSchema;

/// How long a dependency may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// For how long an answer holds: whoever asks more often costs the dependencies nothing.
const FRESH: Duration = Duration::from_secs(1);

/// Something that a service can't work without.
#[async_trait]
pub trait Dependency: Send + Sync + 'static {
    /// As `queue`.
    fn name(&self) -> &str;
    /// An error says why it can't be used.
    async fn check(&self) -> Result<(), String>;
}

/// The answer of `/health`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Health {
    /// `ok`, or `unavailable` if a dependency can't be used.
    #[schema(example = "ok")]
    pub status: &'static str,
    /// Each dependency.
    pub dependencies: Vec<Checked>,
}

/// A dependency's state.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Checked {
    /// As `queue`.
    #[schema(example = "queue")]
    pub name: String,
    /// Whether it can be used.
    pub ok: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// All dependencies, and what they said last.
#[derive(Default)]
pub(super) struct Checks {
    all: Vec<Arc<dyn Dependency>>,
    last: tokio::sync::Mutex<Option<(Instant, Health)>>,
}

impl Checks {
    pub(super) fn new(all: Vec<Arc<dyn Dependency>>) -> Self {
        Self { all, last: Default::default() }
    }

    async fn ask(&self) -> Health {
        let mut last = self.last.lock().await;
        if let Some((when, health)) = &*last
            && when.elapsed() < FRESH
        {
            return health.clone();
        }
        let checks = self.all.iter().map(|dependency| async {
            let ended = timeout(PATIENCE, dependency.check()).await;
            let ended = ended.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())));
            Checked { name: dependency.name().to_owned(), ok: ended.is_ok(), reason: ended.err() }
        });
        let dependencies = join_all(checks).await;
        let status = if dependencies.iter().all(|checked| checked.ok) { "ok" } else { "unavailable" };
        let health = Health { status, dependencies };
        *last = Some((Instant::now(), health.clone()));
        health
    }
}

/// Whether the service is alive, and what it needs answers.
#[utoipa::path(get, path = "/health", tag = "service", responses(
    (status = 200, description = "Everything is there", body = Health),
    (status = 503, description = "Something that it needs doesn't answer, with the reason", body = Health),
))]
pub(super) async fn health(State(checks): State<Arc<Checks>>) -> (StatusCode, Json<Health>) {
    let health = checks.ask().await;
    let status = if health.status == "ok" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health))
}
