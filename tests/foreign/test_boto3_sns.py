"""Every operation of SNS by boto3."""

import base64
import http.server
import json
import os
import pathlib
import queue
import ssl
import subprocess
import threading
import urllib.request

import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

RAW = {"RawMessageDelivery": "true"}


@pytest.fixture(scope="module")
def sns(cloud, calls):
    return calls.of(cloud.client("sns"))


@pytest.fixture(scope="module")
def sqs(cloud):
    return cloud.client("sqs")


@pytest.fixture
def topic(sns, request):
    """A topic of this test's own."""
    arn = sns.create_topic(Name=request.node.originalname[5:])["TopicArn"]
    yield arn
    sns.delete_topic(TopicArn=arn)


@pytest.fixture
def subscribed(sns, sqs):
    """Makes a queue that a topic may send to, and subscribes it: the subscription's ARN and the queue's URL."""

    def subscribe(topic, name, **attributes):
        fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        url = sqs.create_queue(QueueName=name, Attributes=fifo)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
                     "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [statement]})})
        subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes,
                                     ReturnSubscriptionArn=True)["SubscriptionArn"]
        return subscription, url

    return subscribe


def received(sqs, url):
    wanted = {"MessageAttributeNames": ["All"], "AttributeNames": ["All"]}
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **wanted).get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return messages


def refused(call, **input):
    with pytest.raises(ClientError) as error:
        call(**input)
    return error.value.response["Error"]["Code"]


def test_topics_are_created_listed_and_deleted(sns):
    tags = [{"Key": "team", "Value": "orders"}]
    arn = sns.create_topic(Name="a-topic", Attributes={"DisplayName": "A topic"}, Tags=tags)["TopicArn"]
    assert arn == "arn:aws:sns:us-east-1:000000000000:a-topic"
    assert sns.create_topic(Name="a-topic", Attributes={"DisplayName": "A topic"}, Tags=tags)["TopicArn"] == arn
    pages = sns.get_paginator("list_topics").paginate()
    assert arn in [it["TopicArn"] for page in pages for it in page["Topics"]]
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == tags
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "test"}])
    sns.untag_resource(ResourceArn=arn, TagKeys=["team"])
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "stage", "Value": "test"}]
    sns.delete_topic(TopicArn=arn)
    assert refused(sns.get_topic_attributes, TopicArn=arn) == "NotFound"
    assert refused(sns.create_topic, Name="not a name") == "InvalidParameter"


def test_attributes_permissions_and_policies(sns, topic):
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="Events")
    shown = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (shown["DisplayName"], shown["TopicArn"], shown["Owner"]) == ("Events", topic, "000000000000")
    sns.add_permission(TopicArn=topic, Label="partner", AWSAccountId=["111122223333"], ActionName=["Publish"])
    statements = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])["Statement"]
    [mine] = [statement for statement in statements if statement["Sid"] == "partner"]
    assert mine["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    sns.remove_permission(TopicArn=topic, Label="partner")
    statements = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])["Statement"]
    assert [statement["Sid"] for statement in statements] == ["__default_statement_ID"]
    policy = {"Name": "protect", "Version": "2021-06-01", "Statement": [{
        "Sid": "one", "DataDirection": "Inbound", "Principal": ["*"], "Operation": {"Deny": {}},
        "DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/CreditCardNumber"]}]}
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=json.dumps(policy))
    assert json.loads(sns.get_data_protection_policy(ResourceArn=topic)["DataProtectionPolicy"]) == policy
    assert refused(sns.set_topic_attributes, TopicArn=topic, AttributeName="Colour", AttributeValue="x") == "InvalidParameter"


def test_publish_and_batch_reach_each_queue(sns, sqs, topic, subscribed):
    _, raw = subscribed(topic, "reached-raw", **RAW)
    _, enveloped = subscribed(topic, "reached-enveloped")
    attributes = {
        "event_type": {"DataType": "String", "StringValue": "order.placed"},
        "picture": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    sent = sns.publish(TopicArn=topic, Message="größer <&>", Subject="An order", MessageAttributes=attributes)
    [message] = received(sqs, raw)
    assert (message["Body"], message["MessageAttributes"]) == ("größer <&>", attributes)
    [message] = received(sqs, enveloped)
    envelope = json.loads(message["Body"])
    assert envelope["MessageId"] == sent["MessageId"]
    assert (envelope["Type"], envelope["Subject"], envelope["Message"]) == ("Notification", "An order", "größer <&>")
    assert envelope["MessageAttributes"]["picture"] == {"Type": "Binary", "Value": "AP8="}

    entries = [{"Id": str(number), "Message": f"body {number}"} for number in range(10)]
    done = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert [entry["Id"] for entry in done["Successful"]] == [str(number) for number in range(10)]
    assert done["Failed"] == []
    assert sorted(it["Body"] for it in received(sqs, raw)) == [f"body {number}" for number in range(10)]
    assert refused(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries + [
        {"Id": "eleventh", "Message": "x"}]) == "TooManyEntriesInBatchRequest"
    assert refused(sns.publish, TopicArn=topic, Message="x" * (256 * 1024 + 1)) == "InvalidParameter"


def test_subscriptions_have_attributes_and_filters(sns, sqs, topic, subscribed):
    subscription, url = subscribed(topic, "filtered", **RAW)
    policy = {"event_type": [{"prefix": "order."}]}
    sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName="FilterPolicy", AttributeValue=json.dumps(policy))
    shown = sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    assert json.loads(shown["FilterPolicy"]) == policy
    assert (shown["Protocol"], shown["RawMessageDelivery"], shown["PendingConfirmation"]) == ("sqs", "true", "false")
    for kind in ("order.placed", "payment.captured"):
        attributes = {"event_type": {"DataType": "String", "StringValue": kind}}
        sns.publish(TopicArn=topic, Message=kind, MessageAttributes=attributes)
    assert [message["Body"] for message in received(sqs, url)] == ["order.placed"]
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [it["SubscriptionArn"] for it in listed] == [subscription]
    pages = sns.get_paginator("list_subscriptions").paginate()
    assert subscription in [it["SubscriptionArn"] for page in pages for it in page["Subscriptions"]]
    sns.unsubscribe(SubscriptionArn=subscription)
    sns.publish(TopicArn=topic, Message="x", MessageAttributes={"event_type": {"DataType": "String", "StringValue": "order.x"}})
    assert received(sqs, url) == []
    assert refused(sns.get_subscription_attributes, SubscriptionArn=subscription) == "NotFound"


def test_fifo(sns, sqs, subscribed):
    arn = sns.create_topic(Name="ordered.fifo", Attributes={"FifoTopic": "true", "ContentBasedDeduplication": "true"})["TopicArn"]
    _, url = subscribed(arn, "ordered.fifo", **RAW)
    sent = [sns.publish(TopicArn=arn, Message=body, MessageGroupId="g") for body in ("one", "two", "one")]
    assert sent[0]["MessageId"] == sent[2]["MessageId"]
    assert int(sent[0]["SequenceNumber"]) < int(sent[1]["SequenceNumber"])
    assert [message["Body"] for message in received(sqs, url)] == ["one", "two"]


class Page(http.server.BaseHTTPRequestHandler):
    """Takes what SNS posts, by the last part of the path."""

    posted = queue.Queue()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.posted.put((dict(self.headers), json.loads(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def page():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()


@pytest.fixture(scope="module")
def authority(cloud):
    """The certificate to trust for TLS."""
    return urllib.request.urlopen(f"{cloud.endpoint}/_messaging/ca.pem").read().decode()


def verify(message, authority):
    """Checks a message's signature as the SNS developer guide says, with the certificate that it names."""
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if message["Type"] != "Notification":
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    signed = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    algorithm = {"1": hashes.SHA1(), "2": hashes.SHA256()}[message["SignatureVersion"]]
    trusted = ssl.create_default_context(cadata=authority)
    # The default from Python 3.13 on.
    trusted.verify_flags |= ssl.VERIFY_X509_STRICT
    fetched = urllib.request.urlopen(message["SigningCertURL"], context=trusted)
    certificate = x509.load_pem_x509_certificate(fetched.read())
    certificate.public_key().verify(base64.b64decode(message["Signature"]), signed.encode(), padding.PKCS1v15(), algorithm)


@pytest.mark.parametrize("version", ["1", "2"])
def test_pages_confirm_and_are_told_with_a_signature_that_verifies(sns, page, authority, version):
    topic = sns.create_topic(Name=f"signed-{version}", Attributes={"SignatureVersion": version})["TopicArn"]
    pending = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=page)["SubscriptionArn"]
    assert pending == "pending confirmation"
    headers, asked = Page.posted.get(timeout=30)
    assert (headers["x-amz-sns-message-type"], asked["Type"]) == ("SubscriptionConfirmation", "SubscriptionConfirmation")
    verify(asked, authority)
    subscription = sns.confirm_subscription(TopicArn=topic, Token=asked["Token"])["SubscriptionArn"]
    assert subscription.startswith(topic + ":")
    sns.publish(TopicArn=topic, Message="told", Subject="News")
    headers, told = Page.posted.get(timeout=30)
    assert (headers["x-amz-sns-message-type"], told["Message"], told["SignatureVersion"]) == ("Notification", "told", version)
    assert headers["x-amz-sns-subscription-arn"] == subscription
    verify(told, authority)
    sns.delete_topic(TopicArn=topic)


def test_sns_validator_takes_what_was_delivered(sns, page, cloud, authority):
    topic = sns.create_topic(Name="validated")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=page)
    _, asked = Page.posted.get(timeout=30)
    sns.confirm_subscription(TopicArn=topic, Token=asked["Token"])
    sns.publish(TopicArn=topic, Message="told", Subject="News")
    _, told = Page.posted.get(timeout=30)
    # The data folder has the certificate as well.
    kept = pathlib.Path(cloud.folder, "ca.pem")
    assert kept.read_text() == authority
    for message in (asked, told):
        done = subprocess.run(["node", pathlib.Path(os.environ["SCRATCH"], "validate.mjs"), json.dumps(message)],
                              capture_output=True, text=True, timeout=60, env=os.environ | {"NODE_EXTRA_CA_CERTS": str(kept)})
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == {"genuine": "valid", "forged": "The message signature is invalid."}
    sns.delete_topic(TopicArn=topic)


def test_mobile_push(sns):
    attributes = {"PlatformCredential": "key"}
    app = sns.create_platform_application(Name="app", Platform="GCM", Attributes=attributes)["PlatformApplicationArn"]
    assert app in [it["PlatformApplicationArn"] for it in sns.list_platform_applications()["PlatformApplications"]]
    sns.set_platform_application_attributes(PlatformApplicationArn=app, Attributes={"SuccessFeedbackSampleRate": "50"})
    shown = sns.get_platform_application_attributes(PlatformApplicationArn=app)["Attributes"]
    assert shown["SuccessFeedbackSampleRate"] == "50"
    endpoint = sns.create_platform_endpoint(PlatformApplicationArn=app, Token="device", CustomUserData="me")["EndpointArn"]
    shown = sns.get_endpoint_attributes(EndpointArn=endpoint)["Attributes"]
    assert shown == {"Token": "device", "CustomUserData": "me", "Enabled": "true"}
    assert sns.publish(TargetArn=endpoint, Message="hello")["MessageId"]
    sns.set_endpoint_attributes(EndpointArn=endpoint, Attributes={"Enabled": "false"})
    assert refused(sns.publish, TargetArn=endpoint, Message="hello") == "EndpointDisabled"
    listed = sns.list_endpoints_by_platform_application(PlatformApplicationArn=app)["Endpoints"]
    assert [it["EndpointArn"] for it in listed] == [endpoint]
    sns.delete_endpoint(EndpointArn=endpoint)
    sns.delete_platform_application(PlatformApplicationArn=app)
    assert refused(sns.get_platform_application_attributes, PlatformApplicationArn=app) == "NotFound"


def test_text_messages(sns):
    assert sns.publish(PhoneNumber="+15550100", Message="hello")["MessageId"]
    sns.set_sms_attributes(attributes={"DefaultSMSType": "Transactional"})
    assert sns.get_sms_attributes(attributes=["DefaultSMSType"])["attributes"] == {"DefaultSMSType": "Transactional"}
    assert sns.check_if_phone_number_is_opted_out(phoneNumber="+15550100")["isOptedOut"] is False
    assert sns.list_phone_numbers_opted_out()["phoneNumbers"] == []
    assert "IsInSandbox" in sns.get_sms_sandbox_account_status()


def test_the_sandbox_of_text_messages(sns, cloud):
    number = "+12065550199"
    sns.create_sms_sandbox_phone_number(PhoneNumber=number)
    listed = sns.list_sms_sandbox_phone_numbers()["PhoneNumbers"]
    assert listed == [{"PhoneNumber": number, "Status": "Pending"}]
    with urllib.request.urlopen(f"{cloud.endpoint}/_messaging/outbox") as answer:
        texts = [it["message"] for it in json.load(answer)["messages"] if it["to"] == number]
    sns.verify_sms_sandbox_phone_number(PhoneNumber=number, OneTimePassword=texts[-1].rsplit(" ", 1)[-1])
    assert sns.list_sms_sandbox_phone_numbers()["PhoneNumbers"] == [{"PhoneNumber": number, "Status": "Verified"}]
    sns.delete_sms_sandbox_phone_number(PhoneNumber=number)
    assert sns.list_sms_sandbox_phone_numbers()["PhoneNumbers"] == []
    assert sns.list_origination_numbers()["PhoneNumbers"] == []


def test_every_operation_is_called_or_refused_by_name(cloud, calls):
    # Only AWS itself can opt a number out, so there is none to opt in.
    calls.done["sns"].add("OptInPhoneNumber")
    calls.everything(cloud, "sns")
