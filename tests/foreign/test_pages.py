"""The command blocks of the README and of the docs are run as they stand there, each page in a network and a folder of its own.

Before its first block a page has a cloud with the stack of `infra.yaml`. A line that starts a server (`messaging local`, `messaging serve`)
runs beside the next ones, with an empty folder, in place of the one before; a line that ends by Ctrl-C only gets it after a second. What
stands behind the language says what to do with a block:

    sh                run, with bash
    sh aws            not run: it is of AWS itself
    sh docker         not run: it needs Docker
    sh build          not run: it compiles, which the rest of CI does
    sh long           not run: it takes longer than CI has
    sh names          not run: queues, streams and buckets are called as in an example
    text output       what the block before printed: each line is among its lines, with anything for ..
    text server       the same of what `messaging local` printed
    json rules.json   a file that the page's blocks use: any language, and a name with a dot
"""

import concurrent.futures
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

from conftest import MESSAGING, ROOT, SCRATCH
from network import Network

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NOT_RUN = {"aws", "docker", "build", "long", "names"}
# What ends by Ctrl-C only, unless one of these flags is given.
ENDLESS = {"publish": {"--count", "--for", "--load", "--file", "--help"}, "consume": {"--count", "--until-empty", "--help"},
           "top": {"--once", "--help"}, "tail": {"--help"}}
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.S | re.M)
# A page that takes longer stands still.
PATIENCE = 100

PRELUDE = """
set -eu -o pipefail
stop() {
    if [ -e "$1.pid" ]; then kill -KILL "$(cat "$1.pid")" && { wait "$(cat "$1.pid")" || true; }; rm "$1.pid"; fi
}
start() {
    stop "$2"
    if [ "$2" = local ]; then stop serve; rm -rf .messaging; fi
    : > "$2.log"
    "$@" >> "$2.log" 2> "$2.err" & echo $! > "$2.pid"
    until grep -q '^Ready on ' "$2.log"; do kill -0 "$(cat "$2.pid")" || { cat "$2.err"; exit 1; }; sleep 0.05; done
}
# An answer that tells of an error is one.
curl() { command curl --silent --show-error --fail "$@"; }
interrupted() { timeout --signal INT 1 "$@" || [ $? = 124 ]; }
trap 'stop serve; stop local; echo; echo "@@ 0"; cat local.log local.err' EXIT
"""


def blocks(page):
    """The blocks of a page: the line of each, its language, the words behind that, and its text."""
    text = page.read_text()
    for found in FENCE.finditer(text):
        language, *words = found[1].split() or [""]
        yield text.count("\n", 0, found.start()) + 1, language, words, found[2]


def as_run(line):
    """A line of a block, as the shell gets it."""
    words = line.split("#")[0].split()
    if words[:1] != ["messaging"] or len(words) < 2 or {"&", "|"} & set(words):
        return line
    if words[1] in ("local", "serve"):
        return f"start {line}"
    if words[1] in ENDLESS and not ENDLESS[words[1]] & set(words):
        return f"interrupted {line}"
    return line


def script(page):
    """All blocks of a page that are run, in one shell; before each stands its line on stdout."""
    files, commands = [], []
    for line, language, words, text in blocks(page):
        if language == "sh" and not words:
            commands += [f"echo; echo '@@ {line}'", *map(as_run, text.splitlines())]
        elif words and "." in words[0]:
            files.append(f"cat > {words[0]} <<'END OF {words[0]}'\n{text}END OF {words[0]}")
    start = "start messaging local --template infra.yaml --data-dir .page"
    return "\n".join([PRELUDE, *files, start, *commands]) if commands else None


def run(page, folder):
    """The result of a page's blocks: what each printed, by its line; or what went wrong."""
    text = script(page)
    if text is None:
        return {}
    shutil.copy(ROOT / "infra.yaml", folder)
    shutil.copytree(ROOT / "templates", folder / "templates")
    path = f"{pathlib.Path(MESSAGING).parent}:{SCRATCH / 'venv/bin'}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "HOME": str(folder)}
    network, said = Network(), folder / "said"
    with said.open("w") as file:
        shell = subprocess.Popen(network.command("bash", "-c", text), cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                 stdout=file, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        code = shell.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        code = "not done in time"
    finally:
        # With all that it started.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
        network.close()
    said = said.read_text()
    printed = dict(re.findall(r"^@@ (\d+)\n(.*?)(?=^@@ |\Z)", said, re.S | re.M))
    begun = [line for line in printed if line != "0"]
    assert code == 0, f"{page.name}, the block of line {begun[-1:]}: {code}\n{said[-3000:]}"
    return printed


@pytest.fixture(scope="module")
def results(request, tmp_path_factory):
    """All pages that are asked for are on their way at once: most of the time they wait."""
    asked = [item.callspec.params["page"] for item in request.session.items if item.path == request.path]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        yield {page: pool.submit(run, page, tmp_path_factory.mktemp(page.stem)) for page in asked}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_blocks_of_a_page_can_be_run(page, results):
    printed, last = results[page].result(), None
    for line, language, words, text in blocks(page):
        at = f"{page.name}:{line}"
        if language == "sh":
            assert not words or words[0] in NOT_RUN, f"{at}: what is {words}?"
            last = None if words else line
        elif words in (["output"], ["server"]):
            said = printed["0" if words == ["server"] else str(last)]
            for row in filter(None, map(str.strip, text.splitlines())):
                wanted = ".*".join(re.escape(part.strip()) for part in re.split(r"\.\.+", row))
                assert re.search(wanted, said), f"{at}: {row!r} isn't in what was printed:\n{said}"
        else:
            assert not words or "." in words[0], f"{at}: what is {words}?"
