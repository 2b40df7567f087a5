#!/usr/bin/env python3
"""What forty steps cost a boot: the tiny root is booted without any and with forty, in turns, in one run.

The time is from the begin of the node's first program (its report «init») until it is ready, as the server saw it: what comes before is
the same for both. The gate is the project's: at most one second more. The ratio can be compared between machines, seconds cannot.

It needs root, and the state of a server with the tiny root: that of the tests (Lab/golden.sh tiny), or --state.
"""
import argparse
import datetime
import json
import statistics
import sys

import laboratory

MAC = "52:54:00:72:6f:21"


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


class Laboratory(laboratory.Laboratory):
    def __init__(self, options):
        super().__init__("steps", "roost-bench-steps", options)
        for name in ("none", "forty"):
            self.roost("node", "add", name, "--mac", MAC if name == "none" else MAC[:-2] + "22")
        self.roost("set", "--node", "forty", *settings())

    def stages(self, name):
        boots = json.loads(self.roost("node", "show", name, "--json").stdout).get("boots", [])
        return {
            entry["stage"]: datetime.datetime.fromisoformat(entry["at"].replace("Z", "+00:00")).timestamp()
            for entry in (boots[0]["entries"] if boots else [])
        }

    def measure(self, name):
        """Seconds from its first program to ready, and those of its steps by their own account."""
        self.boot(name, MAC if name == "none" else MAC[:-2] + "22")
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
    laboratory.Laboratory.add_options(parser, "fail when forty steps cost more than a second")
    options = parser.parse_args()
    laboratory.require_root("steps")
    lab = Laboratory(options)
    seconds, own = {"none": [], "forty": []}, {"none": [], "forty": []}
    try:
        for _ in range(options.repetitions):
            for name in ("none", "forty"):
                took, steps, count = lab.measure(name)
                seconds[name].append(took)
                own[name].append(steps)
                print(f"{name:6} {took:6.2f} s from init to ready, {count} steps took {steps:.2f} s", flush=True)
    finally:
        lab.end()
    none, forty = statistics.median(seconds["none"]), statistics.median(seconds["forty"])
    print(f"medians: {none:.2f} s without steps, {forty:.2f} s with forty: {forty - none:+.2f} s, ratio {forty / none:.2f}")
    # The steps' own time has no noise of the rest of the boot in it.
    cost = statistics.median(own["forty"]) - statistics.median(own["none"])
    print(f"the steps by their own account: {cost:+.2f} s")
    if options.gate and min(forty - none, cost) > 1:
        sys.exit("steps.py: forty steps cost more than a second")


main()
