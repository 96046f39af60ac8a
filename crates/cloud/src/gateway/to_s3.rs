//! The way into S3: who asks, by a signature in the head or in a form's fields, and what a website and a browser's question need
//! not prove.

use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Method, Response};
use hyper::body::Incoming;

use super::access::Proof;
use super::{Gateway, head};
use crate::http::body::Body;
use crate::http::drain;
use crate::request::{Context, host_of};
use crate::s3;
use crate::sigv4::{Claim, Family, Payload as Signed, Refusal};

/// What a page may do that has no origin.
const NO_ORIGIN: HeaderValue =
    HeaderValue::from_static("sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts");

impl Gateway {
    /// Answers a request that is S3's; puts back what is left of its body.
    pub(super) async fn s3(
        &self,
        mut cx: Context,
        mut parts: Box<Parts>,
        incoming: &mut Option<Incoming>,
    ) -> Response<Body> {
        let Some(direct) = s3::Direct::of(&cx, &parts) else {
            return Box::pin(self.s3_by_its_head(cx, *parts, incoming)).await;
        };
        let is_visit = match self.access.verify(&self.cloud, &parts, Signed::Declared, Family::S3) {
            Ok(proof) => {
                prove(&mut cx, proof, &mut parts);
                false
            }
            Err(_) if is_visit(&cx, &parts) => {
                cx.become_nobody();
                true
            }
            Err(error) => return s3::refuse(cx, *parts, error),
        };
        cx.note_use("s3");
        let response = s3::serve_directly(direct, cx, parts, is_visit, incoming).await;
        if self.access.credentials.is_some() { apart(response) } else { response }
    }

    /// As [`s3`](Self::s3), for all that isn't an object as a whole.
    async fn s3_by_its_head(
        &self,
        mut cx: Context,
        mut parts: Parts,
        incoming: &mut Option<Incoming>,
    ) -> Response<Body> {
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
        let (body, back) = drain::lend(incoming.take());
        let body = s3s::Body::http_body(body);
        let response = match s3::is_form(&parts) {
            true => self.form(cx, parts, body).await,
            false => match self.access.verify(&self.cloud, &parts, Signed::Declared, Family::S3) {
                Ok(proof) => self.object(cx, proof, parts, body).await,
                Err(_) if is_visit(&cx, &parts) => {
                    cx.become_nobody();
                    parts.extensions.insert(s3::Visitor);
                    self.object(cx, None, parts, body).await
                }
                Err(error) => s3::refuse(cx, parts, error),
            },
        };
        *incoming = back.take();
        if self.access.credentials.is_some() { apart(response) } else { response }
    }

    /// A browser's form: signed in its fields, unless its request is.
    async fn form(&self, mut cx: Context, mut parts: Parts, body: s3s::Body) -> Response<Body> {
        let (form, body) = match s3::Form::open(&mut parts, body).await {
            Ok(opened) => opened,
            Err(failure) => return s3::refuse(cx, parts, failure.into()),
        };
        let proof = match (Claim::of_form(&form.fields), Claim::of(&parts)) {
            (Err(refusal), _) | (_, Err(refusal)) => Err(refusal.error(Family::S3)),
            (Ok(Some(_)), Ok(Some(_))) => Err(Refusal::TwoWays(String::new()).error(Family::S3)),
            (Ok(None), Ok(Some(_))) => self.access.verify(&self.cloud, &parts, Signed::Declared, Family::S3),
            (Ok(claim), Ok(None)) => {
                let who = head::who(&self.cloud, claim.as_ref());
                (cx.account, cx.access_key, cx.session, cx.user) = (who.account, who.access_key, who.session, who.user);
                if who.ended {
                    Err(Refusal::UnknownKey.error(Family::S3))
                } else {
                    self.access.verify_form(&self.cloud, claim.as_ref(), form.policy())
                }
            }
        };
        let permitted = proof.and_then(|proof| {
            form.permitted(&cx, &mut parts)?;
            Ok(proof)
        });
        match permitted {
            Ok(proof) => self.object(cx, proof, parts, body).await,
            Err(error) => s3::refuse(cx, parts, error),
        }
    }

    async fn object(&self, mut cx: Context, proof: Option<Proof>, mut parts: Parts, body: s3s::Body) -> Response<Body> {
        prove(&mut cx, proof, &mut parts);
        cx.note_use("s3");
        s3::serve(cx, parts, body).await
    }
}

/// Who asks is what a signature proves, if it is looked at; what verifies a body's chunks goes with the request.
fn prove(cx: &mut Context, proof: Option<Proof>, parts: &mut Parts) {
    let Some(proof) = proof else { return };
    cx.become_whom(&proof.identity);
    if let Some(chunks) = proof.chunks {
        parts.extensions.insert(chunks);
    }
}

/// An object is shown by a browser as a page of no origin: one that anybody put there would act as whoever has signed in to the
/// console, which has the same. A viewer of PDFs, which runs nothing of this origin, works in no such page.
/// Source: "sandbox" (Content Security Policy Level 3).
fn apart(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    if headers.get(CONTENT_TYPE).is_none_or(|kind| kind != "application/pdf") {
        headers.insert(CONTENT_SECURITY_POLICY, NO_ORIGIN);
    }
    response
}

/// Whether nobody claims to have signed a request, and what it is for may be open to everybody.
fn is_visit(cx: &Context, parts: &Parts) -> bool {
    matches!(Claim::of(parts), Ok(None)) && s3::may_be_open(host_of(cx.authority()), parts)
}
