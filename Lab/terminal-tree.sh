#!/bin/bash
# terminal-tree.sh: a Debian tree for terminal servers or their clients in the laboratory.
#
#   terminal-tree.sh KIND [SUITE]            make it if it is not there; prints its directory. KIND is server or client
#   terminal-tree.sh --recipe KIND [SUITE]   its recipe: another recipe means another tree
#
# server: systemd, xrdp with xorgxrdp, sshd, X2Go, openbox: about 650 MB. client: FreeRDP, Xvfb, X2Go's nxproxy, and the log-in
# screen's parts for PAM: about 600 MB. SUITE is bookworm, or trixie. The trees are kept in .build/lab-cache, and are never written to.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${LAB_CACHE:-$here/.build/lab-cache}

packages() { # KIND SUITE
  local all
  case $1 in
    server)
      all=systemd-sysv,dbus,libpam-systemd,iproute2,procps,openssh-server,xauth,ca-certificates,openssl
      # What roost-agent is linked with.
      all+=,libsodium23,libstdc++6,zstd
      all+=,xrdp,xorgxrdp,openbox,xterm,x11-xserver-utils,xfonts-base,fonts-dejavu-core,dbus-x11,xprintidle
      all+=,x2goserver,x2goserver-xsession
      # Sound through xrdp is packaged from Debian 13 on.
      [[ $2 = bookworm ]] || all+=,pipewire,pipewire-pulse,wireplumber,pipewire-module-xrdp,pulseaudio-utils
      ;;
    client)
      all=xvfb,x11-apps,x11-utils,x11-xserver-utils,imagemagick,openssh-client,xauth,xdotool,iproute2,iputils-ping,procps,fonts-dejavu-core
      all+=,nxproxy,sudo,libnss-extrausers,pamtester,yad,xclip
      # The shadow server stands in for Windows.
      if [[ $2 = bookworm ]]; then all+=,freerdp2-x11,freerdp2-shadow-x11; else all+=,freerdp3-x11,freerdp3-shadow-x11; fi
      ;;
    *) echo "terminal-tree.sh: what is a '$1'?" >&2; exit 2 ;;
  esac
  printf '%s\n' "$all"
}

recipe() { # KIND SUITE
  packages "$@"
  # What the archive has now, as far as this machine knows it.
  apt-cache policy xrdp freerdp2-x11 openssh-server x2goserver | grep -E '^[^ ]|Candidate'
  cat "${BASH_SOURCE[0]}"
}

build() { # KIND SUITE DIRECTORY
  local kind=$1 suite=$2 dir=$3 debs=$cache/terminal-debs
  mkdir -p "$debs"
  # shellcheck disable=SC2016  # the hooks run in mmdebstrap's own shell
  mmdebstrap --mode=root --variant=minbase --components=main --include="$(packages "$kind" "$suite")" \
    --aptopt='Apt::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
    --dpkgopt=force-unsafe-io --dpkgopt=force-confold \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --skip=download/empty --skip=essential/unlink --skip=cleanup/apt/cache \
    --setup-hook='mkdir -p "$1"/var/cache/apt/archives/' \
    --setup-hook="sync-in $debs /var/cache/apt/archives/" \
    --customize-hook="sync-out /var/cache/apt/archives $debs" \
    --customize-hook='rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/*_*' \
    "$suite" "$dir" >&2
  # A stored name beats that of the container; the smallest Debian has no names at all.
  rm -f "$dir/etc/hostname"
  printf '127.0.0.1 localhost\n::1 localhost\n' >"$dir/etc/hosts"
  printf 'LANG=C.UTF-8\n' >"$dir/etc/default/locale"
  "dress_$kind" "$dir"
}

dress_server() { # DIRECTORY
  # Without its key xrdp offers no TLS, and FreeRDP then fails with a checksum error.
  chroot "$1" usermod -aG ssl-cert xrdp
  # A wrong password ends the connection instead of showing xrdp's own window.
  sed -i -e 's/^#\?require_credentials=.*//' -e 's/^autorun=.*/autorun=Xorg/' \
    -e 's/^\[Globals\]/[Globals]\nrequire_credentials=true\nhidelogwindow=true/' "$1/etc/xrdp/xrdp.ini"
  # It asks for the state of all sessions again and again, which takes half a processor; it only writes down that some are over.
  ln -sf /dev/null "$1/etc/systemd/system/x2goserver.service"
  # A desktop that a test recognises: blue, with a window that says who is where.
  cat >"$1/etc/xdg/openbox/autostart" <<'Y'
xsetroot -solid '#2a6099'
xterm -geometry 70x16+80+80 -e sh -c 'echo "$USER on $(hostname)"; id; exec sh' &
Y
  cat >"$1/usr/local/bin/desk" <<'Y'
#!/bin/sh
# The desktop for X2Go and ssh -X.
exec openbox --startup 'sh /etc/xdg/openbox/autostart'
Y
  chmod 755 "$1/usr/local/bin/desk"
}

dress_client() { # DIRECTORY
  # As Examples/thin-client/Dockerfile has it.
  chroot "$1" useradd --uid 1000 --gid users --comment Guest --home-dir /run/thin-client/home/1000 --shell /bin/sh guest
  sed -i -e 's/^\(passwd\|group\|shadow\):.*/& extrausers/' "$1/etc/nsswitch.conf"
}

if [[ ${1:-} = --recipe ]]; then recipe "${2:?which kind?}" "${3:-bookworm}"; exit; fi
kind=${1:?usage: terminal-tree.sh server|client [SUITE]} suite=${2:-bookworm}
name=terminal-$kind-$suite
kept=$cache/roots/$name-$(recipe "$kind" "$suite" | sha256sum | cut -c1-32)
mkdir -p "$cache/roots"
exec 9>"$cache/roots/$name.lock"
flock 9
if [[ ! -d $kept ]]; then
  rm -rf "$cache/roots/$name.new"
  build "$kind" "$suite" "$cache/roots/$name.new"
  mv "$cache/roots/$name.new" "$kept"
  find "$cache/roots" -maxdepth 1 -name "$name-*" ! -path "$kept" -exec rm -rf {} +
fi
printf '%s\n' "$kept"
