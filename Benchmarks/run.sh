#!/bin/bash
# make bench: installs the peers, builds the data planes for measuring, and compares; then a boot beside LTSP's, and the
# control center with 10,000 nodes, log-ins and agents, and images. Arguments go to run.py; with any of them only the data planes are measured.
set -euo pipefail
cd "$(dirname "$0")/.."
Benchmarks/peers.sh
python3 Benchmarks/run.py "$@"
if [[ $# -eq 0 ]]; then
  python3 Benchmarks/turns.py
  Benchmarks/boot.sh
  ROOST=$PWD/.build/release/roost ROOST_NODE=$PWD/.build/release/roost-node Lab/golden.sh tiny
  python3 Benchmarks/steps.py
  python3 Benchmarks/center.py
  .build/release/roost-planes log-ins
  python3 Benchmarks/agents.py
  python3 Benchmarks/desktops.py
  python3 Benchmarks/images.py
fi
