#!/bin/bash
# Installs the Debian packages that Roost needs and that are missing.
# Called by make; with «building» only those that the compiler needs; --list prints all of them and installs nothing.
set -euo pipefail

building=(libsqlite3-dev libargon2-dev libldap-dev libsodium-dev libssl-dev openssl binutils make)
packages=(
  "${building[@]}"
  # serving: loaders, images, the initramfs
  ipxe shim-signed grub-efi-amd64-signed mmdebstrap squashfs-tools busybox-static kmod zstd xz-utils e2fsprogs mount buildah bubblewrap lz4 bzip2
  # the laboratory
  iproute2 qemu-system-x86 ipxe-qemu seabios ovmf openssh-client procps swtpm swtpm-tools
  # independent clients, for the tests
  udhcpc isc-dhcp-client dnsmasq-base systemd kea-admin atftp tftp-hpa curl libnbd-bin nbdkit qemu-utils fio iputils-ping python3 skopeo
  # machines of arm64, and 32-bit UEFI
  u-boot-qemu qemu-system-arm qemu-efi-aarch64 ovmf-ia32
  # disks to import, and other distributions' packages
  xfsprogs btrfs-progs rpm
  # a browser to drive, and checkers for the pages and the API
  chromium-headless-shell chromium-driver fonts-dejavu-core python3-pip
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
  # The complete list was announced earlier; this is what we wait for now.
  if [[ ${1:-} = building ]]; then
    mapfile -t missing < <(printf '%s\n' "${missing[@]}" | grep -xF "$(printf '%s\n' "${building[@]}")")
    [[ ${#missing[@]} -gt 0 ]] || exit 0
  fi
  printf 'installing %s\n' "${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
if [[ ${1:-} = building ]]; then exit 0; fi

# Needed only by the tests, below .build: axe-core checks the pages, schemathesis the API, a Prometheus client the metrics; Canaille and
# slapd provide log-ins, nginx and HAProxy are proxies for the control center.
build=$(cd "$(dirname "$0")/.." && pwd)/.build
# Arguments: a folder below .build, then packages for pip.
fetch_python() {
  /usr/bin/python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --upgrade --target "$build/$1" "${@:2}"
}
if [[ ! -e $build/python/.complete-2 ]]; then
  printf 'fetching axe-core, schemathesis and a Prometheus client\n'
  fetch_python python --no-deps axe-core-python==0.1.0
  fetch_python python 'schemathesis>=4,<5' prometheus-client
  touch "$build/python/.complete-2"
fi
if [[ ! -e $build/canaille/.complete ]]; then
  printf 'fetching Canaille\n'
  fetch_python canaille 'canaille[front,oidc]==0.3.6'
  touch "$build/canaille/.complete"
fi
# Loaders, a kernel and busybox for arm64: this host's apt has no lists of that architecture, so they have their own. Without them tests are
# skipped.
if [[ ! -e $build/arm64/.complete ]]; then
  printf 'fetching loaders, a kernel and busybox for arm64\n'
  mkdir -p "$build/arm64/lists/partial" "$build/arm64/cache/archives/partial"
  if ! (
    cd "$build/arm64"
    arm64=(-qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o "Dir::State::lists=$PWD/lists" -o "Dir::Cache=$PWD/cache")
    apt-get "${arm64[@]}" update || true
    kernel=$(apt-cache "${arm64[@]}" depends linux-image-cloud-arm64 | awk '/Depends:/ { print $2; exit }')
    apt-get "${arm64[@]}" download shim-signed grub-efi-arm64-signed busybox-static "$kernel" || exit 1
    for package in ./*.deb; do dpkg -x "$package" . || exit 1; done
    rm -rf ./*.deb lists cache
    touch .complete
  ) 2>/dev/null; then
    printf 'there are none on the mirrors of this host\n'
  fi
fi
# Unpacked, not installed: as packages they would start a directory, an NFS server and a web server on this machine, or require systemd.
# Arguments: a folder below .build, then Debian packages; if the list changed, they are fetched again.
unpack() {
  [[ $(cat "$build/$1/.complete" 2>/dev/null) != "$*" ]] || return 0
  printf 'fetching %s\n' "$2"
  mkdir -p "$build/$1"
  (
    cd "$build/$1"
    apt-get download -qq "${@:2}" 2>/dev/null
    for package in ./*.deb; do dpkg -x "$package" .; done
    rm -f ./*.deb
  )
  printf '%s' "$*" >"$build/$1/.complete"
}
unpack slapd slapd libltdl7 libodbc2 libwrap0 libnsl2
unpack nfs-utils nfs-kernel-server libnfsidmap1
unpack proxies nginx haproxy liblua5.3-0 libopentracing-c-wrapper0 libopentracing1
unpack clients dhcpcd-base nbd-client libnl-genl-3-200 python3-libnbd
unpack ganesha nfs-ganesha nfs-ganesha-vfs libntirpc4.3 libnfsidmap1 liburcu8 libwbclient0
unpack nspawn systemd-container libsystemd-shared libip4tc2 libapparmor1
