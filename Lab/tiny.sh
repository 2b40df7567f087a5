#!/bin/bash
# Makes the tiny root: the minimum for a node to report ready and accept SSH. It boots within seconds without hardware support for virtual
# machines, where Debian takes half a minute.
#
#   Lab/tiny.sh DIRECTORY [PACKAGE MODULE...]    the root, as a new directory
#   Lab/tiny.sh --recipe [PACKAGE MODULE...]     its recipe: another recipe means another root
#
# Its parts: Debian's kernel for virtual machines (the signed one, so that Secure Boot takes it) or that of PACKAGE, the
# modules that the tests need and MODULE..., busybox as init, and dropbear as SSH server. It has no systemd: its rcS does
# what the units of Sources/Images/NodeScripts/step50_handover.sh do.
set -euo pipefail

target=$1
shift
# Modules in addition to their dependencies: the root in all its modes, swap, disks, logs.
modules=(
  nbd squashfs overlay loop virtio_net virtio_pci virtio_blk virtio_scsi virtio_rng sd_mod nfsv4 zram
  dm-crypt xts ecb aesni-intel netconsole 8021q br_netfilter "${@:2}"
)
kernel=$(apt-cache depends "${1:-linux-image-cloud-amd64}" | awk '$1 == "Depends:" { print $2; exit }')
packages=("$kernel" dropbear-bin libtomcrypt1 libtommath1)

if [[ $target = --recipe ]]; then
  apt-cache policy "${packages[@]}" busybox-static libc6 | grep -E '^[^ ]|Candidate'
  echo "${modules[@]}"
  cat "${BASH_SOURCE[0]}"
  exit 0
fi

root=$target
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && apt-get download -qq "${packages[@]}" 2>/dev/null)
mkdir -p "$root"/{boot,dev,etc/init.d,etc/dropbear,home,mnt,opt,proc,root,run,srv,sys,tmp,var/lib/dpkg,var/log,usr/bin,usr/lib64,usr/lib/x86_64-linux-gnu}
chmod 1777 "$root/tmp"
chmod 700 "$root/root"
for name in bin lib lib64; do ln -s "usr/$name" "$root/$name"; done
ln -s bin "$root/usr/sbin"
ln -s usr/bin "$root/sbin"

for package in "$work"/*.deb; do dpkg -x "$package" "$work/unpacked"; done
release=$(basename "$work"/unpacked/boot/vmlinuz-*)
release=${release#vmlinuz-}
cp "$work/unpacked/boot/vmlinuz-$release" "$root/boot/"
depmod -b "$work/unpacked" "$release"
# «insmod /full/path [parameters]», in loading order; built-in modules have no file.
for module in "${modules[@]}"; do
  modprobe -d "$work/unpacked" -S "$release" --show-depends "$module"
done | awk '$1 == "insmod" { print $2 }' | sort -u | while read -r file; do
  file=${file#"$work/unpacked/"}
  install -D -m 644 "$work/unpacked/$file" "$root/usr/$file"
done
cp "$work/unpacked/lib/modules/$release"/modules.{builtin,builtin.modinfo,order} "$root/usr/lib/modules/$release/"
depmod -b "$root" "$release"

cp /bin/busybox "$root/usr/bin/"
for name in $(/bin/busybox --list); do [[ -e $root/usr/bin/$name ]] || ln -s busybox "$root/usr/bin/$name"; done
cp "$work"/unpacked/usr/sbin/dropbear "$work"/unpacked/usr/bin/dropbear{key,convert} "$root/usr/bin/"
# dropbear uses libraries from where they are here, except those that came with it.
library_path=$work/unpacked/usr/lib/x86_64-linux-gnu
for file in $(LD_LIBRARY_PATH=$library_path ldd "$work/unpacked/usr/sbin/dropbear" | grep -o '/[^ ]*' | sort -u); do
  case $file in
    */ld-linux-*) cp -L "$file" "$root/usr/lib64/" ;;
    *) cp -L "$file" "$root/usr/lib/x86_64-linux-gnu/" ;;
  esac
done

cat >"$root/usr/lib/os-release" <<'EOF'
ID=tiny
NAME="Tiny"
VERSION_ID=1
PRETTY_NAME="Tiny 1"
EOF
ln -s ../usr/lib/os-release "$root/etc/os-release"
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\nshadow:x:42:\n' >"$root/etc/group"
printf 'root:*:19000:0:99999:7:::\n' >"$root/etc/shadow"
chgrp 42 "$root/etc/shadow"
chmod 640 "$root/etc/shadow"
printf '/bin/sh\n' >"$root/etc/shells"
printf 'a tiny system\n' >"$root/etc/motd"
for package in base-files kmod; do
  printf 'Package: %s\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\n' "$package"
done >"$root/var/lib/dpkg/status"
cat >"$root/etc/inittab" <<'EOF'
::sysinit:/etc/init.d/rcS
::respawn:/run/roost/roost-node attend
::ctrlaltdel:/sbin/reboot
::shutdown:/bin/umount -a -r
EOF
cat >"$root/etc/init.d/rcS" <<'EOF'
#!/bin/sh
export PATH=/bin
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
hostname -F /etc/hostname
[ ! -e /etc/ssh/ssh_host_ed25519_key ] ||
  dropbearconvert openssh dropbear /etc/ssh/ssh_host_ed25519_key /etc/dropbear/key >/dev/null 2>&1
[ -e /etc/dropbear/key ] || dropbearkey -t ed25519 -f /etc/dropbear/key >/dev/null 2>&1
dropbear -r /etc/dropbear/key -P /run/dropbear.pid
/run/roost/roost-node report ready
/run/roost/roost-node hardware complete &
EOF
chmod 755 "$root/etc/init.d/rcS"
ln -s /bin/busybox "$root/usr/bin/init" 2>/dev/null || true
