//! What the tests of SNS begin with: a cloud that serves, and queues in it.

use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::core::Cloud;
use crate::core::clock::Clock;
use crate::gateway::Access;
use crate::request::Context;
use crate::server::{Options, Server};
use crate::testing::call::context;
use engine::config::{Attributes, QueueConfig};
use engine::{Change, QueueId};
use wire::Protocol;

pub(crate) async fn serve(folder: &Path, clock: Clock) -> (Server, Context) {
    let (cloud, _) = Cloud::open(Options { clock, ..Options::new(folder) }, |_| {}).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::start(cloud, listener, Access::default()).unwrap();
    let cx = context(server.cloud.clone(), "000000000000");
    let cx = Context { access_key: Some("test".into()), protocol: Protocol::Query, ..cx };
    (server, cx)
}

pub(crate) async fn declare(cloud: &Arc<Cloud>, arn: &str) -> QueueId {
    let config = |id| QueueConfig {
        id,
        arn: arn.to_owned(),
        attributes: Attributes::new(),
        tags: Attributes::new(),
        created: 0,
        modified: 0,
        hidden: false,
    };
    let made = cloud.core.execute(|tx| {
        let id = QueueId(tx.engine().next_id());
        tx.apply(&Change::Queue(std::borrow::Cow::Owned(config(id))));
        Ok(id)
    });
    made.await.unwrap()
}
