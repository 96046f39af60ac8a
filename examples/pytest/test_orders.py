"""A worker of a queue, tested: what it can't handle comes again, and in the end lies among the dead letters."""

import json


def work(sqs, queue, handle):
    """What is tested."""
    for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
        if handle(message["Body"]):
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def queue(sqs, name, **attributes):
    return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def depth(sqs, queue):
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"])


def test_what_is_handled_is_gone(client):
    sqs = client("sqs")
    orders = queue(sqs, "orders")
    sqs.send_message(QueueUrl=orders, MessageBody="two books")
    handled = []
    work(sqs, orders, lambda body: handled.append(body) or True)
    assert (handled, depth(sqs, orders)) == (["two books"], 0)


def test_what_cannot_be_handled_ends_among_the_dead_letters(client, advance):
    sqs = client("sqs")
    dead = queue(sqs, "dead-orders")
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
    orders = queue(sqs, "orders", VisibilityTimeout="30", RedrivePolicy=redrive)
    sqs.send_message(QueueUrl=orders, MessageBody="no books")
    tries = []
    for _ in range(3):
        work(sqs, orders, lambda body: tries.append(body))
        advance("30s")
    assert (tries, depth(sqs, dead)) == (["no books", "no books"], 1)
