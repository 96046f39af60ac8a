"""Every operation of SQS by boto3: in JSON as today's SDKs speak, and in the query protocol that older ones speak."""

import hashlib
import json
import time

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.parametrize("sqs", ["json", "query"], indirect=True)


@pytest.fixture
def sqs(request, cloud, calls):
    """A client of one of the two protocols; both meet the same queues."""
    client = cloud.client("sqs") if request.param == "json" else cloud.older_client("sqs")
    calls.of(client)
    client.protocol = request.param
    return client


@pytest.fixture
def make(sqs, request):
    """Makes queues with names of this test's own; they are deleted at its end."""
    made = []

    def make(suffix="", **attributes):
        name = f"{request.node.originalname[5:60]}-{sqs.protocol}{suffix}"
        made.append(sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])
        return made[-1]

    yield make
    for url in made:
        try:
            sqs.delete_queue(QueueUrl=url)
        except ClientError as error:
            assert "NonExistentQueue" in code(error)


def code(error):
    """The code of an error, the same in both protocols."""
    return error.response["Error"]["Code"]


def arn(sqs, url):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def receive(sqs, url, **more):
    wanted = {"AttributeNames": ["All"], "MessageAttributeNames": ["All"], "MaxNumberOfMessages": 10}
    return sqs.receive_message(QueueUrl=url, **wanted | more).get("Messages", [])


def test_a_queue_is_created_found_listed_and_deleted(sqs, make):
    url = make(VisibilityTimeout="45")
    name = url.rsplit("/", 1)[1]
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == url
    assert sqs.list_queues(QueueNamePrefix=name)["QueueUrls"] == [url]
    assert sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "45"})["QueueUrl"] == url
    with pytest.raises(ClientError) as refused:
        sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "46"})
    assert code(refused.value) == "QueueAlreadyExists"
    sqs.delete_queue(QueueUrl=url)
    with pytest.raises(ClientError) as refused:
        sqs.get_queue_url(QueueName=name)
    assert code(refused.value) == "AWS.SimpleQueueService.NonExistentQueue"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_lists_come_in_pages(sqs, make):
    urls = sorted(make(suffix=f"-{number}") for number in range(5))
    prefix = urls[0].rsplit("/", 1)[1][:-1]
    pages = list(sqs.get_paginator("list_queues").paginate(QueueNamePrefix=prefix, PaginationConfig={"PageSize": 2}))
    assert [len(page["QueueUrls"]) for page in pages] == [2, 2, 1]
    assert sorted(url for page in pages for url in page["QueueUrls"]) == urls


def test_attributes_are_set_and_got(sqs, make):
    url = make()
    wanted = {"VisibilityTimeout": "7", "DelaySeconds": "3", "MaximumMessageSize": "2048", "MessageRetentionPeriod": "120",
              "ReceiveMessageWaitTimeSeconds": "2"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes=wanted)
    got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert got | wanted == got
    assert got["QueueArn"] == f"arn:aws:sqs:us-east-1:000000000000:{url.rsplit('/', 1)[1]}"
    assert {name for name in got if name.startswith("Approximate")} == {
        "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible"}
    assert got["ApproximateNumberOfMessages"] == "0"
    with pytest.raises(ClientError) as refused:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "43201"})
    assert code(refused.value) == "InvalidAttributeValue"
    with pytest.raises(ClientError) as refused:
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Colour"])
    assert code(refused.value) == "InvalidAttributeName"


def test_tags(sqs, make):
    url = make()
    sqs.tag_queue(QueueUrl=url, Tags={"team": "orders", "stage": "test"})
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "orders", "stage": "test"}
    sqs.untag_queue(QueueUrl=url, TagKeys=["team"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"stage": "test"}


def test_a_message_with_attributes(sqs, make):
    # boto3 checks the MD5s of bodies and attributes itself, in both directions.
    url = make()
    attributes = {
        "event_type": {"DataType": "String", "StringValue": "größer <&> \"order\""},
        "total": {"DataType": "Number.cents", "StringValue": "-12.50"},
        "picture": {"DataType": "Binary", "BinaryValue": bytes(range(256))},
    }
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}}
    body = "<&> 'größer'\r\n\t\U0001f600"
    sent = sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes, MessageSystemAttributes=trace)
    assert sent["MD5OfMessageBody"] == hashlib.md5(body.encode()).hexdigest()
    [message] = receive(sqs, url)
    assert message["MessageId"] == sent["MessageId"]
    assert message["Body"] == body
    assert message["MessageAttributes"] == attributes
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert message["Attributes"]["AWSTraceHeader"] == trace["AWSTraceHeader"]["StringValue"]
    assert abs(int(message["Attributes"]["SentTimestamp"]) - time.time() * 1000) < 60_000
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    with pytest.raises(ClientError) as refused:
        sqs.delete_message(QueueUrl=url, ReceiptHandle="nonsense")
    assert code(refused.value) == "ReceiptHandleIsInvalid"


def test_only_what_is_asked_for_comes(sqs, make):
    url = make()
    attributes = {name: {"DataType": "String", "StringValue": name} for name in ("a.one", "a.two", "b")}
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes=attributes)
    [message] = receive(sqs, url, MessageAttributeNames=["a.*"], AttributeNames=["SenderId"], VisibilityTimeout=0)
    assert set(message["MessageAttributes"]) == {"a.one", "a.two"}
    assert set(message["Attributes"]) == {"SenderId"}
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert not {"Attributes", "MessageAttributes"} & set(message)


def test_visibility_is_changed(sqs, make):
    url = make(VisibilityTimeout="600")
    sqs.send_message(QueueUrl=url, MessageBody="x")
    [message] = receive(sqs, url)
    assert receive(sqs, url) == []
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    [again] = receive(sqs, url)
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=1)
    [third] = receive(sqs, url, WaitTimeSeconds=10)
    assert third["Attributes"]["ApproximateReceiveCount"] == "3"


def test_batches_succeed_and_fail_entry_by_entry(sqs, make):
    url = make()
    entries = [{"Id": f"m{number}", "MessageBody": f"body {number}"} for number in range(9)]
    entries.append({"Id": "bad", "MessageBody": "x", "DelaySeconds": 901})
    sent = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert [entry["Id"] for entry in sent["Successful"]] == [f"m{number}" for number in range(9)]
    [failed] = sent["Failed"]
    assert (failed["Id"], failed["SenderFault"], failed["Code"]) == ("bad", True, "InvalidParameterValue")
    messages = receive(sqs, url)
    assert sorted(message["Body"] for message in messages) == [f"body {number}" for number in range(9)]

    handles = [{"Id": str(number), "ReceiptHandle": it["ReceiptHandle"]} for number, it in enumerate(messages)]
    bad = {"Id": "bad", "ReceiptHandle": "nonsense"}
    changed = sqs.change_message_visibility_batch(
        QueueUrl=url, Entries=[entry | {"VisibilityTimeout": 700} for entry in handles + [bad]])
    assert len(changed["Successful"]) == 9
    assert [(it["Id"], it["Code"]) for it in changed["Failed"]] == [("bad", "ReceiptHandleIsInvalid")]
    deleted = sqs.delete_message_batch(QueueUrl=url, Entries=handles + [bad])
    assert len(deleted["Successful"]) == 9
    assert [(it["Id"], it["Code"]) for it in deleted["Failed"]] == [("bad", "ReceiptHandleIsInvalid")]
    left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert left["ApproximateNumberOfMessages"] == left["ApproximateNumberOfMessagesNotVisible"] == "0"

    with pytest.raises(ClientError) as refused:
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "same", "MessageBody": "x"}] * 2)
    assert code(refused.value) == "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"


def test_purge(sqs, make):
    url = make()
    sqs.send_message(QueueUrl=url, MessageBody="x")
    sqs.purge_queue(QueueUrl=url)
    assert receive(sqs, url) == []


def test_permissions(sqs, make):
    url = make()
    sqs.add_permission(QueueUrl=url, Label="partner", AWSAccountIds=["111122223333"], Actions=["SendMessage", "ReceiveMessage"])
    policy = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"])
    [statement] = policy["Statement"]
    assert statement["Sid"] == "partner"
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert sorted(statement["Action"]) == ["SQS:ReceiveMessage", "SQS:SendMessage"]
    sqs.remove_permission(QueueUrl=url, Label="partner")
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {})
    assert "partner" not in attributes.get("Policy", "")
    with pytest.raises(ClientError) as refused:
        sqs.remove_permission(QueueUrl=url, Label="partner")
    assert code(refused.value) == "InvalidParameterValue"


def test_redrive_and_back(sqs, make):
    dead = make(suffix="-dead")
    dead_arn = arn(sqs, dead)
    url = make(RedrivePolicy=json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "1"}), VisibilityTimeout="0")
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    assert len(receive(sqs, url)) == 1
    assert receive(sqs, url) == []
    [message] = receive(sqs, dead, WaitTimeSeconds=5, VisibilityTimeout=0)
    assert message["Body"] == "poison"
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == arn(sqs, url)
    task = sqs.start_message_move_task(SourceArn=dead_arn)["TaskHandle"]
    assert task
    [message] = receive(sqs, url, WaitTimeSeconds=10, VisibilityTimeout=60)
    assert message["Body"] == "poison"
    for _ in range(100):
        [shown] = sqs.list_message_move_tasks(SourceArn=dead_arn)["Results"]
        if shown["Status"] == "COMPLETED":
            break
        time.sleep(0.1)
    assert (shown["Status"], shown["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 1)


def test_a_move_can_be_cancelled(sqs, make):
    dead = make(suffix="-dead")
    other = make(suffix="-other")
    make(RedrivePolicy=json.dumps({"deadLetterTargetArn": arn(sqs, dead), "maxReceiveCount": "1"}))
    for _ in range(10):
        sqs.send_message_batch(QueueUrl=dead, Entries=[{"Id": str(n), "MessageBody": "x"} for n in range(10)])
    task = sqs.start_message_move_task(SourceArn=arn(sqs, dead), DestinationArn=arn(sqs, other),
                                       MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    moved = sqs.cancel_message_move_task(TaskHandle=task)["ApproximateNumberOfMessagesMoved"]
    assert 0 <= moved < 100
    for _ in range(100):
        [shown] = sqs.list_message_move_tasks(SourceArn=arn(sqs, dead))["Results"]
        if shown["Status"] == "CANCELLED":
            break
        time.sleep(0.1)
    assert shown["Status"] == "CANCELLED"
    assert shown["MaxNumberOfMessagesPerSecond"] == 1


def test_fifo(sqs, make):
    url = make(suffix=".fifo", FifoQueue="true", ContentBasedDeduplication="true")
    sent = [sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group)
            for group, body in [("a", "a1"), ("a", "a2"), ("b", "b1"), ("a", "a1")]]
    assert sent[3]["MessageId"] == sent[0]["MessageId"]
    assert int(sent[0]["SequenceNumber"]) < int(sent[1]["SequenceNumber"])
    [first] = receive(sqs, url, MaxNumberOfMessages=1)
    assert (first["Body"], first["Attributes"]["MessageGroupId"]) == ("a1", "a")
    assert first["Attributes"]["SequenceNumber"] == sent[0]["SequenceNumber"]
    assert [message["Body"] for message in receive(sqs, url)] == ["b1"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    assert [message["Body"] for message in receive(sqs, url)] == ["a2"]


def test_every_operation_is_called_or_refused_by_name(sqs, cloud, calls):
    calls.everything(cloud, "sqs")
