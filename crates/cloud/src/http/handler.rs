//! What answers the requests that the server takes.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use http::request::Parts;
use hyper::Response;
use hyper::body::Incoming;
use rustls::ServerConfig;

use super::body::Body;

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    pub address: IpAddr,
    /// Whether the connection is TLS.
    pub secure: bool,
}

/// Answers requests, and is told what becomes of the others.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Answers one request of a client's. When it begins to wait for what may take long, and has read all of the request, it may set
    /// `waits`: then less is held for the connection. The head is boxed, since each future on its way would hold it twice.
    fn handle(
        &self,
        head: Box<Parts>,
        body: Incoming,
        client: Client,
        waits: Arc<AtomicBool>,
    ) -> impl Future<Output = Response<Body>> + Send;

    /// What a handshake goes by with a client that asked for `name`, or else for the server's own `address`.
    fn certificate_for(
        &self,
        name: Option<&str>,
        address: IpAddr,
    ) -> impl Future<Output = Option<Arc<ServerConfig>>> + Send;

    /// A client sent what is no request, and was hung up on, or answered with 400.
    fn not_understood(&self, client: Client, why: &str);

    /// A request panicked, with these words; it was answered by a failure.
    fn panicked(&self, what: &str);

    /// A connection couldn't be taken.
    fn not_accepted(&self, error: &io::Error);

    /// No more requests come; what waits is to end.
    fn stops(&self);
}
