"""A server of Roost that a benchmark starts, asks how much it uses, and stops."""
import os
import socket
import subprocess
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """The release build on loopback, with a state directory, a socket and a log in `directory`."""

    def __init__(self, program, directory, roles, settings):
        """`settings` are the lines of roost.yaml beside those that all have."""
        self.program, self.directory = program, directory
        self.socket = f"{directory}/socket/api.sock"
        with open(f"{directory}/roost.yaml", "w", encoding="utf-8") as file:
            file.write(f"""roles: [{roles}]
interfaces: [lo]
state-directory: {directory}/state
socket: {self.socket}
node-program: {os.path.dirname(program)}/roost-node
user: root
{settings}""")
        self.log = open(f"{directory}/log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [program, "serve", "--configuration", f"{directory}/roost.yaml"], stdout=self.log, stderr=self.log)
        for _ in range(200):
            time.sleep(0.05)
            if " ready: " in self.logged():
                return
        raise SystemExit("the server did not start:\n" + self.logged()[-2000:])

    def logged(self):
        with open(f"{self.directory}/log", encoding="utf-8") as log:
            return log.read()

    def run(self, *words, **options):
        """What a command prints that talks to this server."""
        ended = subprocess.run([self.program, *words], env=dict(os.environ, ROOST_SOCKET=self.socket),
                               capture_output=True, text=True, **options)
        if ended.returncode:
            raise SystemExit(f"roost {' '.join(words)}: {ended.stderr[-2000:]}")
        return ended.stdout.strip()

    def token(self):
        """A token of a new administrator, whose name is bench."""
        self.run("admin", "add", "bench", "admin", input="a password for benchmarks\n")
        return self.run("token", "add", "bench", "--owner", "bench")

    def processor_seconds(self):
        """What all its threads have used, those that have ended included."""
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """MiB: all that is its own or its share, and what is in no file."""
        found = {"Pss:": 0, "Anonymous:": 0}
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="utf-8") as file:
            for line in file:
                words = line.split()
                if words[0] in found:
                    found[words[0]] = int(words[1]) / 1024
        return found["Pss:"], found["Anonymous:"]

    def stop(self):
        self.process.terminate()
        self.process.wait()
