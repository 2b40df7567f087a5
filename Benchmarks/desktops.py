#!/usr/bin/env python3
"""From Enter to the desktop: a person logs in at a thin client, and by xfreerdp by hand to the same server, in turns, in one run.

The terminal server is a real one (Lab/terminal.sh: systemd, xrdp, roost-agent), the thin client has the files of Examples/thin-client. By
Roost, the time is from the password at the log-in screen's PAM to the desktop: the node asks the server, which asks the agent. By hand,
it is from the start of xfreerdp with that password. Each begins a new session. The gate is the project's: at most one second more.
The difference can be compared between machines of like load, seconds cannot.

It needs root, and the state of a server with the tiny root: that of the tests (Lab/golden.sh tiny), or --state.
"""
import argparse
import json
import re
import statistics
import subprocess
import sys
import time

import laboratory

TERMINAL = f"{laboratory.HERE}/Lab/terminal.sh"
SERVER, ADDRESS = "ts1", "10.77.0.11"
NODE, MAC = "tc1", "52:54:00:72:6f:31"
PERSON, PASSWORD = "anna", "correct horse battery"


class Laboratory(laboratory.Laboratory):
    def __init__(self, options):
        super().__init__("desktops", "roost-bench-desk", options)
        self.terminal("server", SERVER, ADDRESS)
        for path, place in ((options.agent, "/usr/bin/"), (f"{laboratory.HERE}/Packaging/systemd/roost-agent.service", "/etc/systemd/system/")):
            with open(path, "rb") as file:
                name = path.rsplit("/", 1)[1]
                self.inside(SERVER, f"cat >{place}{name} && chmod 755 {place}{name}", file.read())
        join = self.roost("server", "token", "--name", SERVER).stdout.strip()
        self.inside(SERVER, f"""
            useradd --create-home --shell /bin/bash {PERSON}
            echo '{PERSON}:{PASSWORD}' | chpasswd
            {join} --address {ADDRESS}
            roost-agent setup
            for tick in $(seq 100); do
              if [ -s /run/xrdp/xrdp-sesman.pid ] && ss -Hltn 'sport = :3389' | grep -q .; then break; fi
              sleep 0.1
            done
            systemctl daemon-reload
            systemctl enable --now roost-agent""")
        self.roost("pool", "add", "room", "--level", SERVER, "--protocol", "rdp")
        self.roost("node", "add", NODE, "--mac", MAC)
        self.roost("set", "--node", NODE, "pool=room")
        self.terminal("node", NODE, MAC)
        self.wait("the terminal server is up", self.is_up, 60)

    def terminal(self, *words, given=b""):
        """A command of Lab/terminal.sh; what it prints."""
        done = subprocess.run(
            [TERMINAL, *words], env=self.environment, input=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            sys.exit(f"desktops.py: terminal.sh {words[0]}: {(done.stdout + done.stderr).decode(errors='replace')}")
        return done.stdout.decode()

    def inside(self, name, script, given=b""):
        return self.terminal("exec", name, "sh", "-euc", script, given=given)

    def listed(self, *words):
        return json.loads(self.roost(*words, "--json").stdout)

    def is_up(self):
        return any(one["state"] == "up" and one["isConnected"] for one in self.listed("server", "list"))

    def sessions(self):
        return self.listed("session", "list", "--servers")

    def end_sessions(self):
        self.wait("the session is known", self.sessions, 30)
        for one in self.sessions():
            self.roost("session", "end", one["server"], one["id"])
        self.wait("no session is left", lambda: not self.sessions(), 60)

    def measure(self, is_ours):
        """Milliseconds until the desktop is there. Both ways remove the windows of before first, and start a shell twice."""
        picture, secret = f"{self.directory}/{'ours' if is_ours else 'hand'}.png", f"{PASSWORD}\n".encode()
        start = time.monotonic()
        if is_ours:
            self.terminal("person", NODE, PERSON, given=secret)
            between = time.monotonic() - start
            said = self.terminal("desktop", NODE, "60", picture)
            self.terminal("leave", NODE)
        else:
            self.terminal("blank", NODE)
            between = time.monotonic() - start
            said = self.terminal("login", NODE, PERSON, ADDRESS, picture, given=secret)
        self.end_sessions()
        found = re.search(r"desktop after ([0-9]+) ms", said)
        if not found:
            sys.exit(f"desktops.py: there is no desktop: {said}")
        return between * 1_000 + int(found[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    laboratory.Laboratory.add_options(parser, "fail when a desktop comes more than a second later than by hand")
    parser.add_argument("--agent", default=f"{laboratory.HERE}/.build/release/roost-agent")
    options = parser.parse_args()
    laboratory.require_root("desktops")
    lab = Laboratory(options)
    took = {True: [], False: []}
    try:
        # The first session of a server is its slowest.
        lab.measure(False)
        for _ in range(options.repetitions):
            for is_ours in (True, False):
                took[is_ours].append(lab.measure(is_ours))
                print(f"{'by Roost' if is_ours else 'by hand':8} {took[is_ours][-1]:6.0f} ms", flush=True)
    finally:
        lab.end()
    ours, hand = statistics.median(took[True]), statistics.median(took[False])
    print(f"medians: {ours:.0f} ms by Roost, {hand:.0f} ms by hand: {ours - hand:+.0f} ms (target: at most +1000 ms)")
    if options.gate and ours - hand > 1_000:
        sys.exit("desktops.py: from Enter to the desktop takes more than a second longer than by hand")


main()
