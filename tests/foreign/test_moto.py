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


# What moto's CloudFormation knows: no subscriptions, no delivery streams, and a stack of a change set shows no outputs.
TEMPLATE = """
Parameters:
  MaxReceiveCount: {Type: Number, Default: 5}
Resources:
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: created-consumer}}
  DeadLetters: {Type: AWS::SQS::Queue, Properties: {QueueName: dead-letters}}
  Orders:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: orders
      RedrivePolicy: {deadLetterTargetArn: !GetAtt DeadLetters.Arn, maxReceiveCount: !Ref MaxReceiveCount}
  Payments: {Type: AWS::SQS::Queue, Properties: {QueueName: payments}}
Outputs:
  TopicArn: {Value: !Ref Topic}
"""
TOPIC = "arn:aws:sns:us-east-1:123456789012:created-consumer"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    file = tmp_path_factory.mktemp("template") / "moto.yaml"
    file.write_text(TEMPLATE)
    return str(file)


@pytest.fixture(scope="module")
def deployed(moto, template):
    shown = messaging("deploy", "--template", template, "--dry-run", endpoint=moto)
    assert "+ add" in shown.stdout and "AWS::SNS::Topic" in shown.stdout
    done = messaging("deploy", "--template", template, endpoint=moto)
    assert "CREATE_COMPLETE" in done.stdout
    sns, sqs = (boto3.client(service, endpoint_url=moto) for service in ("sns", "sqs"))
    # One of each kind of delivery: the event itself, and SNS's envelope around it.
    for name, raw in (("orders", "true"), ("payments", "false")):
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": raw})
    return moto


def publish(moto, *args):
    return messaging("publish", "--topic-arn", TOPIC, *args, endpoint=moto)


def consume(moto, *args):
    urls = [f"--{name}-url={moto}/123456789012/{name}" for name in ("orders", "payments")]
    return messaging("consume", *urls, *args, endpoint=moto)


def report(done):
    """The record that ends a command's JSON."""
    record = json.loads(done.stdout.splitlines()[-1])
    assert record["record"] == "report"
    return record


def test_deploying_again_finds_nothing_to_change(deployed, template):
    again = messaging("deploy", "--template", template, endpoint=deployed)
    assert "nothing to change" in again.stderr
    changed = messaging("deploy", "--template", template, "--parameter", "MaxReceiveCount=3", endpoint=deployed)
    assert "UPDATE_COMPLETE" in changed.stdout


def test_publish_and_consume(deployed):
    published = publish(deployed, "--count", "25", "--rate", "max", "--batch", "5", "--json")
    assert report(published)["published"]["events"] == 25
    consumed = consume(deployed, "--until-empty", "--json")
    assert [(queue["api"], queue["handled"], queue["unreadable"]) for queue in report(consumed)["queues"]] == [
        ("orders", 25, 0), ("payments", 25, 0)]


def test_single_publishes_and_a_count(deployed):
    publish(deployed, "--count", "5", "--every", "1ms", "--kind", "consumer")
    consumed = consume(deployed, "--api", "orders", "--count", "5", "--json")
    assert report(consumed)["queues"][0]["handled"] == 5


def test_what_cannot_be_read_stays(deployed):
    sqs = boto3.client("sqs", endpoint_url=deployed)
    url = sqs.get_queue_url(QueueName="payments")["QueueUrl"]
    sqs.purge_queue(QueueUrl=url)
    sqs.send_message(QueueUrl=url, MessageBody="no event")
    consumed = consume(deployed, "--api", "payments", "--count", "1", "--json")
    assert report(consumed)["queues"][0]["unreadable"] == 1
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "1"


# A fan-out of names that nobody here knows, without a stream.
SYSTEM = """
Resources:
  News: {Type: AWS::SNS::Topic, Properties: {TopicName: news}}
  Readers: {Type: AWS::SQS::Queue, Properties: {QueueName: readers}}
  Archive: {Type: AWS::SQS::Queue, Properties: {QueueName: archive}}
"""


def test_a_simulation_on_moto_proves_that_nothing_is_lost(moto, tmp_path):
    clients = [boto3.client(service, endpoint_url=moto) for service in ("cloudformation", "sns", "sqs")]
    cloudformation, sns, sqs = clients
    cloudformation.create_stack(StackName="system", TemplateBody=SYSTEM)
    for name, raw in (("readers", "true"), ("archive", "false")):
        arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
        attributes = {"RawMessageDelivery": raw}
        if name == "archive":
            attributes["FilterPolicy"] = json.dumps({"kind": ["order", "payment"]})
        sns.subscribe(TopicArn="arn:aws:sns:us-east-1:123456789012:news", Protocol="sqs", Endpoint=arn, Attributes=attributes)
    page = tmp_path / "run.html"
    done = messaging("simulate", "--stack", "system", "--count", "60", "--rate", "max", "--patience", "2s", "--json",
                     "--report", str(page), endpoint=moto)
    record = report(done)
    assert record["verdict"] == "nothing_lost", record
    assert {queue["api"]: queue["lost"] for queue in record["queues"]} == {"readers": 0, "archive": 0}
    assert "Nothing lost" in page.read_text()


def test_what_moto_cannot_deploy_is_said(moto):
    done = messaging("deploy", "--stack", "whole", "--template", str(ROOT / "infra.yaml"), endpoint=moto, check=False)
    assert done.returncode == 1
    assert "Can't execute the change set" in done.stderr


def test_the_stack_is_deleted(deployed):
    messaging("deploy", "--delete", endpoint=deployed)
    assert TOPIC not in [topic["TopicArn"] for topic in boto3.client("sns", endpoint_url=deployed).list_topics()["Topics"]]
