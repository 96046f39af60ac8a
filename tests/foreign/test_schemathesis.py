"""The scenarios' services against their own OpenAPI documents: schemathesis sends what they allow, and what they don't."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest
from conftest import MESSAGING, SCRATCH, messaging

# The same requests each time; so many of them for each operation that a service takes about a minute.
SEED, EXAMPLES = "20", "20"


@contextlib.contextmanager
def serving(name, cloud, folder):
    """A scenario's API and workers, until the end of the block: their address."""
    log = folder / "log"
    command = [MESSAGING, "serve", name, "--addr", "127.0.0.1:0", "--data-dir", folder / "data",
               "--endpoint-url", cloud.endpoint]
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 60
        while not (ready := re.search(r"^Ready on (http://[^:]+:\d+)", log.read_text(), re.M)):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield ready[1]
        assert process.poll() is None, f"it ended: {log.read_text()[-2000:]}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0, log.read_text()[-2000:]
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("name", ["archive", "tasks", "workflows", "jobs"])
def test_a_service_answers_as_its_document_says(cloud, tmp_path, name):
    messaging("deploy", "--scenario", name, endpoint=cloud.endpoint)
    with serving(name, cloud, tmp_path) as address:
        command = [SCRATCH / "venv/bin/schemathesis", "run", f"{address}/openapi.json", "--checks", "all",
                   "--seed", SEED, "--max-examples", EXAMPLES, "--generation-database", "none",
                   "--request-timeout", "30", "--no-color"]
        if name == "jobs":
            token = messaging("token", name, "--data-dir", str(tmp_path / "data")).stdout.strip()
            command += ["--header", f"Authorization: Bearer {token}"]
        # What its document can't say: pictures that are some, keys that no other file had.
        hooks = pathlib.Path(__file__).parent / f"schemathesis/{name}.py"
        environment = dict(os.environ) | ({"SCHEMATHESIS_HOOKS": str(hooks)} if hooks.exists() else {})
        # In a folder of its own: a configuration of schemathesis that lies above doesn't count.
        done = subprocess.run(command, capture_output=True, text=True, timeout=400, cwd=tmp_path, env=environment)
        assert done.returncode == 0, done.stdout[-20000:] + done.stderr
