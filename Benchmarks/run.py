#!/usr/bin/env python3
"""The data planes against their peers, side by side: `make bench`.

Every row compares server CPU per operation (user and system time of the server's whole process tree) between Roost and a
peer, alternating within each repetition; the ratio is the median of the paired ratios, above 1 where Roost needs less. The
server has processor 1, the client processor 0. Clients throw the payload away, so that the server is the limit.
"""
import argparse, atexit, datetime, json, os, platform, shutil, signal, socket, statistics, struct, subprocess, sys, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORK = os.path.join(ROOT, ".build", "bench")
LOAD = os.path.join(WORK, "load")
TICK = os.sysconf("SC_CLK_TCK")
HOST = "127.0.0.1"
NBD, HTTP, TFTP, DHCP = 20809, 20080, 20069, 20067


def tree(pid):
    """A process and all its descendants."""
    found = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                for child in file.read().split():
                    found += tree(int(child))
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


ALL_CORES = f"0-{os.cpu_count() - 1}"


def cpu_seconds(pid):
    total = 0
    for one in tree(pid):
        try:
            with open(f"/proc/{one}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            # Ended children count too: nbd-server forks for each client.
            total += sum(int(fields[i]) for i in (11, 12, 13, 14))
        except (FileNotFoundError, ProcessLookupError):
            pass  # It ended meanwhile: while the file was looked for, or while it was read.
    return total / TICK


def runs(pid):
    """Whether a process is there and has not ended; an ended one may stay until its parent looks."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Server:
    """A running server. One that daemonizes writes its process ID to `pid_file`."""

    def __init__(self, name, command, port, udp=False, wait=None, pid_file=None):
        self.name, self.port = name, port
        if not udp and self.listens():
            raise SystemExit(f"another program listens on port {port}: end it, then measure again")
        log = open(os.path.join(WORK, f"{name}.log"), "w")
        if pid_file and os.path.exists(pid_file):
            os.remove(pid_file)  # Left by the previous server.
        self.process = subprocess.Popen(["taskset", "-c", "1"] + command, stdout=log, stderr=log, start_new_session=True)
        if pid_file:
            self.process.wait()
        for _ in range(100):
            if not pid_file and self.process.poll() is not None:
                raise SystemExit(f"{name} ended: see {WORK}/{name}.log")
            if (udp or self.listens()) and (not pid_file or os.path.exists(pid_file)):
                break
            time.sleep(0.1)
        time.sleep(wait or 0.5)
        self.pid = int(open(pid_file).read()) if pid_file else self.process.pid
        self.in_background = pid_file is not None
        atexit.register(self.stop)

    def listens(self):
        with socket.socket() as probe:
            probe.settimeout(0.5)
            return probe.connect_ex((HOST, self.port)) == 0

    def stop(self):
        """Ends it; a second call does nothing. It is called at the end of the program, too, whatever ends it."""
        atexit.unregister(self.stop)
        if self.in_background:
            try:
                os.kill(self.pid, signal.SIGTERM)
            except ProcessLookupError:
                return  # It ended by itself, as peers do when many clients leave at once.
            while runs(self.pid):
                time.sleep(0.05)
            return
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def measure(server, load, pinned=True):
    """CPU microseconds of the server per operation, and operations per second. `pinned`: the server on one core, the client on another."""
    if not pinned:
        for one in tree(server.pid):
            subprocess.run(["taskset", "-a", "-p", "-c", ALL_CORES, str(one)], capture_output=True, check=True)
    before = cpu_seconds(server.pid)
    done = subprocess.run((["taskset", "-c", "0"] if pinned else []) + load, capture_output=True, text=True)
    used = cpu_seconds(server.pid) - before
    if done.returncode != 0:
        return None
    result = json.loads(done.stdout)
    if not result["operations"]:
        return None
    result["us"] = used / result["operations"] * 1e6
    result["rate"] = result["operations"] / result["seconds"]
    return result


def resident(pid):
    """Kilobytes of a process tree, with shared pages divided among the sharers."""
    total = 0
    for one in tree(pid):
        with open(f"/proc/{one}/smaps_rollup") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("Pss_Anon:"))
    return total


def memory_of_connections(server, count):
    """Kilobytes that `count` idle NBD connections cost the server."""
    name = b"bench"
    data = struct.pack(">I", len(name)) + name + struct.pack(">H", 0)
    before, sockets = resident(server.pid), []
    for _ in range(count):
        one = socket.create_connection((HOST, NBD))
        one.recv(18)
        one.sendall(struct.pack(">IQII", 3, 0x49484156454F5054, 7, len(data)) + data)
        one.recv(4096)
        sockets.append(one)
    time.sleep(0.5)
    used = resident(server.pid) - before
    for one in sockets:
        one.close()
    return used


def compare_memory(title, ours, peers, count):
    rows = []
    if ROW not in title:
        return rows
    server = ours()
    mine = memory_of_connections(server, count)
    server.stop()
    for name, start, gate in peers:
        server = start()
        theirs = memory_of_connections(server, count)
        server.stop()
        rows.append(row_of(title, name, mine, theirs, theirs / mine, gate, "KB"))
    return rows


def row_of(title, peer, ours, theirs, ratio, gate, unit, rate=None):
    verdict = "" if ratio >= gate else "   BELOW THE GATE"
    beside = "" if rate is None else f"  rate ×{rate:.2f}"
    print(f"{title:28} {peer:12} {ours:9.2f} {theirs:9.2f} {unit:2}  ×{ratio:<6.2f} gate {gate}{beside}{verdict}", flush=True)
    return {"what": title, "peer": peer, "ours": round(ours, 2), "theirs": round(theirs, 2), "unit": unit, "ratio": round(ratio, 2),
            "rate": rate and round(rate, 2), "gate": gate}


def compare(title, ours, our_load, peers, repetitions, tails={}):
    """peers: [(name, server, load, gate)]; tails: the gate of the 99th percentile of the latency, by peer.

    Latency is measured separately, with server and client free to share all cores, as in production.
    """
    rows = []
    if ROW not in title:
        return rows
    for name, start, load, gate in peers:
        def pair(pinned):
            server = ours()
            mine = measure(server, our_load, pinned)
            server.stop()
            server = start()
            theirs = measure(server, load, pinned)
            server.stop()
            return [(mine, theirs)] if mine and theirs and mine["us"] > 0 else []

        pairs = sum((pair(True) for _ in range(repetitions)), [])
        if not pairs:
            print(f"{title}: {name} gave no measurement", file=sys.stderr)
            continue

        def medians(key, pairs=pairs):
            return (statistics.median(m[key] for m, _ in pairs), statistics.median(t[key] for _, t in pairs),
                    statistics.median(t[key] / m[key] for m, t in pairs))

        rate = statistics.median(m["rate"] / t["rate"] for m, t in pairs)
        rows.append(row_of(title, name, *medians("us"), gate, "µs", rate))
        if name in tails:
            free = sum((pair(False) for _ in range(repetitions)), [])
            if free:
                rows.append(row_of(f"{title}, p99", name, *medians("p99", free), tails[name], "µs"))
    return rows


def program(name):
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin:" + ":".join(
        os.path.join(WORK, "peers", package, "usr/sbin") for package in ("tftpd-hpa", "atftpd")))
    if not path:
        raise SystemExit(f"{name} is not installed (Benchmarks/peers.sh installs the peers)")
    return path


def prepare():
    os.makedirs(LOAD, exist_ok=True)
    for name in ("nbdload", "tftpload", "httpload", "dhcpload"):
        subprocess.run(["cc", "-O2", "-o", f"{LOAD}/{name}", f"{ROOT}/Benchmarks/Load/{name}.c"], check=True)
    version = os.path.join(WORK, "images/bench", "a" * 64)
    os.makedirs(version, exist_ok=True)
    for name, size in (("root.squashfs", 1 << 30), ("kernel", 30 << 20), ("modules.cpio", 4096)):
        path = os.path.join(version, name)
        if not os.path.exists(path) or os.path.getsize(path) != size:
            with open(path, "wb") as file:
                block = os.urandom(1 << 20)
                for start in range(0, size, 1 << 20):
                    file.write(block[: min(1 << 20, size - start)])
    subprocess.run(["cat", os.path.join(version, "root.squashfs")], stdout=subprocess.DEVNULL)  # Into the page cache.
    return version


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--only", help="nbd, tftp, http or dhcp")
    parser.add_argument("--row", help="only rows whose title holds this")
    parser.add_argument("--gate", action="store_true", help="fail when a row is below its gate")
    options = parser.parse_args()
    global ROW
    ROW = options.row or ""
    version = prepare()
    image, kernel = os.path.join(version, "root.squashfs"), os.path.join(version, "kernel")
    seconds = str(options.seconds)
    rows = []

    def planes():
        journal = os.path.join(WORK, "leases.journal")
        if os.path.exists(journal):
            os.remove(journal)
        return Server("roost", [f"{ROOT}/.build/release/roost-planes", WORK, str(NBD), str(HTTP), str(TFTP), str(DHCP)], NBD)

    def wanted(plane):
        return options.only in (None, plane)

    if wanted("nbd"):
        config = os.path.join(WORK, "nbd.conf")
        with open(config, "w") as file:
            file.write(f"[generic]\nlistenaddr = {HOST}\nport = {NBD}\n[bench]\nexportname = {image}\nreadonly = true\n")
        servers = {
            "nbdkit": lambda: Server("nbdkit", [program("nbdkit"), "-f", "-r", "-t", "1", "-i", HOST, "-p", str(NBD), "file", image], NBD),
            "nbd-server": lambda: Server("nbd-server", [program("nbd-server"), "-C", config, "-p", f"{WORK}/nbd-server.pid"], NBD, pid_file=f"{WORK}/nbd-server.pid"),
            "qemu-nbd": lambda: Server("qemu-nbd", [program("qemu-nbd"), "-r", "-t", "-e", "128", "-b", HOST, "-p", str(NBD), "-f", "raw", "-x", "bench", image], NBD),
        }
        cases = [
            ("NBD 4K, 8 conns, QD16", 8, 16, 4096, "rand", (3.5, 4.5, 6)),
            ("NBD 4K, 64 conns, QD16", 64, 16, 4096, "rand", (3.5, 4.5, 6)),
            ("NBD 4K, 64 conns, QD1", 64, 1, 4096, "rand", (1.4, 1.5, 2)),
            ("NBD 128K, 8 conns, QD16", 8, 16, 131072, "seq", (1.7, 2, 2.5)),
            ("NBD 1M, 1 conn, QD16", 1, 16, 1 << 20, "seq", (1.7, 2, 2.5)),
            ("NBD 4K, 1 conn, QD1", 1, 1, 4096, "rand", (0.9, None, None)),
        ]
        for title, connections, depth, size, order, gates in cases:
            load = [f"{LOAD}/nbdload", HOST, str(NBD), "bench", str(connections), str(depth), str(size), order, seconds]
            peers = [(n, servers[n], load, g) for n, g in zip(servers, gates) if g]
            tails = {"nbdkit": 1.0, "qemu-nbd": 2} if title.endswith("64 conns, QD1") else {}
            rows += compare(title, planes, load, peers, options.repetitions, tails)
        rows += compare_memory("NBD memory, 1,000 conns", planes, [("nbdkit", servers["nbdkit"], 0.95), ("nbd-server", servers["nbd-server"], 10)], 1000)

    if wanted("tftp"):
        root = os.path.join(WORK, "tftp")
        os.makedirs(root, exist_ok=True)
        shutil.copy(kernel, os.path.join(root, "bench.bin"))
        servers = {
            "dnsmasq": lambda: Server("dnsmasq", [program("dnsmasq"), "-k", "-u", "root", "--port=0", f"--listen-address={HOST}", "--bind-interfaces", "--enable-tftp", f"--tftp-root={root}", "--tftp-max=200", f"--pid-file={WORK}/dnsmasq.pid"], 69, udp=True),
            "tftpd-hpa": lambda: Server("tftpd-hpa", [program("in.tftpd"), "-L", "-u", "root", "-a", f"{HOST}:{TFTP}", "-s", root], TFTP, udp=True),
            "atftpd": lambda: Server("atftpd", [program("atftpd"), "--daemon", "--no-fork", "--user", "root.root", "--bind-address", HOST, "--port", str(TFTP), "--maxthread", "200", root], TFTP, udp=True),
        }

        def load(window, port=TFTP):
            return [f"{LOAD}/tftpload", HOST, str(port), "bench.bin", "50", str(window), "1468", seconds]

        rows += compare("TFTP window 1", planes, load(0), [
            ("dnsmasq", servers["dnsmasq"], load(0, 69), 1.0), ("tftpd-hpa", servers["tftpd-hpa"], load(0), 1.7),
            ("atftpd", servers["atftpd"], load(0), 2.2)], options.repetitions)
        for window in (8, 16, 64):
            rows += compare(f"TFTP window {window}", planes, load(window), [("atftpd", servers["atftpd"], load(window), 3)], options.repetitions)
        rows += compare("TFTP our 16 to their 1", planes, load(16), [
            ("dnsmasq", servers["dnsmasq"], load(0, 69), 3), ("tftpd-hpa", servers["tftpd-hpa"], load(0), 6)], options.repetitions)

    if wanted("http"):
        config = os.path.join(WORK, "nginx.conf")
        with open(config, "w") as file:
            file.write(f"""daemon off; master_process off; worker_processes 1; pid {WORK}/nginx.pid; error_log stderr; user root;
events {{ worker_connections 1024; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=100; default_type application/octet-stream;
  client_body_temp_path {WORK}/n0; proxy_temp_path {WORK}/n1; fastcgi_temp_path {WORK}/n2; uwsgi_temp_path {WORK}/n3; scgi_temp_path {WORK}/n4;
  server {{ listen {HOST}:{HTTP}; root {WORK}/www; }} }}
""")
        www = os.path.join(WORK, "www/i")
        os.makedirs(www, exist_ok=True)
        if not os.path.exists(os.path.join(www, "a" * 64)):
            os.symlink(version, os.path.join(www, "a" * 64))
        nginx = lambda: Server("nginx", [program("nginx"), "-c", config], HTTP)
        for name, connections, gate in (
            ("root.squashfs", 8, 0.85), ("kernel", 1, 0.85), ("kernel", 8, 0.85), ("kernel", 64, 0.85),
            ("modules.cpio", 1, 1.0), ("modules.cpio", 8, 1.0), ("modules.cpio", 64, 1.0)):
            size = {"root.squashfs": "1 GiB", "kernel": "30 MiB", "modules.cpio": "4 KiB"}[name]
            load = [f"{LOAD}/httpload", HOST, str(HTTP), f"/i/{'a' * 64}/{name}", str(connections), seconds if name != "root.squashfs" else "4"]
            rows += compare(f"HTTP {size}, {connections} conns", planes, load, [("nginx", nginx, load, gate)], options.repetitions)

    if wanted("dhcp"):
        config = os.path.join(WORK, "kea.conf")
        with open(config, "w") as file:
            json.dump({"Dhcp4": {
                "interfaces-config": {"interfaces": ["lo/127.0.0.1"], "dhcp-socket-type": "udp"},
                "lease-database": {"type": "memfile", "persist": True, "name": f"{WORK}/kea-leases.csv", "lfc-interval": 0},
                "multi-threading": {"enable-multi-threading": False}, "valid-lifetime": 43200,
                "subnet4": [{"subnet": "127.0.0.0/8", "pools": [{"pool": "127.16.0.0 - 127.31.255.255"}], "relay": {"ip-addresses": ["127.0.0.2"]}}],
                "loggers": [{"name": "kea-dhcp4", "output_options": [{"output": "stdout"}], "severity": "ERROR"}]}}, file)
        os.makedirs("/run/kea", exist_ok=True)

        def kea():
            for name in os.listdir(WORK):
                if name.startswith("kea-leases"):
                    os.remove(os.path.join(WORK, name))
            return Server("kea", [program("kea-dhcp4"), "-c", config, "-p", str(DHCP)], DHCP, udp=True, wait=2)

        def dnsmasq():
            lease_file = os.path.join(WORK, "dnsmasq.leases")
            if os.path.exists(lease_file):
                os.remove(lease_file)
            return Server("dnsmasq", [program("dnsmasq"), "-k", "-u", "root", "--port=0", "--interface=lo", "--bind-interfaces", f"--dhcp-alternate-port={DHCP},67", "--dhcp-range=127.16.0.0,127.31.255.255,255.0.0.0,12h", "--dhcp-lease-max=1000000", "--no-ping", f"--dhcp-leasefile={lease_file}", f"--pid-file={WORK}/dnsmasq.pid", "--dhcp-authoritative", "--quiet-dhcp"], DHCP, udp=True)

        for outstanding in (64, 1024):
            load = [f"{LOAD}/dhcpload", HOST, str(DHCP), "127.0.0.2", "10000", str(outstanding), seconds]
            peers = [("kea", kea, load, 4)]
            if outstanding == 64:
                peers.append(("dnsmasq", dnsmasq, load + [str(DHCP)], 30))
            rows += compare(f"DHCP DORA, {outstanding} at once", planes, load, peers, options.repetitions)

    with open(os.path.join(WORK, "results.json"), "w") as file:
        json.dump({"date": datetime.date.today().isoformat(), "machine": f"{os.cpu_count()} × {platform.machine()}, Linux {platform.release()}", "rows": rows}, file, indent=1)
    below = [row for row in rows if row["ratio"] < row["gate"]]
    print(f"{len(rows)} rows, {len(below)} below their gate; written to {WORK}/results.json")
    if options.gate and below:
        sys.exit(1)


if __name__ == "__main__":
    main()
