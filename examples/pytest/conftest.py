"""A cloud for the whole session, empty for each test. Copy it beside your tests; `messaging` is on the path."""

import subprocess
import urllib.request

import boto3
import pytest


@pytest.fixture(scope="session")
def endpoint():
    command = ["messaging", "local", "--port", "0", "--durability", "memory", "--clock", "frozen"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    # The first line says where, once requests are taken. Without one it has ended, and its last words stand on stderr.
    ready = server.stdout.readline()
    assert ready.startswith("Ready on "), "messaging local did not start"
    yield ready.split()[2].rstrip(",")
    server.terminate()
    server.wait()


def post(url):
    urllib.request.urlopen(urllib.request.Request(url, method="POST")).close()


@pytest.fixture
def client(endpoint):
    """Makes clients, as `client("sqs")`. What they made is gone after the test."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    yield lambda service: boto3.client(service, endpoint_url=endpoint, region_name="us-east-1", **keys)
    post(f"{endpoint}/_messaging/reset")


@pytest.fixture
def advance(endpoint):
    """Moves the clock, as `advance("30s")`: what falls due on the way is done when it returns."""
    return lambda by: post(f"{endpoint}/_messaging/clock?advance={by}")
