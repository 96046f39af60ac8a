//! The state that all requests share.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tokio::sync::{Notify, OnceCell};

use super::Core;
use super::background::Background;
use super::consumers::Consumers;
use super::notices::Notices;
use super::used_keys::UsedKeys;
use crate::authority::Authority;
use crate::blobs::Blobs;
use crate::bodies::Bodies;
use crate::chaos::{Chaos, Subject};
use crate::folder::Home;
use crate::notification::reach::Reach;
use crate::notification::signing::Signer;
use crate::notification::tls::Tls;
use crate::quotas::Quotas;
use engine::StreamId;
use wire::AwsError;

/// The server's state, shared by all requests.
pub struct Cloud {
    /// The engine, the log and the clock.
    pub core: Core,
    /// What is said to the operator.
    pub notices: Arc<Notices>,
    /// A message move task was started: the mover looks again.
    pub move_tasks: Notify,
    /// A stack's operation has ended.
    pub stack_rests: Notify,
    /// A subscription came, went or was confirmed, or there is a key to keep: SNS looks again.
    pub subscriptions_changed: Notify,
    /// When users' access keys were used last.
    pub(crate) used_keys: UsedKeys,
    /// Signs notifications.
    pub signer: Signer,
    /// What HTTPS endpoints are spoken to with.
    pub tls: Tls,
    /// Which endpoints are posted to.
    pub reach: Reach,
    /// Tasks that end with the server.
    pub background: Background,
    /// The bytes of S3's objects.
    pub blobs: Blobs,
    /// Faults by rules.
    pub(crate) chaos: Chaos,
    /// AWS's quotas of throughput, if they are kept.
    pub(crate) quotas: Quotas,
    /// Streams that are to land at once what they hold.
    pub(crate) hurried: Mutex<BTreeSet<StreamId>>,
    /// Who polls queues.
    pub(crate) consumers: Consumers,
    /// Whose turn it is to load a state, and to save one.
    pub(crate) loading: Arc<tokio::sync::Mutex<()>>,
    pub(crate) saving: Arc<tokio::sync::Mutex<()>>,
    /// What clients have sent, and what they haven't read yet.
    pub(crate) sent: Bodies,
    pub(crate) unread: Bodies,
    /// Placeholders may stand in stacks for what isn't simulated.
    pub placeholders: bool,
    /// Where the server listens; known once it does.
    address: OnceLock<SocketAddr>,
    /// What makes the certificates that the server shows; made when it is first needed.
    pub(super) authority: OnceCell<Authority>,
    home: Option<Home>,
}

impl Cloud {
    /// `home` is what the cloud's files lie in, unless somebody else cares for that; `print` gets the notices.
    pub fn new(core: Core, blobs: Blobs, home: Option<Home>, print: impl Fn(&str) + Send + Sync + 'static) -> Self {
        let notices = Arc::new(Notices::new(print));
        core.report_to(notices.clone());
        let told = notices.clone();
        let chaos = Chaos::new(rand::random::<u32>().into(), move |now, text| told.say(now, text));
        Self {
            core,
            notices,
            move_tasks: Notify::default(),
            stack_rests: Notify::default(),
            subscriptions_changed: Notify::default(),
            used_keys: UsedKeys::default(),
            signer: Signer::default(),
            tls: Tls::default(),
            reach: Reach::default(),
            background: Background::default(),
            blobs,
            chaos,
            quotas: Quotas::default(),
            hurried: Mutex::default(),
            consumers: Consumers::default(),
            loading: Arc::default(),
            saving: Arc::default(),
            sent: Bodies::default(),
            unread: Bodies::default(),
            placeholders: false,
            address: OnceLock::new(),
            authority: OnceCell::new(),
            home,
        }
    }

    /// Says something that the operator should know: see [`Notices::say`].
    pub fn notice(&self, text: &str) {
        self.notices.say(self.core.now(), text);
    }

    /// Says that requests are refused for what clients hold in memory.
    pub(crate) fn notice_too_much(&self) {
        self.notice(&format!(
            "requests and answers are refused: {} MiB of them are in memory, by clients that don't end a request or don't read an answer",
            crate::bodies::MOST >> 20
        ));
    }

    /// What rules of chaos do to a request before its operation runs: it waits, or fails.
    ///
    /// # Errors
    /// The one that a rule wants.
    pub(crate) async fn meet_chaos(&self, subject: &Subject<'_>) -> Result<(), AwsError> {
        let now = self.core.now();
        let met = self.chaos.meet(now, subject);
        self.chaos.wait(&met).await;
        met.error.map_or(Ok(()), Err)
    }

    /// What rules of chaos did, a line each.
    pub fn chaos_told(&self) -> Vec<String> {
        self.chaos.told()
    }

    /// From now on the server listens on `address`.
    pub fn listens(&self, address: SocketAddr) {
        _ = self.address.set(address);
    }

    /// The server's own address as a client on this machine reaches it, e.g. `http://127.0.0.1:4566`.
    pub fn url(&self) -> String {
        let mut address = self.address.get().copied().unwrap_or((Ipv4Addr::LOCALHOST, 4566).into());
        if address.ip().is_unspecified() {
            address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        format!("http://{address}")
    }

    /// The port that the server listens on, once it does.
    pub(crate) fn port(&self) -> Option<u16> {
        self.address.get().map(SocketAddr::port)
    }

    /// What the cloud's files lie in.
    pub fn home(&self) -> Option<&Home> {
        self.home.as_ref()
    }

    /// Notes in the data folder where the log ends.
    pub fn note_end(&self) {
        if let Some(Home::Kept(folder)) = &self.home
            && let Ok(Some(end)) = self.core.log().end()
        {
            folder.note_end(end);
        }
    }
}
