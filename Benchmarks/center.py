#!/usr/bin/env python3
"""The control center with 10,000 nodes: list, search, dashboard, one change, plans, listeners, reports.

Starts the release build of roost on the loopback of a network namespace of its own, with an empty store, fills it through the API and
measures over the wire. Every node has its own address from DHCP, because its reports count only from there.
Every figure is compared with the bar that the project set for it; the machine's speed is in all of them.
"""
import argparse
import http.client
import json
import os
import socket
import ssl
import statistics
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


# Those that nodes report themselves.
STAGES = ["init", "network", "root", "configured", "handover", "ready"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def address_of(number):
    return ":".join(f"{byte:02x}" for byte in (0x5254 << 32 | number).to_bytes(6, "big"))


class Center:
    def __init__(self, program, directory):
        self.directory = directory
        self.port, self.boot_port = free_port(), free_port()
        self.socket = f"{directory}/socket/api.sock"
        with open(f"{directory}/roost.yaml", "w", encoding="utf-8") as file:
            file.write(f"""roles: [dhcp, http, center]
interfaces: [lo]
state-directory: {directory}/state
socket: {self.socket}
user: root
http: {{port: {self.boot_port}}}
dhcp: {{router-advertisements: no, networks: [{{interface: lo, subnet: 127.0.0.0/8, server: 127.0.0.1, pools: [127.16.0.1-127.31.255.254]}}]}}
center: {{https: [], http: "127.0.0.1:{self.port}"}}
""")
        self.log = open(f"{directory}/log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [program, "serve", "--configuration", f"{directory}/roost.yaml"], stdout=self.log, stderr=self.log)
        for _ in range(200):
            time.sleep(0.05)
            with open(f"{directory}/log", encoding="utf-8") as log:
                if " ready: " in log.read():
                    break
        else:
            raise SystemExit("the server did not start")
        environment = dict(os.environ, ROOST_SOCKET=self.socket)
        subprocess.run([program, "admin", "add", "bench", "admin"], env=environment, check=True,
                       input="a password for benchmarks\n", text=True)
        self.token = subprocess.run([program, "token", "add", "bench", "--owner", "bench"], env=environment,
                                    check=True, capture_output=True, text=True).stdout.strip()
        self.cookie = self.log_in()

    def log_in(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("POST", "/login", "name=bench&password=a+password+for+benchmarks",
                           {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        answer.read()
        return answer.getheader("Set-Cookie").split(";")[0]

    def connect(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def api(self, connection, method, path, body=None):
        connection.request(method, "/api/v1" + path, None if body is None else json.dumps(body),
                           {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        answer = connection.getresponse()
        data = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {data[:300]}")
        return json.loads(data) if data else None

    def memory(self):
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="utf-8") as file:
            for line in file:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) / 1024
        return 0

    def stop(self):
        self.process.terminate()
        self.process.wait()


def first_byte(center, connection, path, count):
    """Median milliseconds from the request to the first byte of the page."""
    times = []
    for _ in range(count):
        connection.putrequest("GET", path)
        connection.putheader("Cookie", center.cookie)
        connection.putheader("Accept", "text/html")
        start = time.perf_counter()
        connection.endheaders()
        answer = connection.getresponse()
        times.append((time.perf_counter() - start) * 1000)
        body = answer.read()
        if answer.status != 200 or b"<h1>" not in body:
            raise SystemExit(f"{path}: {answer.status}")
    return statistics.median(times)


def fill(center, connection, count):
    groups = ["/school"] + [f"/school/room-{n}" for n in range(count // 50)]
    edits = [{"group": {"path": path, "settings": {"loader": "ipxe"} if path == "/school" else {}}} for path in groups]
    edits += [{"node": {"name": f"n{n}", "group": groups[1 + n // 50], "tags": ["lab"] if n % 7 == 0 else [],
                        "macAddresses": [address_of(n)]}}
              for n in range(count)]
    start = time.perf_counter()
    center.api(connection, "POST", "/changes", {"edits": edits, "summary": "filled"})
    return time.perf_counter() - start


RELAY = "127.0.0.2"


def ask_dhcp(relay, number, kind, more=b""):
    """A PXE client's message as a relay forwards it."""
    options = bytes([53, 1, kind, 60, 32]) + b"PXEClient:Arch:00000:UNDI:002001" + bytes([93, 2, 0, 0]) + more + b"\xff"
    head = struct.pack(">BBBBIHH", 1, 1, 6, 1, number, 0, 0) + bytes(12) + socket.inet_aton(RELAY)
    relay.sendto(head + bytes.fromhex(address_of(number).replace(":", "")) + bytes(202) + bytes([99, 130, 83, 99]) + options,
                 ("127.0.0.1", 67))


def power_on(center, connection, nodes):
    """Gives every node an address, and opens its boot; returns both of each node."""
    relay = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    relay.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    relay.bind((RELAY, 67))
    relay.settimeout(10)
    addresses = {}
    for first in range(0, nodes, 50):
        batch = range(first, min(first + 50, nodes))
        for number in batch:
            ask_dhcp(relay, number, 1)
        while not all(number in addresses for number in batch):
            answer = relay.recv(2048)
            number, kind = int.from_bytes(answer[4:8], "big"), answer[answer.index(b"\x35\x01", 240) + 2]
            if kind == 2:
                ask_dhcp(relay, number, 3, bytes([50, 4]) + answer[16:20] + bytes([54, 4]) + socket.inet_aton("127.0.0.1"))
            elif kind == 5:
                addresses[number] = socket.inet_ntoa(answer[16:20])
    relay.close()
    while not center.api(connection, "GET", f"/boots?mac={address_of(nodes - 1)}&limit=1"):
        time.sleep(0.05)
    return [(addresses[n], center.api(connection, "GET", f"/boots?mac={address_of(n)}&limit=1")[0]["boot"]) for n in range(nodes)]


def post_for_all(center, fleet, what, body=lambda n: ""):
    """One request of every node, 50 in flight at a time."""
    for first in range(0, len(fleet), 50):
        sent = []
        for n in range(first, min(first + 50, len(fleet))):
            address, boot = fleet[n]
            sock = socket.create_connection(("127.0.0.1", center.boot_port), source_address=(address, 0))
            sock.sendall((f"POST /node/{address_of(n)}/{what.format(boot=boot)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                          f"Content-Length: {len(body(n))}\r\n\r\n{body(n)}").encode())
            sent.append(sock)
        for sock in sent:
            status = sock.recv(4096)
            if not status.startswith(b"HTTP/1.1 204"):
                raise SystemExit(f"{what}: {status[:200]}")
            sock.close()


def hardware(center, connection, fleet):
    """Seconds until the hardware of every node is known."""
    start = time.perf_counter()
    post_for_all(center, fleet, "hardware?boot={boot}", lambda n: json.dumps(
        {"vendor": "Hewlett-Packard", "product": "HP t630 Thin Client", "serial": f"8CC{n:07}", "processorCount": 4,
         "processor": "AMD Embedded G-Series GX-420GI Radeon R7E", "memoryMebibytes": 8192,
         "cards": [{"name": "eth0", "macAddress": address_of(n), "driver": "r8169"}]}))
    while not center.api(connection, "GET", f"/nodes?q=serial%3D8CC{len(fleet) - 1:07}"):
        time.sleep(0.05)
    return time.perf_counter() - start


def sessions(center, connection, fleet):
    """Seconds until all logged-in users, one per node, are known."""
    start = time.perf_counter()
    post_for_all(center, fleet, "sessions?boot={boot}", lambda n: json.dumps(
        [{"id": "2", "user": f"user{n}", "kind": "x11", "place": "tty2", "from": "", "isActive": True, "age": 60}]))
    while not center.api(connection, "GET", f"/sessions?q=user%3Duser{len(fleet) - 1}"):
        time.sleep(0.05)
    return time.perf_counter() - start


def reports(center, connection, fleet):
    """Seconds until all stages of one boot of every node are reported, stored and known."""
    start = time.perf_counter()
    for stage in STAGES:
        post_for_all(center, fleet, f"report?boot={{boot}}&stage={stage}")
    last = f"/boots?mac={address_of(len(fleet) - 1)}&limit=1"
    while center.api(connection, "GET", last)[0]["entries"][-1]["stage"] != STAGES[-1]:
        time.sleep(0.05)
    return time.perf_counter() - start


def listeners(center, count):
    """Seconds from a change until the last of `count` listeners gets it."""
    sockets = []
    for _ in range(count):
        one = socket.create_connection(("127.0.0.1", center.port))
        one.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {center.token}\r\n\r\n".encode())
        sockets.append(one)
        if len(sockets) % 100 == 0:
            time.sleep(0.5)  # The rate limit of requests per address.
    for one in sockets:
        data = b""
        while b": pulse" not in data:
            data += one.recv(4096)
    connection = center.connect()
    start = time.perf_counter()
    center.api(connection, "POST", "/changes",
               {"edits": [{"settings": {"target": "/", "set": {"time-zone": "Europe/Paris"}}}]})
    for one in sockets:
        data = b""
        while b"event: configuration" not in data:
            data += one.recv(4096)
    seconds = time.perf_counter() - start
    for one in sockets:
        one.close()
    return seconds


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--program", default=f"{HERE}/.build/release/roost")
    options.add_argument("--nodes", type=int, default=10_000)
    options.add_argument("--repetitions", type=int, default=20)
    options = options.parse_args()
    if "ROOST_BENCH" not in os.environ:
        # It serves DHCP: in a network with nothing else.
        os.execvpe("unshare", ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable] + sys.argv,
                   dict(os.environ, ROOST_BENCH="1"))
    rows = []

    def row(title, value, unit, bar):
        rows.append((title, value, unit, bar))
        print(f"{title:56} {value:10.2f} {unit:4} bar {bar:g}{'' if value <= bar else '   ABOVE THE BAR'}", flush=True)

    with tempfile.TemporaryDirectory() as directory:
        center = Center(options.program, directory)
        try:
            connection = center.connect()
            empty = center.memory()
            row(f"{options.nodes} nodes entered in one change", fill(center, connection, options.nodes), "s", 30)
            fleet = power_on(center, connection, options.nodes)
            seconds = reports(center, connection, fleet)
            row(f"{options.nodes * len(STAGES)} reports of nodes, each", seconds / options.nodes / len(STAGES) * 1e6,
                "µs", 1000)
            row(f"{options.nodes} nodes tell what they are made of", hardware(center, connection, fleet), "s", 10)
            row(f"{options.nodes} nodes tell who is logged in", sessions(center, connection, fleet), "s", 10)
            for title, path in [("search for a user", "/nodes?q=user%3Duser777"), ("list of nodes, first byte", "/nodes"),
                                ("list, last page", f"/nodes?offset={options.nodes - 100}"),
                                ("search for a word", "/nodes?q=n77"), ("search for a range", "/nodes?q=n%5B100-200%5D"),
                                ("search for a serial number", "/nodes?q=8cc0000777"),
                                ("search by image", "/nodes?q=image%3Ddebian"),
                                ("search by tag and group", "/nodes?q=tag%3Dlab+group%3D%2Fschool%2Froom-3"),
                                ("dashboard", "/"), ("one node", "/nodes/n5000"), ("groups", "/groups?path=/school")]:
                row(title, first_byte(center, connection, path, options.repetitions), "ms", 50)
            times = []
            for n in range(5):
                start = time.perf_counter()
                center.api(connection, "POST", "/plan", {"edits": [
                    {"settings": {"target": "/", "set": {"overlay-size": f"{n + 10}%"}}}]})
                times.append(time.perf_counter() - start)
            row("what-if of a change at the root, all nodes", statistics.median(times), "s", 1)
            times = []
            for n in range(5):
                start = time.perf_counter()
                center.api(connection, "POST", "/changes", {"edits": [
                    {"settings": {"target": "/", "set": {"overlay-size": f"{n + 10}%"}}}]})
                times.append(time.perf_counter() - start)
            row("a change at the root, until the data planes have it", statistics.median(times), "s", 1)
            row("1,000 listeners hear of a change", listeners(center, 1_000), "s", 1)
            row("memory with these nodes", center.memory(), "MiB", 400)
            print(f"memory when empty: {empty:.0f} MiB")
        finally:
            center.stop()
    os.makedirs(f"{HERE}/.build/bench", exist_ok=True)
    with open(f"{HERE}/.build/bench/center.json", "w", encoding="utf-8") as file:
        json.dump([dict(zip(("title", "value", "unit", "bar"), row)) for row in rows], file, indent=1)


main()
