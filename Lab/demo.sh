#!/bin/bash
# demo.sh: Roost on its embedded defaults, and a machine without a disk that boots from it.
# Everything runs in the network namespace roost-demo; Ctrl-C removes it all.
# DEMO_ONCE=1 ends by itself once the machine was shown.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
export LAB_DIR=$here/.build/lab-demo LAB_NS=roost-demo
lab=$here/Lab/lab.sh roost=$here/.build/release/roost mac=52:54:00:72:6f:6f
export ROOST_SOCKET=$LAB_DIR/socket/api.sock

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

[[ $(id -u) = 0 ]] || {
  echo 'make demo needs root: it makes a network namespace and builds an image' >&2
  exit 1
}
finish() {
  trap - EXIT INT TERM
  "$lab" down >/dev/null 2>&1 || true
}
trap finish EXIT

# All that is shown.
demo() {
  "$lab" down >/dev/null 2>&1 || true
  mkdir -p "$LAB_DIR"
  say "a network of its own: namespace $LAB_NS, bridge br0, 10.77.0.1/24"
  "$lab" up
  say 'the server, with no configuration file'
  "$lab" serve roost "$roost" serve --interface br0 --state-directory "$LAB_DIR/state" --socket "$ROOST_SOCKET" \
    --node-program "$here/.build/release/roost-node" --user daemon
  for ((i = 0; i < 100; i++)); do
    ! grep -q ' ready: ' "$LAB_DIR/log/roost.log" || break
    sleep 0.2
  done
  sed 's/^/  /' "$LAB_DIR/log/roost.log"

  if ! "$roost" image show demo >/dev/null 2>&1; then
    say 'a small Debian image'
    "$roost" image build demo --suite bookworm --state-directory "$LAB_DIR/state" --cache "$here/.build/lab-cache"
  fi
  "$roost" image list

  say 'the node demo-1, which may be reached by SSH'
  [[ -e $LAB_DIR/key ]] || ssh-keygen -q -t ed25519 -N '' -f "$LAB_DIR/key"
  "$roost" set console=tty0,ttyS0 "kernel-arguments=mitigations=off no_timer_check" "ssh-authorized-keys=@$LAB_DIR/key.pub"
  "$roost" node show demo-1 >/dev/null 2>&1 || "$roost" node add demo-1 --mac "$mac"
  "$roost" node explain demo-1 | sed -n '1,/^$/p'

  say 'power on: QEMU, no disk, nothing but a network card'
  "$lab" boot demo-1 --mac "$mac" --timeout 300 --keep --mark 'Roost: ' --mark 'Linux version' --mark 'roost: starting' \
    --mark 'Welcome to' --expect 'login:'
  for ((i = 0; i < 300; i++)); do
    ! "$roost" node list | grep -q 'demo-1.* ready ' || break
    sleep 0.2
  done
  say 'its boot, stage by stage'
  "$roost" node show demo-1 | sed -n '/^boot /,/^$/p'
  address=$("$roost" node list | awk '$1 == "demo-1" { print $4 }')
  say "logging in to $address"
  ssh_options=(-i "$LAB_DIR/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR)
  # shellcheck disable=SC2016  # The node's shell expands this.
  "$lab" exec ssh "${ssh_options[@]}" "root@$address" \
    'printf "host name  %s\nroot       %s\nkernel     %s\nmemory     %s\n" "$(hostname)" "$(grep -o "roost.root=[a-z]*" /proc/cmdline), $(grep " / " /proc/mounts)" "$(uname -r)" "$(free -m | awk "/Mem/ { print \$3 \" of \" \$2 \" MiB used\" }")"'
  "$roost" status --nodes
  [[ -z ${DEMO_ONCE:-} ]] || return 0
  cat <<TEXT

The machine and the server stay up. From another shell:
  export ROOST_SOCKET=$ROOST_SOCKET
  $roost node list
  ip netns exec $LAB_NS ssh -i $LAB_DIR/key root@$address
The control center is at https://10.77.0.1:8443 in that namespace:
  ip netns exec $LAB_NS curl --cacert $LAB_DIR/state/center/ca.pem https://10.77.0.1:8443/readyz
Ctrl-C ends everything.
TEXT
  sleep infinity
}

# A shell handles a signal only when the program that it waits for has ended: they run in the background, in a group that ends as one.
set -m
demo </dev/null &
group=$!
set +m
trap 'kill -TERM -- "-$group" 2>/dev/null || true; exit 0' INT TERM
wait "$group"
