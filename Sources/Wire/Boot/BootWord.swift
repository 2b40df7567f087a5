/// The words of a kernel's command line by which the server and the initramfs speak: `WORD=VALUE`. The server writes them in `BootPlan`;
/// `NodeScripts/parameters.sh` and `roost-node` read them.
///
/// A word keeps its meaning: a node archive of the newest server boots with each image, and old kernels' command lines are read after a
/// restart of the server.
package enum BootWord: String, CaseIterable, Sendable {
    /// The boot card's hardware address, as PXELINUX writes it (IPAPPEND 2).
    case card = "BOOTIF"
    /// The node's address (Documentation/admin-guide/nfs/nfsroot.rst).
    case address = "ip"
    /// The image's first program.
    case initProgram = "init"
    /// Opens a shell before a step.
    case breakpoint = "roost.break"
    /// Name servers, with commas.
    case nameServers = "roost.dns"
    /// Seconds for which the address is the node's.
    case lease = "roost.lease"
    /// The server's boot HTTP, `ADDRESS:PORT`.
    case http = "roost.http"
    /// The server's NBD, `ADDRESS:PORT`.
    case nbd = "roost.nbd"
    /// The root mode.
    case root = "roost.root"
    /// The NBD export of the image.
    case export = "roost.export"
    /// Digest of the image, for a root that is loaded into memory; `sha256` and `size` are its file's.
    case image = "roost.image"
    case sha256 = "roost.sha256"
    case size = "roost.size"
    /// `SERVER:DIRECTORY` of a root over NFS, and whether it is the node's own.
    case nfs = "roost.nfs"
    case nfsRoot = "roost.nfs-root"
    /// The NBD export of the node's volume.
    case volume = "roost.volume"
    /// Directories that outlive the boot, with colons, and the label of the disk that they are on.
    case persistentDirectories = "roost.persist"
    case persistentDisk = "roost.disk"
    /// Places to swap to, with commas.
    case swap = "roost.swap"
    /// NBD connections.
    case connections = "roost.connections"
    /// Size of the overlay in memory.
    case overlay = "roost.overlay"
    /// What follows a failure.
    case failure = "roost.failure"
    /// Seconds until a version on trial has to be ready.
    case deadline = "roost.deadline"
    /// Port for the kernel's messages.
    case netconsole = "roost.netconsole"
    /// Names this boot in what the node reports.
    case boot = "roost.boot"

    /// The whole word.
    package func with(_ value: some CustomStringConvertible) -> String { "\(rawValue)=\(value)" }

    /// Whether people write it, by the setting `kernel-arguments` or at the loader, and the server never does.
    package var isForPeople: Bool { self == .initProgram || self == .breakpoint }
}

/// What the configuration that a node fetches has in it, beside each other: a file, or a directory.
package enum ConfigurationEntry: String, CaseIterable, Sendable {
    /// Copied over the root as it stands.
    case files
    case timeZone = "time-zone"
    /// The beginning of the file of that name.
    case resolver = "resolv.conf"
    case rootPasswordHash = "root-password-hash"
    /// Opens the node's volume; nothing of the root gets it.
    case volumeKey = "volume-key"
}
