/// Units that look after disks, or fetch and index what is gone at the next start: in a node's memory they only take room, time and traffic.
///
/// A line of the setting `services` for one of them counts instead.
private let diskServices = [
    "apt-daily.timer", "apt-daily-upgrade.timer", "apt-news.service", "btrfsmaintenance-refresh.service",
    "dnf-automatic.timer", "dnf-makecache.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
    "e2scrub_reap.service", "esm-cache.service", "fstrim.timer", "fwupd-refresh.timer",
    "grub-common.service", "grub-initrd-fallback.service", "lvm2-monitor.service", "man-db.timer",
    "mdcheck_continue.timer", "mdcheck_start.timer", "motd-news.timer", "packagekit-background.timer",
    "plocate-updatedb.timer", "raid-check.timer", "ua-timer.timer", "unattended-upgrades.service",
    "update-notifier-download.timer", "updatedb.timer", "xfs_scrub_all.timer",
]

/// The units that a node does not start unless its settings say so; none where it keeps its changes.
func idleServices(of settings: EffectiveSettings, _ services: [ServiceLine]) throws(UnreadableSetting)
    -> [String]
{
    switch try settings.value(of: Settings.rootMode) {
    case .persistent: return []
    case .nfs where try settings.value(of: Settings.nfsRoot) == .own: return []
    case .nbd, .ram, .nfs:
        let chosen = Set(services.filter { !$0.isDropIn }.map(\.unit))
        return diskServices.filter { !chosen.contains($0) }
    }
}
