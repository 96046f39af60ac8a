//! Topics and queues for a phase, made with AWS's own SDK.

use std::time::{Duration, Instant};

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_sqs::types::QueueAttributeName as Attribute;

use super::error::Result;

/// How long messages may take, after the last answer, to be in their queues.
pub(crate) const SETTLE: Duration = Duration::from_secs(10);

/// An endpoint's clients.
pub(crate) struct Account {
    sns: aws_sdk_sns::Client,
    sqs: aws_sdk_sqs::Client,
    run: u32,
}

impl Account {
    pub(crate) fn new(endpoint: &str) -> Self {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "bench")))
            .region(Region::new("us-east-1"))
            .endpoint_url(endpoint)
            .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(60)).build())
            .build();
        let run = std::process::id();
        Self { sns: aws_sdk_sns::Client::new(&config), sqs: aws_sdk_sqs::Client::new(&config), run }
    }

    /// A topic with so many queues that get every message raw: its ARN, and their URLs.
    pub(crate) async fn fanout(&self, name: &str, queues: usize) -> Result<(String, Vec<String>)> {
        let topic = self.sns.create_topic().name(format!("{name}-{}", self.run)).send().await?;
        let topic = topic.topic_arn.ok_or("no topic")?;
        let mut urls = Vec::new();
        for i in 0..queues {
            let url = self.queue(&format!("{name}-{i}")).await?;
            let asked = self.sqs.get_queue_attributes().queue_url(&url).attribute_names(Attribute::QueueArn);
            let arn =
                asked.send().await?.attributes.and_then(|mut it| it.remove(&Attribute::QueueArn)).ok_or("no ARN")?;
            let subscribe = self.sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(arn);
            subscribe.attributes("RawMessageDelivery", "true").send().await?;
            urls.push(url);
        }
        Ok((topic, urls))
    }

    pub(crate) async fn queue(&self, name: &str) -> Result<String> {
        let made = self.sqs.create_queue().queue_name(format!("{name}-{}", self.run)).send().await?;
        Ok(made.queue_url.ok_or("no queue")?)
    }

    /// Messages in a queue, in flight or not.
    pub(crate) async fn depth(&self, url: &str) -> Result<u64> {
        let names = [Attribute::ApproximateNumberOfMessages, Attribute::ApproximateNumberOfMessagesNotVisible];
        let asked = self.sqs.get_queue_attributes().queue_url(url).set_attribute_names(Some(names.to_vec()));
        let attributes = asked.send().await?.attributes.unwrap_or_default();
        Ok(attributes.values().filter_map(|count| count.parse::<u64>().ok()).sum())
    }

    /// Messages in these queues, as soon as they are `expected` many or else after [`SETTLE`]; and how long that took.
    pub(crate) async fn settled(&self, urls: &[String], expected: u64) -> Result<(u64, Duration)> {
        let begin = Instant::now();
        loop {
            // A deep queue may take its time to say how deep it is: that isn't the messages' lag.
            let asked = begin.elapsed();
            let mut depth = 0;
            for url in urls {
                depth += self.depth(url).await?;
            }
            if depth >= expected || asked >= SETTLE {
                return Ok((depth, asked));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}
