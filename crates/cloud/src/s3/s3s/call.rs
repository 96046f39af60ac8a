//! One request to S3: who makes it, and what it says beyond what `s3s` decodes.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, Method, StatusCode};
use parking_lot::Mutex;

use crate::bodies::Share;
use crate::request::Context;
use crate::s3::actor::Actor;
use crate::s3::checksum::Algorithm;
use crate::s3::error::{Failure, Result};
use crate::s3::post_policy::Sizes;

/// Fields of a form that `s3s` doesn't know.
#[derive(Debug, Clone, Default)]
pub(crate) struct FormExtras {
    pub(in crate::s3) checksums: Vec<(Algorithm, String)>,
    /// The name of an access control list.
    pub(in crate::s3) acl: Option<String>,
    /// Tags, as XML.
    pub(in crate::s3) tagging: Option<String>,
    /// Where the browser shall go afterwards.
    pub(in crate::s3) redirect: Option<String>,
    /// The status of the answer.
    pub(in crate::s3) status: Option<String>,
}

/// A request as an operation sees it, beside the input that `s3s` decoded.
pub(crate) struct Call {
    /// Who asks, and the cloud.
    pub cx: Context,
    pub method: Method,
    /// Whether nobody signed it, and only what is open to everybody is answered.
    pub is_visit: bool,
    /// Whether somebody claims to have signed it.
    pub is_signed: bool,
    /// As the client sent them, with those that a presigned URL carries in its query.
    pub headers: HeaderMap,
    names: Names,
    /// The query, decoded, in order.
    pub query: Vec<(String, String)>,
    /// `x-amz-request-id`.
    pub id: String,
    /// What the operation answers instead of an output; rendered when `s3s` is done.
    pub failure: Mutex<Option<Failure>>,
    /// A body that `s3s` can't decode, for the operation that can.
    pub body: Mutex<Option<s3s::Body>>,
    /// What a body holds that is read whole.
    pub share: Mutex<Option<Share>>,
    /// The document that replaces the body of the output, where `s3s` doesn't know all of AWS's elements or their order.
    pub xml: Mutex<Option<Vec<u8>>>,
    /// The status of the answer to what succeeded, where it isn't the one that `s3s` gives.
    pub status: Mutex<Option<StatusCode>>,
    /// Headers that came after a chunked body.
    pub trailers: Mutex<Vec<(String, String)>>,
    /// How long the file of a form may be, by the form's policy.
    pub form_sizes: Option<Sizes>,
    /// Those of a form's fields that `s3s` doesn't know.
    pub form_extras: FormExtras,
}

impl Call {
    /// A request with these headers and this query, names and values decoded.
    pub(crate) fn new(cx: Context, headers: HeaderMap, query: Vec<(String, String)>) -> Self {
        // S3's ids are shorter than those of the other services: sixteen of a UUID's digits.
        let uuid = cx.request_id.as_str();
        let mut id = [uuid.get(..8), uuid.get(9..13), uuid.get(14..18)].map(Option::unwrap_or_default).concat();
        id.make_ascii_uppercase();
        Self {
            cx,
            method: Method::GET,
            is_visit: false,
            is_signed: false,
            names: Names::of(&headers),
            headers,
            query,
            id,
            failure: Mutex::default(),
            body: Mutex::default(),
            share: Mutex::default(),
            xml: Mutex::default(),
            status: Mutex::default(),
            trailers: Mutex::default(),
            form_sizes: None,
            form_extras: FormExtras::default(),
        }
    }

    /// The call behind a request that went through `s3s`.
    pub(crate) fn of<T>(request: &s3s::S3Request<T>) -> Result<Arc<Self>> {
        request.extensions.get::<Arc<Self>>().cloned().ok_or_else(|| Failure::internal("no call"))
    }

    /// The same call with other headers: a form's fields. Whose bucket it must be isn't the form's to say.
    pub(crate) fn with_headers(&self, mut headers: HeaderMap) -> Self {
        if let Some(owner) = self.headers.get("x-amz-expected-bucket-owner") {
            headers.insert("x-amz-expected-bucket-owner", owner.clone());
        }
        Self {
            cx: self.cx.clone(),
            method: self.method.clone(),
            is_visit: self.is_visit,
            is_signed: self.is_signed,
            names: Names::of(&headers),
            headers,
            query: Vec::new(),
            id: self.id.clone(),
            failure: Mutex::default(),
            body: Mutex::default(),
            share: Mutex::default(),
            xml: Mutex::default(),
            status: Mutex::default(),
            trailers: Mutex::default(),
            form_sizes: None,
            form_extras: FormExtras::default(),
        }
    }

    /// The host with its port as the client addressed it.
    pub(crate) fn host(&self) -> &str {
        host(&self.cx)
    }

    /// The account that asks, 12 digits.
    pub(crate) fn account(&self) -> &str {
        &self.cx.account
    }

    /// `x-amz-id-2`: opaque; here it is made of the request's id.
    pub(crate) fn host_id(&self) -> String {
        let mut bytes = [0; 64];
        bytes.chunks_mut(16).zip([self.id.as_bytes(); 4]).for_each(|(to, id)| to.copy_from_slice(id));
        BASE64_STANDARD.encode(&bytes[..56])
    }

    /// Who makes this happen, for events.
    pub(crate) fn actor(&self) -> Actor {
        Actor {
            principal: self.cx.access_key.as_deref().unwrap_or("Anonymous").to_owned(),
            request_id: self.id.clone(),
            host_id: self.host_id(),
            trace: self.cx.trace.as_deref().map(str::to_owned),
        }
    }

    /// A header's text: UTF-8, or else taken as ISO-8859-1. Lines of the same name are joined with commas.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        if !self.names.may_have(name) {
            return None;
        }
        // A dozen headers are looked through sooner than a name is hashed.
        let found = self.headers.iter().filter(|(header, _)| header.as_str() == name);
        let mut values = found.map(|(_, value)| text(value.as_bytes()));
        let first = values.next()?;
        Some(values.fold(first, |all, next| all + "," + &next))
    }

    /// Whether there is a header of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.may_have(name) && self.headers.contains_key(name)
    }

    /// The first value of a query's parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A filter of names of headers: most requests have ten, and an operation asks for forty that they haven't.
#[derive(Clone, Copy)]
struct Names(u64);

impl Names {
    fn of(headers: &HeaderMap) -> Self {
        Self(headers.keys().fold(0, |names, name| names | Self::bit(name.as_str())))
    }

    /// False where there is no header of this name, which is in lower case.
    fn may_have(self, name: &str) -> bool {
        self.0 & Self::bit(name) != 0
    }

    /// Of a name's length and three of its letters.
    fn bit(name: &str) -> u64 {
        let bytes = name.as_bytes();
        let at = |at: usize| bytes.get(at).copied().map_or(0, usize::from);
        let (last, middle) = (at(bytes.len().wrapping_sub(1)), at(bytes.len() / 2));
        1 << ((bytes.len() * 11 + last * 3 + middle * 7 + at(0)) % 64)
    }
}

/// The host with its port as the client addressed it.
pub(crate) fn host(cx: &Context) -> &str {
    cx.authority()
}

/// Bytes as text: UTF-8, or else ISO-8859-1.
pub(crate) fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}
