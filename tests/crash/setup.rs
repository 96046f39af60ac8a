//! What is made before the first round.

use aws_sdk_firehose::types::{BufferingHints, ExtendedS3DestinationConfiguration};
use aws_sdk_sqs::types::QueueAttributeName;

use crate::clients::Clients;
use crate::routes::{
    EVENTS, FIFO_TOPIC, IDLE, OBJECTS, ORDERED, QUEUES, SETTINGS, STREAMS, TOPIC, VISIBILITY, is_fifo, queue_arn,
    stream_arn, topic_arn,
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

pub(crate) async fn make(clients: &Clients) -> Result<()> {
    let Clients { sns, sqs, firehose, s3, .. } = clients;
    for (queue, name) in QUEUES.iter().enumerate() {
        let mut create = sqs.create_queue().queue_name(*name);
        create = create.attributes(QueueAttributeName::VisibilityTimeout, VISIBILITY.to_string());
        if is_fifo(queue) {
            create = create.attributes(QueueAttributeName::FifoQueue, "true");
        }
        create.send().await?;
    }
    sqs.create_queue().queue_name(SETTINGS).send().await?;
    sqs.create_queue().queue_name(IDLE).send().await?;
    s3.create_bucket().bucket(OBJECTS).send().await?;
    for (name, seconds) in STREAMS {
        s3.create_bucket().bucket(name).send().await?;
        let hints = BufferingHints::builder().interval_in_seconds(seconds).size_in_mbs(1).build();
        let destination = ExtendedS3DestinationConfiguration::builder()
            .role_arn("arn:aws:iam::000000000000:role/firehose")
            .bucket_arn(format!("arn:aws:s3:::{name}"))
            .buffering_hints(hints);
        let create = firehose.create_delivery_stream().delivery_stream_name(name);
        create.extended_s3_destination_configuration(destination.build()?).send().await?;
    }
    sns.create_topic().name(TOPIC).send().await?;
    sns.create_topic().name(FIFO_TOPIC).attributes("FifoTopic", "true").send().await?;
    for (topic, route) in [(TOPIC, &EVENTS), (FIFO_TOPIC, &ORDERED)] {
        for queue in route.queues {
            let subscribe = sns.subscribe().topic_arn(topic_arn(topic)).protocol("sqs");
            let subscribe = subscribe.endpoint(queue_arn(QUEUES[*queue]));
            subscribe.attributes("RawMessageDelivery", "true").send().await?;
        }
        if let Some(stream) = route.stream {
            let subscribe = sns.subscribe().topic_arn(topic_arn(topic)).protocol("firehose");
            let subscribe = subscribe.endpoint(stream_arn(STREAMS[stream].0));
            let subscribe = subscribe.attributes("SubscriptionRoleArn", "arn:aws:iam::000000000000:role/sns");
            subscribe.attributes("RawMessageDelivery", "true").send().await?;
        }
    }
    Ok(())
}
