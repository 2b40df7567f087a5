/// The kernel command line's parameters for the initramfs: `WORD=VALUE`. The server writes them in `BootPlan`; `NodeScripts/parameters.sh`
/// and `roost-node` read them.
///
/// A word never changes its meaning: the newest server's node archive boots with every image, and a restarted server's archive can get an
/// older command line.
package enum BootWord: String, CaseIterable, Sendable {
    /// The boot card's hardware address, as PXELINUX writes it (IPAPPEND 2).
    case card = "BOOTIF"
    /// The node's address (Documentation/admin-guide/nfs/nfsroot.rst).
    case address = "ip"
    /// The image's first program.
    case initProgram = "init"
    /// Opens a shell before a step.
    case breakpoint = "roost.break"
    /// Name servers, separated by commas.
    case nameServers = "roost.dns"
    /// Seconds of the address's lease.
    case lease = "roost.lease"
    /// The server's boot HTTP, `ADDRESS:PORT`.
    case http = "roost.http"
    /// The server's NBD, `ADDRESS:PORT`.
    case nbd = "roost.nbd"
    /// The root mode.
    case root = "roost.root"
    /// The NBD export of the image.
    case export = "roost.export"
    /// Digest of the image, for a root that is loaded into memory; `sha256` and `size` are those of its file.
    case image = "roost.image"
    case sha256 = "roost.sha256"
    case size = "roost.size"
    /// `SERVER:DIRECTORY` of a root over NFS, and whether it is the node's own.
    case nfs = "roost.nfs"
    case nfsRoot = "roost.nfs-root"
    /// The NBD export of the node's volume.
    case volume = "roost.volume"
    /// Directories that outlive the boot, separated by colons, and the label of their disk.
    case persistentDirectories = "roost.persist"
    case persistentDisk = "roost.disk"
    /// Places to swap to, separated by commas.
    case swap = "roost.swap"
    /// NBD connections.
    case connections = "roost.connections"
    /// Size of the overlay in memory.
    case overlay = "roost.overlay"
    /// What to do after a failure.
    case failure = "roost.failure"
    /// Seconds until a version on trial must be ready.
    case deadline = "roost.deadline"
    /// Port for the kernel's messages.
    case netconsole = "roost.netconsole"
    /// Names this boot in the node's reports.
    case boot = "roost.boot"

    /// The whole word.
    package func with(_ value: some CustomStringConvertible) -> String { "\(rawValue)=\(value)" }

    /// Whether only people write it, with the setting `kernel-arguments` or at the loader, and never the server.
    package var isForPeople: Bool { self == .initProgram || self == .breakpoint }
}

/// What a node's fetched configuration contains: a file or a directory each.
package enum ConfigurationEntry: String, CaseIterable, Sendable {
    /// Copied over the root unchanged.
    case files
    case timeZone = "time-zone"
    /// The first lines of that file.
    case resolver = "resolv.conf"
    case rootPasswordHash = "root-password-hash"
    /// Opens the node's volume; it is not copied into the root.
    case volumeKey = "volume-key"
    /// A directory with the steps of each phase: `steps/late` is an array of ``StepWork``. Where it is missing, the server is older.
    case steps
    /// A line for each step: its mark, a blank, and its name. What a mark is made of, only the server knows; the node tells it with the step's
    /// result.
    case marks
    /// With it the running node proves that it is the one that got this configuration (``AppliedStep``).
    case runKey = "run-key"
}
