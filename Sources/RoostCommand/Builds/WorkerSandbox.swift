/// What the units of workers take from them (systemd.exec(5)).
enum WorkerSandbox {
    /// For every worker.
    private static let common = [
        "NoNewPrivileges=yes", "ProtectSystem=yes", "ProtectControlGroups=yes", "ProtectKernelLogs=yes",
        "ProtectKernelModules=yes", "ProtectHostname=yes", "LockPersonality=yes", "RestrictRealtime=yes",
        "SystemCallArchitectures=native",
    ]

    /// As in the server's own unit, where certificates are made at its first start; and it writes nothing else, and has no network.
    static func certificates(_ directory: String) -> [String] {
        common.filter { $0 != "ProtectSystem=yes" } + [
            "UMask=0077", "ProtectSystem=strict", "ReadWritePaths=\(directory)", "ProtectHome=yes",
            "PrivateTmp=yes", "PrivateDevices=yes", "PrivateNetwork=yes", "ProtectKernelTunables=yes",
            "ProtectClock=yes", "ProtectProc=invisible", "MemoryDenyWriteExecute=yes", "RestrictSUIDSGID=yes",
            "RestrictNamespaces=yes", "RestrictAddressFamilies=AF_UNIX", "SystemCallFilter=@system-service",
            "SystemCallErrorNumber=EPERM", "CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER",
        ]
    }

    /// It unpacks roots with all their owners, modes and setuid programs, confined by bubblewrap, and calls exportfs, which writes below
    /// `/proc/fs/nfsd`, `/proc/net/rpc` and `/var/lib/nfs`.
    static let trees =
        common + [
            "UMask=0022", "ProtectClock=yes", "PrivateDevices=yes", "MemoryDenyWriteExecute=yes",
            "RestrictNamespaces=user mnt pid net ipc uts",
            "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
            "CapabilityBoundingSet=" + (files + namespaces).joined(separator: " "),
        ]

    /// It runs packages' scripts as root, makes devices, mounts, and starts QEMU as another user with the host's KVM. ProtectClock would
    /// take the devices away.
    static let builds =
        common + [
            "UMask=0022",
            "CapabilityBoundingSet="
                + (files + namespaces + [
                    "CAP_MKNOD", "CAP_AUDIT_WRITE", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_LEASE",
                    "CAP_LINUX_IMMUTABLE", "CAP_SYS_NICE", "CAP_SYS_PTRACE", "CAP_SYS_RESOURCE",
                ]).joined(separator: " "),
        ]

    /// Files of all owners, with all attributes.
    private static let files = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_SETFCAP",
    ]
    /// To mount, to become another user, to give rights up in a namespace (bubblewrap), and to end what was started.
    private static let namespaces = [
        "CAP_SYS_ADMIN", "CAP_SYS_CHROOT", "CAP_NET_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP",
        "CAP_KILL",
    ]
}
