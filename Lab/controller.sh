#!/bin/bash
# controller.sh: runs the Slurm controller of an image on the laboratory's network, as the host «head» at the server's own address.
#
#   controller.sh ROOT HOSTS KEY          ROOT is a squashfs with slurmctld, which does not change; HOSTS has lines for its /etc/hosts, KEY the
#                                         key of munge. It runs until it is ended; its writes are lost.
#
# Meant for `lab.sh serve controller', which enters the laboratory's network. Commands in it: nsenter --target PID --mount --uts chroot /mnt/root …
set -euo pipefail
if [[ ${4:-} != inside ]]; then exec unshare --mount --uts --propagation private "$0" "$@" inside; fi
hostname head
place=/mnt
mount -t tmpfs -o mode=755 controller "$place"
mkdir "$place"/{lower,upper,work,root}
mount -t squashfs -o loop,ro "$1" "$place/lower"
mount -t overlay -o "lowerdir=$place/lower,upperdir=$place/upper,workdir=$place/work" overlay "$place/root"
root=$place/root
for name in dev proc sys; do mount --rbind "/$name" "$root/$name"; done
mount -t tmpfs -o mode=755 run "$root/run"
cp "$2" "$root/etc/hosts"
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "$@"; }
install -m 400 "$3" "$root/etc/munge/munge.key"
inside sh -c 'chown munge: /etc/munge/munge.key; install -d -o munge -g munge /run/munge; install -d -o slurm -g slurm /var/lib/slurm/slurmctld'
# In this session, so that it ends with the controller.
inside setpriv --reuid munge --regid munge --init-groups munged --foreground &
exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C slurmctld -D
