"""A cloud of its own for each module: the real binary, a real port, a real folder."""

import json
import os
import pathlib
import re
import signal
import subprocess

import boto3
import pytest
from botocore.config import Config

MESSAGING = os.environ["MESSAGING"]
SCRATCH = pathlib.Path(os.environ["SCRATCH"])
ROOT = pathlib.Path(__file__).resolve().parents[2]


class Cloud:
    """A running `messaging local`."""

    def __init__(self, folder, *args):
        self.folder = folder
        self.start(*args)

    def start(self, *args):
        command = [MESSAGING, "local", "--addr", "127.0.0.1:0", "--data-dir", str(self.folder), *args]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, f"no ready line but {line!r}"
        self.endpoint = found.group()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=20) == 0

    def client(self, service, region="us-east-1", **config):
        config = Config(retries={"max_attempts": 1}, **config)
        return boto3.client(service, endpoint_url=self.endpoint, region_name=region, config=config)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    yield cloud
    cloud.stop()


@pytest.fixture(scope="module")
def aws(cloud):
    """The AWS CLI: parsed JSON, or text when there is none."""

    def run(*args):
        command = [SCRATCH / "venv/bin/aws", "--endpoint-url", cloud.endpoint, "--output", "json", *args]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        try:
            return json.loads(done.stdout)
        except json.JSONDecodeError:
            return done.stdout

    return run


def messaging(*args, endpoint=None, check=True, cwd=None, **env):
    """One run of our own command line."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MESSAGING_"))} | env
    command = [MESSAGING, *args] + (["--endpoint-url", endpoint] if endpoint else [])
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, cwd=cwd)
    assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done
