#!/usr/bin/env python3
"""The NBD rows closest to their gates: Roost compared with nbdkit, and nbdkit with itself.

With one request in flight an operation is mostly the processor falling asleep and waking, which varies more between two starts
of one server than between servers. Here all servers stay up and take turns, and the second nbdkit shows the noise in the figures.
"""
import json
import statistics
import subprocess
import sys

import run

ROUNDS, SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 20, "1.5"
ROWS = [  # Title, connections, in flight, bytes, order, gate.
    ("NBD 4K, 1 conn, QD1", "1", "1", "4096", "rand", 0.9),
    ("NBD 4K, 64 conns, QD1", "64", "1", "4096", "rand", 1.4),
    ("NBD 1M, 1 conn, QD16", "1", "16", str(1 << 20), "seq", 1.7),
]


def compare(servers, load):
    """Microseconds of processor time per operation, by server, one figure per round."""
    costs = {name: [] for name in servers}
    for turn in range(ROUNDS):
        names = list(servers)
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            server = servers[name]
            before = run.cpu_seconds(server.pid)
            command = [f"{run.LOAD}/nbdload", run.HOST, str(server.port), "bench", *load, SECONDS]
            done = subprocess.run(["taskset", "-c", "0", *command], capture_output=True, text=True, check=True)
            costs[name].append((run.cpu_seconds(server.pid) - before) / json.loads(done.stdout)["operations"] * 1e6)
    return costs


def main():
    image = run.prepare() + "/root.squashfs"

    def nbdkit(name, port):
        return run.Server(name, [run.program("nbdkit"), "-f", "-r", "-t", "1", "-i", run.HOST, "-p", str(port), "file", image], port)

    planes = [f"{run.ROOT}/.build/release/roost-planes", run.WORK, "21200", "21201", "21202", "21203"]
    servers = {"nbdkit": nbdkit("nbdkit", 21000), "another nbdkit": nbdkit("nbdkit-2", 21100), "Roost": run.Server("roost", planes, 21200)}
    try:
        for title, *load, gate in ROWS:
            costs = compare(servers, load)
            for name, own in costs.items():
                ratio = statistics.median(peer / cost for peer, cost in zip(costs["nbdkit"], own))
                mark = f"   gate {gate}" + ("   BELOW THE GATE" if ratio < gate else "") if name == "Roost" else ""
                print(f"{title:24}{name:16}{statistics.median(own):9.2f} us   x{ratio:.2f}{mark}", flush=True)
    finally:
        for server in servers.values():
            server.stop()


if __name__ == "__main__":
    main()
