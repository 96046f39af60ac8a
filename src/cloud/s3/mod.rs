//! S3: buckets and objects, over the wire code of `s3s` and object files of our own.
//!
//! ```text
//! front     what s3s can't read is taken from the request and kept in a call     call  presigned  chunked  copy_source
//! service   the table of operations                       bucket  bucket_config  absent  put  get  attributes  copy
//!                                                         delete  multipart  parts  list_*  tagging
//! objects   what a put or a delete does to the versions of a key
//! store     documents, in the cloud's log                 record
//! blobs     the bytes, in files
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
mod delete;
mod describe;
mod error;
mod front;
mod get;
mod list;
mod list_objects;
mod list_uploads;
mod list_versions;
mod multipart;
mod names;
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
mod tagging;
mod time;

use http::{Request, Response};
use s3s::Body;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::validation::NameValidation;

pub use bucket::NewBucket;
pub use call::Caller;
pub use error::Failure;
pub use service::S3;
pub use store::Store;

/// S3 as the gateway serves it.
#[derive(Clone)]
pub struct Endpoint {
    s3: S3,
    http: S3Service,
}

/// Names are checked where a bucket is looked up or made: S3 says more than `s3s` could.
struct AnyName;

impl NameValidation for AnyName {
    fn validate_bucket_name(&self, name: &str) -> bool {
        !name.is_empty()
    }
}

impl Endpoint {
    pub fn new(s3: S3) -> Self {
        let mut builder = S3ServiceBuilder::new(s3.clone());
        builder.set_validation(AnyName);
        Self { s3, http: builder.build() }
    }

    /// Answers a request. Whether its signature is right is the gateway's question.
    pub async fn serve(&self, request: Request<Body>, caller: Caller) -> Response<Body> {
        let method = request.method().clone();
        let id = self.s3.store.unique()[..16].to_ascii_uppercase();
        let (call, prepared) = front::prepare(request, caller, id, self.s3.store.now());
        let response = match prepared {
            Ok(request) => self.http.call(request).await.unwrap_or_else(|_| {
                call.failure.lock().get_or_insert_with(|| Failure::internal("the request can't be answered"));
                Response::new(Body::empty())
            }),
            Err(failure) => {
                *call.failure.lock() = Some(failure);
                Response::new(Body::empty())
            }
        };
        respond::finish(&call, &method, response)
    }
}
