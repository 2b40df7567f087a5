# shellcheck shell=sh
# The kernel parameters for Roost, parsed in this one place. Nothing here is evaluated: values are only assigned.
# shellcheck disable=SC2034  # They are used by the scripts that source this one.
roost_break='' roost_failure=retry roost_init=/sbin/init roost_http='' roost_nbd='' roost_root=nbd roost_export=''
roost_connections=2 roost_overlay=50% roost_boot='' roost_dns='' roost_lease='' roost_netconsole=''
roost_image='' roost_sha256='' roost_size=0 roost_deadline='' roost_volume='' roost_persist='' roost_disk='' roost_nfs='' roost_nfs_root=shared roost_swap='' boot_mac='' ip_words=''
set -f
# shellcheck disable=SC2013  # It is split into words.
for word in $(cat /proc/cmdline); do
    value=${word#*=}
    case $word in
        roost.break=*) roost_break=$value ;;
        roost.failure=*) roost_failure=$value ;;
        roost.http=*) roost_http=$value ;;
        roost.nbd=*) roost_nbd=$value ;;
        roost.root=*) roost_root=$value ;;
        roost.export=*) roost_export=$value ;;
        roost.image=*) roost_image=$value ;;
        roost.sha256=*) roost_sha256=$value ;;
        roost.size=*) roost_size=$value ;;
        roost.connections=*) roost_connections=$value ;;
        roost.overlay=*) roost_overlay=$value ;;
        roost.boot=*) roost_boot=$value ;;
        roost.deadline=*) roost_deadline=$value ;;
        roost.nfs=*) roost_nfs=$value ;;
        roost.nfs-root=*) roost_nfs_root=$value ;;
        roost.volume=*) roost_volume=$value ;;
        roost.persist=*) roost_persist=$value ;;
        roost.disk=*) roost_disk=$value ;;
        roost.swap=*) roost_swap=$value ;;
        roost.dns=*) roost_dns=$value ;;
        roost.lease=*) roost_lease=$value ;;
        roost.netconsole=*) roost_netconsole=$value ;;
        init=*) roost_init=$value ;;
        ip=*) ip_words=$value ;;
        # GRUB writes the address with colons, PXELINUX and iPXE with hyphens.
        BOOTIF=01[-:]*) boot_mac=$(printf '%s' "${value#01?}" | tr 'A-Z-' 'a-z:') ;;
    esac
done
set +f

# The image has drivers that the initramfs lacks. Its own modprobe, wherever that is, can read them even when compressed.
image_path=/usr/sbin:/usr/bin:/sbin:/bin
# Before it is mounted at /sysroot, the image is somewhere else.
modules_root=/sysroot
image_modules() { PATH=$image_path:$PATH chroot "$modules_root" modprobe -abq "$@" 2>/dev/null || true; }
encryption_modules() { image_modules dm_crypt xts ecb aesni_intel aes_generic; }

# Loads drivers of the disks present, and of their parents. A controller's disks appear later and need drivers of their own, so code that
# waits for a disk calls this repeatedly. Nothing else is loaded here: a graphics card would look for its firmware in the initramfs, not
# find it, and stay dark. PCI classes: 01 storage, 0C03 USB, 0805 SD cards; USB class 08: storage.
disk_drivers() {
    # SD cards identify themselves only in uevent.
    find /sys/devices -name uevent -exec sed -n 's/^MODALIAS=//p' {} + 2>/dev/null | sort -u |
        grep -E '^(pci:.*bc(01|0Csc03|08sc05)|usb:.*ic08|(scsi|virtio|vmbus|xen|mmc):|of:N(mmc|sd|sata|usb|ufs))' |
        PATH=$image_path:$PATH xargs chroot /sysroot modprobe -abq sdhci_acpi 2>/dev/null || true
}
