"""The archive, its cloud set up by a script of awslocal's calls, which name port 4566: in a network of its own."""

import json
import os
import pathlib
import re
import subprocess
import time

import pytest

from conftest import MESSAGING, SCRATCH

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE = 60


class Network:
    """A network namespace with nothing but a loopback device. Where none can be made, the test fails."""

    def __init__(self):
        # Without root's rights a user namespace gives them, within it.
        self.user = [] if os.geteuid() == 0 else ["--user"]
        unshare = ["unshare", "--net", *(["--map-root-user"] if self.user else [])]
        up = "ip link set lo up && echo up && exec sleep infinity"
        self.keeper = subprocess.Popen([*unshare, "sh", "-c", up], stdout=subprocess.PIPE, text=True)
        assert self.keeper.stdout.readline() == "up\n", "no network namespace: unshare and ip (iproute2) are needed"

    def command(self, *command):
        preserve = ["--preserve-credentials"] if self.user else []
        return ["nsenter", "--target", str(self.keeper.pid), "--net", *self.user, *preserve, "--", *map(str, command)]

    def run(self, *command, **options):
        done = subprocess.run(self.command(*command), capture_output=True, text=True, timeout=120, **options)
        assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, folder, *args):
        """A process of ours that says when it is ready: the process, and its address."""
        command = self.command(MESSAGING, *args)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder)
        ready = next((line for line in process.stdout if line.startswith("Ready on ")), "")
        found = re.match(r"Ready on (http://127\.0\.0\.1:\d+)", ready)
        assert found, "it ended without being ready"
        return process, found[1]

    def close(self):
        self.keeper.kill()
        self.keeper.wait()


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
