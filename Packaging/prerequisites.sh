#!/bin/bash
# Installs the Debian packages that Roost needs and that are missing.
# Called by make; with --list it only prints the packages.
set -euo pipefail

packages=(
  # building
  libsqlite3-dev libargon2-dev openssl binutils make
  # serving: loaders, images, the initramfs
  ipxe shim-signed grub-efi-amd64-signed mmdebstrap squashfs-tools busybox-static kmod zstd xz-utils
  # the laboratory
  iproute2 qemu-system-x86 ipxe-qemu seabios ovmf openssh-client
  # other people's clients, for the tests
  udhcpc isc-dhcp-client kea-admin atftp tftp-hpa curl libnbd-bin nbdkit qemu-utils fio iputils-ping python3
  # a browser that clicks, and the judges of pages and of the API
  chromium chromium-driver fonts-dejavu-core python3-pip
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
if [[ ${#missing[@]} -gt 0 ]]; then
  if [[ $(id -u) != 0 ]]; then
    printf 'These packages are missing; install them as root:\n  apt install %s\n' "${missing[*]}" >&2
    exit 1
  fi
  printf 'installing %s\n' "${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# axe-core judges the pages, schemathesis the API, a Prometheus client the metrics: only for the tests, and only below .build.
python=$(cd "$(dirname "$0")/.." && pwd)/.build/python
if [[ ! -e $python/.complete-2 ]]; then
  printf 'fetching axe-core, schemathesis and a Prometheus client\n'
  mkdir -p "$python"
  /usr/bin/python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --upgrade \
    --target "$python" --no-deps axe-core-python==0.1.0
  /usr/bin/python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --upgrade \
    --target "$python" 'schemathesis>=4,<5' prometheus-client
  touch "$python/.complete-2"
fi
