#!/bin/sh
# Carries out the steps of the node's configuration that come before init, in its root, and hands the others to the image's init.
set -eu
# shellcheck source=Sources/Images/NodeScripts/parameters.sh
. /lib/roost/parameters

# Everything is written from inside the root: a link in the image cannot lead out of it. Commands expect the system's own directories.
leave() { for place in dev sys proc run; do umount -l "/sysroot/$place" 2>/dev/null || true; done; }
trap leave EXIT
for place in run proc sys dev; do
    mkdir -p "/sysroot/$place"
    mount --bind "/$place" "/sysroot/$place"
done
cp /bin/busybox /run/roost/busybox
inside() { chroot /sysroot /run/roost/busybox "$@"; }

# Constant across boots, and different on each machine: without a machine ID systemd treats every boot as the first, and enables all
# services of the image. The vendor's UUID itself must stay private (machine-id(5)).
identity=$(cat /sys/class/dmi/id/product_uuid 2>/dev/null || true)
case $identity in
    '' | *00000000-0000-0000-0000-000000000000* | [Ff][Ff][Ff][Ff][Ff][Ff][Ff][Ff]-*)
        identity=$(cat "/sys/class/net/$(cat /run/roost/interface)/address")
        ;;
esac
printf 'roost machine %s' "$identity" | sha256sum | cut -c1-32 >/run/roost/machine-id
inside cp /run/roost/machine-id /etc/machine-id

roost-node steps before-init /sysroot

# The steps of later phases, in memory that only root can read.
rm -rf /run/roost/steps
mkdir -m 700 /run/roost/steps
for phase in init late shutdown; do
    if [ -s "/run/roost/configuration/steps/$phase" ]; then
        mv "/run/roost/configuration/steps/$phase" /run/roost/steps/
    fi
done
# By these the running node gets changed steps; a server of an earlier version gives none.
if [ -e /run/roost/configuration/run-key ]; then
    mv /run/roost/configuration/marks /run/roost/marks
    mv /run/roost/configuration/run-key /run/roost/run-key
fi
rm -rf /run/roost/configuration

# systemd: a unit for each phase, in /run.
unit() {
    {
        printf '[Unit]\nDescription=Steps of this node at phase %s, from the Roost server\n%b' "$1" "$2"
        printf '\n[Service]\nType=oneshot\nRemainAfterExit=yes\nTimeoutSec=infinity\nKillMode=process\n'
        printf '%s=/run/roost/roost-node steps %s\n' "$3" "$1"
    } >"/run/systemd/system/roost-steps-$1.service"
    mkdir -p "/run/systemd/system/$4.wants"
    ln -sf "../roost-steps-$1.service" "/run/systemd/system/$4.wants/"
}

systemd_hook() {
    mkdir -p /run/systemd/system
    case $1 in
        init)
            # A failed step must not keep the system from starting: it is only wanted.
            unit init 'DefaultDependencies=no\nConflicts=shutdown.target\nBefore=sysinit.target\nAfter=local-fs.target systemd-modules-load.service systemd-sysctl.service\n' \
                ExecStart sysinit.target
            ;;
        late) unit late 'After=network.target remote-fs.target\n' ExecStart multi-user.target ;;
        # It is stopped before the network is.
        shutdown) unit shutdown 'After=network.target remote-fs.target\n' ExecStop multi-user.target ;;
    esac
}

# OpenRC: a service for each phase, and one that reports «off».
openrc_hook() {
    level=default
    needs='after *'
    if [ "$1" = init ]; then
        level=boot
        # Not needed: in Debian no service has that name, and OpenRC would not start this one.
        needs='after localmount mountall modules sysctl'
    fi
    act=start
    if [ "$1" = shutdown ] || [ "$1" = off ]; then
        act=stop
        # It is stopped before the network is.
        needs='after localmount mountall net'
    fi
    {
        printf '#!/sbin/openrc-run\ndescription="Work of this node for its Roost server: %s"\n' "$1"
        printf 'depend() { %s; }\n' "$needs"
        if [ $act = stop ]; then printf 'start() { return 0; }\n'; fi
        if [ "$1" = off ]; then
            printf 'stop() { /run/roost/roost-node report off || return 0; }\n'
        else
            printf '%s() { /run/roost/roost-node steps %s; }\n' "$act" "$1"
        fi
    } >/run/roost/hook
    chmod 755 /run/roost/hook
    inside cp /run/roost/hook "/etc/init.d/roost-steps-$1"
    inside mkdir -p "/etc/runlevels/$level"
    inside ln -sf "/etc/init.d/roost-steps-$1" "/etc/runlevels/$level/roost-steps-$1"
}

# busybox init: lines of its table, before the image's own of the same kind. At shutdown, steps come before the report «off».
busybox_hooks() {
    for phase in init late shutdown; do
        if [ -s "/run/roost/steps/$phase" ]; then
            case $phase in
                init) kind=sysinit ;;
                late) kind='wait' ;;
                shutdown) kind=shutdown ;;
            esac
            echo "::$kind:/run/roost/roost-node steps $phase"
        fi
    done >/run/roost/hook
    echo '::shutdown:/run/roost/roost-node report off' >>/run/roost/hook
    if inside test -e /etc/inittab; then
        # A root that outlives the boot has those of the last one.
        inside grep -v -e '/run/roost/roost-node steps' -e '/run/roost/roost-node report off' /etc/inittab \
            >>/run/roost/hook || true
    else
        # Without a table, busybox does this.
        printf '%s\n' '::sysinit:/etc/init.d/rcS' '::askfirst:/bin/sh' '::ctrlaltdel:/sbin/reboot' \
            '::shutdown:/sbin/swapoff -a' '::shutdown:/bin/umount -a -r' '::restart:/sbin/init' >>/run/roost/hook
    fi
    inside cp /run/roost/hook /etc/inittab
}

program=$(inside readlink -f "$roost_init" || true)
case $program in
    */systemd) init=systemd ;;
    *)
        init=''
        case $program in */busybox) init=busybox ;; esac
        if inside test -e /sbin/openrc-run; then init=openrc; fi
        ;;
esac
case $init in
    busybox) busybox_hooks ;;
    '')
        if [ -n "$(ls /run/roost/steps)" ]; then
            echo "the image's init is neither systemd nor OpenRC nor busybox: its steps at init, late and at shutdown are not carried out" >&2
        fi
        ;;
    *)
        for phase in init late shutdown; do
            if [ -s "/run/roost/steps/$phase" ]; then "${init}_hook" "$phase"; fi
        done
        # With systemd a unit of step 50 does this.
        if [ $init = openrc ]; then openrc_hook off; fi
        ;;
esac
rm -f /run/roost/hook
roost-node report configured "$(cat /run/roost/swap 2>/dev/null || true)"
