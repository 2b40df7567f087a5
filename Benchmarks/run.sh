#!/bin/bash
# make bench: installs the peers, builds the data planes for measuring, and compares; then a boot beside LTSP's.
# Arguments go to run.py; with any of them the boot is left out (boot.sh does it alone).
set -euo pipefail
cd "$(dirname "$0")/.."
Benchmarks/peers.sh
swift build --configuration release --product roost-planes --scratch-path .build-bench
python3 Benchmarks/run.py "$@"
[[ $# -gt 0 ]] || Benchmarks/boot.sh
