#!/bin/sh
# Mounts the image, on demand or as a whole copy, with a writable layer on top: in memory, or on the node's own volume.
set -eu
# shellcheck source=Sources/Images/NodeScripts/parameters.sh
. /lib/roost/parameters

# Mebibytes of memory that the system needs in addition to a root in memory.
reserve=96

# Root mode nbd: blocks are fetched when they are read.
attach_root() {
    if [ "$(cat /sys/block/nbd0/size)" = 0 ]; then
        roost-node attach "$roost_nbd" "$roost_export" "$roost_connections"
        # It survives the switch to the image: an argument that begins with @ keeps systemd from ending it.
        roost-node keep "$roost_nbd" "$roost_export" </dev/null >/dev/null 2>&1 &
    fi
    mount -t squashfs -o ro /dev/nbd0 /run/roost/lower
    how="nbd $roost_export"
}

# Root mode ram: the whole image is copied now, and the server is not needed any more. Fails with $why when it does not fit or is
# incomplete.
load_root() {
    mebibytes=$((roost_size / 1048576 + 1))
    available=$(($(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo) / 1024))
    if [ "$available" -lt $((mebibytes + reserve)) ]; then
        why="the root has $mebibytes MiB and $available MiB of memory are free, of which $reserve must stay free"
        return 1
    fi
    mkdir -p /run/roost/ram
    mount -t tmpfs -o "size=$((mebibytes + 1))m,mode=0700" ram /run/roost/ram || {
        why='there is no room for it in memory'
        return 1
    }
    for attempt in 1 2 3; do
        rm -f /run/roost/ram/*
        # The checksum is computed on the way: the root is not read a second time.
        {
            wget -q -O - "http://$roost_http/i/$roost_image/root.squashfs" | tee /run/roost/ram/root.squashfs |
                sha256sum >/run/roost/ram/sum.part
            mv /run/roost/ram/sum.part /run/roost/ram/sum
        } &
        while [ ! -e /run/roost/ram/sum ]; do
            sleep 1
            loaded=$(stat -c %s /run/roost/ram/root.squashfs 2>/dev/null || echo 0)
            printf 'roost: loading the root: %d of %d MiB\n' $((loaded / 1048576)) "$mebibytes" >/dev/console
        done
        wait
        if [ "$(cut -d' ' -f1 /run/roost/ram/sum)" = "$roost_sha256" ] &&
            [ "$(stat -c %s /run/roost/ram/root.squashfs)" = "$roost_size" ]; then
            how="ram $roost_export, $mebibytes MiB"
            why='it cannot be mounted from memory'
            if mount -t squashfs -o ro,loop /run/roost/ram/root.squashfs /run/roost/lower; then return 0; fi
            break
        fi
        why='it was not received completely'
        echo "the root was not received completely (attempt $attempt of 3)" >&2
        sleep 2
    done
    umount /run/roost/ram
    return 1
}

# The program that keeps the NBD root also renews the lease; without it another one must.
renew_lease() {
    if [ -e /run/roost/renewed ]; then return; fi
    touch /run/roost/renewed
    roost-node renew </dev/null >/dev/null 2>&1 &
}

# A writable layer over the image: in memory, or on the volume.
lay_over() {
    if [ "$roost_root" = persistent ]; then
        layer=/run/roost/volume
        what="changes kept on $roost_volume"
        # The version below may change while the node is off, so features that need the lower files to stay the same are off.
        options=,redirect_dir=off,index=off,metacopy=off
    else
        layer=/run/roost/overlay
        what="overlay $roost_overlay"
        options=
        mount -t tmpfs -o "size=$roost_overlay,mode=0755" overlay $layer
    fi
    mkdir -p $layer/upper $layer/work
    mount -t overlay -o "lowerdir=/run/roost/lower,upperdir=$layer/upper,workdir=$layer/work$options" roost /sysroot
}

# Root mode nfs: mounts $roost_nfs at directory $1, for $2 (ro or rw). It waits for a lost server without limit.
mount_nfs() {
    modprobe -q nfsv4 || true
    if ! grep -qw nfs4 /proc/filesystems; then
        echo "the image's kernel has no NFS for root mode nfs: build or import the image again" >&2
        exit 1
    fi
    mkdir -p "$1"
    # The server may be reloading its exports at this moment.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        if mount -t nfs4 -o "$2,noatime,vers=4.1,proto=tcp,hard,timeo=600,retrans=2,nconnect=$roost_connections,addr=${roost_nfs%%:*}" \
            "$roost_nfs" "$1"; then
            # The kernel's 128 KiB make reading over a network slow.
            device=$(awk -v where="$1" '$5 == where { print $3 }' /proc/self/mountinfo)
            echo 4096 >"/sys/class/bdi/$device/read_ahead_kb" || true
            return 0
        fi
        sleep 1
    done
    echo "the NFS server refuses $roost_nfs: see the messages above, and ‘roost doctor’ on the server" >&2
    exit 1
}

# The node's own disk, which outlives the boot. The server opens it only for this machine in this boot.
attach_volume() {
    modprobe -q ext4 || true
    if ! grep -qw ext4 /proc/filesystems; then
        echo "the image's kernel has no ext4 for the volume: build or import the image again" >&2
        exit 1
    fi
    if [ "$(cat /sys/block/nbd1/size)" = 0 ]; then
        roost-node attach "$roost_nbd" "$roost_volume" "$roost_connections" 1
        roost-node keep "$roost_nbd" "$roost_volume" 1 </dev/null >/dev/null 2>&1 &
    fi
    volume_device=/dev/nbd1
    key=/run/roost/configuration/volume-key
    if [ -s $key ]; then
        modules_root=/run/roost/lower
        encryption_modules
        modules_root=/sysroot
        volume_device=$(roost-node encrypt /dev/nbd1 roost-volume $key) || {
            echo "the volume of this node is encrypted, and the image's kernel cannot open it: boot a version that has dm_crypt" >&2
            exit 1
        }
    fi
    mkdir -p /run/roost/volume
    # The file on the server is sparse: deleting gives room back, and inodes that were never written take none.
    mount -t ext4 -o noatime,discard,noinit_itable "$volume_device" /run/roost/volume || {
        # Its key may have changed since this one was fetched.
        rm -rf /run/roost/configuration
        echo "the volume of this node cannot be mounted: ‘roost volume reset’ gives it an empty one" >&2
        exit 1
    }
    if [ -s $key ]; then roost-node grow /run/roost/volume "$volume_device"; fi
}

# Seconds since the kernel's start: the wall clock may be set during a wait.
uptime_seconds() {
    read -r since _ </proc/uptime
    echo "${since%.*}"
}

# A file system on the machine's own disks replaces the volume. If it is missing the node boots anyway: a dead disk should not cost the
# whole machine.
attach_disk() {
    device=''
    # A controller, its ports and their disks appear one after the other, sometimes slowly.
    last=$(($(uptime_seconds) + 30))
    while :; do
        disk_drivers
        device=$(findfs "LABEL=$roost_disk" 2>/dev/null) && break
        [ "$(uptime_seconds)" -lt "$last" ] || break
        sleep 1
    done
    why="there is no disk with the label $roost_disk"
    if [ -z "$device" ]; then return 1; fi
    image_modules ext4 xfs btrfs
    why="$device with the label $roost_disk cannot be mounted"
    mkdir -p /run/roost/disk
    mount -o noatime "$device" /run/roost/disk
}

# A directory of the image that outlives the boot; the first boot fills it from the image.
keep_directory() {
    kept=$where/directories$1
    mkdir -p "/sysroot$1"
    if [ ! -d "$kept" ]; then
        rm -rf "$kept.new"
        mkdir -p "$kept.new"
        cp -a "/sysroot$1/." "$kept.new/"
        sync
        mv "$kept.new" "$kept"
    fi
    mount --bind "$kept" "/sysroot$1"
}

# A repeated step undoes what it did before, last mount first.
for mounted in $(awk '$2 ~ "^/sysroot/" { print $2 }' /proc/mounts | sort -r) \
    /sysroot /run/roost/lower /run/roost/nfs /run/roost/overlay /run/roost/ram /run/roost/volume /run/roost/disk; do
    if grep -q " $mounted " /proc/mounts; then umount "$mounted"; fi
done
mkdir -p /run/roost/lower /run/roost/overlay
case $roost_root in
    nbd | persistent) attach_root ;;
    nfs)
        renew_lease
        if [ "$roost_nfs_root" = own ]; then
            mount_nfs /sysroot rw
            how="nfs $roost_nfs"
            what='its own copy'
        else
            modprobe -q loop || true
            mount_nfs /run/roost/nfs ro
            mount -t squashfs -o ro,loop /run/roost/nfs/root.squashfs /run/roost/lower
            how="nfs $roost_export"
        fi
        ;;
    ram)
        modprobe -q loop || true
        if ! load_root; then
            echo "root mode ram: $why; using nbd instead" >&2
            attach_root
            how="$how instead of ram: $why"
        else
            renew_lease
        fi
        ;;
    *)
        echo "root mode ‘$roost_root’ is not known to this initramfs" >&2
        exit 1
        ;;
esac
if [ -n "$roost_volume" ]; then
    [ -e /run/roost/configuration ] || sh /lib/roost/steps/25-delivery
    attach_volume
fi
[ "$how" = "nfs $roost_nfs" ] || lay_over
where=/run/roost/volume
if [ -n "$roost_disk" ]; then
    if attach_disk; then
        where=/run/roost/disk
        what="$what, directories on $device"
    else
        echo "$why: nothing is kept after this boot" >&2
        what="$what, nothing is kept: $why"
        roost_persist=''
    fi
fi
old_ifs=$IFS
IFS=:
for directory in $roost_persist; do keep_directory "$directory"; done
IFS=$old_ifs
if [ ! -x "/sysroot$roost_init" ] && [ ! -L "/sysroot$roost_init" ]; then
    echo "the image has no $roost_init" >&2
    exit 1
fi
roost-node report root "$how, $what"
