#!/bin/sh
# Puts units that report «ready» and «off» into /run, where the image's init finds them.
set -eu
# shellcheck source=Sources/Images/NodeScripts/parameters.sh
. /lib/roost/parameters

# The sealed data is in place; the image needs none of this.
rm -f /run/roost/boot-key
interface=$(cat /run/roost/interface)
cp /bin/roost-node /run/roost/roost-node
cp /proc/cmdline /run/roost/cmdline
# With it the running node knows what its server has signed.
cp /lib/roost/server-key /run/roost/server-key
units=/run/systemd/system
mkdir -p "$units/multi-user.target.wants" "$units/ssh.service.d" /run/systemd/network /run/NetworkManager/conf.d
cat >"$units/roost-ready.service" <<'UNIT'
[Unit]
Description=Tell the Roost server that this node is ready
# Without default dependencies: systemd otherwise orders a unit that a target wants before that target.
DefaultDependencies=no
After=multi-user.target
Conflicts=shutdown.target
# It is stopped first, and the shutdown waits for it.
Before=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/run/roost/roost-node report ready
ExecStart=-/run/roost/roost-node hardware complete
# Not when it is stopped for another reason, as by rescue mode.
ExecStop=/bin/sh -c '[ "$$(systemctl is-system-running)" != stopping ] || /run/roost/roost-node report off'
TimeoutStopSec=10
UNIT
ln -sf ../roost-ready.service "$units/multi-user.target.wants/roost-ready.service"
cat >"$units/roost-attend.service" <<'UNIT'
[Unit]
Description=Do what the Roost server asks this node for

[Service]
ExecStart=/run/roost/roost-node attend
Restart=on-failure
RestartSec=30
UNIT
ln -sf ../roost-attend.service "$units/multi-user.target.wants/roost-attend.service"
# An image has no host keys of its own; the configuration brings one, or each boot makes one. An RSA key costs a slow machine many seconds,
# so it is made only when sshd accepts no other.
cat >"$units/ssh.service.d/roost.conf" <<'UNIT'
[Service]
ExecStartPre=
ExecStartPre=/bin/sh -c '[ -e /etc/ssh/ssh_host_ed25519_key ] || for kind in ed25519 ecdsa; do key=/etc/ssh/ssh_host_$${kind}_key; [ -e $$key ] || ssh-keygen -q -t $$kind -N "" -f $$key; done'
ExecStartPre=/bin/sh -c '/usr/sbin/sshd -t || { ssh-keygen -A && exec /usr/sbin/sshd -t; }'
UNIT
# The root depends on this card: its address must not be removed.
mac=$(cat "/sys/class/net/$interface/address")
printf '[Match]\nMACAddress=%s\n\n[Link]\nUnmanaged=yes\n' "$mac" >/run/systemd/network/10-roost.network
printf '[device-roost]\nmatch-device=mac:%s\nmanaged=0\n' "$mac" >/run/NetworkManager/conf.d/10-roost.conf
# Useful information, but its absence does not stop the boot.
if [ -d /sys/firmware/efi/efivars ]; then
    modprobe -q efivarfs || true
    mount -t efivarfs efivarfs /sys/firmware/efi/efivars 2>/dev/null || true
fi
roost-node hardware || true
roost-node report handover "$roost_init"
