#!/bin/sh
# The first program of a node: runs the numbered steps beside it, then the image's own init. A step that fails gives its reason in a
# readable line and reports itself; then roost.failure decides: retry, shell, reboot.
set -eu
export PATH=/bin
mkdir -p /proc /sys /dev /run
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o mode=0755,nosuid,nodev run /run
mkdir -p /run/roost /dev/pts
cut -d' ' -f1 /proc/uptime >/run/roost/started
# shellcheck source=Sources/Images/NodeScripts/parameters.sh
. /lib/roost/parameters

say() { printf 'roost: %s\n' "$*" >/dev/console; }

# A shell on the console, with job control; it ends with ‘exit’.
open_shell() {
    say "$1"
    say "this is a shell; leave it with ‘exit’"
    setsid cttyhack sh </dev/console >/dev/console 2>&1 || true
}

# What happens after step $1 has failed with the message in /run/roost/failure.
fail() {
    message="step $1: $(tail -n 1 /run/roost/failure 2>/dev/null || echo 'no message')"
    say "BOOT FAILED at $message"
    roost-node report failed "$message" || say 'the server could not be notified'
    case $roost_failure in
        shell) open_shell "after ‘exit’ the step is tried again" ;;
        reboot)
            say 'restarting in 10 seconds'
            sleep 10
            reboot -f
            ;;
        *)
            say 'trying again in 10 seconds'
            sleep 10
            ;;
    esac
}

# A trial version that does not come up must not require a visit to the machine.
if [ -n "$roost_deadline" ]; then roost-node deadline "$roost_deadline" </dev/null >/dev/null 2>&1 & fi

for step in /lib/roost/steps/*; do
    name=${step##*/}
    if [ "$roost_break" = "$name" ] || [ "$roost_break" = "${name#*-}" ]; then open_shell "stopped before $name"; fi
    # Standard error of a step goes to the console and to a file: its last line is the reason for a failure.
    until sh "$step" 2>/run/roost/failure; do
        cat /run/roost/failure >/dev/console
        fail "$name"
    done
    cat /run/roost/failure >/dev/console
done

say "starting $roost_init of $roost_export"
# Mounts move along; from here on nothing may need them in the old place.
for mounted in /run /proc /sys /dev; do
    mkdir -p "/sysroot$mounted"
    mount --move "$mounted" "/sysroot$mounted"
done
exec switch_root -c /dev/console /sysroot "$roost_init"
