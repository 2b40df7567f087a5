#!/usr/bin/env python3
"""One hostile host of each kind while another machine boots: the tiny root is booted in peace and in each flood, in turns, in one run.

The time is from power-on until the node is ready. The gate is the project's: a flood by one host makes a boot at most twice as long, and
the server's log says who was limited. The ratio can be compared between machines, seconds cannot. The hostile host has the lowest
priority, because on a real network it would have its own processor.

It needs root, and the state of a server with the tiny root: that of the tests (Lab/golden.sh tiny), or --state.
"""
import argparse
import statistics
import subprocess
import sys
import time

import laboratory

MAC = "52:54:00:72:6f:31"
HOSTILE = "52:54:00:72:6f:3f"
SPACE = "roost-bench-flood"
HOST = f"{SPACE}-host"
CABLE = "h-flood"

# What a hostile host does: each kind runs until it is ended.
FLOOD = r"""
import socket, ssl, struct, sys, time
kind, server, own, machine = sys.argv[1:]
card = bytes.fromhex(machine.replace(":", ""))

def datagrams(port, contents, source=0, target=server, pause=0.0):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind((own if source != 68 else "", source))
    number = 0
    while True:
        try:
            one.sendto(contents(number), (target, port))
        except OSError:
            time.sleep(0.01)
        number += 1
        if number % 200 == 0:
            time.sleep(pause)

def dhcp(number, kind, known=False):
    # Of one card, of invented ones, and with options that a PXE client has.
    chaddr = card if known else card[:3] + struct.pack("!I", number)[1:]
    head = struct.pack("!BBBBIHH4s4s4s4s", 1, 1, 6, 0, number, 0, 0x8000, *[bytes(4)] * 4)
    name = b"PXEClient:Arch:00007:UNDI:003016"
    return (head + chaddr + bytes(10) + bytes(192) + bytes.fromhex("638253633501") + bytes([kind, 60, len(name)])
            + name + bytes.fromhex("5d0200075e03010310ff"))

def connections(port, words=b"", tls=False):
    # As many as it gets, held for a while; then anew.
    while True:
        held = []
        for _ in range(400):
            one = socket.socket()
            one.settimeout(0.2)
            try:
                one.bind((own, 0))
                one.connect((server, port))
                if tls:
                    one = insecure.wrap_socket(one)
                if words:
                    one.send(words)
                held.append(one)
            except OSError:
                pass
        time.sleep(0.3)
        for one in held:
            one.close()

def requests(port, request, tls=False):
    # One after the other, and without waiting for answers.
    while True:
        one = socket.socket()
        one.settimeout(1)
        try:
            one.bind((own, 0))
            one.connect((server, port))
            if tls:
                one = insecure.wrap_socket(one)
            for _ in range(2000):
                one.sendall(request)
                one.setblocking(False)
                try:
                    one.recv(1 << 16)
                except (OSError, ssl.SSLError):
                    pass
                one.settimeout(1)
        except OSError:
            time.sleep(0.01)
        one.close()

insecure = ssl.create_default_context()
insecure.check_hostname, insecure.verify_mode = False, ssl.CERT_NONE
get = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"

def post(path, body):
    return b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        path.encode(), len(body), body)

join = b'{"token":"x","certificateRequest":"x","name":"x","ports":{}}'
ticket = post("/node/%s/ticket?boot=0123456789abcdef&run=0" % machine, b"x" * 200)
{
    "dhcp": lambda: datagrams(67, lambda n: dhcp(n, 1), 68, "10.77.0.255", 0.01),
    "dhcp-one": lambda: datagrams(67, lambda n: dhcp(n, 1, True), 68, "10.77.0.255", 0.01),
    "proxy": lambda: datagrams(4011, lambda n: dhcp(n, 3), 68, server, 0.01),
    "tftp": lambda: datagrams(69, lambda n: b"\0\1ipxe.efi\0octet\0timeout\x00255\0", 0, server, 0.01),
    "http": lambda: connections(80, b"GET / HT"),
    "http-requests": lambda: requests(80, get),
    "nbd": lambda: connections(10809),
    "logs": lambda: datagrams(514, lambda n: b"<13>nobody: " + b"x" * 900, 0, server, 0.01),
    "center": lambda: connections(8443, b"\x16\x03\x01"),
    "center-tls": lambda: requests(8443, b"GET /login HTTP/1.1\r\nHost: a\r\n\r\n", True),
    "joins": lambda: requests(8443, post("/api/v1/agents/join", join), True),
    "agents": lambda: connections(8445, b"\x16\x03\x01"),
    "tickets": lambda: requests(80, ticket),
}[kind]()
"""
# Each kind, and how the log calls that of which it gets no more than its share.
KINDS = {
    "dhcp": "dhcp", "dhcp-one": "dhcp", "tftp": "tftp", "http": "http", "http-requests": "http", "nbd": "nbd",
    "logs": "logs", "center": "center", "center-tls": "center", "joins": "center", "agents": "center", "tickets": "http",
    # Invented machines of a link are one peer for the log: more than a minute after the others.
    "proxy": "dhcp",
}


def address(kind):
    """The hostile host's for one kind: the log names an address once a minute for each limit."""
    return f"10.77.0.{60 + list(KINDS).index(kind)}"


class Laboratory(laboratory.Laboratory):
    def __init__(self, options):
        super().__init__("floods", SPACE, options)
        self.roost("node", "add", "booting", "--mac", MAC)
        # The agents' port listens once one may come.
        self.roost("server", "token")
        for words in (
            ["netns", "add", HOST],
            ["-n", SPACE, "link", "add", CABLE, "type", "veth", "peer", "name", "eth0", "address", HOSTILE, "netns", HOST],
            ["-n", SPACE, "link", "set", CABLE, "master", "br0", "up"],
            ["-n", HOST, "link", "set", "eth0", "up"], ["-n", HOST, "link", "set", "lo", "up"],
            *(["-n", HOST, "addr", "add", f"{address(kind)}/24", "dev", "eth0"] for kind in KINDS),
        ):
            self.run(["ip", *words])

    def end(self):
        self.run(["ip", "netns", "del", HOST], check=False)
        super().end()

    def log(self):
        with open(f"{self.directory}/log/roost.log", errors="replace") as file:
            return file.read()

    def boot_in(self, kind):
        """Seconds from power-on to ready, and what the log says of limits meanwhile."""
        flood, known = None, len(self.log())
        if kind:
            flood = subprocess.Popen(
                ["nice", "-n", "19", "ip", "netns", "exec", HOST, sys.executable, "-c", FLOOD, kind, "10.77.0.1",
                 address(kind), HOSTILE])
            time.sleep(3)
            if flood.poll() is not None:
                sys.exit(f"floods.py: the flood «{kind}» has ended")
        begin = time.monotonic()
        try:
            self.boot("booting", MAC)
            self.wait("the node is ready", lambda: f"{MAC} ready" in self.log()[known:])
            took = time.monotonic() - begin
        finally:
            if flood:
                flood.kill()
                flood.wait()
            self.lab("stop", "booting", check=False)
        # What was refused to the flood before is told up to a minute later.
        lines = [
            line.split("roost: ")[-1] for line in self.log()[known:].splitlines()
            if "was limited" in line and f": {KINDS[kind]}: " in line
        ] if kind else []
        return took, lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=KINDS, action="append", help="this kind; may be given several times")
    laboratory.Laboratory.add_options(parser, "fail when a flood more than doubles a boot, or is not in the log")
    options = parser.parse_args()
    laboratory.require_root("floods")
    kinds = options.only or list(KINDS)
    lab = Laboratory(options)
    seconds, limited = {kind: [] for kind in ["none", *kinds]}, {kind: [] for kind in kinds}
    try:
        # The first boot fills the server's caches.
        lab.boot_in(None)
        for _ in range(options.repetitions):
            for kind in [None, *kinds]:
                took, lines = lab.boot_in(kind)
                seconds[kind or "none"].append(took)
                if kind:
                    limited[kind] += lines
    finally:
        lab.end()
    usual = statistics.median(seconds["none"])
    print(f"{'in peace':14} {usual:6.2f} s")
    failed = []
    for kind in kinds:
        median = statistics.median(seconds[kind])
        said = limited[kind][0].strip() if limited[kind] else "NOT IN THE LOG"
        print(f"{kind:14} {median:6.2f} s  ratio {median / usual:.2f}  {said}")
        if median > 2 * usual or not limited[kind]:
            failed.append(kind)
    if options.gate and failed:
        sys.exit(f"floods.py: {', '.join(failed)}: more than twice the usual time, or not in the log")


main()
