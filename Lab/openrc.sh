#!/bin/bash
# Gives a copy of the tiny root (Lab/tiny.sh) Debian's OpenRC, which busybox starts, as in Alpine.
#
#   Lab/openrc.sh DIRECTORY
set -euo pipefail

root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && apt-get download -qq openrc librc1 libeinfo1 2>/dev/null)
for package in "$work"/*.deb; do dpkg -x "$package" "$work/unpacked"; done

# What rcS does is a service now; networks and file systems are there already. Before the packages come: Debian's have an rcS, too, which
# would start OpenRC a second time.
mv "$root/etc/init.d/rcS" "$root/etc/ready"

# The tiny root has one directory for programs.
cp -a "$work"/unpacked/sbin/. "$work"/unpacked/bin/. "$root/usr/bin/"
cp -a "$work/unpacked/lib/rc" "$root/usr/lib/"
cp -a "$work/unpacked/etc/." "$root/etc/"
libraries=$work/unpacked/lib/x86_64-linux-gnu
cp -a "$libraries/." "$root/usr/lib/x86_64-linux-gnu/"
for file in $(LD_LIBRARY_PATH=$libraries ldd "$work"/unpacked/sbin/openrc* | grep -o '/[^ ]*' | grep '\.so' | sort -u); do
  [[ $file = "$work"/* || -e $root/usr/lib/x86_64-linux-gnu/${file##*/} || $file = */ld-linux-* ]] ||
    cp -L "$file" "$root/usr/lib/x86_64-linux-gnu/"
done

rm -rf "$root/etc/runlevels"
mkdir -p "$root"/etc/runlevels/{sysinit,boot,default,shutdown} "$root/etc/conf.d" "$root/usr/libexec" "$root/var/cache"
printf 'uucp:x:10:\n' >>"$root/etc/group"
: >"$root/etc/insserv.conf"
rm -f "$root"/etc/init.d/{rc,rcS}
cat >"$root/etc/inittab" <<'EOF'
::sysinit:/sbin/openrc sysinit
::sysinit:/sbin/openrc boot
::wait:/sbin/openrc default
::wait:/etc/ready
::respawn:/run/roost/roost-node attend
::ctrlaltdel:/sbin/reboot
::shutdown:/sbin/openrc shutdown
EOF
