#!/bin/bash
# All tests, in two runs side by side: a machine in QEMU keeps one processor busy, and the laboratory tests wait for machines
# most of the time. Each run has a laboratory of its own. What the second one says is shown when both are over.
#
#   Tests/run.sh [FIRST SECOND]    regular expressions of suites instead of everything
set -euo pipefail
cd "$(dirname "$0")/.."
tests=$(swift build --show-bin-path)/roostPackageTests.xctest
# About half of the laboratory's time. A new suite is part of the first run until it is named here.
second=${2:-'EndToEnd/(DiskTests|ImportTests|LargeImageTests|NFSTests|ReplicationTests|RolloutTests|SessionTests|ShellTests|VolumeTests)/'}
first=(--skip "$second")
[[ $# -lt 1 ]] || first=(--filter "$1")
log=.build/second-tests.log

ROOST_E2E_NAMESPACE=roost-two "$tests" --testing-library swift-testing --filter "$second" >"$log" 2>&1 &
other=$!
trap 'kill "$other" 2>/dev/null || true; wait || true' EXIT
trap 'exit 130' INT TERM
status=0
"$tests" --testing-library swift-testing "${first[@]}" || status=$?
wait "$other" || status=$?
cat "$log"
exit "$status"
