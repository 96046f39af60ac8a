"""TLS by foreign hands: boto3, the AWS CLI, curl, Node.js and sns-validator trust the data folder's authority, and nothing without it."""

import json
import os
import pathlib
import socket
import ssl
import subprocess
import urllib.error
import urllib.request

import boto3
import botocore.exceptions
import pytest
from botocore.config import Config
from conftest import SCRATCH, Cloud


@pytest.fixture(scope="module")
def secure(cloud):
    return cloud.endpoint.replace("http://", "https://")


@pytest.fixture(scope="module")
def bundle(cloud):
    """The file with the certificate to trust; it is there as soon as somebody asked for it."""
    served = urllib.request.urlopen(f"{cloud.endpoint}/_messaging/ca.pem").read().decode()
    kept = pathlib.Path(cloud.folder, "ca.pem")
    assert kept.read_text() == served
    return str(kept)


@pytest.fixture(scope="module")
def wrong(tmp_path_factory):
    """The same of another folder."""
    other = Cloud(tmp_path_factory.mktemp("other"))
    path = tmp_path_factory.mktemp("wrong") / "ca.pem"
    path.write_bytes(urllib.request.urlopen(f"{other.endpoint}/_messaging/ca.pem").read())
    other.stop()
    return str(path)


def client(service, endpoint, trusted, **config):
    config = Config(retries={"total_max_attempts": 1}, **config)
    return boto3.client(service, endpoint_url=endpoint, verify=trusted, config=config)


def enveloped(secure, bundle, name):
    """A message of a topic as a queue got it, in SNS's envelope."""
    sqs, sns = client("sqs", secure, bundle), client("sns", secure, bundle)
    queue, topic = sqs.create_queue(QueueName=name)["QueueUrl"], sns.create_topic(Name=name)["TopicArn"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="told", Subject="News")
    message = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"][0]["Body"]
    sqs.delete_queue(QueueUrl=queue)
    sns.delete_topic(TopicArn=topic)
    return json.loads(message)


def test_boto3_speaks_tls(secure, bundle):
    sqs = client("sqs", secure, bundle)
    url = sqs.create_queue(QueueName="secured")["QueueUrl"]
    assert url.startswith(secure)
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"
    sqs.delete_queue(QueueUrl=url)
    assert enveloped(secure, bundle, "secured")["Message"] == "told"


@pytest.mark.parametrize("style", ["path", "virtual"])
def test_boto3_speaks_tls_with_buckets(secure, bundle, style, monkeypatch):
    # Names below localhost lead to this machine, also where its resolver doesn't know that.
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo",
                        lambda host, *rest, **more: resolve("127.0.0.1" if host.endswith(".localhost") else host, *rest, **more))
    # A bucket's own name has a certificate of its own.
    s3 = client("s3", secure.replace("127.0.0.1", "localhost"), bundle, s3={"addressing_style": style})
    bucket = f"secured-{style}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="key", Body=b"hello" * 100_000)
    assert s3.get_object(Bucket=bucket, Key="key")["Body"].read() == b"hello" * 100_000
    signed = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "key"})
    trusted = ssl.create_default_context(cafile=bundle)
    assert urllib.request.urlopen(signed, context=trusted).read() == b"hello" * 100_000
    s3.delete_object(Bucket=bucket, Key="key")
    s3.delete_bucket(Bucket=bucket)


def test_who_trusts_another_folders_authority_does_not_trust_this(secure, bundle, wrong):
    with pytest.raises(botocore.exceptions.SSLError):
        client("sqs", secure, wrong).list_queues()
    with pytest.raises(botocore.exceptions.SSLError):
        client("sqs", secure, True).list_queues()
    for trusted, works in [(bundle, True), (wrong, False)]:
        context = ssl.create_default_context(cafile=trusted)
        # The default from Python 3.13 on.
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        try:
            assert urllib.request.urlopen(f"{secure}/health", context=context).status == 200 and works
        except urllib.error.URLError as error:
            assert isinstance(error.reason, ssl.SSLCertVerificationError) and not works, error


def test_the_aws_cli_speaks_tls(secure, bundle, wrong):
    def listed(trusted):
        command = [SCRATCH / "venv/bin/aws", "--endpoint-url", secure, "--output", "json", "sns", "list-topics"]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, env=os.environ | {"AWS_CA_BUNDLE": trusted})

    assert json.loads(listed(bundle).stdout) == {"Topics": []}
    assert "CERTIFICATE_VERIFY_FAILED" in listed(wrong).stderr


def test_node_speaks_tls(secure, bundle, wrong):
    program = f"""
        import {{ ListQueuesCommand, SQSClient }} from "@aws-sdk/client-sqs";
        const sqs = new SQSClient({{ endpoint: "{secure}", region: "us-east-1", maxAttempts: 1 }});
        console.log((await sqs.send(new ListQueuesCommand({{}}))).$metadata.httpStatusCode);
    """

    def called(trusted):
        command = ["node", "--input-type=module", "-e", program]
        return subprocess.run(command, cwd=SCRATCH, capture_output=True, text=True, timeout=60,
                              env=os.environ | {"NODE_EXTRA_CA_CERTS": trusted})

    assert called(bundle).stdout.strip() == "200"
    assert "certificate" in called(wrong).stderr


def test_curl_speaks_tls(secure, bundle, wrong):
    port = secure.rsplit(":", 1)[1]

    def curl(url, trusted, *more):
        return subprocess.run(["curl", "-s", "--cacert", trusted, *more, url], capture_output=True, text=True, timeout=60)

    for host in ["127.0.0.1", "localhost"]:
        assert '"status":"ok"' in curl(f"https://{host}:{port}/health", bundle).stdout
    for version in ["--tlsv1.2", "--tlsv1.3"]:
        assert '"status":"ok"' in curl(f"{secure}/health", bundle, version, "--tls-max", version[-3:]).stdout
    # 60: the certificate can't be authenticated.
    assert curl(f"{secure}/health", wrong).returncode == 60
    # One of AWS's names, resolved to here.
    name = f"sqs.eu-west-1.amazonaws.com:{port}"
    assert '"status":"ok"' in curl(f"https://{name}/health", bundle, "--resolve", f"{name}:127.0.0.1").stdout
    name = f"evil.example:{port}"
    assert curl(f"https://{name}/health", bundle, "--resolve", f"{name}:127.0.0.1").returncode == 60


def test_sns_validator_takes_what_a_queue_got(secure, bundle, wrong):
    message = json.dumps(enveloped(secure, bundle, "validated"))

    def validated(trusted):
        done = subprocess.run(["node", SCRATCH / "validate.mjs", message], capture_output=True, text=True, timeout=60,
                              env=os.environ | {"NODE_EXTRA_CA_CERTS": trusted})
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    assert validated(bundle) == {"genuine": "valid", "forged": "The message signature is invalid."}
    assert validated(wrong)["genuine"] != "valid"
