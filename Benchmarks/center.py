#!/usr/bin/env python3
"""The control center with 10,000 nodes: pages, answers of the API, one change, plans, listeners, reports.

Starts the release build of roost on the loopback of a network namespace of its own, with an empty store, fills it through the API and
measures over the wire. Every node has its own address from DHCP, because its reports count only from there.
Every figure is compared with the bar that the project set for it; the machine's speed is in all of them. Beside each page stand its
weight, the server's processor time for it, and how many times longer its first byte takes than that of the same bytes in a file that
nginx serves, if it is installed.
"""
import argparse
import http.client
import json
import os
import platform
import re
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

from server import Server, free_port

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


# Those that nodes report themselves.
STAGES = ["init", "network", "root", "configured", "handover", "ready"]


# The network of all nodes, on loopback: the server's address, the relay's, the pool, and where reserved addresses begin.
SERVER, RELAY, PREFIX = "10.16.0.1", "10.16.0.2", 12
POOL, RESERVED = "10.16.16.0-10.23.255.254", 0x0A18_0000


def address_of(number):
    return ":".join(f"{byte:02x}" for byte in (0x5254 << 32 | number).to_bytes(6, "big"))


class Center(Server):
    def __init__(self, program, directory, state=None):
        if state:
            subprocess.run(["cp", "-R", state, f"{directory}/state"], check=True)  # The server's user owns the copy.
        self.port, self.boot_port = free_port(), free_port()
        super().__init__(program, directory, "dhcp, http, center", f"""http: {{port: {self.boot_port}}}
dhcp: {{router-advertisements: no}}
limits: [{{network: 127.0.0.1/32, times: 100}}]
kept-files: [{{path: {directory}/lts.conf}}]
center: {{https: [], http: "127.0.0.1:{self.port}"}}
""")
        self.token = super().token()
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

    def processor_seconds(self):
        """What all its threads have used, to the nanosecond: one page takes less than a tick of the processes' clock."""
        used = 0
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            try:
                with open(f"/proc/{self.process.pid}/task/{task}/schedstat", encoding="utf-8") as file:
                    used += int(file.read().split()[0])
            except FileNotFoundError:
                pass
        return used / 1e9


class Files:
    """nginx with the bodies of pages as files, or nothing where it is not installed."""

    def __init__(self, directory):
        self.program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        self.process = None
        if not self.program:
            return
        self.directory, self.port = f"{directory}/nginx", free_port()
        os.makedirs(f"{self.directory}/www")
        places = "".join(f"{name}_temp_path {self.directory}/{name}; " for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(f"{self.directory}/nginx.conf", "w", encoding="utf-8") as file:
            file.write(f"""daemon off; master_process off; pid {self.directory}/pid; error_log stderr; user root;
events {{ worker_connections 64; }}
http {{ access_log off; sendfile on; open_file_cache max=100; keepalive_requests 1000000; {places}
  server {{ listen 127.0.0.1:{self.port}; root {self.directory}/www; }} }}
""")
        self.process = subprocess.Popen([self.program, "-c", f"{self.directory}/nginx.conf"], stderr=subprocess.DEVNULL)

    def first_byte(self, body, count):
        """Median milliseconds; nil without nginx."""
        if not self.process:
            return None
        with open(f"{self.directory}/www/page", "wb") as file:
            file.write(body)
        os.rename(f"{self.directory}/www/page", f"{self.directory}/www/{len(body)}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        return statistics.median(get(connection, f"/{len(body)}", {})[0] for _ in range(count))

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()


def get(connection, path, headers):
    """Milliseconds from the request to the first byte of the answer, and its body."""
    connection.putrequest("GET", path)
    for name, value in headers.items():
        connection.putheader(name, value)
    start = time.perf_counter()
    connection.endheaders()
    answer = connection.getresponse()
    milliseconds = (time.perf_counter() - start) * 1000
    body = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status} {body[:300]}")
    return milliseconds, body


def measure(center, connection, files, path, count):
    """First byte in ms, weight in KiB, the server's processor time in ms, and how many times longer than of a file."""
    is_page = not path.startswith("/api/")
    headers = {"Cookie": center.cookie, "Accept": "text/html"} if is_page else {"Authorization": f"Bearer {center.token}"}
    get(connection, path, headers)
    used = center.processor_seconds()
    answers = [get(connection, path, headers) for _ in range(count)]
    used = (center.processor_seconds() - used) / count * 1000
    body = answers[-1][1]
    if is_page and b"<h1>" not in body:
        raise SystemExit(f"{path} is no page")
    taken = statistics.median(one for one, _ in answers)
    of_file = files.first_byte(body, count)
    return taken, len(body) / 1024, used, of_file and taken / of_file


def fill(center, connection, count):
    groups = ["/school"] + [f"/school/room-{n}" for n in range(count // 50)]
    network = {"name": "bench", "interface": "lo", "subnet": f"10.16.0.0/{PREFIX}", "server": SERVER, "pools": [POOL]}
    edits = [{"network": network}]
    edits += [{"group": {"path": path, "settings": {"loader": "ipxe"} if path == "/school" else {}}} for path in groups]
    edits += [{"node": {"name": f"n{n}", "group": groups[1 + n // 50], "tags": ["lab"] if n % 7 == 0 else [],
                        "macAddresses": [address_of(n)]}}
              for n in range(count)]
    edits += [{"terminalServer": {"name": f"ts-{n}", "address": f"10.16.0.{n + 10}", "tags": ["bench"]}} for n in range(100)]
    edits += [{"pool": {"name": "bench", "levels": [{"tags": ["bench"]}]}}]
    start = time.perf_counter()
    center.api(connection, "POST", "/changes", {"edits": edits, "summary": "filled"})
    return time.perf_counter() - start


def reserve(center, connection, count):
    """Seconds for an address of each of `count` machines that are not nodes."""
    edits = [{"reservation": {"machine": address_of(1 << 24 | n), "address": socket.inet_ntoa((RESERVED + n + 1).to_bytes(4, "big"))}}
             for n in range(count)]
    start = time.perf_counter()
    center.api(connection, "POST", "/changes", {"edits": edits, "summary": "reserved"})
    return time.perf_counter() - start


def edit_one(center, connection, count):
    """Milliseconds for a changed tag of one node, and the server's processor time."""
    times = []
    used = center.processor_seconds()
    for n in range(count):
        start = time.perf_counter()
        center.api(connection, "PATCH", "/nodes/n5000", {"tags": [f"edit-{n}-{count}-{time.time_ns()}"]})
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times), (center.processor_seconds() - used) / count * 1000


def ask_dhcp(relay, number, kind, more=b""):
    """A PXE client's message as a relay forwards it."""
    options = bytes([53, 1, kind, 60, 32]) + b"PXEClient:Arch:00000:UNDI:002001" + bytes([93, 2, 0, 0]) + more + b"\xff"
    head = struct.pack(">BBBBIHH", 1, 1, 6, 1, number, 0, 0) + bytes(12) + socket.inet_aton(RELAY)
    relay.sendto(head + bytes.fromhex(address_of(number).replace(":", "")) + bytes(202) + bytes([99, 130, 83, 99]) + options,
                 (SERVER, 67))


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
                ask_dhcp(relay, number, 3, bytes([50, 4]) + answer[16:20] + bytes([54, 4]) + socket.inet_aton(SERVER))
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
            sock = socket.create_connection((SERVER, center.boot_port), source_address=(address, 0))
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


def pages(nodes):
    """Title, path, and the bar of the first byte in ms; None where none is set: lists for programs."""
    last = f"/nodes?offset={nodes - 100}"
    return [("dashboard", "/", 50), ("list of nodes", "/nodes", 50), ("list of nodes, last page", last, 50),
            ("search for a user", "/nodes?q=user%3Duser777", 50), ("search for a word", "/nodes?q=n77", 50),
            ("search for a range", "/nodes?q=n%5B100-200%5D", 50),
            ("search for a serial number", "/nodes?q=8cc0000777", 50), ("search by image", "/nodes?q=image%3Ddebian", 50),
            ("search by tag and group", "/nodes?q=tag%3Dlab+group%3D%2Fschool%2Froom-3", 50),
            ("one node", "/nodes/n5000", 50), ("one node, its settings", "/nodes/n5000?tab=settings", 50),
            ("names found", "/find?q=n77", 50), ("names found, none", "/find?q=no+such+name", 50),
            ("groups", "/groups?path=/school", 50), ("settings of a group", "/groups?path=/school&tab=settings", 50), ("networks", "/networks", 50),
            ("history", "/history", 50), ("the revision that entered all", "/history/{filled}", 50),
            ("boots", "/boots", 50), ("leases", "/leases", 50), ("volumes", "/volumes", 50), ("images", "/images", 50),
            ("unknown machines", "/machines", 50), ("rules", "/rules", 50), ("roll-outs", "/rollouts", 50),
            ("100 terminal servers", "/desktops/servers", 50), ("pools", "/desktops", 50),
            ("who lands where, 100 servers", "/desktops/place?user=ann&pool=bench", 50),
            ("API: a placement among 100 servers", "/api/v1/place?user=ann&pool=bench", 5),
            ("API: 1,000 nodes", "/api/v1/nodes", None), ("API: the last 100 nodes", f"/api/v1{last}&limit=100", 50),
            ("API: one node", "/api/v1/nodes/n5000", 50), ("API: status", "/api/v1/status", None),
            ("API: figures", "/api/v1/figures", 50), ("API: reservations", "/api/v1/reservations", None)]


def kept_file(center):
    """Seconds until the data planes go by a file of 200 sections that has changed."""
    path, times = f"{center.directory}/lts.conf", []
    sections = "".join(f"[n{number}*]\nSOUND = {number}\n[{address_of(number)}]\nVOLUME = {number}\n" for number in range(1, 101))
    for number in range(5):
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            file.write(f"[default]\nMARK = {number}\n{sections}")
        start = time.perf_counter()
        os.rename(f"{path}.new", path)
        while time.perf_counter() - start < 10:
            connection = http.client.HTTPConnection(SERVER, center.boot_port, timeout=5)
            connection.request("GET", "/lts.conf")
            if f'MARK="{number}"'.encode() in connection.getresponse().read():
                break
            connection.close()
            time.sleep(0.01)
        times.append(time.perf_counter() - start)
    return max(times)


def planes(program, what):
    """What the program of the data planes measures by itself; None where it is not built."""
    planes = f"{os.path.dirname(program)}/roost-planes"
    if not os.path.exists(planes):
        return None
    return json.loads(subprocess.run([planes, what], check=True, capture_output=True).stdout)


def as_code(program, center, count):
    """The whole fleet as files: seconds to export it, to apply it as it is, to compare it, and to apply a change of every tenth node."""
    environment = dict(os.environ, ROOST_SOCKET=center.socket)
    files = f"{center.directory}/fleet"

    def timed(*words, status=0):
        start = time.perf_counter()
        ended = subprocess.run([program, *words], env=environment, capture_output=True, text=True)
        if ended.returncode != status:
            raise SystemExit(f"roost {' '.join(words)}: status {ended.returncode}: {ended.stderr[-2000:]}{ended.stdout[-2000:]}")
        return time.perf_counter() - start

    exported = timed("export", "--output", files)
    adopted = timed("apply", "-f", files)
    same = timed("plan", "-f", files)
    with open(f"{files}/nodes.yaml", encoding="utf-8") as file:
        lines = file.read().split("\n")
    names = [place for place, line in enumerate(lines) if re.fullmatch(r"\s*-? *name: n\d*0", line)]
    if len(names) != count // 10:
        raise SystemExit(f"{len(names)} nodes found in the exported file")
    for place in names:
        line = lines[place]
        lines[place] = f"{line}\n{' ' * line.index('name')}settings: {{time-zone: Europe/Rome}}"
    with open(f"{files}/nodes.yaml", "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
    return exported, adopted, same, timed("apply", "-f", files)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--program", default=f"{HERE}/.build/release/roost")
    options.add_argument("--nodes", type=int, default=10_000)
    options.add_argument("--repetitions", type=int, default=20)
    options.add_argument("--state", help="a state directory to begin with, for its images; default: an empty one")
    options = options.parse_args()
    if "ROOST_BENCH" not in os.environ:
        # It serves DHCP: in a network with nothing else. On lo, every address of its network is local.
        prepare = f"ip link set lo up; ip addr add {SERVER}/{PREFIX} dev lo"
        os.execvpe("unshare", ["unshare", "-n", "sh", "-ec", f'{prepare}; exec "$@"', "sh", sys.executable] + sys.argv,
                   dict(os.environ, ROOST_BENCH="1"))
    rows = []
    print(f"{os.cpu_count()} × {platform.machine()}, {processor()}, Linux {platform.release()}")

    def row(title, value, unit, bar, more=None):
        rows.append(dict({"title": title, "value": value, "unit": unit, "bar": bar}, **(more or {})))
        beside = "" if not more else f"{more['weight']:8.1f} KiB {more['processor']:8.2f} ms of processor" + (
            f"  ×{more['ratio']:.1f} of a file" if more["ratio"] else "")
        verdict = "" if bar is None else f" bar {bar:g}" + ("" if value <= bar else "   ABOVE THE BAR")
        if more and more["weight"] > (more["weight_bar"] or more["weight"]):
            verdict += f"   HEAVIER THAN {more['weight_bar']} KiB"
        print(f"{title:56} {value:10.2f} {unit:4}{beside}{verdict}", flush=True)

    with tempfile.TemporaryDirectory() as directory:
        files = Files(directory)
        center = Center(options.program, directory, options.state)
        try:
            connection = center.connect()
            empty, _ = center.memory()
            row(f"{options.nodes} nodes entered in one change", fill(center, connection, options.nodes), "s", 30)
            filled = center.api(connection, "GET", "/status")["revision"]
            fleet = power_on(center, connection, options.nodes)
            seconds = reports(center, connection, fleet)
            row(f"{options.nodes * len(STAGES)} reports of nodes, each", seconds / options.nodes / len(STAGES) * 1e6,
                "µs", 1000)
            row(f"{options.nodes} nodes tell what they are made of", hardware(center, connection, fleet), "s", 10)
            row(f"{options.nodes} nodes tell who is logged in", sessions(center, connection, fleet), "s", 10)
            taken, used = edit_one(center, connection, options.repetitions)
            row("a tag of one node changed", taken, "ms", 50)
            row("the same, processor time of the server", used, "ms", 50)
            row(f"{options.nodes} reservations entered in one change", reserve(center, connection, options.nodes), "s", 30)
            taken, used = edit_one(center, connection, options.repetitions)
            row("a tag of one node changed, with these reservations", taken, "ms", 50)
            row("the same, processor time of the server", used, "ms", 50)
            for title, path, bar in pages(options.nodes):
                path = path.format(filled=filled)
                taken, weight, used, ratio = measure(center, connection, files, path, options.repetitions)
                row(title, taken, "ms", bar,
                    {"weight": weight, "processor": used, "ratio": ratio, "weight_bar": None if path.startswith("/api/") else 300})
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
            row("a changed kept file, until the data planes have it", kept_file(center), "s", 1)
            kept = planes(options.program, "kept")
            if kept:
                row("200 sections of a kept file read", kept["read"], "s", 1)
                row("what they set on 10,000 nodes", kept["effective"], "s", 1)
                row("the same with settings of an image and its version", kept["image"], "s", 1)
            sealed = planes(options.program, "sealed")
            if sealed:
                row("sealed configurations, milliseconds of one core each", 1000 / sealed["plain"], "ms", 1)
                row("the same with forty steps", 1000 / sealed["forty"], "ms", 1)
            row("memory with these nodes", center.memory()[0], "MiB", 400)
            exported, adopted, same, changed = as_code(options.program, center, options.nodes)
            row("these nodes exported as files", exported, "s", 10)
            row("these files applied for the first time", adopted, "s", 3)
            row("the same files compared", same, "s", 1.5)
            row("every tenth node changed in them, and applied", changed, "s", 3)
            print(f"memory when empty: {empty:.0f} MiB")
        finally:
            center.stop()
            files.stop()
    os.makedirs(f"{HERE}/.build/bench", exist_ok=True)
    with open(f"{HERE}/.build/bench/center.json", "w", encoding="utf-8") as file:
        json.dump(rows, file, indent=1)


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown processor")


if __name__ == "__main__":
    main()
