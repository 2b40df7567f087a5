#!/bin/sh
# Sets up the node's swap. What fails is reported with the next stage, and does not stop the boot.
set -eu
# shellcheck source=Sources/Images/NodeScripts/parameters.sh
. /lib/roost/parameters

said=''
say() {
    said="$said${said:+, }$1"
    # A machine may have no console.
    { echo "swap: $1" >/dev/console; } 2>/dev/null || true
}

# A compressed disk in memory, sized as a share of it.
swap_zram() {
    modprobe -q zram num_devices=1 || image_modules zram
    if [ ! -e /sys/block/zram0 ]; then
        say 'no zram: the kernel has no module for it'
        return
    fi
    kibibytes=$(awk -v share="$1" '/^MemTotal:/ { print int($2 * share / 100) }' /proc/meminfo)
    echo 1 >/sys/block/zram0/reset
    if echo "${kibibytes}K" >/sys/block/zram0/disksize && mkswap /dev/zram0 >/dev/null && roost-node swap /dev/zram0 100; then
        say "zram $((kibibytes / 1024)) MiB"
    else
        say 'no zram: it cannot be made'
    fi
}

# Every swap partition of the machine. One that holds a hibernated system has another signature and is left alone.
swap_disk() {
    found=''
    for _ in 1 2 3 4 5; do
        disk_drivers
        for path in /sys/class/block/*; do
            name=${path##*/}
            case $name in nbd* | loop* | ram* | zram* | dm-* | sr*) continue ;; esac
            if [ "$(dd if="/dev/$name" bs=1 skip=4086 count=10 2>/dev/null)" = SWAPSPACE2 ] &&
                roost-node swap "/dev/$name" 10 2>/dev/null; then
                found="$found /dev/$name"
            fi
        done
        if [ -n "$found" ]; then break; fi
        sleep 1
    done
    if [ -n "$found" ]; then say "disk$found"; else say 'no disk: there is no swap partition'; fi
}

# A file on the server. Nothing on the server can read it: the key is made here and exists nowhere else.
swap_server() {
    if [ "$(cat /sys/block/nbd2/size 2>/dev/null || echo 0)" = 0 ]; then
        if ! roost-node attach "$roost_nbd" "$1" 1 2; then
            say 'none on the server: it refuses'
            return
        fi
        roost-node keep "$roost_nbd" "$1" 2 </dev/null >/dev/null 2>&1 &
    fi
    encryption_modules
    if device=$(roost-node encrypt /dev/nbd2 roost-swap) && mkswap "$device" >/dev/null && roost-node swap "$device" 1; then
        say "server $(($(cat /sys/block/nbd2/size) / 2048)) MiB, encrypted"
    else
        say 'none on the server: it cannot be encrypted (does the image have dm_crypt?)'
    fi
}

# A repeated step undoes what it did before.
if [ -s /run/roost/swap ]; then exit 0; fi
old_ifs=$IFS
IFS=,
for place in $roost_swap; do
    IFS=$old_ifs
    case $place in
        zram:*) swap_zram "${place#zram:}" ;;
        disk) swap_disk ;;
        swap/*) swap_server "$place" ;;
    esac
done
if [ -n "$said" ]; then echo "swap: $said" >/run/roost/swap; fi
