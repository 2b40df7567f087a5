#!/usr/bin/env python3
"""The control center with 1,000 agents of terminal servers, each of which reports every five seconds and waits for orders.

Starts the release build of roost on loopback with an empty store, lets the agents join as real ones do, and counts what the server
uses while they report: processor time, memory, and how long a report waits for its answer. Agents have addresses of their own.
Before that, as root, one real roost-agent reports for this host, whose state is in memory and seen by it alone; what it uses is counted.
"""
import argparse
import asyncio
import http.client
import json
import os
import resource
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

from server import Server, free_port

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
INTERVAL = 5


class Center(Server):
    def __init__(self, program, directory):
        self.https, self.agents = free_port(), free_port()
        super().__init__(program, directory, "http, center", f"""http: {{port: {free_port()}}}
limits: [{{network: 127.0.0.0/8, times: 100}}]
center: {{https: ["127.0.0.1:{self.https}"], agent-port: {self.agents}}}
""")


def join_all(center, count):
    """The certificates of `count` agents that share one key: the center takes only the key of a request."""
    key, request = f"{center.directory}/key.pem", f"{center.directory}/request.pem"
    subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                    "-out", request, "-subj", "/CN=bench"], check=True, capture_output=True)
    with open(request, encoding="utf-8") as file:
        text = file.read()
    token = center.token()
    open_context = ssl._create_unverified_context()  # Its own authority, made a second ago on this host.

    def ask(path, body, source, headers):
        connection = http.client.HTTPSConnection(
            "127.0.0.1", center.https, context=open_context, source_address=(source, 0))
        connection.request("POST", f"/api/v1/{path}", json.dumps(body), {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        if answer.status >= 300:
            raise SystemExit(f"{path}: {answer.status} {data[:300]}")
        return json.loads(data)

    agents = []
    for number in range(count):
        source = address(number)
        made = ask("agents/tokens", {}, source, {"Authorization": f"Bearer {token}"})
        answer = ask("agents/join", {"token": made["token"], "certificateRequest": text, "name": f"ts-{number}",
                                     "address": source, "ports": {"rdp": 3389}}, source, {})
        name = f"{center.directory}/agent-{number}.pem"
        with open(name, "w", encoding="utf-8") as file:
            file.write(answer["certificate"])
        if number == 0:
            with open(f"{center.directory}/authority.pem", "w", encoding="utf-8") as file:
                file.write(answer["authority"])
        agents.append((number, name, key))
    return agents


def address(number):
    return f"127.1.{number // 200}.{number % 200 + 1}"


def report(number, sessions):
    return json.dumps({
        "version": "bench", "bootID": "1", "rooms": [{"path": "/", "byteCount": 1 << 40, "freeByteCount": 1 << 39}],
        "load": {"processorCount": 8, "loadAverage": 1.5, "memoryByteCount": 32 << 30, "usedMemoryByteCount": 9 << 30,
                 "idleMemoryByteCount": 1 << 30, "sessionCount": sessions},
        "sessions": [{"id": f"c{n}", "user": f"user{number}-{n}", "kind": "rdp", "display": f":{10 + n}", "age": 600, "idle": 3,
                      "isConnected": True, "from": "10.77.0.9"} for n in range(sessions)],
        "ports": {"rdp": 3389}, "hostKeys": [], "troubles": [], "events": []}).encode()


async def connect(center, agent):
    number, certificate, key = agent
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=f"{center.directory}/authority.pem")
    context.check_hostname = False
    context.load_cert_chain(certificate, key)
    return await asyncio.open_connection("127.0.0.1", center.agents, ssl=context, local_addr=(address(number), 0))


async def answer(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    body = await reader.readexactly(length)
    if status != 200:
        raise SystemExit(f"report: {status} {body[:300]}")


async def run_agent(center, agent, sessions, start, end, waits):
    """One agent: it listens for orders, and reports over a connection that stays."""
    orders, asking = await connect(center, agent)
    asking.write(b"GET /agent/v1/orders HTTP/1.1\r\nHost: roost-agents\r\n\r\n")
    reader, writer = await connect(center, agent)
    body = report(agent[0], sessions)
    head = (f"POST /agent/v1/report HTTP/1.1\r\nHost: roost-agents\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
    listening = asyncio.create_task(orders.read(1 << 20))
    try:
        await asyncio.sleep(max(0, start - time.monotonic()))
        while time.monotonic() < end:
            began = time.monotonic()
            writer.write(head + body)
            await answer(reader)
            waits.append((began, time.monotonic() - began))
            await asyncio.sleep(max(0, began + INTERVAL - time.monotonic()))
    finally:
        listening.cancel()
        writer.close()
        asking.close()


async def measure(center, agents, sessions, seconds):
    waits, begin = [], time.monotonic() + 2 + len(agents) / 100
    steady = begin + 2 * INTERVAL
    end = steady + seconds
    work = [asyncio.create_task(run_agent(center, agent, sessions, begin + INTERVAL * place / len(agents), end, waits))
            for place, agent in enumerate(agents)]
    await asyncio.sleep(max(0, steady - time.monotonic()))
    used = center.processor_seconds()
    await asyncio.sleep(seconds)
    used = center.processor_seconds() - used
    memory = center.memory()
    await asyncio.gather(*work)
    return used, memory, sorted(one for at, one in waits if at >= steady)


class Agent:
    """A real agent, with a view of the file system of its own, so that this host keeps nothing of it."""

    def __init__(self, program, center, token):
        run = 'mount -t tmpfs none /var/lib && mount -t tmpfs none /run && mkdir /run/roost-agent && "$0" join "$1" "$2" --name own >&2 && exec "$0" run'
        self.process = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c", run, program,
                                         f"https://127.0.0.1:{center.https}", token], stderr=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL)

    memory, stop = Server.memory, Server.stop

    def processor_seconds(self):
        """Its own, and those of the programs that it has run."""
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as file:
            return sum(map(int, file.read().rsplit(")", 1)[1].split()[11:15])) / os.sysconf("SC_CLK_TCK")


def measure_own(center, program, seconds):
    """What a real agent uses: of a core, and MiB."""
    agent = Agent(program, center, json.loads(center.run("server", "token", "--json"))["token"])
    try:
        time.sleep(2 * INTERVAL)
        if agent.process.poll() is not None:
            raise SystemExit("the agent ended")
        used = agent.processor_seconds()
        time.sleep(seconds)
        return (agent.processor_seconds() - used) / seconds, agent.memory()
    finally:
        agent.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=f"{HERE}/.build/release/roost")
    parser.add_argument("--agent", default=f"{HERE}/.build/release/roost-agent", help="the real one")
    parser.add_argument("--agents", type=int, default=1_000)
    parser.add_argument("--sessions", type=int, default=20, help="on each terminal server")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))
    with tempfile.TemporaryDirectory() as directory:
        center = Center(os.path.abspath(options.program), directory)
        try:
            own = measure_own(center, os.path.abspath(options.agent), options.seconds) if os.geteuid() == 0 else None
            before = center.memory()
            began = time.monotonic()
            agents = join_all(center, options.agents)
            joined = time.monotonic() - began
            used, memory, waits = asyncio.run(measure(center, agents, options.sessions, options.seconds))
        finally:
            center.stop()
    result = {
        "agents": options.agents, "sessions": options.agents * options.sessions, "joinSeconds": round(joined, 1),
        "reports": len(waits), "core": round(used / options.seconds, 3),
        "millisecondsPerReport": round(used / max(1, len(waits)) * 1000, 3),
        "medianMilliseconds": round(statistics.median(waits) * 1000, 2),
        "p99Milliseconds": round(waits[int(len(waits) * 0.99)] * 1000, 2),
        "memoryBefore": [round(one) for one in before], "memory": [round(one) for one in memory],
    }
    if own:
        result["agentCore"], result["agentMemory"] = round(own[0], 4), [round(one, 1) for one in own[1]]
    if options.json:
        print(json.dumps(result))
        return
    print(f"{result['agents']} agents, {result['sessions']} sessions, a report every {INTERVAL} s (joined in {result['joinSeconds']} s)")
    print(f"  processor time of the center: {result['core'] * 100:.1f} % of a core, {result['millisecondsPerReport']} ms a report")
    print(f"  a report's answer: median {result['medianMilliseconds']} ms, p99 {result['p99Milliseconds']} ms ({result['reports']} reports)")
    print(f"  memory: {result['memory'][0]} MiB (Pss), {result['memory'][1]} MiB of it in no file;"
          f" before the agents came {result['memoryBefore'][0]} and {result['memoryBefore'][1]}")
    if own:
        print(f"  a real agent: {own[0] * 100:.2f} % of a core (target 0.5), {own[1][0]:.1f} MiB (Pss; target 20),"
              f" {own[1][1]:.1f} MiB of it in no file")


if __name__ == "__main__":
    sys.exit(main())
