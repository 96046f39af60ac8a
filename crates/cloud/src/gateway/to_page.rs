//! The way to a page of the server's own: who may see it, and what he sent.

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use hyper::body::Incoming;

use super::admin::Page;
use super::answer::{failure, plain, style};
use super::guard::is_same_origin;
use super::{Gateway, chaos};
use crate::http::body::Body;
use crate::request::RequestId;
use crate::sigv4::{Family, Payload as Signed};
use wire::{AwsError, Protocol};

impl Gateway {
    /// A page of the server's own. Where keys are wanted, what isn't for everybody is for who has one, whatever service
    /// his request is signed for; he sees his account's.
    pub(super) async fn page(
        &self,
        page: Page,
        parts: &Parts,
        incoming: &mut Option<Incoming>,
        id: RequestId,
    ) -> Response<Body> {
        if page.changes() && !is_same_origin(parts) {
            let error = AwsError::new(403, "AccessDenied", "A page of another server may not change anything here.");
            return refused(&page, &error, id);
        }
        let taken = match page.takes_body() {
            true => self.collect(incoming, chaos::MAX_BODY).await,
            false => Ok(Bytes::new()),
        };
        let body = match taken {
            Ok(body) => body,
            Err(error) => return refused(&page, &error, id),
        };
        let mut proof = None;
        if page.is_closed() {
            let declared = parts.headers.contains_key("x-amz-content-sha256");
            let payload = if declared && body.is_empty() { Signed::Declared } else { Signed::Whole(&body) };
            proof = match self.access.verify(&self.cloud, parts, payload, Family::Query(None)) {
                Ok(proof) => proof,
                Err(error) => return refused(&page, &error, id),
            };
        }
        let account = proof.as_ref().map(|proof| &*proof.identity.account);
        let (status, content_type, body) = page.answer(&self.cloud, account, &body).await;
        plain(status, content_type, id, body)
    }
}

/// The answer to who may not see or change a page.
fn refused(page: &Page, error: &AwsError, id: RequestId) -> Response<Body> {
    match page.told_error(error) {
        Some((status, content_type, body)) => plain(status, content_type, id, body),
        None => failure(error, style(None, Protocol::Query), id),
    }
}
