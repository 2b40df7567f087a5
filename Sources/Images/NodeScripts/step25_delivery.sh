#!/bin/sh
# Fetches this node's own data, sealed to the key of this boot: the files for its root, and the key of its volume.
set -eu
rm -rf /run/roost/configuration
roost-node configuration /run/roost/configuration.cpio
mkdir -m 700 /run/roost/configuration
(cd /run/roost/configuration && cpio -idm <../configuration.cpio 2>/dev/null)
rm -f /run/roost/configuration.cpio
