//! Sending a message from its topic to the subscriptions, and reporting to the operator which of them didn't get it.

use crate::core::Cloud;
use crate::core::transaction::Transaction;
use crate::sns::explain;
use engine::explain::Outcomes;
use engine::topic::Refusal;
use engine::{Change, Notification, SendError, Seq, TopicId};

/// What became of a published message.
pub(crate) struct FanOut {
    /// The message's number; a duplicate's is the original's.
    pub seq: Seq,
    /// Subscriptions that should have got it and could not.
    refusals: Vec<Refusal>,
    /// What each subscription did, when the operator asked for it.
    explanation: Option<Vec<String>>,
}

/// Decides which subscriptions get a message, and sends it to them.
///
/// # Errors
/// What a FIFO topic lacks in a message; `NoQueue` when there is no such topic.
pub(crate) fn fan_out(
    cloud: &Cloud,
    tx: &mut Transaction<'_>,
    topic: TopicId,
    topic_arn: &str,
    notification: Notification<'_>,
) -> Result<FanOut, SendError> {
    let mut outcomes = cloud.notices.explains().then(Outcomes::new);
    let published = tx.decide_publish(topic, topic_arn, notification, outcomes.as_mut())?;
    let explanation = outcomes.map(|outcomes| explain::words(tx.engine(), topic_arn, &published, &outcomes));
    if let Some(sent) = published.change {
        tx.note_published(topic, published.seq, &published.refusals);
        tx.apply(&Change::Sent(sent));
    }
    Ok(FanOut { seq: published.seq, refusals: published.refusals, explanation })
}

impl FanOut {
    /// Whether [`Self::report`] has anything to say.
    pub(crate) fn is_worth_a_report(&self) -> bool {
        self.explanation.is_some() || !self.refusals.is_empty()
    }

    /// Tells the operator which subscriptions did not get the message, and why; what each of them did when asked to explain.
    pub(crate) fn report(&self, cloud: &Cloud, topic_arn: &str) {
        if let Some(explanation) = &self.explanation {
            cloud.notices.explain(explanation);
        }
        for refusal in &self.refusals {
            let (subscription, reason) = (&refusal.subscription, explain::reason(refusal));
            cloud.notice(&format!("a message of {topic_arn} was not delivered to {subscription}: {reason}"));
        }
    }
}
