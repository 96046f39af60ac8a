"""A network of its own, in which the ports are free that pages and scripts name."""

import os
import re
import subprocess

from conftest import MESSAGING


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
