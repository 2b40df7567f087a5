#!/bin/bash
# manual.sh PROGRAMS TARGET: manual pages of roost and its completions for shells, made by roost and generate-manual in the directory
# PROGRAMS, into the directory TARGET.
set -euo pipefail
programs=$1 target=$2
unset ROOST_SOCKET # It would be a default in them, as what this host's own configuration says.
export ROOST_CONFIGURATION=/dev/null
rm -rf "$target"
mkdir -p "$target"
day=$(git log -1 --format=%cs 2>/dev/null || date +%F)
"$programs/generate-manual" "$programs/roost" --multi-page --date "$day" --output-directory "$target"
# What its help does not list is for the server alone.
listed=$("$programs/roost" --help | awk '/^SUBCOMMANDS:/ { on = 1 } on && /^  [a-z]/ { print $1 }' | paste -sd'|')
for page in "$target"/*.1; do
  name=${page##*/} name=${name%.1}
  if [[ ! $name =~ ^roost(\.($listed)(\..*)?)?$ ]]; then
    rm "$page"
    continue
  fi
  # An example has a line of its own.
  sed -i 's/^roost .*/.br\n&\n.br/' "$page"
  # As man looks for them: «man roost node» is roost-node(1).
  sed -E -i -e "/^\.Xr roost\./{/^\.Xr roost\.($listed)[. ]/!d}" -e '/^\.(Xr|Dt) /s/(roost|ROOST|[A-Za-z-])\./\1-/g' "$page"
  [[ $name = roost ]] || mv "$page" "$target/${name//./-}.1"
done
for shell in bash zsh fish; do "$programs/roost" --generate-completion-script "$shell" >"$target/roost.$shell"; done
