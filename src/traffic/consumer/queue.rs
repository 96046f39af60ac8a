//! What a queue says of itself: its settings, and how many messages it holds.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;

use crate::aws::CallError;
use crate::aws::attempts::Watch;

/// What a consumer wants to know of its queue before it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueueSettings {
    /// Its visibility timeout.
    pub visibility: Duration,
    /// The ARN of its dead-letter queue, if it has one.
    pub dead_letter_queue: Option<String>,
}

/// Asks a queue for its settings.
pub(crate) async fn describe(client: &Client, queue_url: &str) -> Result<QueueSettings, CallError> {
    use QueueAttributeName::{RedrivePolicy, VisibilityTimeout};
    let answer = client
        .get_queue_attributes()
        .queue_url(queue_url)
        .attribute_names(VisibilityTimeout)
        // Not All: a least-privilege emulator of a queue needn't know every attribute.
        .attribute_names(RedrivePolicy)
        .send()
        .await?;
    let attribute = |name| answer.attributes().and_then(|attributes| attributes.get(&name));
    let seconds = attribute(VisibilityTimeout).and_then(|seconds| seconds.parse().ok()).unwrap_or(30);
    let dead_letter_queue = attribute(RedrivePolicy).and_then(|policy| dead_letter_target(policy));
    Ok(QueueSettings { visibility: Duration::from_secs(seconds), dead_letter_queue })
}

/// The ARN of the dead-letter queue that a redrive policy names.
fn dead_letter_target(policy: &str) -> Option<String> {
    let policy: serde_json::Value = serde_json::from_str(policy).ok()?;
    policy["deadLetterTargetArn"].as_str().map(str::to_owned)
}

/// A dead-letter queue, and how many messages it held at first: what comes on top ended there meanwhile.
#[derive(Debug, Clone)]
pub(crate) struct DeadLetters {
    url: String,
    before: i64,
}

impl DeadLetters {
    /// Looks at the dead-letter queue with an ARN.
    pub(crate) async fn look(client: &Client, arn: &str) -> Result<Self, CallError> {
        let (account, name) =
            arn.rsplit_once(':').map(|(head, name)| (head.rsplit(':').next(), name)).unwrap_or_default();
        let found = client.get_queue_url().queue_name(name).set_queue_owner_aws_account_id(account.map(str::to_owned));
        let url = found.send().await?.queue_url.unwrap_or_default();
        let before = held(client, &url).await?;
        Ok(Self { url, before })
    }

    /// How many messages have come since, about.
    pub(crate) async fn since(&self, client: &Client) -> Result<u64, CallError> {
        let now = held(client, &self.url).await?;
        Ok(now.saturating_sub(self.before).try_into().unwrap_or(0))
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

async fn held(client: &Client, url: &str) -> Result<i64, CallError> {
    let watch = Watch::new(std::sync::Arc::new(|_| {}));
    let Left { visible, in_flight, delayed } = count_left(client, url, &watch).await?;
    Ok(visible + in_flight + delayed)
}

/// How many messages a queue holds, about: SQS's counts are approximate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    pub visible: i64,
    pub in_flight: i64,
    pub delayed: i64,
}

/// Asks a queue how many messages it holds.
pub(super) async fn count_left(client: &Client, queue_url: &str, watch: &Watch) -> Result<Left, CallError> {
    use QueueAttributeName::{
        ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesDelayed as Delayed,
        ApproximateNumberOfMessagesNotVisible as InFlight,
    };
    let answer = client
        .get_queue_attributes()
        .queue_url(queue_url)
        .set_attribute_names(Some(vec![Visible, InFlight, Delayed]))
        .customize()
        .interceptor(watch.clone())
        .send()
        .await?;
    let number =
        |name| -> i64 { answer.attributes().and_then(|all| all.get(&name)).and_then(|n| n.parse().ok()).unwrap_or(0) };
    Ok(Left { visible: number(Visible), in_flight: number(InFlight), delayed: number(Delayed) })
}
