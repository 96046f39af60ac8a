"""A cloud of its own for each module: the real binary, a real port, a real folder."""

import collections
import json
import os
import pathlib
import re
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import boto3
import botocore.session
import pytest
from botocore.config import Config

from models import answers

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
        # Before it is ready it tells how a template's deployment goes.
        ready = next((line for line in self.process.stdout if line.startswith("Ready on ")), "")
        found = re.match(r"Ready on (http://127\.0\.0\.1:\d+)", ready)
        assert found, "it ended without being ready"
        self.endpoint = found[1]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=20) == 0

    def client(self, service, region="us-east-1", endpoint=None, **config):
        config = Config(retries={"total_max_attempts": 1}, **config)
        return held(boto3.client(service, endpoint_url=endpoint or self.endpoint, region_name=region, config=config))

    def older_client(self, service, region="us-east-1"):
        """A client by the service's description of 2023, before SQS learned JSON."""
        session = botocore.session.Session()
        session.get_component("data_loader").search_paths.insert(0, str(SCRATCH / "older/botocore/data"))
        config = Config(retries={"total_max_attempts": 1})
        client = session.create_client(service, endpoint_url=self.endpoint, region_name=region, config=config)
        assert client.meta.service_model.metadata["protocol"] == "query"
        return held(client)


# Where an answer had another shape than its model says, since the test began.
misshapen = []


def held(client):
    """Holds every answer that a client gets against its model's shape: as it came, since botocore passes over what it doesn't know."""

    def look(http_response, model, **_):
        streams = model.has_streaming_output or model.has_event_stream_output
        if http_response.status_code < 300:
            body = None if streams else http_response.content
            found = answers.check_output(model, http_response.status_code, http_response.headers, body)
        else:
            found = answers.check_error(model, http_response.headers, http_response.content)
        misshapen.extend(f"{model.service_model.service_name} {model.name}: {line}" for line in found)

    client.meta.events.register("after-call", look)
    return client


@pytest.fixture(autouse=True)
def shapes():
    """A test fails that got an answer of another shape than AWS's model says."""
    misshapen.clear()
    yield
    assert not misshapen, "answers that aren't of their model's shape:\n" + "\n".join(sorted(set(misshapen)))


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    yield cloud
    cloud.stop()


class Calls:
    """The operations that a module's clients called with success."""

    def __init__(self, partial):
        self.partial = partial
        self.done = collections.defaultdict(set)

    def of(self, client):
        """Notes what a client calls from now on."""

        def note(http_response, model, **_):
            if http_response.status_code < 300:
                self.done[model.service_model.service_name].add(model.name)

        client.meta.events.register("after-call", note)
        return client

    def need_all(self):
        if self.partial:
            pytest.skip("only some of the tests run")

    def everything(self, cloud, service):
        """Each operation of a service was called, or is refused as one that this cloud doesn't have."""
        self.need_all()
        model = cloud.client(service).meta.service_model
        wrong = []
        for name in sorted(set(model.operation_names) - self.done[service]):
            refused = refusal(cloud, model, name)
            if refused not in ("InvalidAction", "NotImplemented", "UnknownOperationException"):
                wrong.append(f"{name}: {refused}")
        assert not wrong, f"neither tested here nor refused by name: {wrong}"


def refusal(cloud, model, operation):
    """How the server answers an operation that was sent without any input."""
    metadata = model.metadata
    if metadata["protocol"] == "json":
        headers = {"Content-Type": f"application/x-amz-json-{metadata['jsonVersion']}",
                   "X-Amz-Target": f"{metadata['targetPrefix']}.{operation}"}
        body = b"{}"
    else:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urllib.parse.urlencode({"Action": operation, "Version": metadata["apiVersion"]}).encode()
    request = urllib.request.Request(cloud.endpoint, body, headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return f"answered with {answer.status}"
    except urllib.error.HTTPError as error:
        text = error.read().decode()
        found = re.search(r'<Code>([^<]+)|"__type":"(?:[^"#]*#)?([^"]+)"', text)
        return next(filter(None, found.groups())) if found else text


@pytest.fixture(scope="module")
def calls(request):
    return Calls(partial=bool(request.config.option.keyword))


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
