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
def deployed(moto):
    done = messaging("deploy", "--template", str(ROOT / "infra.yaml"), endpoint=moto)
    assert "CREATE_COMPLETE" in done.stdout
    assert "TopicArn" in done.stdout
    return moto


def report(done):
    """The record that ends a command's JSON."""
    record = json.loads(done.stdout.splitlines()[-1])
    assert record["record"] == "report"
    return record


def test_deploying_again_finds_nothing_to_change(deployed):
    messaging("deploy", "--template", str(ROOT / "infra.yaml"), endpoint=deployed)


def test_publish_and_consume(deployed):
    published = messaging("publish", "--count", "25", "--rate", "max", "--batch", "5", "--json", endpoint=deployed)
    assert report(published)["published"]["events"] == 25
    consumed = messaging("consume", "--until-empty", "--json", endpoint=deployed)
    assert [(queue["api"], queue["handled"], queue["unreadable"]) for queue in report(consumed)["queues"]] == [
        ("orders", 25, 0), ("payments", 25, 0)]


def test_single_publishes_and_a_count(deployed):
    messaging("publish", "--count", "5", "--every", "1ms", "--kind", "consumer", endpoint=deployed)
    consumed = messaging("consume", "--api", "orders", "--count", "5", "--json", endpoint=deployed)
    assert report(consumed)["queues"][0]["handled"] == 5


def test_what_cannot_be_read_stays(deployed):
    sqs = boto3.client("sqs", endpoint_url=deployed)
    url = sqs.get_queue_url(QueueName="api-payment-created-consumer")["QueueUrl"]
    sqs.purge_queue(QueueUrl=url)
    sqs.send_message(QueueUrl=url, MessageBody="no event")
    consumed = messaging("consume", "--api", "payments", "--count", "1", "--json", endpoint=deployed)
    assert report(consumed)["queues"][0]["unreadable"] == 1
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_the_stack_is_deleted(deployed):
    messaging("deploy", "--delete", "--empty-bucket", endpoint=deployed)
    assert boto3.client("sns", endpoint_url=deployed).list_topics()["Topics"] == []
