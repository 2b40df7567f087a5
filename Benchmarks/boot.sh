#!/bin/bash
# boot.sh [REPETITIONS [modes]]: from power-on to the log-in prompt, the same root with Roost and with Debian's LTSP; then with Roost in
# each root mode, or only that.
#
# LTSP's server runs in its own chroot, set up as its documentation says: dnsmasq, and NFS by Ganesha, because
# not every kernel has nfsd. Both boot in the laboratory (Lab/lab.sh), in the namespace roost-bench.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "$0")/.." && pwd)
work=$here/.build/bench/boot
lab=$here/Lab/lab.sh
roost=$here/.build/release/roost
export LAB_DIR=$work/lab LAB_NS=roost-bench ROOST_SOCKET=$work/lab/socket/api.sock
repetitions=${1:-1} part=${2:-all}
arguments='mitigations=off no_timer_check'

[[ $(id -u) = 0 ]] || { echo 'boot.sh needs root: it makes a network namespace and two Debian roots' >&2; exit 1; }
[[ -x $roost && -e $here/.build/release/roost-node ]] || { echo "run 'make bench' once first: it builds the server for use" >&2; exit 1; }
mkdir -p "$work/debs"
finish() {
  trap - EXIT INT TERM
  "$lab" down >/dev/null 2>&1 || true
}
trap finish EXIT
trap 'exit 130' INT TERM
"$lab" down >/dev/null 2>&1 || true

debian() { # DIRECTORY PACKAGES: a Debian root, made once
  local root=$1 packages=$2
  [[ ! -e $root/.made ]] || return 0
  rm -rf "$root"
  echo "building $root ..." >&2
  # shellcheck disable=SC2016  # mmdebstrap's own shell runs the hooks.
  mmdebstrap --quiet --mode=root --variant=minbase --components=main --include="$packages" \
    --aptopt='Apt::Install-Recommends "false"' --dpkgopt=force-unsafe-io --dpkgopt=force-confold \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --skip=download/empty --skip=essential/unlink --skip=cleanup/apt/cache \
    --essential-hook='mkdir -p "$1"/etc/initramfs-tools; echo update_initramfs=no >"$1"/etc/initramfs-tools/update-initramfs.conf' \
    --setup-hook='mkdir -p "$1"/var/cache/apt/archives' --setup-hook="sync-in $work/debs /var/cache/apt/archives/" \
    --customize-hook="sync-out /var/cache/apt/archives $work/debs" \
    --customize-hook='rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/*_*' \
    bookworm "$root" >"$work/${root##*/}.log" 2>&1 || { tail -n 20 "$work/${root##*/}.log" >&2; exit 1; }
  touch "$root/.made"
}

# NAME [OPTIONS]: powers a machine on and prints the seconds until its log-in prompt.
seconds_to_login() {
  "$lab" boot "$@" --timeout 400 --expect 'login:' | tee "$work/$1.out" | sed -n 's/^lab: *\([0-9.]*\) s  expect .*/\1/p'
  "$lab" stop "$1" >/dev/null 2>&1 || true
}

# A command in LTSP's server, in the laboratory's namespace with its own mounts.
in_server() {
  # shellcheck disable=SC2016  # The inner shell expands them.
  "$lab" exec unshare -m bash -c '
    mount --make-rprivate / && cd "$1" && shift
    mount -t proc proc server/proc; mount -t sysfs sys server/sys
    mount --rbind /dev server/dev; mount -t tmpfs tmpfs server/run; mount -t tmpfs tmpfs server/tmp
    mkdir -p server/srv/ltsp/client && mount --bind client server/srv/ltsp/client
    exec chroot server "$@"' - "$work" "$@"
}

with_ltsp() {
  export LAB_NET=192.168.67.1/24 # LTSP's own range.
  "$lab" up >/dev/null
  # Every LTSP command requires a default route.
  "$lab" exec ip route add default via 192.168.67.254
  if [[ ! -e $work/server/.served ]]; then
    echo 'packing the root with LTSP ...' >&2
    # They exit with errors where there is no systemd to restart services, and during their own cleanup; their output files are checked
    # instead.
    for command in dnsmasq 'image client' ipxe initrd; do
      # shellcheck disable=SC2086  # Word splitting is intended.
      in_server ltsp $command >>"$work/ltsp.log" 2>&1 || true
    done
    for file in etc/dnsmasq.d/ltsp-dnsmasq.conf srv/ltsp/images/client.img srv/tftp/ltsp/ltsp.ipxe srv/tftp/ltsp/ltsp.img; do
      [[ -s $work/server/$file ]] || { echo "LTSP did not make /$file: see $work/ltsp.log" >&2; exit 1; }
    done
    sed -i "s/^set cmdline_ltsp BOOTIF.*/& console=tty0 console=ttyS0,115200 $arguments/" "$work/server/srv/tftp/ltsp/ltsp.ipxe"
    cat >"$work/server/etc/ganesha/ganesha.conf" <<'CONF'
NFS_CORE_PARAM { Protocols = 3; Enable_NLM = false; Enable_RQUOTA = false; mount_path_pseudo = false; }
NFSv4 { Graceless = true; }
EXPORT { Export_Id = 1; Path = /srv/ltsp; Pseudo = /srv/ltsp; Access_Type = RO; Squash = No_Root_Squash; Protocols = 3;
  Transports = TCP; SecType = sys; FSAL { Name = VFS; } }
CONF
    cat >"$work/server/root/serve" <<'SERVE'
mkdir -p /run/rpcbind /run/ganesha /var/run/ganesha
rpcbind -f -w &
dnsmasq -k -u root --conf-dir=/etc/dnsmasq.d --interface=br0 --bind-dynamic --log-facility=- --pid-file=/run/dnsmasq.pid &
exec ganesha.nfsd -F -L /dev/stdout -f /etc/ganesha/ganesha.conf -N NIV_EVENT -p /run/ganesha.pid
SERVE
    touch "$work/server/.served"
  fi
  # `serve` starts a program: a shell with this function in it.
  "$lab" serve ltsp bash -c "$(declare -f in_server); work='$work' lab='$lab'; in_server bash /root/serve" >/dev/null
  for ((i = 0; i < 100; i++)); do
    ! "$lab" exec ss -Hltn 'sport = :2049' | grep -q . || break
    sleep 0.2
  done
  for ((i = 0; i < repetitions; i++)); do seconds_to_login ltsp-client; done
  "$lab" down >/dev/null
}

start_roost() { # OPTIONS for serve
  "$lab" serve roost "$roost" serve --node-program "$here/.build/release/roost-node" "$@" >/dev/null
  for ((i = 0; i < 100; i++)); do
    ! grep -q ' ready: ' "$LAB_DIR/log/roost.log" || break
    sleep 0.2
  done
}

with_roost() {
  export LAB_NET=10.77.0.1/24
  "$lab" up >/dev/null
  start_roost --interface br0 --state-directory "$work/state" --socket "$ROOST_SOCKET" --user daemon
  "$roost" image show client >/dev/null 2>&1 || "$roost" image import client "$work/client" --state-directory "$work/state" >/dev/null
  "$roost" set image=client console=tty0,ttyS0 "kernel-arguments=$arguments" >/dev/null
  for ((i = 0; i < repetitions; i++)); do seconds_to_login roost-client; done
  "$lab" down >/dev/null
}

# Each mode after a boot that creates what it needs: a volume, a copy.
by_root_mode() {
  local ganesha=$here/.build/ganesha/usr mac=52:54:00:00:0b:01 mode
  export LAB_NET=10.77.0.1/24
  "$lab" up >/dev/null
  cat >"$work/modes.yaml" <<YAML
roles: [dhcp, tftp, http, nbd, nfs, center]
interfaces: [br0]
state-directory: $work/state
socket: $ROOST_SOCKET
user: daemon
nfs: {server: ganesha, exports: $work/roost.conf, pid-file: $work/ganesha.pid}
YAML
  start_roost --configuration "$work/modes.yaml"
  cat >"$work/ganesha.conf" <<CONF
NFS_CORE_PARAM { Protocols = 4; Enable_NLM = false; Enable_RQUOTA = false; Plugins_Dir = "$ganesha/lib/x86_64-linux-gnu/ganesha"; }
NFSv4 { Graceless = true; Only_Numeric_Owners = true; UseGetpwnam = true; RecoveryRoot = "$work/recovery"; }
%include "$work/roost.conf"
CONF
  "$lab" serve ganesha env LD_LIBRARY_PATH="$ganesha/lib/x86_64-linux-gnu:$ganesha/lib/ganesha" "$ganesha/bin/ganesha.nfsd" \
    -F -L /dev/stdout -f "$work/ganesha.conf" -N NIV_EVENT -p "$work/ganesha.pid" >/dev/null
  # Rebuilt: one from an earlier Roost lacks modules that its initramfs now has.
  "$roost" image import client "$work/client" --state-directory "$work/state" >/dev/null
  "$roost" set image=client console=tty0,ttyS0 "kernel-arguments=$arguments" >/dev/null
  "$roost" node show client >/dev/null 2>&1 || "$roost" node add client --mac "$mac" >/dev/null
  for mode in nbd ram nfs/shared persistent nfs/own; do
    # Refused until the server knows that the machine, which was cut off, is gone.
    for ((i = 0; i < 200; i++)); do
      ! "$roost" volume list --json | grep -q '"client"' || "$roost" volume rm client >/dev/null 2>&1 || { sleep 2; continue; }
      break
    done
    "$roost" set --node client "root-mode=${mode%/*}" nfs-root="$([[ $mode = nfs/own ]] && echo own || echo shared)" >/dev/null
    case $mode in nfs/own | persistent) seconds_to_login client --mac "$mac" >/dev/null ;; esac
    for ((i = 0; i < repetitions; i++)); do
      printf 'boot by root mode %-10s %6.1f s\n' "$mode" "$(seconds_to_login client --mac "$mac")"
    done
  done
  "$lab" down >/dev/null
}

debian "$work/client" linux-image-amd64,systemd-sysv,zstd,initramfs-tools,ltsp,nfs-common,iproute2,busybox,kmod,udev,dbus
if [[ $part = modes ]]; then
  by_root_mode
  exit
fi
debian "$work/server" ltsp,dnsmasq,squashfs-tools,nfs-ganesha,nfs-ganesha-vfs,rpcbind,ipxe,iproute2,procps,busybox,ethtool,net-tools
theirs=$(with_ltsp)
ours=$(with_roost)
ours=$ours theirs=$theirs python3 - <<'PY'
import os, statistics
ours, theirs = ([float(word) for word in os.environ[name].split() if word[0].isdigit()] for name in ("ours", "theirs"))
ratio = statistics.median(theirs) / statistics.median(ours)
print(f"{'boot to the log-in prompt':28} {'ltsp':12} {statistics.median(ours):9.1f} {statistics.median(theirs):9.1f} s   ×{ratio:<6.2f} gate 2" + ("" if ratio >= 2 else "   BELOW THE GATE"))
PY
by_root_mode
