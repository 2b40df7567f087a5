#!/bin/bash
# Installs the Debian packages that Roost needs and that are missing.
# Called by make; with --list it only prints the packages.
set -euo pipefail

packages=(
  # building
  libsqlite3-dev binutils make
  # serving: loaders, images, the initramfs
  ipxe shim-signed grub-efi-amd64-signed mmdebstrap squashfs-tools busybox-static kmod zstd xz-utils
  # the laboratory
  iproute2 qemu-system-x86 ipxe-qemu seabios ovmf openssh-client
  # other people's clients, for the tests
  udhcpc isc-dhcp-client kea-admin atftp tftp-hpa curl libnbd-bin nbdkit qemu-utils fio iputils-ping python3
  # checks
  shellcheck
)

if [[ ${1:-} = --list ]]; then
  printf '%s\n' "${packages[@]}"
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true) = installed ]] || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0
if [[ $(id -u) != 0 ]]; then
  printf 'These packages are missing; install them as root:\n  apt install %s\n' "${missing[*]}" >&2
  exit 1
fi
printf 'installing %s\n' "${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
