#!/usr/bin/python3
"""Makes the namespace that it runs in a node of a Roost server: the lease of its card, a boot, and the node's archive.

    node.py --mac MAC [--uuid UUID] --directory DIRECTORY

Below DIRECTORY: `words`, the kernel command line, and `root`, the content of the archive with roost-node in it. No kernel is fetched.
"""

import argparse
import os
import subprocess
import time
import uuid

from direct import ask_dhcp, get, ip, say


def read(script, directory):
    """The kernel command line in an iPXE script that boots, or nothing and the next URL."""
    words, following = None, None
    for line in script.splitlines():
        verb, _, rest = line.split("||")[0].strip().partition(" ")
        if verb == "kernel":
            parts = rest.split()
            words = parts[parts.index(next(part for part in parts if part.startswith("http://"))) + 1 :]
        elif verb == "initrd" and rest.split()[-1].endswith("/node.cpio"):
            unpack(get(rest.split()[-1]), os.path.join(directory, "root"))
        elif verb == "chain":
            url = rest.split()[-1]
            following = url.split("?")[0] + "?memory=256" if "memory=" in url else url
    return words, following


def unpack(archive, root):
    """A compressed archive of the initramfs."""
    os.makedirs(root, exist_ok=True)
    # It is filled up to a multiple of four with zeros, which are no frame.
    plain = subprocess.run(
        ["zstd", "-dcq"], input=archive, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    ).stdout
    subprocess.run(["busybox", "cpio", "-idm"], input=plain, cwd=root, stderr=subprocess.DEVNULL, check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mac", required=True)
    parser.add_argument("--uuid", type=uuid.UUID, default=uuid.UUID(int=0))
    parser.add_argument("--directory", required=True)
    options = parser.parse_args()
    lease = ask_dhcp(options.mac, options.uuid, 0)
    ip("addr", "add", f"{lease.address}/{lease.prefix}", "dev", "eth0")
    url = lease.boot_file
    while True:
        words, following = read(get(url).decode(), options.directory)
        if words is not None:
            break
        url = following or lease.boot_file
        time.sleep(0.5)
    with open(os.path.join(options.directory, "words"), "w", encoding="utf-8") as file:
        file.write(" ".join(words) + "\n")
    say(f"{lease.address} by {url}")


if __name__ == "__main__":
    main()
