//! What answers the requests that the server takes.

use std::future::Future;
use std::io;
use std::net::IpAddr;

use hyper::body::Incoming;
use hyper::{Request, Response};

use super::body::Body;

/// Answers requests, and is told what becomes of the others.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Answers one request, which came from `peer`.
    fn handle(&self, request: Request<Incoming>, peer: IpAddr) -> impl Future<Output = Response<Body>> + Send;

    /// A request panicked, with these words; it was answered by a failure.
    fn panicked(&self, what: &str);

    /// A connection couldn't be taken.
    fn not_accepted(&self, error: &io::Error);

    /// No more requests come; what waits is to end.
    fn stops(&self);
}
