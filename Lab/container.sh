#!/bin/bash
# container.sh: a Debian under systemd on the laboratory's network, in a container of systemd-nspawn.
#
#   container.sh obstacle               why none can run here; prints nothing when one can
#   container.sh fetch ROOT FILE...     fetch the packages that the packages FILE need and ROOT lacks
#   container.sh up ROOT [OPTION...]    start it and wait for systemd. ROOT is a squashfs, which does not change; OPTION is one of
#                                       systemd-nspawn (log: $LAB_DIR/log/debian.log)
#   container.sh exec COMMAND...        run a command in it
#   container.sh restart                restart its system, and wait for it
#
# `lab.sh down' ends it, `lab.sh stop debian' ends only it. Its writes are lost: they are in memory, in a mount namespace that ends with it.
# It reaches no mirror: packages from `fetch' are in /packages.
#
# Environment: as for lab.sh; LAB_PACKAGES (default: .build/lab-cache/apt beside this folder).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=Lab/lab.sh
source "$here/Lab/lab.sh"
packages=${LAB_PACKAGES:-$here/.build/lab-cache/apt}
# Unpacked, not installed: as a package it would require this machine to run systemd.
unpacked=$here/.build/nspawn/usr
root=$run_dir/root

# The container's control group in each hierarchy that a systemd manages: that of version 2 and, where it is not the only one, the named
# one, in which systemd-nspawn needs the same path. It is inside this process's own group.
control_groups() {
  local path base
  path=$(sed -n 's/^0:://p' /proc/self/cgroup)
  for base in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
    [[ ! -e $base/cgroup.procs ]] || printf '%s/%s\n' "$base${path%/}" "$LAB_NS"
  done
}

remove_control_groups() {
  local group
  control_groups | while IFS= read -r group; do
    [[ ! -d $group ]] || find "$group" -depth -type d -exec rmdir {} +
    # In the named hierarchy it may have been created for this one.
    rmdir "${group%/*}" 2>/dev/null || true
  done
}

nspawn() {
  local libraries=$unpacked/lib/x86_64-linux-gnu
  # However this script ends, the container and everything in it ends too.
  LD_LIBRARY_PATH=$libraries:$libraries/systemd exec setpriv --pdeathsig KILL "$unpacked/bin/systemd-nspawn" "$@"
}

container_obstacle() {
  local group
  if ! (nspawn --version) >/dev/null 2>&1; then echo "systemd-nspawn is not there (make prerequisites)"; return; fi
  if [[ ! -e /dev/loop-control ]] || ! unshare --mount mount -t overlay -o lowerdir=/etc:/usr none /mnt 2>/dev/null; then
    echo "neither loop devices nor overlays can be mounted here"
    return
  fi
  if [[ -z $(control_groups) ]]; then echo "no control groups are mounted below /sys/fs/cgroup"; return; fi
  while IFS= read -r group; do
    if ! mkdir -p "$group" 2>/dev/null; then echo "the control group $group cannot be made"; return; fi
  done < <(control_groups)
  remove_control_groups
}

# The root of this mount namespace: ROOT below, memory above.
mount_root() { # ROOT
  mkdir -p "$root"
  mount -t tmpfs -o mode=755 container "$root"
  mkdir "$root"/{lower,upper,work,merged}
  mount -t squashfs -o loop,ro "$1" "$root/lower"
  mount -t overlay -o "lowerdir=$root/lower,upperdir=$root/upper,workdir=$root/work" overlay "$root/merged"
}

container_fetch() { # ROOT FILE...
  local name apt=(apt-get -qq --no-install-recommends)
  mount_root "$1"
  apt+=(-o Dir::State::status="$root/merged/var/lib/dpkg/status")
  mkdir -p "$packages/partial" "$root/none/partial"
  # As if none were installed: packages left from before are removed, because all of them get installed.
  "${apt[@]}" -o Dir::Cache::archives="$root/none" --print-uris install "${@:2}" |
    awk '$1 !~ /^.file:/ { print $2 }' >"$packages/wanted"
  for name in "$packages"/*.deb; do grep -qxF "${name##*/}" "$packages/wanted" || rm -f "$name"; done
  while IFS= read -r name; do
    [[ -e $packages/$name ]] || { "${apt[@]}" -o Dir::Cache::archives="$packages" --download-only install "${@:2}" && return; }
  done <"$packages/wanted"
}

container_start() { # [OPTION...]
  local group
  while IFS= read -r group; do
    mkdir -p "$group"
    echo "$BASHPID" >"$group/cgroup.procs"
  done < <(control_groups)
  nspawn --directory="$root/merged" --machine="$LAB_NS" --hostname=server --network-namespace-path="/run/netns/$LAB_NS" \
    --bind-ro="$packages:/packages" "$@" --register=no --keep-unit --link-journal=no --console=pipe --boot
}

# Until it is told to end.
container_run() { # ROOT [OPTION...]
  local first supervisor status=133
  mount_root "$1"
  # At once: its writes are lost anyway.
  trap 'for first in $(leader); do kill -KILL "$first"; done' TERM INT
  # systemd-nspawn exits with 133 when its system restarts.
  while [[ $status = 133 ]]; do
    container_start "${@:2}" &
    supervisor=$!
    printf '%s\n' "$supervisor" >"$run_dir/container"
    status=0
    wait "$supervisor" || status=$?
  done
  # A signal ended the wait.
  while alive "$supervisor"; do wait "$supervisor" || true; done
  remove_control_groups
}

# The container's first process.
leader() {
  local supervisor
  supervisor=$(<"$run_dir/container")
  cat "/proc/$supervisor/task/$supervisor/children" 2>/dev/null || true
}

container_up() {
  # Not in the laboratory's namespace, which has another /sys.
  enter=()
  lab_serve debian unshare --mount "${BASH_SOURCE[0]}" run "$@"
  wait_for_system ''
}

container_restart() {
  local before
  before=$(leader)
  container_exec systemctl reboot || true # It may be gone before it has answered.
  wait_for_system "$before"
}

wait_for_system() { # BEFORE: the first process of the previous system, which has to end first
  local i
  for ((i = 0; i < 600; i++)); do
    if [[ $(leader) != "$1" ]]; then
      case $(container_exec systemctl is-system-running 2>/dev/null) in running | degraded) return 0 ;; esac
    fi
    sleep 0.1
  done
  die "systemd does not come up: $log_dir/debian.log"
}

container_exec() {
  local first
  first=$(leader)
  [[ $first ]] || die "the container does not run"
  nsenter --target "${first%% *}" --all env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"
}

command=${1:-}
[[ $command ]] || { sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2; }
shift
case $command in
  obstacle) container_obstacle ;;
  fetch) exec unshare --mount "${BASH_SOURCE[0]}" fetch-here "$@" ;;
  fetch-here) container_fetch "$@" ;;
  up) container_up "$@" ;;
  run) container_run "$@" ;;
  exec) container_exec "$@" ;;
  restart) container_restart ;;
  *) die "what is '$command'?" ;;
esac
