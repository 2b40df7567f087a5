#!/bin/bash
# build.sh TARGET: builds the packages roost, roost-node and roost-agent for this machine's Debian in the directory TARGET, from the compiled programs.
# Called by «make deb», and by tests, which are in a hurry: COMPRESSION=none.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=$1
here=Packaging/debian
version=$(sed -n 's/.*static let version = "\(.*\)"/\1/p' Sources/API/Release.swift)
architecture=$(dpkg --print-architecture)
day=$(git log -1 --format=%cd --date=rfc2822 2>/dev/null || date -R)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(date -d "$day" +%s)}

# Arguments: a package. Adds the documentation that every package has.
document() {
  local folder=$work/$1/usr/share/doc/$1
  mkdir -p "$folder"
  cp "$here/copyright" "$folder/copyright"
  printf 'roost (%s) stable; urgency=medium\n\n  * See CHANGELOG.md of the project.\n\n -- Roost maintainers <maintainers@roost.example>  %s\n' \
    "$version" "$day" | gzip -9n >"$folder/changelog.gz"
  if [[ -e $here/$1.lintian-overrides ]]; then
    install -D -m 644 "$here/$1.lintian-overrides" "$work/$1/usr/share/lintian/overrides/$1"
  fi
}

# Arguments: a package, and the libraries that it needs. Builds it.
pack() {
  local root=$work/$1
  mkdir -p "$root/DEBIAN"
  sed -e "s/@VERSION@/$version/g" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@LIBRARIES@/$2/" \
    -e "s/@SIZE@/$(du -sk --exclude=DEBIAN "$root" | cut -f1)/" "$here/$1.control" >"$root/DEBIAN/control"
  for script in preinst postinst prerm postrm conffiles; do
    [[ ! -e $here/$1.$script ]] || install -m "$([[ $script = conffiles ]] && echo 644 || echo 755)" "$here/$1.$script" "$root/DEBIAN/$script"
  done
  (cd "$root" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
  dpkg-deb --root-owner-group -Z"${COMPRESSION:-xz}" --build "$root" "$target/$1_${version}_$architecture.deb" >/dev/null
}

mkdir -p "$target"
make --no-print-directory install-files PREFIX=/usr UNITS=/lib/systemd/system DESTDIR="$work/roost" >/dev/null
mkdir -p "$work/roost-node/usr/lib"
mv "$work/roost/usr/lib/roost" "$work/roost-node/usr/lib/roost"
make --no-print-directory install-agent-files UNITS=/lib/systemd/system DESTDIR="$work/roost-agent" >/dev/null
# The full example is documentation; the installed configuration is empty.
install -D -m 644 Packaging/roost.yaml "$work/roost/usr/share/doc/roost/examples/roost.yaml"
rm "$work/roost/etc/roost/roost.yaml.example"
install -D -m 644 "$here/roost.yaml" "$work/roost/etc/roost/roost.yaml"
gzip -9n "$work/roost"/usr/share/man/man1/*.1
document roost
document roost-node
document roost-agent
# dpkg-shlibdeps needs a source package around it.
mkdir -p "$work/source/debian"
printf 'Source: roost\n\nPackage: roost\nArchitecture: any\n' >"$work/source/debian/control"
# Arguments: a program. Prints the packages of its libraries.
libraries() {
  (cd "$work/source" && dpkg-shlibdeps -O "$1" 2>/dev/null | sed 's/^shlibs:Depends=//')
}
pack roost "$(libraries "$work/roost/usr/bin/roost")"
pack roost-agent "$(libraries "$work/roost-agent/usr/bin/roost-agent")"
pack roost-node ""
ls "$target"/*.deb
