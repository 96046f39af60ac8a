//! The embedded cloud: a server that speaks AWS's wire protocols over the [`engine`].

#[cfg(test)]
mod caller;
pub mod clock;
pub mod cloudformation;
mod compaction;
pub mod core;
mod declare;
#[cfg(test)]
mod durability;
pub mod firehose;
mod folder;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod gateway;
#[cfg(test)]
mod hostile;
pub mod http;
pub mod iam;
mod maintenance;
pub mod notices;
mod rebuild;
pub mod receive;
pub mod s3;
pub mod server;
pub mod sigv4;
pub mod sns;
pub mod sqs;
pub mod sts;
pub mod transaction;
pub mod waiters;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use self::core::Core;
use notices::Notices;

/// The server's state, shared by all requests.
pub struct Cloud {
    pub core: Core,
    pub notices: Arc<Notices>,
    /// A message move task was started: the mover looks again.
    pub move_tasks: tokio::sync::Notify,
    pub sns: sns::Sns,
    /// Where the server listens; known once it does.
    address: OnceLock<SocketAddr>,
    /// The bytes of S3's objects.
    pub blobs: s3::Blobs,
    home: Option<server::Home>,
}

impl Cloud {
    /// Says something that the operator should know: see [`Notices::say`].
    pub fn notice(&self, text: &str) {
        self.notices.say(self.core.now(), text);
    }

    /// The server's own address as a client on this machine reaches it, e.g. `http://127.0.0.1:4566`.
    pub fn url(&self) -> String {
        let mut address = self.address.get().copied().unwrap_or((Ipv4Addr::LOCALHOST, 4566).into());
        if address.ip().is_unspecified() {
            address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        format!("http://{address}")
    }
}
