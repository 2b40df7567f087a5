#!/bin/sh
# Attaches the image over the network and lays a writable layer in memory over it.
set -eu
# shellcheck source=Sources/Images/NodeScripts/parameters.sh
. /lib/roost/parameters

[ "$roost_root" = nbd ] || {
    echo "root mode ‘$roost_root’ is not known to this initramfs" >&2
    exit 1
}
# A step that is tried again finds what it did before.
for mounted in /sysroot /run/roost/lower /run/roost/overlay; do
    if grep -q " $mounted " /proc/mounts; then umount "$mounted"; fi
done
if [ "$(cat /sys/block/nbd0/size)" = 0 ]; then
    roost-node attach "$roost_nbd" "$roost_export" "$roost_connections"
    # It outlives the switch to the image: an argument that begins with @ keeps systemd from ending it.
    roost-node keep "$roost_nbd" "$roost_export" </dev/null >/dev/null 2>&1 &
fi
mkdir -p /run/roost/lower /run/roost/overlay
mount -t squashfs -o ro /dev/nbd0 /run/roost/lower
mount -t tmpfs -o "size=$roost_overlay,mode=0755" overlay /run/roost/overlay
mkdir -p /run/roost/overlay/upper /run/roost/overlay/work
mount -t overlay -o lowerdir=/run/roost/lower,upperdir=/run/roost/overlay/upper,workdir=/run/roost/overlay/work \
    roost /sysroot
if [ ! -x "/sysroot$roost_init" ] && [ ! -L "/sysroot$roost_init" ]; then
    echo "the image has no $roost_init" >&2
    exit 1
fi
roost-node report root "nbd $roost_export, overlay $roost_overlay"
