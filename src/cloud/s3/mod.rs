//! S3: buckets and objects, over the wire code of `s3s` and object files of our own.
//!
//! ```text
//! front     what s3s can't read is taken from the request and kept in a call     call  presigned  chunked  copy_source
//! service   the table of operations                       bucket  bucket_config  absent  put  form  get  attributes  copy
//!                                                         delete  multipart  parts  list_*  tagging  lock  cors  website
//!           lifecycle
//! objects   what a put or a delete does to the versions of a key
//! sweep     what lifecycle rules make go                                expiry
//! events    what notification says of it, to queues and topics
//! store     documents, in the cloud's log                 record
//! blobs     the bytes, in files
//! internal  for the rest of the cloud: landing objects, making buckets
//! respond   failures in AWS's XML, ids on everything
//! ```

mod absent;
mod attributes;
mod blobs;
mod bucket;
mod bucket_config;
mod call;
mod checksum;
mod chunked;
mod conditions;
mod copy;
mod copy_source;
mod cors;
mod delete;
mod describe;
mod error;
mod events;
mod expiry;
mod form;
mod front;
#[cfg(test)]
mod fuzz;
mod get;
mod internal;
mod lifecycle;
mod list;
mod list_objects;
mod list_uploads;
mod list_versions;
mod lock;
mod multipart;
mod names;
mod notification;
mod objects;
mod parts;
mod presigned;
mod put;
mod range;
mod receive;
mod record;
mod respond;
mod rfc2047;
mod service;
mod store;
mod sweep;
mod tagging;
mod time;
mod website;

use std::sync::{Arc, OnceLock};

use http::header::{CONTENT_TYPE, LOCATION, ORIGIN};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::validation::NameValidation;

use super::gateway::{Context, host_of};
use super::http::body::{Body, stream};

pub use blobs::Blobs;
pub use bucket::NewBucket;
pub use bucket_config::check_policy;
pub use cors::opens;
pub use error::Failure;
pub use internal::{Landing, Written, land};
pub use names::is_bucket_name;
pub use record::{Bucket, Tags, Versioning};
pub use service::S3;
pub use store::{Changed, open_blobs};
pub use tagging::check_bucket as check_tags;

use service::Operations;

/// Names are checked where a bucket is looked up or made: S3 says more than `s3s` could.
struct AnyName;

impl NameValidation for AnyName {
    fn validate_bucket_name(&self, name: &str) -> bool {
        !name.is_empty()
    }
}

/// Whether nobody signs such a request: a browser's preflight, a visit to a website.
pub fn is_anonymous(parts: &Parts, host: &str) -> bool {
    parts.method == Method::OPTIONS || website::bucket_of(host).is_some()
}

/// Answers every request that no other service claims. Whether its signature is right is the gateway's question.
pub async fn serve(cx: Context, parts: Parts, body: impl Into<s3s::Body>) -> Response<Body> {
    let host = host_of(call::host(&cx)).to_owned();
    if let Some(bucket) = website::bucket_of(&host) {
        return visit(cx, parts, bucket).await.map(stream);
    }
    let (cloud, method, asked) = (cx.cloud.clone(), parts.method.clone(), parts.headers.clone());
    let (bucket, key) = front::address(&host, parts.uri.path());
    let mut response = if method == Method::OPTIONS {
        preflight(cx, parts, &bucket, &key)
    } else {
        answer(cx, Request::from_parts(parts, body.into())).await
    };
    if asked.contains_key(ORIGIN) {
        response.headers_mut().extend(cors::headers(&cloud, &bucket, &method, &asked));
    }
    response.map(stream)
}

/// Answers a request of the REST API.
async fn answer(cx: Context, request: Request<s3s::Body>) -> Response<s3s::Body> {
    static SERVICE: OnceLock<S3Service> = OnceLock::new();
    let service = SERVICE.get_or_init(|| {
        let mut builder = S3ServiceBuilder::new(Operations);
        builder.set_validation(AnyName);
        let mut config = S3Config::default();
        config.post_object_max_file_size = form::MAX_FILE;
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        builder.build()
    });
    let method = request.method().clone();
    let (call, prepared) = front::prepare(request, cx);
    let empty = || Response::new(s3s::Body::empty());
    let response = match prepared {
        Ok(request) => service.call(request).await.unwrap_or_else(|_| {
            call.failure.lock().get_or_insert_with(|| Failure::internal("the request can't be answered"));
            empty()
        }),
        Err(failure) => {
            *call.failure.lock() = Some(failure);
            empty()
        }
    };
    respond::finish(&call, &method, response)
}

/// What a browser asks before a page may send its request.
fn preflight(cx: Context, parts: Parts, bucket: &str, key: &str) -> Response<s3s::Body> {
    let verdict = cors::preflight(&cx.cloud, bucket, key, &parts.headers);
    let (call, _) = front::prepare(Request::from_parts(parts, s3s::Body::empty()), cx);
    *call.failure.lock() = verdict.err();
    respond::finish(&call, &Method::OPTIONS, Response::new(s3s::Body::empty()))
}

/// Answers a request to a bucket's website.
async fn visit(mut cx: Context, mut parts: Parts, bucket: &str) -> Response<s3s::Body> {
    let (method, id) = (parts.method.clone(), cx.request_id);
    let answer_ = match method {
        Method::GET | Method::HEAD => website::answer(&cx.cloud, bucket, parts.uri.path(), call::host(&cx)),
        _ => website::Answer::Failed(405, "MethodNotAllowed", "The specified method is not allowed.".into()),
    };
    let (status, mut response) = match answer_ {
        website::Answer::Object(key, status) => {
            let owner = S3::of(&cx.cloud).owner(bucket);
            cx.account = owner.map_or(cx.account, Into::into);
            cx.host = "http://localhost".into();
            let key = utf8_percent_encode(&key, PATH);
            let Ok(uri) = format!("/{bucket}/{key}").parse() else {
                return Response::new(s3s::Body::empty());
            };
            parts.uri = uri;
            let response = answer(cx, Request::from_parts(parts, s3s::Body::empty())).await;
            (if response.status().is_success() { status } else { response.status().as_u16() }, response)
        }
        website::Answer::Redirect(status, to) => {
            let mut response = Response::new(s3s::Body::empty());
            if let Ok(to) = HeaderValue::from_str(&to) {
                response.headers_mut().insert(LOCATION, to);
            }
            (status, response)
        }
        website::Answer::Failed(status, code, message) => {
            let page = website::page(status, code, &message, id.as_str());
            let body = if method == Method::HEAD { s3s::Body::empty() } else { s3s::Body::from(page) };
            let mut response = Response::new(body);
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            (status, response)
        }
    };
    if let Ok(status) = StatusCode::from_u16(status) {
        // A part of an object is 206 already.
        if response.status() == StatusCode::OK {
            *response.status_mut() = status;
        }
    }
    response
}

/// What a key's path keeps as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');
