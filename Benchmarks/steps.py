#!/usr/bin/env python3
"""What forty steps cost a boot: the tiny root is booted without any and with forty, in turns, in one run.

The time is from the begin of the node's first program (its report «init») until it is ready, as the server saw it: what comes before is
the same for both. The gate is the project's: at most one second more. The ratio can be compared between machines, seconds cannot.

It needs root, and the state of a server with the tiny root: that of the tests (Lab/golden.sh tiny), or --state.
"""
import argparse
import datetime
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORK = f"{HERE}/.build/bench/steps"
MAC = "52:54:00:72:6f:21"
LAB = f"{HERE}/Lab/lab.sh"


def settings():
    """Thirty-four steps beside the six that every node has."""
    phases = ["before-init", "init", "late"]
    commands = ",".join(f"{n}-c={phases[n % 3]} -- echo {n} >/run/c{n}" for n in range(10, 32))
    files = ",".join(f"/etc/f{n}=text {n}" for n in range(6))
    return [
        f"commands={commands}", f"files={files}", "sysctl=net.ipv4.ip_forward=1,vm.swappiness=10",
        "modules=zram=load,nouveau=deny", "groups=staff=1500", "users=ann=uid=1000 groups=staff",
        "ntp=a.example", "syslog=b.example", "locale=C.UTF-8", "keymap=de", "cron=a=0 3 * * * root true",
        "services=a.service/b.conf=[Service]",
    ]


class Laboratory:
    def __init__(self, roost, node_program, state):
        self.environment = dict(
            os.environ, LAB_DIR=f"{WORK}/lab", LAB_NS="roost-bench-steps",
            ROOST_SOCKET=f"{WORK}/lab/socket/api.sock")
        self.program = roost
        self.lab("down", check=False)
        shutil.rmtree(f"{WORK}/lab", ignore_errors=True)
        os.makedirs(f"{WORK}/lab")
        subprocess.run(["cp", "-a", state, f"{WORK}/lab/state"], check=True)
        self.lab("up")
        self.lab(
            "serve", "roost", roost, "serve", "--interface", "br0", "--state-directory", f"{WORK}/lab/state",
            "--socket", self.environment["ROOST_SOCKET"], "--node-program", node_program, "--user", "daemon")
        self.wait("the server is ready", lambda: self.roost("status", check=False).returncode == 0)
        self.roost("set", "console=ttyS0")
        for name in ("none", "forty"):
            self.roost("node", "add", name, "--mac", MAC if name == "none" else MAC[:-2] + "22")
        self.roost("set", "--node", "forty", *settings())

    def run(self, words, check=True):
        return subprocess.run(
            words, env=self.environment, check=check, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def lab(self, *words, check=True):
        return self.run([LAB, *words], check)

    def roost(self, *words, check=True):
        return self.run([self.program, *words], check)

    @staticmethod
    def wait(what, condition, seconds=240):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                sys.exit(f"steps.py: not within {seconds} s: {what}")
            time.sleep(0.5)

    def stages(self, name):
        boots = json.loads(self.roost("node", "show", name, "--json").stdout).get("boots", [])
        return {
            entry["stage"]: datetime.datetime.fromisoformat(entry["at"].replace("Z", "+00:00")).timestamp()
            for entry in (boots[0]["entries"] if boots else [])
        }

    def boot(self, name):
        """Seconds from its first program to ready, and those of its steps by their own account."""
        mac = MAC if name == "none" else MAC[:-2] + "22"
        self.lab("boot", name, "--direct", "--keep", "--mac", mac, "--timeout", "240", "--expect", "roost: starting")
        self.wait(f"{name} is ready", lambda: "ready" in self.stages(name))
        stages = self.stages(name)
        steps = json.loads(self.roost("node", "steps", name, "--json").stdout)["steps"]
        self.lab("stop", name, check=False)
        told = [step for step in steps if step.get("outcome")]
        for step in told:
            if step["outcome"] != "done":
                print(f"  step {step['name']}: {step['outcome']}: {step['output']}", file=sys.stderr)
        slowest = max(told, key=lambda step: step["milliseconds"])
        print(f"  the slowest step: {slowest['name']}, {slowest['milliseconds']} ms", file=sys.stderr)
        own = sum(step["milliseconds"] for step in told) / 1_000
        return stages["ready"] - stages["init"], own, len(told)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--roost", default=f"{HERE}/.build/release/roost")
    parser.add_argument("--node-program", default=f"{HERE}/.build/release/roost-node")
    parser.add_argument("--state", default=f"{HERE}/.build/lab/golden/tiny/state")
    parser.add_argument("--gate", action="store_true", help="fail when forty steps cost more than a second")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("steps.py needs root: it makes a network namespace")
    laboratory = Laboratory(options.roost, options.node_program, options.state)
    seconds, own = {"none": [], "forty": []}, {"none": [], "forty": []}
    try:
        for _ in range(options.repetitions):
            for name in ("none", "forty"):
                took, steps, count = laboratory.boot(name)
                seconds[name].append(took)
                own[name].append(steps)
                print(f"{name:6} {took:6.2f} s from init to ready, {count} steps took {steps:.2f} s", flush=True)
    finally:
        laboratory.lab("down", check=False)
    none, forty = statistics.median(seconds["none"]), statistics.median(seconds["forty"])
    print(f"medians: {none:.2f} s without steps, {forty:.2f} s with forty: {forty - none:+.2f} s, ratio {forty / none:.2f}")
    # The steps' own time has no noise of the rest of the boot in it.
    cost = statistics.median(own["forty"]) - statistics.median(own["none"])
    print(f"the steps by their own account: {cost:+.2f} s")
    if options.gate and min(forty - none, cost) > 1:
        sys.exit("steps.py: forty steps cost more than a second")


main()
