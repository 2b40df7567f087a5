#!/bin/sh
# Gives the boot card the address that it got from the server, without asking again.
set -eu
# shellcheck source=Sources/Images/NodeScripts/parameters.sh
. /lib/roost/parameters

# The interface with the boot card's address, or the only card when the loader did not name one.
find_interface() {
    for address in /sys/class/net/*/address; do
        name=${address%/address}
        name=${name##*/}
        [ "$name" != lo ] || continue
        if [ -z "$boot_mac" ] || [ "$(cat "$address")" = "$boot_mac" ]; then
            printf '%s' "$name"
            return 0
        fi
    done
    return 1
}

# Tries every tenth of a second, $1 times, until the command in the remaining words succeeds.
wait_for() {
    tries=$1
    shift
    until "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.1
    done
}

has_interface() { interface=$(find_interface); }
wait_for 100 has_interface || {
    cards=$(cat /sys/class/net/*/address | grep -v '^00:00:00:00:00:00$' | tr '\n' ' ')
    # U-Boot may have an address of its own that the kernel does not learn.
    other=${cards:+", or the loader has another address for it than the kernel; there is $cards"}
    echo "no network card with address ${boot_mac:-(any)}: its driver is missing in the image's kernel$other" >&2
    exit 1
}
ip link set lo up
ip link set "$interface" up
has_carrier() { [ "$(cat "/sys/class/net/$interface/carrier" 2>/dev/null)" = 1 ]; }
wait_for 300 has_carrier || {
    echo "no link on $interface: is the cable in?" >&2
    exit 1
}

# ip=CLIENT:SERVER:ROUTER:MASK:NAME:DEVICE:METHOD
old_ifs=$IFS
IFS=:
set -f
# shellcheck disable=SC2086  # Splitting is the purpose.
set -- $ip_words
set +f
IFS=$old_ifs
client=${1:-} router=${3:-} mask=${4:-}
case $client in
    # ip=dhcp and its kin: the method alone (Documentation/admin-guide/nfs/nfsroot.rst).
    *[!0-9.]*) client='' ;;
esac
ip addr flush dev "$interface"
if [ -n "$client" ]; then
    ip addr add "$client/$mask" broadcast + dev "$interface"
    if [ -n "$router" ]; then ip route replace default via "$router"; fi
else
    cat >/run/roost/udhcpc <<'SCRIPT'
#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev "$interface"
for address in ${router:-}; do
    ip route replace default via "$address"
    break
done
printf '%s' "${dns:-}" >/run/roost/dns
printf '%s %s %s\n' "$ip" "${serverid:-}" "${lease:-}" >/run/roost/lease
SCRIPT
    chmod 755 /run/roost/udhcpc
    udhcpc -q -n -t 10 -i "$interface" -s /run/roost/udhcpc >/dev/null || {
        echo "no DHCP server answers on $interface" >&2
        exit 1
    }
fi
if [ -n "$roost_dns" ]; then printf '%s' "$roost_dns" | tr ',' ' ' >/run/roost/dns; fi
printf '%s' "$interface" >/run/roost/interface
# Without a hardware address netconsole broadcasts: the server, or a router, is on the link.
if [ -n "$roost_netconsole" ]; then
    server=${roost_http%:*}
    modprobe -q netconsole "netconsole=@/$interface,$roost_netconsole@$server/" || echo 'netconsole cannot be started' >&2
fi
roost-node report init '' "$(cat /run/roost/started)"
roost-node report network "$interface ${client:-by DHCP}"
