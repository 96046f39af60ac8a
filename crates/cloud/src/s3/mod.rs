//! S3: buckets and objects, over the wire code of `s3s` and object files of our own.
//!
//! ```text
//! front     what s3s can't read is taken from the request and kept in a call     call  presigned  fields  chunked  copy_source
//! service   the table of operations                       bucket  settings  public_access  absent  put  form  get
//!                                                         attributes  copy  delete  multipart  parts  list_*  tagging  lifecycle
//! objects   what a put or a delete does to the versions of a key
//! sweep     what lifecycle rules make go                                expiry
//! events    what notification says of it, to queues and topics
//! store     documents, in the cloud's log                 record
//! blobs     the bytes, in files                           files  survey (of a start)  body (on their way out)
//! door      for the rest of the cloud: making and setting buckets, landing objects
//! respond   failures in AWS's XML, ids on everything
//! ```

mod absent;
mod attributes;
mod body;
mod bucket;
mod call;
mod checksum;
mod chunked;
mod conditions;
mod copy;
mod copy_source;
mod cors;
mod cross_origin;
mod delete;
mod describe;
mod door;
mod encryption;
mod error;
mod events;
mod expiry;
mod fields;
mod form;
mod front;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod get;
mod lifecycle;
mod list;
mod list_objects;
mod list_uploads;
mod list_versions;
mod lock;
mod lock_operations;
mod multipart;
mod names;
mod notification;
mod objects;
mod ownership;
mod parts;
mod post_policy;
mod presigned;
mod public_access;
mod put;
mod range;
mod receive;
mod record;
mod respond;
mod rfc2047;
mod service;
mod settings;
mod site;
mod store;
mod survey;
mod sweep;
mod tagging;
mod time;
mod versioning;
mod website;

use std::sync::{Arc, OnceLock};

use http::request::Parts;
use http::{Request, Response};
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::validation::NameValidation;

use super::http::body::{Body, stream};
use crate::request::{Context, host_of};
use wire::AwsError;

pub use cross_origin::opens_to_page;
pub use door::{Buckets, Landing, Written, land};
pub use error::Failure;
pub use fields::{Form, is_form};
pub use public_access::{is_restricted, policy_of};
pub use record::{Bucket, Tags, Versioning};
/// The shapes of S3's settings, for [`Setting`].
pub use s3s::dto;
pub use service::S3;
pub use settings::{Setting, SettingName};
pub use store::{Changed, open_blobs};

use cross_origin::Shared;
use service::Operations;

/// Names are checked where a bucket is looked up or made: S3 says more than `s3s` could.
struct AnyName;

impl NameValidation for AnyName {
    fn validate_bucket_name(&self, name: &str) -> bool {
        !name.is_empty()
    }
}

/// Answers every request that no other service claims. Whether its signature is right is the gateway's question.
pub async fn serve(cx: Context, parts: Parts, body: impl Into<s3s::Body>) -> Response<Body> {
    static SERVICE: OnceLock<S3Service> = OnceLock::new();
    let service = SERVICE.get_or_init(|| {
        let mut builder = S3ServiceBuilder::new(Operations);
        builder.set_validation(AnyName);
        let mut config = S3Config::default();
        config.post_object_max_file_size = form::MAX_FILE;
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        builder.build()
    });
    let method = parts.method.clone();
    let host = host_of(authority_of(&cx.host)).to_owned();
    let shared = Shared::of(&cx.cloud, &host, &parts);
    let (call, prepared) = front::prepare(Request::from_parts(parts, body.into()), cx);
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
    let mut response = respond::finish(&call, &method, response);
    shared.put(response.headers_mut());
    response.map(stream)
}

/// Answers with an error that came before any operation, as S3 shows it.
pub fn refuse(cx: Context, parts: Parts, error: AwsError) -> Response<Body> {
    let (method, call) = (parts.method.clone(), front::bare(parts, cx));
    *call.failure.lock() = Some(error.into());
    respond::finish(&call, &method, Response::new(s3s::Body::empty())).map(stream)
}

/// Whether a request is for the website endpoint of a bucket.
pub fn is_website(cx: &Context) -> bool {
    site::bucket_of(host_of(authority_of(&cx.host))).is_some()
}

/// Answers a visitor of a bucket's web site, whom no key names. With `public_only` he sees what the bucket's policy
/// allows everybody; else all of it.
pub async fn visit(cx: Context, parts: Parts, public_only: bool) -> Response<Body> {
    let host = host_of(authority_of(&cx.host)).to_owned();
    let shared = Shared::of(&cx.cloud, &host, &parts);
    let mut response = site::answer(cx, parts, site::bucket_of(&host).unwrap_or_default(), public_only).await;
    shared.put(response.headers_mut());
    response.map(stream)
}

/// Answers what a browser asks before it sends a page's request to another origin. Nobody signs it.
pub fn preflight(cx: Context, parts: Parts) -> Response<Body> {
    let answer = cross_origin::preflight(&cx.cloud, host_of(authority_of(&cx.host)), &parts);
    let (method, call) = (parts.method.clone(), front::bare(parts, cx));
    let response = answer.unwrap_or_else(|failure| {
        *call.failure.lock() = Some(failure);
        Response::new(s3s::Body::empty())
    });
    respond::finish(&call, &method, response).map(stream)
}

/// The authority of `http://authority`.
fn authority_of(host: &str) -> &str {
    host.split_once("://").map_or(host, |(_, authority)| authority)
}
