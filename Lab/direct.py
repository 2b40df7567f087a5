#!/usr/bin/python3
"""Boots a machine in QEMU without its firmware, for tests that are not about firmware.

    direct.py --bridge BRIDGE --mac MAC [--uuid UUID] --directory DIRECTORY [--reboots] [--words WORDS] -- qemu-system-ARCH ARGUMENTS

It acts as the loader in the network card's ROM, in a network namespace with the machine's own MAC address on the
bridge: it uses DHCP as iPXE does, fetches the node's script from the server over HTTP, runs the script,
and passes kernel, initramfs and command line to QEMU. That takes a tenth of a second instead of six. With --reboots a
machine that restarts is loaded again, as a real one would be; one that was shut down stays off.
"""

import argparse
import ctypes
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
import uuid

COOKIE = bytes([99, 130, 83, 99])
# Under load an emulated timer can stand still for so long that the kernel panics; testing its ciphers costs a kernel nearly a second there.
QUICKER = " no_timer_check cryptomgr.notests"
DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5


def say(text):
    print(text, flush=True)


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def option(code, data):
    return bytes([code, len(data)]) + data


class Lease:
    """The content of the server's acknowledgement."""

    def __init__(self, message):
        self.address = socket.inet_ntoa(message[16:20])
        self.raw_address = message[16:20]
        self.options = {}
        index = 240
        while index < len(message) and message[index] != 255:
            if message[index] == 0:
                index += 1
                continue
            length = message[index + 1]
            value = message[index + 2 : index + 2 + length]
            self.options[message[index]] = self.options.get(message[index], b"") + value
            index += 2 + length
        self.kind = self.options.get(53, b"\0")[0]
        name = self.options.get(67) or message[108:236].split(b"\0")[0]
        self.boot_file = name.rstrip(b"\0").decode()
        self.prefix = bin(int.from_bytes(self.options.get(1, b"\xff\xff\xff\0"), "big")).count("1")


def ask_dhcp(mac, machine, architecture):
    """One DISCOVER and one REQUEST, repeated until answered, as sent by iPXE. `machine` is its UUID, `architecture` of option 93."""
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
    link.bind(("0.0.0.0", 68))
    hardware = bytes.fromhex(mac.replace(":", ""))
    transaction = os.urandom(4)

    def send(kind, more=b""):
        options = option(53, bytes([kind])) + option(57, struct.pack(">H", 1472))
        options += option(60, b"PXEClient:Arch:%05d:UNDI:002001" % architecture) + option(77, b"iPXE")
        options += option(93, struct.pack(">H", architecture))
        options += option(94, bytes([1, 2, 1])) + option(97, b"\0" + machine.bytes_le) + option(55, bytes([1, 3, 6, 12, 43, 54, 66, 67]))
        options += option(175, bytes([19, 1, 1, 39, 1, 1, 24, 1, 1])) + more + b"\xff"
        # The broadcast flag: a host without an address receives nothing else.
        head = struct.pack(">BBBB4sHH", 1, 1, 6, 0, transaction, 0, 0x8000) + bytes(16)
        link.sendto(head + hardware + bytes(10 + 192) + COOKIE + options, ("255.255.255.255", 67))

    def receive(kind):
        end = time.monotonic() + 1
        while (left := end - time.monotonic()) > 0:
            link.settimeout(left)
            try:
                message = link.recv(2048)
            except OSError:
                break
            if message[4:8] == transaction and len(message) > 240 and message[0] == 2:
                lease = Lease(message)
                if lease.kind == kind:
                    return lease
        return None

    while True:
        send(DISCOVER)
        offer = receive(OFFER)
        if offer is None:
            continue
        send(REQUEST, option(50, offer.raw_address) + option(54, offer.options[54]))
        lease = receive(ACK)
        if lease is not None:
            return lease


def run_script(text, directory):
    """Follows an iPXE script; returns the kernel command line when it boots, or the next URL and the delay before it."""
    words, archives, pause = None, [], 0
    for line in text.splitlines():
        line = line.split("||")[0].strip()
        verb, _, rest = line.partition(" ")
        if verb == "echo":
            say(rest)
        elif verb == "sleep":
            pause = int(rest)
        elif verb == "kernel":
            parts = rest.split()
            url = next(part for part in parts if part.startswith("http://"))
            fetch(url, os.path.join(directory, "kernel"))
            words = parts[parts.index(url) + 1 :]
        elif verb == "initrd":
            archives.append(rest.split()[-1])
        elif verb == "boot":
            with open(os.path.join(directory, "initrd"), "wb") as initrd:
                for url in archives:
                    data = get(url)
                    # Each archive begins at a multiple of four (Documentation/driver-api/early-userspace/buffer-format.rst).
                    initrd.write(data + bytes(-len(data) % 4))
            return words, None, 0
        elif verb == "chain":
            url = rest.split()[-1]
            return None, url.split("?")[0] + "?memory=256" if "memory=" in url else url, pause
    return None, None, pause


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read()


def fetch(url, path):
    with open(path, "wb") as file:
        file.write(get(url))


def load(mac, machine, architecture, directory):
    """In a namespace with the machine's address: everything from DHCP to the kernel."""
    lease = ask_dhcp(mac, machine, architecture)
    ip("addr", "add", f"{lease.address}/{lease.prefix}", "dev", "eth0")
    url = lease.boot_file
    while True:
        try:
            words, following, pause = run_script(get(url).decode(), directory)
        except OSError as error:
            say(f"direct: {url}: {error}; trying again")
            words, following, pause = None, None, 1
        if words is not None:
            with open(os.path.join(directory, "words"), "w", encoding="utf-8") as file:
                file.write(" ".join(words))
            return
        url = following or lease.boot_file
        time.sleep(pause)


def load_in_namespace(bridge, mac, machine, architecture, directory):
    """Runs `load` in a child process whose network is one cable to the bridge; raises when it fails."""
    ready_read, ready_write = os.pipe()
    go_read, go_write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            end_with_parent()
            if ctypes.CDLL(None, use_errno=True).unshare(0x40000000) != 0:  # CLONE_NEWNET
                raise OSError(ctypes.get_errno(), "unshare")
            os.write(ready_write, b".")
            os.read(go_read, 1)
            ip("link", "set", "eth0", "up")
            load(mac, machine, architecture, directory)
            status = 0
        except BaseException as error:  # pylint: disable=broad-except  # The child ends here, whatever happened.
            say(f"direct: {error}")
        finally:
            os._exit(status)
    os.read(ready_read, 1)
    cable = "l" + mac.replace(":", "")
    subprocess.run(["ip", "link", "del", cable], check=False, stderr=subprocess.DEVNULL)
    ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "address", mac, "netns", str(child))
    ip("link", "set", cable, "master", bridge, "up")
    os.write(go_write, b".")
    _, status = os.waitpid(child, 0)
    for end in ready_read, ready_write, go_read, go_write:
        os.close(end)
    # The namespace removes its cable a little later; the machine's address must not be on two ports.
    subprocess.run(["ip", "link", "del", cable], check=False, stderr=subprocess.DEVNULL)
    if status != 0:
        sys.exit("direct: the machine could not be loaded")


def end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bridge", required=True)
    parser.add_argument("--mac", required=True)
    # Without one, QEMU's firmware reports zeros.
    parser.add_argument("--uuid", type=uuid.UUID, default=uuid.UUID(int=0))
    parser.add_argument("--directory", required=True)
    parser.add_argument("--reboots", action="store_true")
    parser.add_argument("--words", default="", help="more words for the kernel")
    parser.add_argument("qemu", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    qemu = options.qemu[1:] if options.qemu[:1] == ["--"] else options.qemu
    # Of option 93: a BIOS, or UEFI on arm64.
    architecture = 11 if "aarch64" in qemu[0] else 0
    machine = None

    def end(*_):
        if machine is not None:
            machine.kill()
        os._exit(143)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    while True:
        load_in_namespace(options.bridge, options.mac, options.uuid, architecture, options.directory)
        with open(os.path.join(options.directory, "words"), encoding="utf-8") as file:
            words = file.read()
        files = [os.path.join(options.directory, name) for name in ("kernel", "initrd")]
        before = os.fstat(1).st_size
        words += f" {options.words}" + QUICKER
        machine = subprocess.Popen(
            qemu + ["-no-reboot", "-kernel", files[0], "-initrd", files[1], "-append", words],
            preexec_fn=end_with_parent,
        )
        machine.wait()
        machine = None
        with open("/proc/self/fd/1", "rb") as console:
            console.seek(before)
            was_shut_down = b"reboot: Power down" in console.read()
        if was_shut_down or not options.reboots:
            return


if __name__ == "__main__":
    main()
