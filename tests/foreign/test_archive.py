"""The archive, its cloud set up by a script of awslocal's calls, which name port 4566: in a network of its own."""

import json
import os
import pathlib
import time

import pytest

from conftest import SCRATCH
from network import Network

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE = 60


@pytest.fixture
def network():
    network = Network()
    yield network
    network.close()


def test_a_cloud_set_up_by_awslocal_is_served(network, tmp_path):
    cloud, endpoint = network.start(tmp_path, "local", "--data-dir", "cloud")
    processes = [cloud]
    try:
        assert endpoint == "http://127.0.0.1:4566"
        environment = os.environ | {"PATH": f"{SCRATCH / 'venv/bin'}:{os.environ['PATH']}"}
        network.run(HERE / "archive.sh", env=environment, cwd=tmp_path)

        service, address = network.start(tmp_path, "serve", "archive", "--archive-poll", "60s")
        processes.append(service)
        # It takes both books with the first call: by itself it would look for them in a minute.
        ask = f"import urllib.request as u; a = u.urlopen('{address}/'); print(a.status, a.read().decode())"
        status, body = network.run("python3", "-c", ask).split(" ", 1)
        assert status == "202" and len(json.loads(body)["ids"]) == 2, body

        def awslocal(*args):
            return network.run(SCRATCH / "venv/bin/awslocal", *args, env=environment, cwd=tmp_path)

        def book(bucket, key):
            awslocal("s3api", "get-object", "--bucket", bucket, "--key", key, "book.json")
            return json.loads((tmp_path / "book.json").read_text())

        told = []
        deadline = time.monotonic() + PATIENCE
        while len(told) < 2:
            assert time.monotonic() < deadline, f"not told of in time: {told}"
            url = "http://localhost:4566/000000000000/OutputQueue.fifo"
            answer = awslocal("sqs", "receive-message", "--queue-url", url, "--max-number-of-messages", "10",
                              "--wait-time-seconds", "1")
            for message in json.loads(answer or "{}").get("Messages", []):
                told.append(json.loads(message["Body"]))
                awslocal("sqs", "delete-message", "--queue-url", url, "--receipt-handle", message["ReceiptHandle"])
        assert [(it["id"], it["bucket"], it["key"]) for it in told] == [
            ("12345", "romance", "LoremIpsum.json"),
            ("67890", "scifi", "The Hollow Signal.json"),
        ]
        lorem = book("romance", "LoremIpsum.json")
        assert lorem["summary"] == "The first line,\nthe second\nand the last."
        assert book("scifi", "The Hollow Signal.json")["genre"] == "Scifi"
    finally:
        for process in reversed(processes):
            process.terminate()
            assert process.wait(timeout=40) == 0
