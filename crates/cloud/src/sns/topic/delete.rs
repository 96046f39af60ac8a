//! DeleteTopic: the topic and its subscriptions go; a topic that isn't there is no error.

use serde::Deserialize;

use super::data_protection;
use crate::request::Context;
use crate::sns::subscription::unsubscribe;
use crate::sns::{access, arn};
use engine::Change;
use engine::topic::archive_arn;
use wire::{AwsError, Text};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteTopicInput<'a> {
    #[serde(borrow)]
    pub topic_arn: Option<Text<'a>>,
}

pub(crate) async fn delete_topic(cx: &Context, input: DeleteTopicInput<'_>) -> Result<(), AwsError> {
    let topic_arn = arn::topic(&input.topic_arn, "TopicArn", cx)?;
    cx.cloud
        .core
        .execute_freeing(|tx| {
            let Some(topic) = tx.engine().topic_by_arn(topic_arn) else { return Ok(()) };
            access::check(cx, topic, "SNS:DeleteTopic")?;
            let id = topic.config.id;
            let archive = tx.engine().queue_id(&archive_arn(topic_arn));
            // "Amazon SNS message archiving for FIFO topic owners": the policy goes first. A stack sees to that itself.
            if archive.is_some() && cx.service.is_none() {
                let message = "Invalid state: Cannot delete a topic with an ArchivePolicy";
                return Err(AwsError::bad("InvalidState", message));
            }
            let subscriptions: Vec<_> = topic.subscriptions.iter().copied().collect();
            subscriptions.into_iter().for_each(|id| unsubscribe::remove(tx, id));
            tx.apply(&Change::TopicGone(id));
            if let Some(archive) = archive {
                tx.apply(&Change::QueueGone(archive));
            }
            tx.delete_doc(&data_protection::key(topic_arn));
            Ok(())
        })
        .await
}
