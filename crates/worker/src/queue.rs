//! The queue that a worker works for.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName::{RedrivePolicy, VisibilityTimeout};

use crate::error::Error;

/// A queue, as far as its worker must know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its URL.
    pub url: String,
    /// Its visibility timeout.
    pub visibility: Duration,
    /// Whether it keeps the order of each message group.
    pub fifo: bool,
    /// How often a message is received before SQS moves it to the dead-letter queue.
    pub max_receives: Option<u32>,
    /// The URL of its dead-letter queue.
    pub dead_letters: Option<String>,
}

impl Queue {
    /// Asks a queue for its settings.
    ///
    /// # Errors
    /// The queue's, and those of looking for the dead-letter queue that its redrive policy names.
    pub async fn look(client: &Client, url: &str) -> Result<Self, Error> {
        let answer = client
            .get_queue_attributes()
            .queue_url(url)
            // Not All: of what isn't asked for, nobody needs to be allowed to tell.
            .attribute_names(VisibilityTimeout)
            .attribute_names(RedrivePolicy)
            .send()
            .await
            .map_err(|error| Error::Look(error.into()))?;
        let attribute = |name| answer.attributes().and_then(|attributes| attributes.get(&name));
        let seconds = attribute(VisibilityTimeout).and_then(|seconds| seconds.parse().ok()).unwrap_or(30);
        let (arn, max_receives) = attribute(RedrivePolicy).map_or((None, None), |policy| redrive(policy));
        let dead_letters = match arn {
            Some(arn) => Some(url_by_arn(client, &arn).await?),
            None => None,
        };
        Ok(Self {
            url: url.to_owned(),
            visibility: Duration::from_secs(seconds),
            // Only the names of FIFO queues end so, and all of them do.
            fifo: url.ends_with(".fifo"),
            max_receives,
            dead_letters,
        })
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or_default()
    }
}

/// The dead-letter queue's ARN and the number of receives that a redrive policy names.
fn redrive(policy: &str) -> (Option<String>, Option<u32>) {
    let policy: serde_json::Value = serde_json::from_str(policy).unwrap_or_default();
    let count = &policy["maxReceiveCount"];
    // A number, or its text: SQS gives back what was set.
    let count = count.as_u64().or_else(|| count.as_str()?.parse().ok());
    (policy["deadLetterTargetArn"].as_str().map(str::to_owned), count.and_then(|count| count.try_into().ok()))
}

/// `arn:aws:sqs:REGION:ACCOUNT:NAME` names a queue of that account.
async fn url_by_arn(client: &Client, arn: &str) -> Result<String, Error> {
    let (head, name) = arn.rsplit_once(':').unwrap_or(("", arn));
    let account = head.rsplit(':').next().filter(|account| !account.is_empty()).map(str::to_owned);
    let ask = client.get_queue_url().queue_name(name).set_queue_owner_aws_account_id(account);
    let answer = ask.send().await.map_err(|error| Error::Find(error.into()))?;
    Ok(answer.queue_url.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redrive_policy_counts_in_numbers_or_their_text() {
        let dead = Some("arn:aws:sqs:us-east-1:1:d".to_owned());
        for (count, read) in [("5", Some(5)), (r#""7""#, Some(7)), ("-1", None), ("null", None)] {
            let policy = format!(r#"{{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:1:d","maxReceiveCount":{count}}}"#);
            assert_eq!(redrive(&policy), (dead.clone(), read));
        }
        assert_eq!(redrive("no JSON"), (None, None));
    }
}
