#!/usr/bin/env python3
"""Images: packing compared with mksquashfs alone, from promote to servable, and many nodes booting at once.

Starts the release build of roost on loopback with an empty store. The root comes from an existing image (the
demo's, or the laboratory's), so this asks for nothing from the network.

  pack      `roost image import DIRECTORY` and mksquashfs with the same arguments, in turn; wall-clock seconds
  import    the same from a tar archive, compared with tar and mksquashfs
  promote   from the call to the moment when NBD serves another version under the channel's name, by the size of the root
  nodes     1, 8 and 32 nodes that fetch kernel and initramfs by HTTP and read from their root by NBD, all at once
"""
import argparse
import glob
import json
import os
import random
import shutil
import socket
import statistics
import struct
import subprocess
import tempfile
import threading
import time
import urllib.request

from server import Server, free_port

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXCLUDED = ["boot/initrd.img*", "boot/System.map*", "dev/*", "proc/*", "run/*", "sys/*", "tmp/*", "var/tmp/*", "var/cache/apt/*",
            "var/lib/apt/lists/*", "etc/machine-id", "var/lib/dbus/machine-id", "etc/ssh/ssh_host_*", "etc/hostname",
            "etc/resolv.conf", "var/lib/systemd/random-seed", "root/.bash_history", "swapfile"]
# What a Debian node reads until it is ready, measured in the laboratory: about a third of its root.
BYTES_READ = 60 << 20


class ImageServer(Server):
    def __init__(self, program, directory):
        self.http, self.nbd = free_port(), free_port()
        super().__init__(program, directory, "http, nbd, center", f"""http: {{port: {self.http}}}
nbd: {{port: {self.nbd}}}
logs: {{syslog: 0, netconsole: 0}}
center: {{https: [], image-builds: no}}
""")

    def take(self, image, source):
        """Seconds of an import."""
        start = time.perf_counter()
        self.run("image", "import", image, source, "--state-directory", f"{self.directory}/state",
                   "--cache", f"{self.directory}/cache")
        return time.perf_counter() - start

    def versions(self, image):
        return [one for one in json.loads(self.run("image", "list", "--json")) if one["image"] == image]


class NBD:
    """A minimal client like a node: one export, no structured replies, reads."""

    def __init__(self, port, export):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.receive(18)
        name = export.encode()
        self.socket.sendall(struct.pack(">I", 3) + b"IHAVEOPT"
                            + struct.pack(">II", 7, 4 + len(name) + 2) + struct.pack(">I", len(name)) + name + b"\0\0")
        self.size = 0
        while True:
            _, _, kind, length = struct.unpack(">QIII", self.receive(20))
            data = self.receive(length)
            if kind == 3 and struct.unpack(">H", data[:2])[0] == 0:
                self.size = struct.unpack(">Q", data[2:10])[0]
            if kind == 1:
                return
            if kind & 1 << 31:
                raise SystemExit(f"NBD: {export}: {data[:200]}")

    def receive(self, count):
        data = bytearray()
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise SystemExit("NBD: the server ended the connection")
            data += more
        return bytes(data)

    def read(self, offset, count):
        self.socket.sendall(struct.pack(">IHHQQI", 0x25609513, 0, 0, 1, offset, count))
        self.receive(16)
        return self.receive(count)

    def close(self):
        self.socket.sendall(struct.pack(">IHHQQI", 0x25609513, 0, 2, 2, 0, 0))
        self.socket.close()


def find_root():
    for pattern in [".build/lab-e2e/state/images/debian/*/root.squashfs", ".build/demo/state/images/debian/*/root.squashfs",
                    ".build/*/state/images/debian/*/root.squashfs", ".build/bench/images/bench/*/root.squashfs"]:
        for path in sorted(glob.glob(os.path.join(HERE, pattern))):
            return path
    raise SystemExit("there is no image to unpack: run ‘make demo’ first")


def squash(root, target):
    start = time.perf_counter()
    subprocess.run(["mksquashfs", root, target, "-noappend", "-comp", "zstd", "-Xcompression-level", "3", "-xattrs",
                    "-no-progress", "-quiet", "-mkfs-time", "0", "-all-time", "0", "-wildcards", "-e", *EXCLUDED], check=True)
    return time.perf_counter() - start


def pack(server, root, work, repetitions):
    """Ratios of wall-clock time: ours to mksquashfs alone. The first of ours fills the cache of kernel modules."""
    rows = []
    number = 0

    def change():
        nonlocal number
        number += 1
        with open(f"{root}/etc/number", "w", encoding="utf-8") as file:
            file.write(f"{number}\n")
        # Writeback left by the previous one must not count here.
        os.sync()

    change()
    first = server.take("packed", root)
    ours, alone = [], []
    for _ in range(repetitions):
        change()
        alone.append(squash(root, f"{work}/alone.squashfs"))
        change()
        ours.append(server.take("packed", root))
    rows.append(("pack a directory", statistics.median(ours), statistics.median(alone), first))
    def unpack_and_squash():
        start = time.perf_counter()
        os.makedirs(f"{work}/unpacked")
        subprocess.run(["tar", "-C", f"{work}/unpacked", "-xf", archive, "--xattrs", "--numeric-owner"], check=True)
        squash(f"{work}/unpacked", f"{work}/alone.squashfs")
        shutil.rmtree(f"{work}/unpacked")
        return time.perf_counter() - start

    archive = f"{work}/root.tar"
    ours, alone = [], []
    for turn in range(repetitions + 1):
        change()
        subprocess.run(["tar", "-C", root, "-cf", archive, "--xattrs", "."], check=True)
        both = [(ours, lambda: server.take("packed", archive)), (alone, unpack_and_squash)]
        # In turn: a file system takes longer for the same files after many were created and deleted.
        for times, measure in both if turn % 2 == 0 else reversed(both):
            os.sync()
            times.append(measure())
    rows.append(("import a tar archive", statistics.median(ours), statistics.median(alone), None))
    return rows


def promote(server, image):
    """Milliseconds from the call of `roost image promote` until NBD serves another export under the channel's name."""
    times = []
    versions = server.versions(image)[-2:]
    for turn in range(10):
        wanted = versions[turn % 2]
        size = next(file["byteCount"] for file in wanted["manifest"]["files"] if file["name"] == "root.squashfs")
        start = time.perf_counter()
        server.run("image", "promote", f"{image}@{wanted['number']}", "--to", "bench")
        while True:
            client = NBD(server.nbd, f"{image}@bench")
            client.close()
            if client.size == size:
                break
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def boot(server, version, seed):
    """The server's work for one booting node."""
    digest = version["digest"]
    for name in ["kernel", "modules.cpio"]:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.http}/i/{digest}/{name}") as answer:
            while answer.read(1 << 20):
                pass
    client = NBD(server.nbd, f"{version['image']}@{digest[:12]}")
    places = random.Random(seed)
    for _ in range(BYTES_READ // (128 << 10)):
        client.read(places.randrange(0, client.size - (128 << 10)) & ~4095, 128 << 10)
    client.close()


def nodes(server, version):
    rows = []
    for count in [1, 8, 32]:
        before, start = server.processor_seconds(), time.perf_counter()
        threads = [threading.Thread(target=boot, args=(server, version, seed)) for seed in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rows.append((count, time.perf_counter() - start, server.processor_seconds() - before))
    return rows


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--program", default=f"{HERE}/.build/release/roost")
    options.add_argument("--repetitions", type=int, default=3)
    options.add_argument("--work", default=f"{HERE}/.build", help="where; a tmpfs takes the disk out of the figures")
    options.add_argument("--large", action="store_true", help="a root of more than 4 GB, too")
    options = options.parse_args()
    work = tempfile.mkdtemp(prefix="roost-images-", dir=options.work)
    server = ImageServer(options.program, work)
    try:
        root = f"{work}/root"
        subprocess.run(["unsquashfs", "-q", "-n", "-d", root, find_root()], check=True)
        print(f"{'what':34}{'Roost':>10}{'alone':>10}{'ratio':>8}")
        for title, ours, alone, first in pack(server, root, work, options.repetitions):
            note = f"   (with a kernel that was never packed before {first:.1f} s)" if first else ""
            print(f"{title:34}{ours:8.1f} s{alone:8.1f} s{ours / alone:8.2f}{note}")
        print(f"{'promote to servable':34}{promote(server, 'packed'):7.0f} ms   bar 1,000 ms")
        version = server.versions("packed")[-1]
        for count, seconds, cpu in nodes(server, version):
            print(f"{f'{count} nodes boot at once':34}{seconds:8.2f} s   server {cpu / count * 1000:.0f} ms of processor for each")
        if options.large:
            os.makedirs(f"{root}/srv/large", exist_ok=True)
            for number in range(2):
                for part in range(5):
                    with open(f"{root}/srv/large/{part}", "wb") as file:
                        for _ in range(900):
                            file.write(os.urandom(1 << 20))
                with open(f"{root}/etc/number", "w", encoding="utf-8") as file:
                    file.write(f"large {number}\n")
                seconds = server.take("large", root)
                size = sum(one["byteCount"] for one in server.versions("large")[-1]["manifest"]["files"])
                print(f"{'a version of ' + format(size / 1e9, '.1f') + ' GB':34}{seconds:8.1f} s")
            print(f"{'promote to servable, that large':34}{promote(server, 'large'):7.0f} ms   bar 1,000 ms")
    finally:
        server.stop()
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
