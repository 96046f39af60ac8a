//! `GET /workflow`

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::header::LINK;
use axum::http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use service::http::Problem;
use utoipa::IntoParams;

use super::refusal::{Common, Refusal};
use super::{Api, TAG};
use crate::workflows::store::Page;
use crate::workflows::workflow::{Shown, Status};

/// A page has so many workflows unless it is told.
const DEFAULT_LIMIT: i64 = 50;
/// And so many at most.
const MAX_LIMIT: i64 = 100;
/// A page ends before it has more than so many bytes of data.
const MAX_BYTES: i64 = 4 << 20;

/// Which page is asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// At most so many workflows; a page of large ones has fewer.
    #[param(minimum = 1, maximum = 100, default = 50, example = 50, nullable = false)]
    limit: Option<i64>,
    /// Where the page before ended: it stands in that page's link.
    #[param(minimum = 0, maximum = 9223372036854775807_i64, nullable = false)]
    after: Option<i64>,
    /// Only those of this status.
    #[param(inline, nullable = false)]
    status: Option<Status>,
}

/// All workflows in the order of their creation, page by page.
///
/// The header `Link` has the next page's address (`rel="next"`); the last page has none.
#[utoipa::path(
    get,
    path = "/workflow",
    tag = TAG,
    params(Asked),
    responses(
        (status = 200, description = "A page", body = Vec<Shown>, headers(
            ("Link" = Option<String>, description = "The next page, if there is one")
        )),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        Common,
    ),
)]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    Query(asked): Query<Asked>,
) -> Result<(HeaderMap, Json<Vec<Shown>>), Refusal> {
    let limit = asked.limit.unwrap_or(DEFAULT_LIMIT);
    let after = asked.after.unwrap_or(0);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Refusal::bad_request(format!("The limit must be 1 to {MAX_LIMIT}.")));
    }
    if after < 0 {
        return Err(Refusal::bad_request("The parameter after must be what a page's link says."));
    }
    let page = Page { after, limit, bytes: MAX_BYTES, status: asked.status };
    let (found, more) = api.store.page(page).await?;
    let mut headers = HeaderMap::new();
    if let Some(last) = found.last().filter(|_| more) {
        let mut next = format!("/workflow?after={}&limit={limit}", last.position);
        match asked.status {
            None => {}
            Some(Status::Inserted) => next += "&status=inserted",
            Some(Status::Consumed) => next += "&status=consumed",
        }
        if let Ok(link) = HeaderValue::from_str(&format!("<{next}>; rel=\"next\"")) {
            headers.insert(LINK, link);
        }
    }
    Ok((headers, Json(found.into_iter().map(Shown::from).collect())))
}
