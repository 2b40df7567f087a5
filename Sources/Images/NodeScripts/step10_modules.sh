#!/bin/sh
# Loads drivers for the present hardware, and what the root needs.
set -eu
modprobe -a nbd squashfs overlay af_packet 2>/dev/null || true
grep -q nbd /proc/devices || {
    echo 'the kernel module nbd cannot be loaded; does the kernel match the modules?' >&2
    exit 1
}
# Twice: a bus driver (virtio, USB) makes new devices appear. One modprobe for all: each process costs milliseconds.
for _ in 1 2; do
    find /sys/devices -name modalias -exec cat {} + 2>/dev/null | sort -u | xargs modprobe -abq 2>/dev/null || true
done
