//! The fence around the library `s3s`: all that adapts it lies in this folder.
//!
//! `s3s` knows S3's protocol: it tells the operations apart by method, path and query, decodes their headers and XML into inputs
//! and encodes the outputs. Those shapes (`s3s::dto`) are used throughout S3, and kept in the log. What it doesn't do as S3
//! does is made good here, before it sees a request and after it has answered:
//!
//! ```text
//! front        takes from the request what s3s refuses though S3 accepts it, or obeys though S3 doesn't know it: the signature,
//!              hosts with a bucket's name, dates and conditions, metadata that isn't ASCII, subresources
//!                presigned (URLs)  chunked, stream, well_formed, elements (bodies)  copy_source (a header)
//! call         keeps all of that for the operation, and what the operation answers beside its output
//! operations   the table of operations that s3s calls
//! direct       an object as a whole, which needs nothing of s3s; few: a short body
//! document     one that an operation reads by itself
//! form         an object that a browser's form puts; fields: its fields, read before s3s reads them
//! respond      failures in AWS's XML with AWS's texts, ids on everything; xml: documents that s3s doesn't write
//! ```
//!
//! The version is pinned in the workspace's `Cargo.toml`, since [`respond`] goes by the texts of errors that `s3s` makes itself;
//! a test there names them. To try another version: change the pin, run that test, look for `s3s` in this folder only.

pub(super) mod call;
pub(super) mod chunked;
pub(super) mod copy_source;
pub(super) mod direct;
pub(super) mod document;
mod elements;
pub(super) mod few;
pub(super) mod fields;
mod form;
pub(super) mod front;
mod operations;
pub(super) mod presigned;
pub(super) mod respond;
mod stream;
mod well_formed;
pub(super) mod xml;

use std::sync::{Arc, OnceLock};

use http::{Method, Request, Response};
use s3s::Body;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::validation::NameValidation;

use self::operations::Operations;
pub(crate) use self::operations::is_operation;
use super::error::Failure;
use crate::request::Context;

/// Names are checked where a bucket is looked up or made: S3 says more than `s3s` could.
struct AnyName;

impl NameValidation for AnyName {
    fn validate_bucket_name(&self, name: &str) -> bool {
        !name.is_empty()
    }
}

/// Answers a request to the API. Whether its signature is right is the gateway's question.
pub(super) async fn answer(cx: Context, request: Request<Body>) -> Response<Body> {
    static SERVICE: OnceLock<S3Service> = OnceLock::new();
    let service = SERVICE.get_or_init(|| {
        let mut builder = S3ServiceBuilder::new(Operations);
        builder.set_validation(AnyName);
        let mut config = S3Config::default();
        config.post_object_max_file_size = form::MAX_FILE;
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        builder.build()
    });
    let method: Method = request.method().clone();
    let (call, prepared) = front::prepare(request, cx);
    let empty = || Response::new(Body::empty());
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
