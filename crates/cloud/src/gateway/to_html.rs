//! The way to the console's pages: they are the API's views and actions as HTML, for who may see these.

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Response};
use hyper::body::Incoming;

use super::answer::plain;
use super::{Gateway, pages, to_console};
use crate::console::api::input::Input;
use crate::console::page;
use crate::http::body::Body;
use crate::request::{Context, RequestId};
use wire::{AwsError, Form};

const HTML: &str = "text/html; charset=utf-8";

impl Gateway {
    /// A page of the console. A browser that may not see it is asked to sign in, where keys are wanted.
    pub(super) async fn console_page(
        &self,
        cx: Context,
        parts: &Parts,
        incoming: &mut Option<Incoming>,
    ) -> Response<Body> {
        let id = cx.request_id;
        let path = parts.uri.path().strip_prefix(page::BASE).unwrap_or_default();
        if let Some((kind, text)) = page::file(path) {
            return answer(200, kind, text, id);
        }
        let may_sign_in = self.access.credentials.is_some() && pages::wants_html(&parts.headers);
        match Box::pin(self.console_shown(cx, parts, incoming, path)).await {
            Ok((status, page)) => answer(status, HTML, page, id),
            Err(error) if may_sign_in && error.status == 403 => answer(401, HTML, page::sign_in(None), id),
            Err(error) => answer(error.status, HTML, page::refused(&error.message), id),
        }
    }

    async fn console_shown(
        &self,
        cx: Context,
        parts: &Parts,
        incoming: &mut Option<Incoming>,
        path: &str,
    ) -> Result<(u16, String), AwsError> {
        let signed_in = self.session(parts).is_some();
        let query = Form::parse(&[parts.uri.query().unwrap_or_default().as_bytes()])?;
        if parts.method != Method::POST {
            let viewer = self.viewer(cx, parts, b"", &query, None)?;
            let shown = page::show(&viewer, path, &query, signed_in).await;
            self.cloud.core.wait_durable().await;
            return Ok(shown);
        }
        to_console::refuse_foreign_pages(parts)?;
        let name = path.strip_prefix("/actions/").unwrap_or_default();
        let body = self.collect(incoming, to_console::MAX_BODY).await?;
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
        let (form, input) = (Form::parse(&[&body])?, Input::read(content_type, &body)?.without("back"));
        let viewer = self.viewer(cx, parts, &body, &query, Some(&input))?;
        let outcome = self.act(&viewer, name, &input).await;
        let shown = page::after(&viewer, name, &form, signed_in, outcome).await;
        self.cloud.core.wait_durable().await;
        Ok(shown)
    }

    /// What a browser sees of a sign-in that was refused; a program gets the error.
    pub(super) fn sign_in_again(&self, parts: &Parts, error: &AwsError, id: RequestId) -> Option<Response<Body>> {
        let of_browser = parts.uri.path() == to_console::SIGN_IN && pages::wants_html(&parts.headers);
        of_browser.then(|| answer(error.status, HTML, page::sign_in(Some(&error.message)), id))
    }
}

/// An answer with what the console says to browsers.
fn answer(status: u16, kind: &'static str, text: String, id: RequestId) -> Response<Body> {
    let mut response = plain(status, kind, id, text.into());
    for (name, value) in page::HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
