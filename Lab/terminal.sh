#!/bin/bash
# terminal.sh: terminal servers and thin clients on the laboratory's network, each a container in a namespace of its own.
#
#   terminal.sh obstacle                    why none can run here; prints nothing when they can
#   terminal.sh server NAME ADDRESS         a Debian with systemd, xrdp, sshd and X2Go; waits until it answers RDP
#   terminal.sh windows NAME ADDRESS DOMAIN USER
#                                           what stands in for a Windows server: RDP that wants the password first (NLA), one account, whose
#                                           password comes on standard input, and one desktop for all. Another call: another certificate
#   terminal.sh client NAME ADDRESS         a machine with an X server (Xvfb :77, 1024x768)
#   terminal.sh node NAME [MAC]             the same, as a node that boots from the Roost server at the bridge: with the address of its lease, a
#                                           boot of its own, its configuration, and the thin client's files (Examples/thin-client)
#   terminal.sh put NAME DIRECTORY          copy a directory's content into its root
#   terminal.sh exec NAME COMMAND...        a command in one of them
#   terminal.sh login CLIENT USER HOST PNG [XFREERDP-ARGUMENT...]
#                                           the password comes on standard input; waits for the blue desktop of terminal-tree.sh, writes
#                                           a picture, and says after how many milliseconds
#   terminal.sh desktop CLIENT SECONDS PNG  wait for that desktop, whatever shows it, or for a window with words in its place, and write a picture
#   terminal.sh person NODE USER            log in as a person at the node's log-in screen, through its PAM; the password comes on standard
#                                           input. guest needs none, and automatic is the node's own log-in. Says why there is no session
#   terminal.sh says NODE [SECONDS]         what the session tells when there is none, or none any more, once it does (30 s)
#   terminal.sh leave NODE                  end what the person's session shows, and clean up as PAM does
#   terminal.sh blank CLIENT                remove all windows: a picture of before proves nothing
#   terminal.sh stop NAME                   end it in order
#   terminal.sh kill NAME                   the same without a word, as a power cut does
#   terminal.sh cut NAME | mend NAME        pull its cable, and plug it in again
#
# `lab.sh up' comes first, `lab.sh down' ends them all. Any number of them run from one tree, which is never written to: each has its own
# writes in memory. NAME has at most 12 characters.
#
# Environment: as for lab.sh; TERMINAL_SUITE (bookworm).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
self=$here/Lab/terminal.sh
# shellcheck source=Lab/lab.sh
source "$here/Lab/lab.sh"
suite=${TERMINAL_SUITE:-bookworm}
unpacked=$here/.build/nspawn/usr
display=:77

# Unpacked beside the build, or installed.
nspawn() {
  local libraries=$unpacked/lib/x86_64-linux-gnu
  if [[ -x $unpacked/bin/systemd-nspawn ]]; then
    LD_LIBRARY_PATH=$libraries:$libraries/systemd exec "$unpacked/bin/systemd-nspawn" "$@"
  fi
  exec systemd-nspawn "$@"
}

terminal_obstacle() {
  [[ $(id -u) = 0 ]] || { echo "containers need root"; return; }
  [[ $LAB_NS != - ]] || { echo "containers need network namespaces with names"; return; }
  (nspawn --version) >/dev/null 2>&1 || { echo "systemd-nspawn is not there (make prerequisites)"; return; }
  [[ $(control_groups try) ]] || { echo "no control groups are mounted below /sys/fs/cgroup"; return; }
  command -v mmdebstrap >/dev/null || echo "mmdebstrap is not there (make prerequisites)"
}

space() { printf '%s-%s' "$LAB_NS" "$1"; }

# The control groups of a container, one for each hierarchy that a systemd manages. Without groups of its own the systemd of one container
# waits for the processes of another.
control_groups() { # NAME
  local path base
  path=$(sed -n 's/^0:://p' /proc/self/cgroup)
  for base in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
    [[ ! -e $base/cgroup.procs ]] || printf '%s/%s\n' "$base${path%/}" "$(space "$1")"
  done
}

remove_control_groups() { # NAME
  local group
  control_groups "$1" | while IFS= read -r group; do
    [[ ! -d $group ]] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
}

# --- the containers ----------------------------------------------------------

# A namespace with one cable, which lies on the bridge.
plug() { # NAME MAC [ADDRESS]
  local space
  space=$(space "$1")
  [[ ${#1} -le 12 ]] || die "$1: at most 12 characters"
  unplug "$1"
  ip netns add "$space"
  ip -n "$space" link set lo up
  "${ns_ip[@]}" link add "$1" mtu "$LAB_MTU" type veth peer name eth0 address "$2" mtu "$LAB_MTU" netns "$space"
  "${ns_ip[@]}" link set "$1" master "$LAB_BRIDGE" up
  [[ ! ${3:-} ]] || ip -n "$space" address add "$3/24" dev eth0
  ip -n "$space" link set eth0 up
  # From outside: in a container these are read-only. A peer without power is noticed in a minute, not in two hours.
  ip netns exec "$space" sysctl -qw net.ipv4.tcp_keepalive_time=30 net.ipv4.tcp_keepalive_intvl=10 \
    net.ipv4.tcp_keepalive_probes=3 net.ipv4.ping_group_range='0 2147483647'
}

unplug() { # NAME
  "${ns_ip[@]}" link del "$1" 2>/dev/null || true
  ! [[ -e /run/netns/$(space "$1") ]] || ip netns del "$(space "$1")"
}

# Served in the background: ends with the container, and takes away what the container had.
terminal_run() { # NAME TREE NSPAWN-ARGUMENT...
  local name=$1 tree=$2 supervisor first group
  shift 2
  # At once: its writes are lost anyway.
  trap 'for first in $(leader "$name"); do kill -KILL "$first" 2>/dev/null || true; done' TERM INT
  (
    while IFS= read -r group; do
      mkdir -p "$group"
      printf '%s\n' "$BASHPID" >"$group/cgroup.procs"
    done < <(control_groups "$name")
    # Own network always: without it the services would be on the machine's own interface.
    nspawn --quiet --directory="$tree" --volatile=overlay --machine="$(space "$name")" --hostname="$name" --register=no \
      --keep-unit --link-journal=no --console=pipe --network-namespace-path="/run/netns/$(space "$name")" "$@"
  ) &
  supervisor=$!
  printf '%s\n' "$supervisor" >"$run_dir/$name.container"
  # A signal ends a wait.
  while alive "$supervisor"; do wait "$supervisor" || true; done
  rm -f "$run_dir/$name.container"
  unplug "$name"
  remove_control_groups "$name"
}

# The container's first process.
leader() { # NAME
  local supervisor
  supervisor=$(cat "$run_dir/$1.container" 2>/dev/null) || return 0
  cat "/proc/$supervisor/task/$supervisor/children" 2>/dev/null || true
}

enter_container() { # NAME COMMAND...
  local first
  first=$(leader "$1")
  [[ $first ]] || die "there is no $1"
  shift
  nsenter --target "${first%% *}" --all env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/root LC_ALL=C.UTF-8 DISPLAY=$display "$@"
}

contain() { # NAME NSPAWN-ARGUMENT...
  local name=$1 tree=$2 i
  shift 2
  # Not in the laboratory's namespace.
  enter=()
  lab_serve "$name" "$self" run "$name" "$tree" "$@"
  for ((i = 0; i < 200; i++)); do
    [[ ! $(leader "$name") ]] || return 0
    sleep 0.05
  done
  die "$name does not start: $(tail -n 3 "$log_dir/$name.log")"
}

answers() { ip netns exec "$(space "$1")" ss -Hltn "sport = :$2" | grep -q .; } # NAME PORT

terminal_server() { # NAME ADDRESS
  local name=$1 start i
  start=$(now_ms)
  need_ns
  lab_stop "$name"
  plug "$name" "$(mac_of "$name")" "$2"
  # FUSE is for drives of clients, and not there everywhere.
  local options=()
  [[ ! -e /dev/fuse ]] || options=(--bind=/dev/fuse)
  contain "$name" "$("$here/Lab/terminal-tree.sh" server "$suite")" "${options[@]}" --boot
  for ((i = 0; i < 600; i++)); do
    if answers "$name" 3389 && answers "$name" 22; then
      # The machine's own load would count: at work on other things, it takes no log-ins. A unit has a /proc of its own.
      enter_container "$name" sh -euc 'echo "0.20 0.20 0.20 1/100 100" >/run/loadavg
        mkdir -p /etc/systemd/system/roost-agent.service.d
        printf "[Service]\nBindReadOnlyPaths=/run/loadavg:/proc/loadavg\n" >/etc/systemd/system/roost-agent.service.d/load.conf'
      say "$name answers after $(seconds "$(($(now_ms) - start))") s"
      return
    fi
    [[ $(leader "$name") ]] || break
    sleep 0.1
  done
  die "$name: no terminal server: $(tail -n 3 "$log_dir/$name.log")"
}

start_client() { # NAME: plugged in already
  local i
  contain "$1" "$("$here/Lab/terminal-tree.sh" client "$suite")" \
    --as-pid2 Xvfb "$display" -screen 0 1024x768x24 -nolisten tcp -ac -noreset
  for ((i = 0; i < 200; i++)); do
    ! enter_container "$1" xdpyinfo >/dev/null 2>&1 || return 0
    sleep 0.1
  done
  die "$1: no X server"
}

terminal_client() { # NAME ADDRESS
  need_ns
  lab_stop "$1"
  plug "$1" "$(mac_of "$1")" "$2"
  start_client "$1"
}

terminal_windows() { # NAME ADDRESS DOMAIN USER
  local name=$1 hash i
  # What Windows keeps of a password (MS-NLMP 3.3.1).
  hash=$(iconv -t utf-16le | openssl dgst -md4 -provider legacy -provider default -r | cut -d' ' -f1)
  terminal_client "$name" "$2"
  # It goes on behind this program, without what a caller waits for the end of.
  close_inherited
  # shellcheck disable=SC2016  # the container's shell reads it
  enter_container "$name" sh -euc '
    xsetroot -solid "#2a6099"
    printf "%s:%s::%s:::\n" "$2" "$1" "$3" >/run/sam
    HOME=/run setsid freerdp-shadow-cli /port:3389 /sec:nla /sam-file:/run/sam >/run/shadow.log 2>&1 </dev/null &' \
    sh "$3" "$4" "$hash"
  for ((i = 0; i < 100; i++)); do
    ! answers "$name" 3389 || return 0
    sleep 0.1
  done
  die "$name does not answer RDP: $(enter_container "$name" tail -n 3 /run/shadow.log)"
}

terminal_node() { # NAME [MAC]
  local name=$1 mac=${2:-$(mac_of "$1")} state=$run_dir/node-$1
  need_ns
  lab_stop "$name"
  plug "$name" "$mac"
  rm -rf "$state"
  mkdir -p "$state/root"
  ip netns exec "$(space "$name")" "$here/Lab/node.py" --mac "$mac" --directory "$state"
  start_client "$name"
  terminal_put "$name" "$here/Examples/thin-client/files"
  # What its initramfs would have done. A container shows the host's kernel command line: this machine has another one.
  tar -C "$state" -c words root | enter_container "$name" tar -x -C /run
  # shellcheck disable=SC2016  # the container's shell reads it
  enter_container "$name" sh -euc '
    mkdir -p /run/roost /lib/roost
    mount --bind /run/words /proc/cmdline
    cp /run/root/bin/roost-node /run/root/bin/busybox /run/roost/
    cp /run/root/lib/roost/server-key /lib/roost/
    cp /lib/roost/server-key /run/roost/
    /run/roost/roost-node configuration /run/roost/configuration.cpio
    mkdir -m 700 /run/roost/configuration
    cd /run/roost/configuration
    /run/roost/busybox cpio -idm </run/roost/configuration.cpio 2>/run/cpio.log || { cat /run/cpio.log >&2; exit 1; }
    rm -f /run/roost/configuration.cpio
    mv marks run-key /run/roost/
    # Its steps, as far as the tests need them: whole files that a setting wrote.
    cp -a files/. / 2>/dev/null || true
    /run/roost/roost-node steps before-init >/dev/null 2>&1 || true
    /run/roost/roost-node report ready
    chmod 440 /etc/sudoers.d/thin-client
    /usr/local/lib/thin-client/prepare'
}

terminal_put() { tar -C "$2" -c . | enter_container "$1" tar -x -C / --no-same-owner; } # NAME DIRECTORY

# --- what is seen ------------------------------------------------------------

# Lossy codecs change a colour a little.
is_blue() { # CLIENT
  local r g b
  read -r r g b < <(enter_container "$1" sh -c "xwd -root -silent | convert xwd:- -crop 1x1+900+700 -depth 8 rgb:- | od -An -tu1")
  ((r > 30 && r < 54 && g > 84 && g < 108 && b > 141 && b < 165))
}

terminal_desktop() { # CLIENT SECONDS PNG [PID]: of what shows it, which may end
  local start result=none round=0 status=1
  start=$(now_ms)
  while (($(now_ms) - start < $2 * 1000)); do
    [[ ! ${4:-} ]] || alive "$4" || break
    if is_blue "$1"; then
      result="desktop after $(($(now_ms) - start)) ms" status=0
      break
    fi
    # A window that says why there is none stays for a minute; nothing else comes.
    if ((++round % 8 == 0)) && result=$(enter_container "$1" pgrep -a -x yad); then break; fi
    sleep 0.1
  done
  enter_container "$1" import -window root png:- >"$3"
  printf '%s\n' "${result:-none}"
  return "$status"
}

terminal_blank() { # CLIENT
  # shellcheck disable=SC2016  # the container's shell reads it
  enter_container "$1" sh -c 'for name in xfreerdp xfreerdp3 nxproxy ssh yad; do pkill -x "$name"; done; sleep 0.3; xsetroot -solid black'
}

# --- people at a node --------------------------------------------------------

terminal_person() { # NODE USER
  local service=lightdm user=$2 password=''
  terminal_blank "$1"
  case $user in
    automatic) service=lightdm-autologin user=guest ;;
    guest) ;;
    *) IFS= read -r password ;;
  esac
  if ! printf '%s\n' "$password" | enter_container "$1" timeout 60 pamtester "$service" "$user" authenticate \
    >"$log_dir/$1.pam" 2>&1; then
    enter_container "$1" cat /run/thin-client/message
    return 1
  fi
  # The session goes on behind this program, without what a caller waits for the end of.
  close_inherited
  # shellcheck disable=SC2016  # the container's shell reads it
  enter_container "$1" sh -euc '
    uid=$(id -u "$1")
    printf "%s\n" "$1" >/run/person
    cd "/run/thin-client/home/$uid"
    setsid setpriv --reuid "$uid" --regid 100 --clear-groups env "HOME=$PWD" "USER=$1" LANG=C.UTF-8 \
      /usr/local/bin/roost-session >/run/session.log 2>&1 </dev/null &
    printf "%s\n" "$!" >/run/session.pid' sh "$user"
}

terminal_says() { # NODE [SECONDS]
  # shellcheck disable=SC2016  # the container's shell reads it
  enter_container "$1" sh -uc '
    for tick in $(seq "$1"); do
      # In a window, or for the log-in screen that comes next.
      said=$(pgrep -a -x yad | sed -n "s/.*--text=//; s/ --button=.*//p"; cat "/run/thin-client/home/$(id -u "$(cat /run/person)")/.said" 2>/dev/null)
      if [ -n "$said" ]; then
        printf "%s\n" "$said"
        pkill -x yad
        exit 0
      fi
      sleep 0.1
    done
    exit 1' sh "$((${2:-30} * 10))"
}

terminal_leave() { # NODE
  terminal_blank "$1"
  # shellcheck disable=SC2016  # the container's shell reads it
  enter_container "$1" sh -uc '
    [ -e /run/person ] || exit 0
    for tick in $(seq 100); do
      kill -0 "$(cat /run/session.pid)" 2>/dev/null || break
      pkill -x yad
      sleep 0.1
    done
    PAM_USER=$(cat /run/person) /usr/local/lib/thin-client/end
    rm -f /run/person'
}

terminal_login() { # CLIENT USER HOST PNG [ARGUMENT...]
  local client=$1 user=$2 host=$3 png=$4 program=xfreerdp pid status=0
  shift 4
  ! enter_container "$client" test -x /usr/bin/xfreerdp3 || program=xfreerdp3
  # What runs in the background has no standard input of its own accord.
  enter_container "$client" "$program" "/v:$host" "/u:$user" /from-stdin:force /cert:ignore /size:1024x768 "$@" \
    <&0 >"$log_dir/$client.freerdp" 2>&1 &
  pid=$!
  terminal_desktop "$client" 60 "$png" "$pid" || status=1
  if [[ $status = 1 ]] && ! alive "$pid"; then wait "$pid" || printf 'xfreerdp ended with %d\n' "$?"; fi
  terminal_blank "$client"
  return "$status"
}

terminal_end() { # NAME SIGNAL
  local first i
  first=$(leader "$1")
  [[ ! $first ]] || kill -s "$2" "${first%% *}" 2>/dev/null || true
  for ((i = 0; i < 150; i++)); do [[ $(leader "$1") ]] || break; sleep 0.1; done
  lab_stop "$1"
}

command=${1:-}
[[ $command ]] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$self" | grep -v '^set'; exit 2; }
shift
case $command in
  obstacle) terminal_obstacle ;;
  server) terminal_server "${1:?server NAME ADDRESS}" "${2:?server NAME ADDRESS}" ;;
  windows) terminal_windows "${1:?windows NAME ADDRESS DOMAIN USER}" "${2:?ADDRESS}" "${3:?DOMAIN}" "${4:?USER}" ;;
  client) terminal_client "${1:?client NAME ADDRESS}" "${2:?client NAME ADDRESS}" ;;
  node) terminal_node "$@" ;;
  run) terminal_run "$@" ;;
  put) terminal_put "$@" ;;
  exec)
    # What a command leaves behind holds nothing of the caller's.
    close_inherited
    enter_container "$@"
    ;;
  login) terminal_login "$@" ;;
  desktop) terminal_desktop "$@" ;;
  person) terminal_person "$@" ;;
  says) terminal_says "$@" ;;
  leave) terminal_leave "$@" ;;
  blank) terminal_blank "$@" ;;
  stop) terminal_end "${1:?stop NAME}" RTMIN+4 ;;
  kill)
    # Its processes would end their connections with a word.
    "${ns_ip[@]}" link set "${1:?kill NAME}" down
    terminal_end "$1" KILL
    ;;
  cut) "${ns_ip[@]}" link set "${1:?cut NAME}" down ;;
  mend) "${ns_ip[@]}" link set "${1:?mend NAME}" up ;;
  *) die "what is '$command'?" ;;
esac
