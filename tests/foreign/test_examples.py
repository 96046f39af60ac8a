"""The examples for pytest and Node.js, run as whoever copies them runs them."""

import re
import shutil
import sys

from conftest import ROOT, SCRATCH
from test_readme import run


def copied(name, folder):
    return shutil.copytree(ROOT / "examples" / name, folder / name)


def test_the_example_for_pytest(tmp_path):
    folder = copied("pytest", tmp_path)
    assert "2 passed" in run(folder, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder))


def test_the_example_for_node(tmp_path):
    folder = copied("node", tmp_path)
    (folder / "node_modules").symlink_to(SCRATCH / "node_modules")
    assert re.search(r"pass 2\b", run(folder, "node", "--test"))
