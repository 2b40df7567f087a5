/// How a node gets its root.
package enum RootMode: String, Sendable, CaseIterable {
    /// On demand, block by block.
    case nbd
    /// Completely, into its memory.
    case ram
    /// From an NFS server.
    case nfs
    /// On demand, with its changes stored on a volume.
    case persistent
}

/// The root of a node with root mode `nfs`.
package enum NFSRoot: String, Sendable, CaseIterable {
    /// The image's root, with changes in memory.
    case shared
    /// A writable copy of its own.
    case own
}

/// The node's reaction to a failed boot.
package enum FailureAct: String, Sendable, CaseIterable {
    case retry, shell, reboot
}

/// The boot loader setting of a UEFI node.
package enum LoaderWish: String, Sendable, CaseIterable {
    /// Suitable for its firmware.
    case auto
    case ipxe, snponly
    /// The signed chain for Secure Boot.
    case grub
}
