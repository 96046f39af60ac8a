//! The API: `/workflow`.

mod body;
mod change;
mod consume;
mod create;
mod list;
mod one;
mod refusal;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use self::refusal::Refusal;
use super::handover::Handover;
use super::memory::Memory;
use super::relay::Relay;
use super::store::Store;
use super::workflow::Status;

/// The tag of the routes in the documentation.
const TAG: &str = "workflows";
/// A request's body has at most so many bytes.
const MAX_BODY: usize = 1 << 20;
/// So many bytes of bodies are read and written at once, in the memory that they take as values.
const BODIES: usize = 64 << 20;
/// So many bytes of CSVs are made, and wait for their readers.
const CSVS: usize = 128 << 20;

/// What the routes work with.
pub(super) struct Api {
    pub store: Arc<dyn Store>,
    pub relay: Arc<Relay>,
    pub hand: worker::Hand,
    pub handover: Handover,
    /// Whether a status outside the enum is 403 instead of 422.
    pub literal: bool,
    pub memory: Shares,
}

/// What requests may hold.
pub(super) struct Shares {
    bodies: Memory,
    csvs: Memory,
}

impl Default for Shares {
    fn default() -> Self {
        Self { bodies: Memory::new(BODIES), csvs: Memory::new(CSVS) }
    }
}

impl Api {
    /// A status, or what its refusal says.
    fn status(&self, given: &serde_json::Value) -> Result<Status, Refusal> {
        let status = given.as_str().and_then(Status::parse);
        status.ok_or_else(|| Refusal::status(given, self.literal))
    }
}

/// The routes.
pub(super) fn routes(api: Arc<Api>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(consume::consume))
        .routes(routes!(one::get, change::change))
        .routes(routes!(one::csv))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(api)
}

/// A uuid in a path, written as RFC 9562 writes it.
fn uuid(text: &str) -> Result<Uuid, Refusal> {
    let parsed = Some(text).filter(|text| text.len() == 36).and_then(|text| Uuid::try_parse(text).ok());
    parsed.ok_or_else(|| {
        Refusal::bad_request("The path names no workflow: a UUID is needed, as 5f0c7f4e-8e0b-4b61-9d1f-2f7b1f7f8a11.")
    })
}
