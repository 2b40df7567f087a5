#!/bin/bash
# make bench: installs the peers, builds the data planes for measuring, and compares. Arguments go to run.py.
set -euo pipefail
cd "$(dirname "$0")/.."
Benchmarks/peers.sh
swift build --configuration release --product roost-planes --scratch-path .build-bench
exec python3 Benchmarks/run.py "$@"
