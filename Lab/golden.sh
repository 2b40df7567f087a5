#!/bin/bash
# Makes what all laboratories of a test run start from: the state directory of a server with its images. Each suite begins with a copy
# instead of building them itself.
#
#   Lab/golden.sh tiny      the image tiny, the site's default
#   Lab/golden.sh debian    also the image debian, from Lab/debian
#   Lab/golden.sh physical  a tiny root with a general-purpose kernel, to be imported
#   Lab/golden.sh end       remove a laboratory that an interrupted call left
#
# Below .build/lab/golden: NAME/state, root and physical (roots as directories), key (opens every node by SSH). They are rebuilt for each
# program; only the roots are kept between runs, by the digest of their recipe.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
name=$1
golden=$here/.build/lab/golden
cache=$here/.build/lab-cache
roost=${ROOST:?the program under test}
node_program=${ROOST_NODE:?the program of nodes}
export LAB_DIR=$golden/lab-$name LAB_NS=roost-golden-$name
lab=$here/Lab/lab.sh
if [[ $name = end ]]; then
  for name in tiny debian; do LAB_DIR=$golden/lab-$name LAB_NS=roost-golden-$name "$lab" down >/dev/null; done
  exit 0
fi

mkdir -p "$golden" "$cache/roots"
exec 9>"$golden/$name.lock"
flock 9

# Keeps only the newest NAME in $cache/roots.
keep_one() { find "$cache/roots" -maxdepth 1 -name "$1-*" ! -name "$2" -exec rm -rf {} +; }

# Puts a root from tiny.sh at $golden/PLACE, from the cache or newly made.
tiny_root() { # PLACE NAME [KERNEL-PACKAGE MODULE...]
  local place=$1 name=$2 kept
  shift 2
  kept=$name-$("$here/Lab/tiny.sh" --recipe "$@" | sha256sum | cut -c1-32)
  if [[ ! -d $cache/roots/$kept ]]; then
    rm -rf "$cache/roots/$name.new"
    "$here/Lab/tiny.sh" "$cache/roots/$name.new" "$@"
    mv "$cache/roots/$name.new" "$cache/roots/$kept"
  fi
  keep_one "$name" "$kept"
  ln -sfn "$cache/roots/$kept" "$golden/$place"
}

if [[ $name = physical ]]; then
  tiny_root physical physical linux-image-amd64 ahci ext4 r8169 realtek zram dm-crypt
  exit 0
fi

# Existing results are valid as long as neither the programs nor the roots' recipes change.
recipe() {
  "$here/Lab/tiny.sh" --recipe
  cat "${BASH_SOURCE[0]}" "$here"/Lab/debian/*
}
made_from=$({ recipe; cat "$roost" "$node_program"; } | sha256sum)
if [[ $(cat "$golden/$name.made" 2>/dev/null || true) = "$made_from" ]]; then exit 0; fi
rm -rf "${golden:?}/$name" "$golden/$name.made"

serve() {
  mkdir -p "$LAB_DIR"
  "$lab" down >/dev/null
  trap '"$lab" down >/dev/null' EXIT
  "$lab" up >/dev/null
  export ROOST_SOCKET=$LAB_DIR/socket/api.sock
  "$lab" serve roost "$roost" serve --interface br0 --state-directory "$golden/$name/state" --socket "$ROOST_SOCKET" \
    --node-program "$node_program" --user daemon >/dev/null
  until "$roost" status >/dev/null 2>&1; do sleep 0.05; done
}
packing=(--state-directory "$golden/$name/state" --cache "$cache")

case $name in
  tiny)
    tiny_root root tiny
    [[ -e $golden/key ]] || ssh-keygen -q -t ed25519 -N '' -f "$golden/key"
    serve
    "$roost" image import tiny "$golden/root/" "${packing[@]}" >/dev/null
    "$roost" set image=tiny console=tty0,ttyS0 "kernel-arguments=mitigations=off no_timer_check cryptomgr.notests" \
      "ssh-authorized-keys=@$golden/key.pub" >/dev/null
    ;;
  debian)
    "${BASH_SOURCE[0]}" tiny
    mkdir -p "$golden/debian"
    cp -a "$golden/tiny/state" "$golden/debian/state"
    serve
    # The archive's signatures say what a build would fetch now; the builder's sources say how.
    kept=debian-$(cat /var/lib/apt/lists/*InRelease "$here"/Sources/Images/*.swift "$here"/Lab/debian/* | sha256sum |
      cut -c1-32).squashfs
    if [[ -e $cache/roots/$kept ]]; then
      "$roost" image import debian "$cache/roots/$kept" "${packing[@]}" >/dev/null
    else
      "$roost" image build debian "$here/Lab/debian" --build-arg GREETING=hello "${packing[@]}" >/dev/null
      cp "$golden"/debian/state/images/debian/*/root.squashfs "$cache/roots/$kept.new"
      mv "$cache/roots/$kept.new" "$cache/roots/$kept"
    fi
    keep_one debian "$kept"
    ;;
  *)
    echo "golden: what is $name?" >&2
    exit 2
    ;;
esac
"$lab" down >/dev/null
trap - EXIT
printf '%s' "$made_from" >"$golden/$name.made"
