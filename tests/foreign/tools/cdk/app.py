"""A fan-out as an app of the CDK, with aws-cdk-lib's defaults: a topic, two queues with filter policies and dead-letter queues, and a Firehose stream to a bucket."""

import aws_cdk as cdk
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs


class FanOut(cdk.Stack):
    def __init__(self, scope, id, **kwargs):
        super().__init__(scope, id, **kwargs)
        topic = sns.Topic(self, "Topic", display_name=self.node.try_get_context("display") or "Consumers")
        for name, kinds in {"Orders": ["order"], "Payments": ["payment", "order"]}.items():
            dead = sqs.Queue(self, f"{name}Dead", retention_period=cdk.Duration.days(14))
            queue = sqs.Queue(self, name, dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=3, queue=dead))
            wanted = {"kind": sns.SubscriptionFilter.string_filter(allowlist=kinds)}
            topic.add_subscription(subscriptions.SqsSubscription(queue, raw_message_delivery=True, filter_policy=wanted))
            cdk.CfnOutput(self, f"{name}Url", value=queue.queue_url)
        bucket = s3.Bucket(self, "Landing", removal_policy=cdk.RemovalPolicy.DESTROY)
        stream = firehose.DeliveryStream(
            self, "Stream", destination=firehose.S3Bucket(bucket, buffering_interval=cdk.Duration.seconds(0))
        )
        topic.add_subscription(subscriptions.FirehoseSubscription(stream, raw_message_delivery=True))
        cdk.CfnOutput(self, "TopicArn", value=topic.topic_arn)
        cdk.CfnOutput(self, "BucketName", value=bucket.bucket_name)
        cdk.CfnOutput(self, "StreamName", value=stream.delivery_stream_name)


app = cdk.App()
FanOut(app, "FanOut")
app.synth()
