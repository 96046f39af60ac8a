"""Our own client against a cloud that others wrote: nothing in it leans on ours."""

import json
import re
import subprocess
import sys

import boto3
import pytest
from conftest import ROOT, messaging


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    """The address of a moto server."""
    log = (tmp_path_factory.mktemp("moto") / "log").open("w+")
    command = [sys.executable, "-u", "-m", "moto.server", "--host", "127.0.0.1", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in server.stderr:
        log.write(line)
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            break
    else:
        log.seek(0)
        pytest.fail(f"moto didn't start: {log.read()}")
    # What it goes on to say has to go somewhere.
    drain = subprocess.Popen(["cat"], stdin=server.stderr, stdout=log)
    yield found.group()
    server.terminate()
    server.wait()
    drain.wait()


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """infra.yaml without the landing zone: moto's CloudFormation has no delivery streams."""
    text = (ROOT / "infra.yaml").read_text()
    before, rest = text.split("  # The landing zone.")
    _, outputs = rest.split("\nOutputs:\n")
    outputs, _ = outputs.split("  DeliveryStreamName:\n")
    path = tmp_path_factory.mktemp("template") / "queues.yaml"
    path.write_text(f"{before}\nOutputs:\n{outputs}")
    return str(path)


@pytest.fixture(scope="module")
def deployed(moto, template):
    done = messaging("deploy", "--template", template, endpoint=moto)
    assert "CREATE_COMPLETE" in done.stdout
    return moto


@pytest.fixture(scope="module")
def places(deployed):
    """What publish and consume are told: a stack that moto made has neither outputs nor subscriptions."""
    sqs, sns = boto3.client("sqs", endpoint_url=deployed), boto3.client("sns", endpoint_url=deployed)
    urls = [sqs.get_queue_url(QueueName=f"api-{api}-created-consumer")["QueueUrl"] for api in ("orders", "payment")]
    [topic] = [topic["TopicArn"] for topic in sns.list_topics()["Topics"]]
    for url in urls:
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    return {
        "topic": ("--topic-arn", topic),
        "queues": ("--orders-url", urls[0], "--payments-url", urls[1]),
        "payments": urls[1],
    }


def report(done):
    """The record that ends a command's JSON."""
    record = json.loads(done.stdout.splitlines()[-1])
    assert record["record"] == "report"
    return record


def test_deploying_again_is_a_success(deployed, template):
    messaging("deploy", "--template", template, endpoint=deployed)


def test_publish_and_consume(deployed, places):
    published = messaging("publish", "--count", "25", "--rate", "max", "--batch", "5", "--json", *places["topic"],
                          endpoint=deployed)
    assert report(published)["published"]["events"] == 25
    consumed = messaging("consume", "--until-empty", "--json", *places["queues"], endpoint=deployed)
    assert [(queue["api"], queue["handled"], queue["unreadable"]) for queue in report(consumed)["queues"]] == [
        ("orders", 25, 0), ("payments", 25, 0)]


def test_single_publishes_and_a_count(deployed, places):
    messaging("publish", "--count", "5", "--every", "1ms", "--kind", "consumer", *places["topic"], endpoint=deployed)
    consumed = messaging("consume", "--api", "orders", "--count", "5", "--json", *places["queues"], endpoint=deployed)
    assert report(consumed)["queues"][0]["handled"] == 5


def test_what_cannot_be_read_stays(deployed, places):
    sqs = boto3.client("sqs", endpoint_url=deployed)
    sqs.purge_queue(QueueUrl=places["payments"])
    sqs.send_message(QueueUrl=places["payments"], MessageBody="no event")
    consumed = messaging("consume", "--api", "payments", "--count", "1", "--json", *places["queues"], endpoint=deployed)
    assert report(consumed)["queues"][0]["unreadable"] == 1
    attributes = sqs.get_queue_attributes(QueueUrl=places["payments"], AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_the_stack_is_deleted(deployed):
    messaging("deploy", "--delete", endpoint=deployed)
    assert boto3.client("sns", endpoint_url=deployed).list_topics()["Topics"] == []
