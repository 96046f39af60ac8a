"""What docs/tests.md says of tests in Python and JavaScript is run as it stands there."""

import os
import pathlib
import re
import subprocess
import sys

from conftest import MESSAGING, ROOT, SCRATCH


def block(language):
    page = (ROOT / "docs/tests.md").read_text()
    return re.search(f"```{language}\n(.*?)```", page, re.S)[1]


def run(folder, *command):
    """As a reader's own tests: `messaging` is on the path."""
    path = f"{pathlib.Path(MESSAGING).parent}:{os.environ['PATH']}"
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, env=os.environ | {"PATH": path})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_lines_for_pytest(tmp_path):
    (tmp_path / "test_orders.py").write_text(block("python"))
    assert "1 passed" in run(tmp_path, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "test_orders.py")


def test_the_lines_for_node(tmp_path):
    (tmp_path / "orders.test.mjs").write_text(block("js"))
    (tmp_path / "node_modules").symlink_to(SCRATCH / "node_modules")
    assert re.search(r"pass 1\b", run(tmp_path, "node", "--test", "orders.test.mjs"))
