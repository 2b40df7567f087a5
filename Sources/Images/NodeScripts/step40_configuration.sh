#!/bin/sh
# Writes the node's own configuration into its root, before the image's init starts.
set -eu
# shellcheck source=Sources/Images/NodeScripts/parameters.sh
. /lib/roost/parameters

# Everything is written from inside the root: a link in the image cannot lead out of it.
mkdir -p /sysroot/run
mount --bind /run /sysroot/run
trap 'umount /sysroot/run' EXIT
cp /bin/busybox /run/roost/busybox
inside() { chroot /sysroot /run/roost/busybox "$@"; }

# Constant across boots, and different on each machine: without a machine ID systemd treats every boot as the first, and enables all
# services of the image. The vendor's UUID itself must stay private (machine-id(5)).
identity=$(cat /sys/class/dmi/id/product_uuid 2>/dev/null || true)
case $identity in
    '' | *00000000-0000-0000-0000-000000000000* | [Ff][Ff][Ff][Ff][Ff][Ff][Ff][Ff]-*)
        identity=$(cat "/sys/class/net/$(cat /run/roost/interface)/address")
        ;;
esac
printf 'roost machine %s' "$identity" | sha256sum | cut -c1-32 >/run/roost/machine-id
inside cp /run/roost/machine-id /etc/machine-id
inside cp -a /run/roost/configuration/files/. /
zone=$(cat /run/roost/configuration/time-zone)
if [ -e "/sysroot/usr/share/zoneinfo/$zone" ]; then
    inside ln -sf "/usr/share/zoneinfo/$zone" /etc/localtime
    printf '%s\n' "$zone" >/run/roost/zone
    inside cp /run/roost/zone /etc/timezone
fi
if [ -s /run/roost/dns ]; then
    cp /run/roost/configuration/resolv.conf /run/roost/resolv.conf
    # shellcheck disable=SC2013  # It is split into words.
    for server in $(cat /run/roost/dns); do echo "nameserver $server"; done >>/run/roost/resolv.conf
    inside rm -f /etc/resolv.conf
    inside cp /run/roost/resolv.conf /etc/resolv.conf
fi
if [ -s /run/roost/configuration/root-password-hash ]; then
    # awk reads the hash from a file, so neither a shell nor a pattern sees it.
    # shellcheck disable=SC2016  # It is awk's $1.
    inside awk -F: -v OFS=: 'NR == FNR { hash = $0; next } $1 == "root" { $2 = hash } { print }' \
        /run/roost/configuration/root-password-hash /etc/shadow >/run/roost/shadow
    chmod 600 /run/roost/shadow
    inside cp /run/roost/shadow /etc/shadow
    rm -f /run/roost/shadow
fi
rm -rf /run/roost/configuration
roost-node report configured "$(cat /run/roost/swap 2>/dev/null || true)"
