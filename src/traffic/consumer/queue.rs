//! What a queue says of itself: its settings, and how many messages it holds.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;

use crate::aws::attempts::Watch;
use crate::aws::{CallError, queue};

/// What a consumer wants to know of its queue before it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueueSettings {
    /// Its visibility timeout.
    pub visibility: Duration,
    /// The ARN of its dead-letter queue, if it has one.
    pub dead_letter_queue: Option<String>,
    /// How often a message is received before it goes there.
    pub max_receives: Option<u32>,
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
    let policy = attribute(RedrivePolicy);
    let dead_letter_queue = policy.and_then(|policy| queue::dead_letter_queue(policy));
    let max_receives = policy.and_then(|policy| queue::max_receives(policy));
    Ok(QueueSettings { visibility: Duration::from_secs(seconds), dead_letter_queue, max_receives })
}

/// A dead-letter queue, and how many messages it held at first: what comes on top ended there meanwhile.
#[derive(Debug, Clone)]
pub(crate) struct DeadLetters {
    pub url: String,
    pub before: u64,
}

impl DeadLetters {
    /// Looks at the dead-letter queue with an ARN.
    pub(crate) async fn look(client: &Client, arn: &str) -> Result<Self, CallError> {
        let url = queue::url_by_arn(client, arn).await?;
        let before = held(client, &url).await?;
        Ok(Self { url, before })
    }

    /// How many messages it holds now, about.
    pub(crate) async fn now(&self, client: &Client) -> Result<u64, CallError> {
        held(client, &self.url).await
    }
}

/// How many messages a queue holds, about: visible, in flight and delayed.
pub(crate) async fn held(client: &Client, url: &str) -> Result<u64, CallError> {
    let watch = Watch::new(std::sync::Arc::new(|_| {}));
    let Left { visible, in_flight, delayed } = count_left(client, url, &watch).await?;
    Ok((visible + in_flight + delayed).try_into().unwrap_or(0))
}

/// How many messages a queue holds, about: SQS's counts are approximate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::traffic) struct Left {
    pub visible: i64,
    pub in_flight: i64,
    pub delayed: i64,
}

/// Asks a queue how many messages it holds.
pub(in crate::traffic) async fn count_left(client: &Client, queue_url: &str, watch: &Watch) -> Result<Left, CallError> {
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
