//! What `/health` asks after.

use std::sync::Arc;

use async_trait::async_trait;
use service::auth::Authorizer;
use service::http::Dependency;

use super::failure::Failure;
use super::tracking::Tracking;
use crate::Clients;

/// The queue.
pub(super) struct TheQueue {
    pub clients: Clients,
    pub url: String,
}

#[async_trait]
impl Dependency for TheQueue {
    fn name(&self) -> &str {
        "queue"
    }

    async fn check(&self) -> Result<(), String> {
        let ask = self.clients.sqs.get_queue_attributes().queue_url(&self.url);
        let ask = ask.attribute_names(aws_sdk_sqs::types::QueueAttributeName::QueueArn);
        ask.send().await.map(drop).map_err(|error| Failure::from(error).why)
    }
}

/// The bucket.
pub(super) struct TheBucket {
    pub clients: Clients,
    pub name: String,
}

#[async_trait]
impl Dependency for TheBucket {
    fn name(&self) -> &str {
        "bucket"
    }

    async fn check(&self) -> Result<(), String> {
        let ask = self.clients.s3.head_bucket().bucket(&self.name);
        ask.send().await.map(drop).map_err(|error| Failure::from(error).why)
    }
}

/// The tracking table.
pub(super) struct TheTable(pub Arc<dyn Tracking>);

#[async_trait]
impl Dependency for TheTable {
    fn name(&self) -> &str {
        self.0.name()
    }

    async fn check(&self) -> Result<(), String> {
        self.0.check().await
    }
}

/// The keys that sign tokens.
pub(super) struct TheKeys(pub Arc<Authorizer>);

#[async_trait]
impl Dependency for TheKeys {
    fn name(&self) -> &str {
        self.0.keys().name()
    }

    async fn check(&self) -> Result<(), String> {
        self.0.keys().check().await
    }
}
