import Fleet

extension SettingDefinition {
    /// What people call the setting, in English; nil for keys of other programs, which have only their names.
    var title: String? { Self.titles[name] }

    /// What holds while it has no value, in English.
    var unset: String {
        if let effect = Self.effects[name] { return effect }
        return switch kind {
        case .list, .map: "no entry"
        default: "not set"
        }
    }

    private static let effects = [
        "image": "the only or the default image", "rescue-image": "it waits on its screen",
        "root-password-hash": "as in the image", "ntp": "as in the image", "locale": "as in the image",
        "keymap": "as in the image", "dns": "those of the node's network",
        "dns-search": "the server's domain",
    ]

    private static let titles = [
        "enrolment": "Unknown machines", "enrolment-by-network": "Unknown machines by network",
        "registration-pin": "PIN for registration", "image": "Image",
        "root-mode": "Root file system", "nfs-root": "Root by NFS", "kernel-arguments": "Kernel arguments",
        "console": "Kernel consoles", "loader": "Boot loader",
        "overlay-size": "Memory for changes", "volume-size": "Volume size",
        "volume-policy": "Volume at a new version", "volume-encryption": "Volume encryption",
        "persistent-directories": "Kept directories", "persistent-disk": "Disk for kept directories",
        "swap": "Swap", "nbd-connections": "NBD connections",
        "on-failure": "After a failed boot", "boot-brake": "Failed boots until a node is held",
        "rescue-image": "Rescue image", "tpm": "Binding to a TPM", "netconsole": "Kernel messages",
        "report-sessions": "Reports of log-ins", "pool": "Server pool",
        "time-zone": "Time zone", "ssh-authorized-keys": "SSH keys for root", "ssh-host-key": "SSH host key",
        "root-password-hash": "Password of root", "hosts": "Host names", "known-nodes": "Known nodes",
        "files": "Files", "dns": "Name servers", "dns-search": "Search domains", "ntp": "Time servers",
        "locale": "Language and notation", "keymap": "Keyboard layout", "syslog": "Log server",
        "mounts": "Mounts", "modules": "Kernel modules", "sysctl": "Kernel parameters",
        "services": "Services", "groups": "Groups of users", "users": "Users", "cron": "Cron lines",
        "timers": "Timers", "commands": "Commands",
        "log-in": "Log-in screen", "log-in-account": "Account of automatic log-ins",
        "guest-account": "Account of guests", "account-home": "Accounts after the session",
        "account-groups": "Groups of the accounts", "windows-accounts": "Accounts on Windows servers",
        "account-password-length": "Shortest password", "session-history": "Session history",
    ]
}
