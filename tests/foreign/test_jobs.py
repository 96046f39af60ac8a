"""The scenario `jobs` with its tracking table in a DynamoDB that others wrote; all else is on our cloud."""

import json
import subprocess
import time
import urllib.error
import urllib.request

import boto3
import pytest
from conftest import MESSAGING, messaging
from test_moto import moto  # noqa: F401

PATIENCE = 60


def request(url, token, body=None):
    """An answer's status and its JSON."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=PATIENCE) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.fixture(scope="module")
def table(moto):  # noqa: F811
    """A table as the scenario wants it."""
    dynamodb = boto3.client("dynamodb", endpoint_url=moto, region_name="us-east-1")
    dynamodb.create_table(
        TableName="jobs",
        KeySchema=[{"AttributeName": "jobRequestId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "jobRequestId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return dynamodb


@pytest.fixture(scope="module")
def serve(cloud, moto, table, tmp_path_factory):  # noqa: F811
    """Starts a part of the scenario, and gives its address and a token."""
    folder = str(tmp_path_factory.mktemp("jobs"))
    messaging("deploy", "--scenario", "jobs", endpoint=cloud.endpoint)
    running = []

    def start(role):
        command = [MESSAGING, "serve", "jobs", "--role", role, "--addr", "127.0.0.1:0", "--data-dir", folder]
        command += ["--endpoint-url", cloud.endpoint, "--jobs-table", "jobs", "--dynamodb-endpoint-url", moto, "--json"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        running.append(process)
        ready = next(line for line in map(json.loads, process.stdout) if line["record"] == "ready")
        # What it goes on to say has to go somewhere.
        running.append(subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL))
        return ready["address"]

    yield start, messaging("token", "jobs", "--data-dir", folder).stdout.strip()
    for process in running:
        process.terminate()
        process.wait(timeout=30)


def test_api_and_workers_share_the_table(serve, table):
    start, token = serve
    api = start("api")
    status, answer = request(f"{api}/submit-job-request", token, b'{"station": "SYD"}')
    assert status == 200
    job = answer["jobId"]
    item = table.get_item(TableName="jobs", Key={"jobRequestId": {"S": job}})["Item"]
    assert item["payload"] == {"S": '{"station": "SYD"}'} and item["jobStatus"] == {"S": "submitted"}
    assert request(f"{api}/job-status/{job}", token)[1]["jobStatus"] == "Submitted"

    start("worker")
    deadline = time.monotonic() + PATIENCE
    while (answer := request(f"{api}/job-status/{job}", token)[1])["jobStatus"] != "complete":
        assert time.monotonic() < deadline, answer
        time.sleep(0.05)
    item = table.get_item(TableName="jobs", Key={"jobRequestId": {"S": job}})["Item"]
    assert (item["jobStatus"], item["key"], item["attempts"]) == ({"S": "complete"}, {"S": job}, {"N": "1"})
    with urllib.request.urlopen(answer["jobProcessedPayloadLink"]) as result:
        assert len(json.load(result)["weatherData"]) == 99


def test_an_item_has_a_bound_of_its_own(serve, table):
    start, token = serve
    api = start("api")
    largest = 380 << 10
    assert request(f"{api}/submit-job", token, b'"%s"' % (b"x" * (largest - 2)))[0] == 200
    assert request(f"{api}/submit-job", token, b'"%s"' % (b"x" * (largest - 1)))[0] == 413
    assert request(f"{api}/job-status/{'x' * 3000}", token)[0] == 404
