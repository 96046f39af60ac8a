"""The main job by foreign hands: the AWS CLI deploys infra.yaml, everything it declares works, pyarrow reads what landed."""

import json
import subprocess
import time

import pyarrow.dataset
import pyarrow.fs
import pytest
from conftest import ROOT, SCRATCH, messaging

EVENTS = 12


@pytest.fixture(scope="module")
def outputs(aws):
    aws("cloudformation", "deploy", "--stack-name", "messaging", "--template-file", str(ROOT / "infra.yaml"),
        "--capabilities", "CAPABILITY_NAMED_IAM", "CAPABILITY_IAM", "--parameter-overrides", "BufferingSeconds=1")
    stack = aws("cloudformation", "describe-stacks", "--stack-name", "messaging")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def landed(cloud, bucket, least):
    """Keys under landing_date= once so many lines are there."""
    s3 = cloud.client("s3")
    for _ in range(100):
        keys = [it["Key"] for it in s3.list_objects_v2(Bucket=bucket, Prefix="landing_date=").get("Contents", [])]
        lines = [line for key in keys for line in s3.get_object(Bucket=bucket, Key=key)["Body"].read().splitlines()]
        if len(lines) >= least:
            return keys, lines
        time.sleep(0.2)
    raise AssertionError(f"{len(lines)} of {least} lines landed")


def test_deploying_again_changes_nothing(aws, outputs):
    said = aws("cloudformation", "deploy", "--no-fail-on-empty-changeset", "--stack-name", "messaging", "--template-file", str(ROOT / "infra.yaml"),
               "--capabilities", "CAPABILITY_NAMED_IAM", "CAPABILITY_IAM", "--parameter-overrides", "BufferingSeconds=1")
    assert "No changes to deploy" in said


def test_the_cli_publishes_receives_lists_and_reads(cloud, aws, outputs):
    for number in range(EVENTS):
        attributes = {"event_type": {"DataType": "String", "StringValue": "order.placed"}}
        sent = aws("sns", "publish", "--topic-arn", outputs["TopicArn"], "--message", json.dumps({"number": number}),
                   "--message-attributes", json.dumps(attributes))
        assert sent["MessageId"]
    for queue in ("OrdersQueueUrl", "PaymentsQueueUrl"):
        numbers = set()
        while len(numbers) < EVENTS:
            got = aws("sqs", "receive-message", "--queue-url", outputs[queue], "--max-number-of-messages", "10",
                      "--wait-time-seconds", "5", "--message-attribute-names", "All")
            for message in got["Messages"]:
                numbers.add(json.loads(message["Body"])["number"])
                assert message["MessageAttributes"]["event_type"]["StringValue"] == "order.placed"
                aws("sqs", "delete-message", "--queue-url", outputs[queue], "--receipt-handle", message["ReceiptHandle"])
        assert numbers == set(range(EVENTS))
    keys, lines = landed(cloud, outputs["BucketName"], EVENTS)
    assert sorted(json.loads(line)["number"] for line in lines) == list(range(EVENTS))
    listed = aws("s3api", "list-objects-v2", "--bucket", outputs["BucketName"], "--prefix", "landing_date=")
    assert {it["Key"] for it in listed["Contents"]} == set(keys)
    text = aws("s3", "cp", f"s3://{outputs['BucketName']}/{keys[0]}", "-")
    assert "number" in (text if isinstance(text, str) else json.dumps(text))


def test_pyarrow_reads_the_partitions_as_one_dataset(cloud, outputs):
    landed(cloud, outputs["BucketName"], EVENTS)
    filesystem = pyarrow.fs.S3FileSystem(
        access_key="test", secret_key="test", region="us-east-1", endpoint_override=cloud.endpoint)
    dataset = pyarrow.dataset.dataset(outputs["BucketName"], format="json", filesystem=filesystem, partitioning="hive")
    table = dataset.to_table()
    assert set(table.column_names) >= {"number", "landing_date"}
    assert set(table.column("number").to_pylist()) >= set(range(EVENTS))


def test_the_javascript_sdk_publishes_and_receives(cloud, outputs):
    queue = cloud.client("sqs").create_queue(QueueName="javascript")["QueueUrl"]
    arn = cloud.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
                             "Action": "sqs:SendMessage", "Resource": arn}]}
    cloud.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    topic = cloud.client("sns").create_topic(Name="javascript")["TopicArn"]
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn,
                                  Attributes={"RawMessageDelivery": "true"})
    done = subprocess.run(["node", SCRATCH / "fanout.mjs", cloud.endpoint, topic, queue],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"bodies": ["one", "three", "two"], "types": ["order.placed"] * 3, "left": "0"}


def test_our_commands_use_what_the_cli_deployed(cloud, outputs):
    messaging("publish", "--every", "10ms", "--count", "20", "--seed", "7", endpoint=cloud.endpoint)
    done = messaging("consume", "--until-empty", "--json", endpoint=cloud.endpoint)
    assert '"received":20' in done.stdout.replace(" ", ""), done.stdout


def test_a_kill_loses_nothing(cloud, outputs):
    sns, sqs = cloud.client("sns"), cloud.client("sqs")
    for number in range(50):
        sns.publish(TopicArn=outputs["TopicArn"], Message=json.dumps({"kill": number}))
    cloud.kill()
    cloud.start()
    sqs = cloud.client("sqs")
    for queue in ("OrdersQueueUrl", "PaymentsQueueUrl"):
        url = sqs.get_queue_url(QueueName=outputs[queue].rsplit("/", 1)[1])["QueueUrl"]
        got = set()
        while True:
            messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
            if not messages:
                break
            for message in messages:
                got.add(json.loads(message["Body"])["kill"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        assert got == set(range(50))


def test_the_cli_deletes_the_stack(cloud, aws, outputs):
    cloud.client("s3")
    aws("s3", "rm", f"s3://{outputs['BucketName']}", "--recursive")
    time.sleep(2)  # the last batch lands within the stream's buffering of one second
    aws("s3", "rm", f"s3://{outputs['BucketName']}", "--recursive")
    aws("cloudformation", "delete-stack", "--stack-name", "messaging")
    aws("cloudformation", "wait", "stack-delete-complete", "--stack-name", "messaging")
    assert aws("sns", "list-topics")["Topics"] == [
        topic for topic in aws("sns", "list-topics")["Topics"] if not topic["TopicArn"].endswith(":created-consumer")
    ]
