//! What is declared has a bound: more than that is refused before it is applied.

use super::transaction::Transaction;
use engine::{Change, MAX_DECLARED};
use wire::AwsError;

impl Transaction<'_> {
    /// Makes a declaration: a queue, topic, subscription or stream, new or changed.
    ///
    /// # Errors
    /// As [`check_declaration`](Self::check_declaration).
    pub fn declare(&mut self, change: &Change<'_>) -> Result<(), AwsError> {
        self.check_declaration(change)?;
        self.apply(change);
        Ok(())
    }

    /// Whether there is room for a declaration. To be asked first where more is applied than the declaration.
    ///
    /// # Errors
    /// What the service says of a quota: `OverLimit` (SQS), `TopicLimitExceeded` and `SubscriptionLimitExceeded` (SNS),
    /// `LimitExceededException` (Firehose).
    pub fn check_declaration(&self, change: &Change<'_>) -> Result<(), AwsError> {
        if !self.engine().has_no_room_for(change) {
            return Ok(());
        }
        let (status, code) = match change {
            Change::Queue(_) => (403, "OverLimit"),
            Change::Topic(_) => (403, "TopicLimitExceeded"),
            Change::Subscription(_) => (403, "SubscriptionLimitExceeded"),
            _ => (400, "LimitExceededException"),
        };
        let message = format!(
            "All queues, topics, subscriptions and delivery streams of this server, with their policies and tags, would take \
             more than {} MiB: delete some, or shorten what they hold.",
            MAX_DECLARED >> 20
        );
        let error = AwsError::new(status, code, message);
        Err(if code == "OverLimit" { error.query_code("OverLimit") } else { error })
    }
}
