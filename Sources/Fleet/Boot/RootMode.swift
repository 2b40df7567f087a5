/// How a node gets its root.
package enum RootMode: String, Sendable, CaseIterable {
    /// Block by block on demand.
    case nbd
    /// As a whole into its memory.
    case ram
    /// From an NFS server.
    case nfs
    /// On demand, with its changes kept on a volume.
    case persistent
}

/// Whose root it is that a node of root mode `nfs` has.
package enum NFSRoot: String, Sendable, CaseIterable {
    /// The image's, with changes in memory.
    case shared
    /// A copy of its own, which it writes to.
    case own
}

/// What a node does when its boot fails.
package enum FailureAct: String, Sendable, CaseIterable {
    case retry, shell, reboot
}

/// The boot loader that a UEFI node is meant to get.
package enum LoaderWish: String, Sendable, CaseIterable {
    /// What suits its firmware.
    case auto
    case ipxe, snponly
    /// The signed chain for Secure Boot.
    case grub
}
