#!/usr/bin/python3
"""Runs the tests: suites side by side in lanes, longest first, and says where the time went.

    Tests/run.py [--quick] [--lanes N] [PATTERN ...]

PATTERN chooses suites whose name it is a part of (a regular expression). --quick leaves out what powers machines on.

Each suite of EndToEndTests is a process of its own; all other tests are one process together. A lane has a laboratory of
its own (network namespace roost-N, directory .build/lab/N), so that lanes share nothing but what BootLab.swift names as
shared. How long suites took is kept in .build/test-times.json, and decides the order the next time; a fresh clone begins
with Tests/times.json, which is a copy of that file. Tests, boots and builds are in .build/test-report.json.
"""

import argparse
import collections
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, ".build")
TIMES = os.path.join(BUILD, "test-times.json")
REPORT = os.path.join(BUILD, "test-report.json")
FIRST_TIMES = os.path.join(ROOT, "Tests", "times.json")
UNIT_TESTS = "UnitTests"
# Unit tests that run at a time for each processor: they wait for servers and files now and then.
UNIT_TESTS_AT_ONCE = 3
# Seconds for a suite, on the machine that the limits in the tests were written for: what takes longer hangs.
SUITE_LIMIT = 2_400
# What a processor of the machine that the limits in the tests were written for does in a second.
HASHES_PER_SECOND = 220_000


def measured_pace():
    """How many times slower this machine is now, with all that runs on it, than the one the limits were written for."""
    script = (
        "import hashlib, time\nend = time.perf_counter() + 0.5; n = 0; d = b'x' * 64\n"
        "while time.perf_counter() < end:\n    d = hashlib.sha256(d + d).digest(); n += 1\nprint(n * 2)"
    )
    # As many as there are processors: what else runs here counts.
    workers = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        for _ in range(os.cpu_count() or 1)
    ]
    slowest = min(int(worker.communicate()[0]) for worker in workers)
    return max(1.0, HASHES_PER_SECOND / slowest)


class Group:
    """A control group around the processes of a job: says what they used of the processors, and what they left running."""

    BASES = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")

    def __init__(self, name):
        self.path = None
        for base in self.BASES:
            if not os.path.exists(f"{base}/cgroup.procs"):
                continue
            path = f"{base}/roost-test-{os.getpid()}-{name}"
            try:
                os.makedirs(path, exist_ok=True)
                self.path = path
                return
            except OSError:
                continue

    @classmethod
    def end_those_of_dead_runs(cls):
        """What a run that was killed could not clear away."""
        for base in cls.BASES:
            for name in os.listdir(base) if os.path.exists(f"{base}/cgroup.procs") else []:
                match = re.fullmatch(r"roost-test-(\d+)-(.*)", name)
                if match and not os.path.exists(f"/proc/{match[1]}"):
                    group = cls.__new__(cls)
                    group.path = f"{base}/{name}"
                    group.end()

    def enter(self):
        if self.path:
            try:
                with open(f"{self.path}/cgroup.procs", "w", encoding="ascii") as file:
                    file.write("0")
            except OSError:
                pass

    def processes(self):
        if not self.path:
            return []
        pids = []
        # A container has groups below (Lab/container.sh).
        for path, _, _ in os.walk(self.path):
            try:
                with open(f"{path}/cgroup.procs", encoding="ascii") as file:
                    pids += [int(line) for line in file]
            except OSError:
                pass
        return pids

    def seconds(self):
        if not self.path:
            return None
        with open(f"{self.path}/cpu.stat", encoding="ascii") as file:
            return int(file.readline().split()[1]) / 1e6

    def end(self):
        """Ends what is left; returns its command lines."""
        left = []
        for _ in range(50):
            pids = self.processes()
            if not pids:
                break
            for pid in pids:
                try:
                    with open(f"/proc/{pid}/cmdline", "rb") as file:
                        words = file.read().replace(b"\0", b" ").decode(errors="replace").strip()
                    if words and words not in left:
                        left.append(words)
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
            time.sleep(0.1)
        # With those below, which have the same path in systemd's own hierarchy.
        name = os.path.basename(self.path or "")
        for top in [f"{base}/{name}" for base in (*self.BASES, "/sys/fs/cgroup/systemd")] if name else []:
            for path, _, _ in os.walk(top, topdown=False):
                try:
                    os.rmdir(path)
                except OSError:
                    pass
        return left


class Scratch:
    """The temporary directory of a job, in memory where there is plenty: unit tests make thousands of small databases."""

    NEEDED_MEMORY = 8 << 30
    MEMORY = "/dev/shm"

    def __init__(self):
        # A program that is not root reaches what it is shown there, as in /tmp. Sockets have short paths.
        self.path = tempfile.mkdtemp(prefix="roost-", dir=self.MEMORY if self.has_memory() else None)
        os.chmod(self.path, 0o1777)

    @classmethod
    def has_memory(cls):
        try:
            with open("/proc/meminfo", encoding="ascii") as file:
                free = int(re.search(r"MemAvailable: +([0-9]+)", file.read())[1]) << 10
            room = os.statvfs(cls.MEMORY)
            with open("/proc/mounts", encoding="utf-8") as file:
                mounts = [line.split() for line in file]
            # Tests run programs that they have put there.
            is_memory = any(one[1:3] == [cls.MEMORY, "tmpfs"] and "noexec" not in one[3].split(",") for one in mounts)
        except (OSError, TypeError):
            return False
        return is_memory and min(free, room.f_bavail * room.f_frsize) >= cls.NEEDED_MEMORY

    def end(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Job:
    """A process that runs in a lane: a suite, or what suites have to wait for."""

    def __init__(self, name, command, needs=(), is_suite=True):
        self.name, self.command, self.needs, self.is_suite = name, command, needs, is_suite
        self.expected, self.load = None, 1.0
        self.process = self.log = self.events = self.spans = self.group = self.scratch = self.lane = None
        self.started = self.seconds = self.cpu = self.status = None
        self.tests, self.left, self.hangs = [], [], False

    def start(self, lane, environment):
        self.lane, self.started = lane, time.monotonic()
        safe = self.name.replace("/", "-")
        folder = os.path.join(BUILD, "test-logs")
        self.log, self.events, self.spans = (os.path.join(folder, f"{safe}.{end}") for end in ("log", "events", "spans"))
        for path in (self.events, self.spans):
            if os.path.exists(path):
                os.remove(path)
        self.group, self.scratch = Group(safe), Scratch()
        environment = dict(environment, TMPDIR=self.scratch.path)
        command = list(self.command)
        if self.is_suite:
            command += ["--event-stream-version", "0", "--event-stream-output-path", self.events]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=ROOT,
                env=dict(os.environ, ROOST_LANE=str(lane), ROOST_TEST_SPANS=self.spans, **environment),
                start_new_session=True, preexec_fn=self.group.enter,
            )

    def is_over(self, limit):
        self.status = self.process.poll()
        if self.status is None and time.monotonic() - self.started > limit:
            self.hangs = True
            for pid in self.group.processes() + [self.process.pid]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
            self.status = self.process.wait()
        if self.status is None:
            return False
        self.seconds, self.cpu = time.monotonic() - self.started, self.group.seconds()
        if self.is_suite:
            # What a test started ends with the tests: a laboratory's server takes some moments.
            for _ in range(50):
                if not self.group.processes():
                    break
                time.sleep(0.1)
            self.read_events()
        self.left = self.group.end()
        self.scratch.end()
        return True

    def read_events(self):
        names, begun, tests = {}, {}, {}
        try:
            lines = open(self.events, encoding="utf-8").read().splitlines()
        except OSError:
            lines = []
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            payload = record.get("payload", {})
            if record.get("kind") == "test":
                if payload.get("kind") == "function":
                    names[payload["id"]] = payload.get("displayName") or payload["name"]
                continue
            test, instant = payload.get("testID"), payload.get("instant", {}).get("absolute", 0)
            if test not in names:
                continue
            if payload["kind"] == "testStarted":
                begun[test] = instant
                tests[test] = {"name": names[test], "seconds": 0.0, "result": "unfinished"}
            elif payload["kind"] == "testSkipped":
                tests[test] = {"name": names[test], "seconds": 0.0, "result": "skipped"}
            elif payload["kind"] == "issueRecorded" and not payload.get("issue", {}).get("isKnown"):
                one = tests.setdefault(test, {"name": names[test], "seconds": 0.0})
                one["result"] = "failed"
                place = payload["issue"].get("sourceLocation", {})
                words = " ".join(message["text"] for message in payload.get("messages", []))
                one.setdefault("why", []).append(f"{place.get('fileID', '?')}:{place.get('line', '?')}: {words}")
            elif payload["kind"] == "testCaseStarted" and test in tests:
                tests[test]["seconds"] -= instant
                begun.pop(test, None)
            elif payload["kind"] == "testCaseEnded" and test in tests:
                tests[test]["seconds"] += instant
            elif payload["kind"] == "testEnded" and test in tests:
                # Unit tests begin long before they get their turn: of those without cases it is not known how long they take.
                if test in begun and self.name != UNIT_TESTS:
                    tests[test]["seconds"] = instant - begun[test]
                if tests[test]["result"] == "unfinished":
                    tests[test]["result"] = "passed"
        for one in tests.values():
            one["seconds"] = max(0.0, one["seconds"])
        self.tests = sorted(tests.values(), key=lambda one: -one["seconds"])

    def parts(self):
        """Boots and builds, as BootLab has noted them."""
        try:
            return [json.loads(line) for line in open(self.spans, encoding="utf-8")]
        except OSError:
            return []

    def has_failed(self):
        if self.status != 0 or self.left:
            return True
        return self.is_suite and (not self.tests or any(one["result"] in ("failed", "unfinished") for one in self.tests))

    def counts(self):
        return collections.Counter(one["result"] for one in self.tests)


class Run:
    def __init__(self, options):
        self.options = options
        products = subprocess.run(
            ["swift", "build", "--configuration", "release", "--show-bin-path"],
            cwd=ROOT, check=True, capture_output=True, text=True,
        ).stdout.strip()
        self.bundle = [os.path.join(products, "roostPackageTests.xctest"), "--testing-library", "swift-testing"]
        self.environment = {"ROOST": os.path.join(products, "roost"), "ROOST_NODE": os.path.join(products, "roost-node")}
        self.times = self.read_times()
        self.jobs = self.make_jobs()

    @staticmethod
    def read_times():
        for path in (TIMES, FIRST_TIMES):
            try:
                with open(path, encoding="utf-8") as file:
                    return json.load(file)
            except (OSError, ValueError):
                continue
        return {}

    def known_times(self):
        """How long suites took in a run of this kind; a quick one does less in some."""
        return self.times.get("quick", self.times) if self.options.quick else self.times

    def make_jobs(self):
        listed = subprocess.run(self.bundle + ["--list-tests"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        suites = sorted(set(re.findall(r"^EndToEndTests\.EndToEnd/(\w+/\w+)/", listed, re.M)))
        # Begun all at once, thousands of tests share the processors: each step of one waits for a step of every other, and limits of time
        # that the program itself sets pass meanwhile.
        width = str(UNIT_TESTS_AT_ONCE * (os.cpu_count() or 1))
        jobs = [Job(UNIT_TESTS, self.bundle + ["--skip", r"^EndToEndTests\.", "--experimental-maximum-parallelization-width", width])]
        for suite in suites:
            with open(f"{ROOT}/Tests/EndToEndTests/{suite.split('/')[1]}.swift", encoding="utf-8") as source:
                text = source.read()
            needs = ["golden-debian" if re.search(r"BootLab\.withDebian|DebianContainer\(", text) else "golden-tiny"]
            needs += ["golden-physical"] if ".physical)" in text else []
            jobs.append(Job(suite, self.bundle + ["--filter", rf"^EndToEndTests\.EndToEnd/{suite}/"], needs))
        if self.options.quick:
            jobs = [job for job in jobs if not job.name.startswith(("Machines/", "Systems/"))]
        if self.options.patterns:
            jobs = [job for job in jobs if any(re.search(one, job.name, re.I) for one in self.options.patterns)]
        if not jobs:
            sys.exit("no suite is called so; there are:\n  " + "\n  ".join([UNIT_TESTS] + suites))
        for image, needs in (("physical", []), ("debian", ["golden-tiny"]), ("tiny", [])):
            if any(f"golden-{image}" in job.needs for job in jobs):
                jobs.insert(0, Job(f"golden-{image}", [f"{ROOT}/Lab/golden.sh", image], needs, is_suite=False))
        for job in jobs:
            known = self.known_times().get(job.name, {})
            job.expected = known.get("seconds")
            if known.get("seconds"):
                # How much of a processor it takes: some wait for most of their time.
                job.load = min(1.0, known["processor"] / known["seconds"])
        # What others wait for comes first, then what has no known time, then the longest.
        return sorted(jobs, key=lambda job: (job.is_suite, job.expected is not None, -(job.expected or 0)))

    def run(self):
        os.makedirs(os.path.join(BUILD, "test-logs"), exist_ok=True)
        Group.end_those_of_dead_runs()
        pace = measured_pace()
        self.environment["ROOST_TEST_PACE"] = f"{pace:.2f}"
        if self.options.quick:
            self.environment["ROOST_TEST_SAMPLE"] = "1"
        processors = os.cpu_count() or 1
        # Usually one more than there are processors, and two more yet while what runs leaves some of them idle.
        usual = self.options.lanes or processors + 1
        lanes = self.options.lanes or processors + 3
        print(f"{sum(job.is_suite for job in self.jobs)} suites in up to {lanes} lanes; this machine takes {pace:.2f} times as long "
              "as the one that the limits are for", flush=True)
        started = time.monotonic()
        waiting, running, over, free = list(self.jobs), [], {}, list(range(1, lanes + 1))
        try:
            while waiting or running:
                for job in [job for job in waiting if all(need in over for need in job.needs)]:
                    if not free:
                        break
                    idle = processors * 0.85 - sum(one.load for one in running)
                    if len(running) >= usual and job.load / 2 > idle:
                        continue
                    waiting.remove(job)
                    job.start(free.pop(0), self.environment)
                    running.append(job)
                time.sleep(0.1)
                for job in [job for job in running if job.is_over(SUITE_LIMIT * pace)]:
                    running.remove(job)
                    free = sorted(free + [job.lane])
                    over[job.name] = job
                    self.say_end(job)
        finally:
            self.clear_away(running, lanes)
        seconds = time.monotonic() - started
        self.say_all(seconds)
        self.say_failures()
        if not self.options.patterns:
            self.keep_times(pace, lanes, seconds)
        failed = sum(job.counts()["failed"] + job.counts()["unfinished"] for job in self.jobs)
        # A process that died, left something, or ran nothing has failed, whatever its tests said.
        failed += sum(job.has_failed() and not (job.counts()["failed"] + job.counts()["unfinished"]) for job in self.jobs)
        passed, skipped = (sum(job.counts()[kind] for job in self.jobs) for kind in ("passed", "skipped"))
        print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
        return 1 if failed else 0

    def say_end(self, job):
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(job.counts().items()))
        cpu = f", {job.cpu:.0f} s of processor" if job.cpu is not None else ""
        print(f"{'✘' if job.has_failed() else '✔'} {job.seconds:7.1f} s  {job.name}  {counts or 'done'}{cpu}", flush=True)
        if not job.has_failed():
            return
        self.keep_machines(job)
        self.say_state(job)
        with open(job.log, encoding="utf-8", errors="replace") as log:
            text = log.read()
        print("".join(f"    {line}\n" for line in text[-12_000:].splitlines()), flush=True)

    def say_all(self, seconds):
        print(f"\n{'seconds':>8} {'processor':>9}  suite, test, part: longest first")
        for job in sorted(self.jobs, key=lambda one: -(one.seconds or 0)):
            cpu = f"{job.cpu:9.1f}" if job.cpu is not None else " " * 9
            print(f"{job.seconds or 0:8.1f} {cpu}  {job.name}")
            least = 0.2 if job.name == UNIT_TESTS else 0
            for test in job.tests:
                if test["seconds"] >= least:
                    print(f"{test['seconds']:8.1f} {'':9}    {test['name']}")
            short = [test for test in job.tests if test["seconds"] < least]
            if short:
                print(f"{sum(test['seconds'] for test in short):8.1f} {'':9}    {len(short)} others")
            for part in sorted(job.parts(), key=lambda one: -one["seconds"]):
                print(f"{part['seconds']:8.1f} {'':9}    · {part['kind']} {part['name']}")
        busy = sum(job.cpu or 0 for job in self.jobs)
        print(f"{seconds:8.1f} {busy:9.1f}  all: {busy / seconds / (os.cpu_count() or 1):.0%} of the processors\n", flush=True)

    @staticmethod
    def keep_machines(job):
        """What the consoles of a failed suite's machines showed: the lane's next suite overwrites it."""
        kept = f"{job.log[:-len('.log')]}.machines"
        shutil.rmtree(kept, ignore_errors=True)
        began = time.time() - job.seconds
        for path in glob.glob(os.path.join(BUILD, "lab", str(job.lane), "log", "*")):
            if os.path.isfile(path) and os.path.getmtime(path) >= began:
                os.makedirs(kept, exist_ok=True)
                shutil.copy(path, kept)

    def say_failures(self):
        """Once more at the end, where the eye falls: what failed, where, and which log has the rest; a line each comes last."""
        short = []
        for job in self.jobs:
            if not job.has_failed():
                continue
            print(f"✘ {job.name}: .build/test-logs/{os.path.basename(job.log)}")
            failed = [test for test in job.tests if test["result"] in ("failed", "unfinished")]
            for test in failed:
                print(f"    {test['name']}: {test['result']}")
                for why in test.get("why", []):
                    print(f"      {why[:600]}")
                why = " ".join(" ".join(test.get("why", [])).split())
                short.append(f"✘ {job.name}, {test['name']}: {why[:200]}")
            self.say_state(job)
            if not failed:
                short.append(f"✘ {job.name}: see above")
        print("\n".join(["", *short]), flush=True)

    @staticmethod
    def say_state(job):
        for words in job.left:
            print(f"    left running: {words[:200]}")
        if job.hangs:
            print("    it did not end, and was ended")
        elif job.status:
            print(f"    ended with {job.status}")

    def keep_times(self, pace, lanes, seconds):
        good = [job for job in self.jobs if not job.has_failed()]
        report = {
            job.name: {
                "tests": {one["name"]: round(one["seconds"], 1) for one in job.tests if one["seconds"] >= 0.1},
                "parts": [{**one, "seconds": round(one["seconds"], 1)} for one in job.parts()],
            }
            for job in good
        }
        # A suite that has failed took no time that says anything: the one before holds.
        before = self.known_times()
        times = {job.name: before[job.name] for job in self.jobs if job.name in before}
        times |= {job.name: {"seconds": round(job.seconds, 1), "processor": round(job.cpu or 0, 1)} for job in good}
        times["run"] = {"pace": round(pace, 2), "lanes": lanes, "seconds": round(seconds)}
        if self.options.quick:
            times = {**self.times, "quick": times}
        elif "quick" in self.times:
            times["quick"] = self.times["quick"]
        for path, record in ((TIMES, times), (REPORT, report)):
            with open(path, "w", encoding="utf-8") as file:
                json.dump(record, file, indent=1, ensure_ascii=False, sort_keys=True)
                file.write("\n")

    @staticmethod
    def clear_away(running, lanes):
        # Being impatient must not leave machines behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for job in running:
            try:
                os.killpg(job.process.pid, signal.SIGKILL)
            except OSError:
                pass
            job.group.end()
            job.scratch.end()
        for lane in range(1, lanes + 1):
            subprocess.run(
                [f"{ROOT}/Lab/lab.sh", "down"], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=dict(os.environ, LAB_NS=f"roost-{lane}", LAB_DIR=f"{BUILD}/lab/{lane}"))
            # Hosts beside the laboratory's own namespace (BootLab.namespace(of:)).
            for path in glob.glob(f"/run/netns/roost-{lane}-*"):
                subprocess.run(["ip", "netns", "del", os.path.basename(path)], check=False, stderr=subprocess.DEVNULL)
        subprocess.run([f"{ROOT}/Lab/golden.sh", "end"], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env=dict(os.environ, ROOST="-", ROOST_NODE="-"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="nothing that powers a machine on")
    parser.add_argument("--lanes", type=int, help="how many suites at a time (default: processors + 1, or + 3 while these leave them idle)")
    parser.add_argument("patterns", nargs="*", metavar="PATTERN")
    # Also for who started this in the background of a script, where Ctrl-C is ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    sys.exit(Run(parser.parse_args()).run())


if __name__ == "__main__":
    main()
