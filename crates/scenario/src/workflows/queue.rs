//! Whether the queue is there.

use async_trait::async_trait;
use aws_sdk_sqs::types::QueueAttributeName;
use service::http::Dependency;

use super::relay::reason;

/// The queue, for `/health`.
pub(super) struct Queue {
    pub sqs: aws_sdk_sqs::Client,
    pub url: String,
}

#[async_trait]
impl Dependency for Queue {
    fn name(&self) -> &str {
        "queue"
    }

    async fn check(&self) -> Result<(), String> {
        let ask = self.sqs.get_queue_attributes().queue_url(&self.url).attribute_names(QueueAttributeName::QueueArn);
        ask.send().await.map(drop).map_err(reason)
    }
}
