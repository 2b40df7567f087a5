"""A server in a network namespace of its own, with the state that has the tiny root: what boots of a benchmark are measured with."""
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LAB = f"{HERE}/Lab/lab.sh"


class Laboratory:
    """The server serves when this object is made. `end()` ends it, and all that was booted."""

    def __init__(self, name, space, options):
        """`name` says whose directory below .build/bench it is, `space` the namespace; `options`: as `add_options` has them."""
        self.name = name
        self.directory = f"{HERE}/.build/bench/{name}/lab"
        self.environment = dict(
            os.environ, LAB_DIR=self.directory, LAB_NS=space, ROOST_SOCKET=f"{self.directory}/socket/api.sock")
        self.program = options.roost
        self.end()
        shutil.rmtree(self.directory, ignore_errors=True)
        os.makedirs(self.directory)
        subprocess.run(["cp", "-a", options.state, f"{self.directory}/state"], check=True)
        self.lab("up")
        self.lab(
            "serve", "roost", self.program, "serve", "--interface", "br0", "--state-directory", f"{self.directory}/state",
            "--socket", self.environment["ROOST_SOCKET"], "--node-program", options.node_program, "--user", "daemon")
        self.wait("the server is ready", lambda: self.roost("status", check=False).returncode == 0)
        self.roost("set", "console=ttyS0")

    @staticmethod
    def add_options(parser, gate):
        parser.add_argument("--repetitions", type=int, default=3)
        parser.add_argument("--roost", default=f"{HERE}/.build/release/roost")
        parser.add_argument("--node-program", default=f"{HERE}/.build/release/roost-node")
        parser.add_argument("--state", default=f"{HERE}/.build/lab/golden/tiny/state")
        parser.add_argument("--gate", action="store_true", help=gate)

    def end(self):
        self.lab("down", check=False)

    def run(self, words, check=True):
        return subprocess.run(
            words, env=self.environment, check=check, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def lab(self, *words, check=True):
        return self.run([LAB, *words], check)

    def roost(self, *words, check=True):
        return self.run([self.program, *words], check)

    def boot(self, node, mac):
        """Powers a machine on, up to its first program."""
        self.lab("boot", node, "--direct", "--keep", "--mac", mac, "--timeout", "240", "--expect", "roost: starting")

    def wait(self, what, condition, seconds=240):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                sys.exit(f"{self.name}.py: not within {seconds} s: {what}")
            time.sleep(0.2)


def require_root(name):
    if os.geteuid() != 0:
        sys.exit(f"{name}.py needs root: it makes network namespaces")
