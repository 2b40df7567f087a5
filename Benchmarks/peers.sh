#!/bin/bash
# Installs the peers that the benchmarks compare with, without starting any of them.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
work=$here/.build/bench/peers
policy=/usr/sbin/policy-rc.d

packages=(nbdkit nbd-server qemu-utils dnsmasq-base nginx-light kea-dhcp4-server libwrap0 libpcre2-8-0 python3 gcc libc6-dev)
missing=()
for package in "${packages[@]}"; do
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true) = installed ]] || missing+=("$package")
done
if [[ ${#missing[@]} -gt 0 ]]; then
  made=
  if [[ ! -e $policy ]]; then
    # 101: no service may be started.
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    made=1
  fi
  trap '[[ -z $made ]] || rm -f "$policy"' EXIT
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
# These two conflict with each other as packages: they are only unpacked.
for package in tftpd-hpa atftpd; do
  [[ ! -d $work/$package ]] || continue
  mkdir -p "$work/$package"
  (cd "$work" && apt-get download -qq "$package" 2>/dev/null && dpkg -x "$package"_*.deb "$package" && rm -f "$package"_*.deb)
done
