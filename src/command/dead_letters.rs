//! What ends in the dead-letter queues of consumed queues while a command runs.

use aws_sdk_sqs::Client;

use crate::aws::CallError;
use crate::report;
use crate::traffic::consumer::{DeadLetters, QueueSettings};

/// A queue's dead-letter queue as it was before the run, or why it can't be looked at; `None` if it has none.
pub(super) type Before = Option<Result<DeadLetters, CallError>>;

/// Looks at the dead-letter queue of each queue.
pub(super) async fn look<'q>(client: &Client, queues: impl IntoIterator<Item = &'q QueueSettings>) -> Vec<Before> {
    let looks = queues.into_iter().map(|settings| async {
        match &settings.dead_letter_queue {
            Some(arn) => Some(DeadLetters::look(client, arn).await),
            None => None,
        }
    });
    futures::future::join_all(looks).await
}

/// Looks at one again after the run.
pub(super) async fn look_again(client: &Client, before: Before) -> Option<report::DeadLetters> {
    let (dead, error) = match before? {
        Ok(dead) => match dead.now(client).await {
            Ok(messages) => return Some(report::DeadLetters::counted(dead.url, dead.before, messages)),
            Err(error) => (Some(dead), error),
        },
        Err(error) => (None, error),
    };
    let (queue_url, unknown) = (dead.map(|dead| dead.url), Some(error.to_string()));
    Some(report::DeadLetters { queue_url, unknown, ..Default::default() })
}
