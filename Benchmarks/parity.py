#!/usr/bin/env python3
"""One connection with one request in flight: Roost beside nbdkit, and nbdkit beside itself.

An operation is mostly the processor falling asleep and being woken, which differs more from one start of a server to the next than
servers differ: here all stay up and take turns, and the second nbdkit shows what the figures are worth.
"""
import json
import statistics
import subprocess
import sys

import run

ROUNDS, SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 20, "0.7"


def main():
    image = run.prepare() + "/root.squashfs"

    def nbdkit(name, port):
        return run.Server(name, [run.program("nbdkit"), "-f", "-r", "-t", "1", "-i", run.HOST, "-p", str(port), "file", image], port)

    planes = [f"{run.ROOT}/.build-bench/release/roost-planes", run.WORK, "21200", "21201", "21202", "21203"]
    servers = {"nbdkit": nbdkit("nbdkit", 21000), "another nbdkit": nbdkit("nbdkit-2", 21100), "Roost": run.Server("roost", planes, 21200)}
    costs = {name: [] for name in servers}
    try:
        for turn in range(ROUNDS):
            names = list(servers)
            for name in names[turn % len(names):] + names[:turn % len(names)]:
                server = servers[name]
                before = run.cpu_seconds(server.pid)
                load = [f"{run.LOAD}/nbdload", run.HOST, str(server.port), "bench", "1", "1", "4096", "rand", SECONDS]
                done = subprocess.run(["taskset", "-c", "0", *load], capture_output=True, text=True, check=True)
                costs[name].append((run.cpu_seconds(server.pid) - before) / json.loads(done.stdout)["operations"] * 1e6)
    finally:
        for server in servers.values():
            server.stop()
    for name, own in costs.items():
        ratio = statistics.median(peer / cost for peer, cost in zip(costs["nbdkit"], own))
        print(f"{name:16}{statistics.median(own):7.2f} us   x{ratio:.2f}")


if __name__ == "__main__":
    main()
