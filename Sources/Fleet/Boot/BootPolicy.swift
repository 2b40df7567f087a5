package import Wire

/// What the server offers to those who boot: facts that stay while it runs.
package struct BootPolicy: Equatable, Sendable {
    /// Our address on the client's network.
    package var server: IPv4Address
    /// What machines are told instead, where they reach the server by an address that is not its own (NAT); nil: where they asked.
    package var advertisedAddress: IPv4Address?
    package var httpPort: UInt16
    package var nbdPort: UInt16
    /// The client's address, or before it has one some address in its network, which the rules of enrolment go by; nil where
    /// it is the server's.
    package var clientNetwork: IPv4Address?
    /// Where kernels send their messages; nil where nobody listens.
    package var netconsolePort: UInt16?
    /// What is exported by NFS; nil where nothing is.
    package var nfs: NFSDirectories?
    /// Where people find the control center, for the screens of waiting machines; empty without one.
    package var centerURL: String
    /// Loader files that are really there.
    package var loaders: Set<String>
    /// The first that fits counts.
    package var loaderRules: [LoaderRule]
    /// The Roost part of the initramfs, by the architecture of images, as Debian calls it.
    package var nodeArchives: [String: NodeArchive]
    package var domain: String

    package init(
        server: IPv4Address, httpPort: UInt16 = 80, nbdPort: UInt16 = NBDProtocol.port,
        loaders: Set<String>, nodeArchives: [String: NodeArchive], domain: String = "",
        loaderRules: [LoaderRule] = [],
        centerURL: String = "", netconsolePort: UInt16? = nil, nfs: NFSDirectories? = nil
    ) {
        self.nfs = nfs
        self.server = server
        self.httpPort = httpPort
        self.nbdPort = nbdPort
        self.centerURL = centerURL
        self.netconsolePort = netconsolePort
        self.loaders = loaders
        self.nodeArchives = nodeArchives
        self.domain = domain
        self.loaderRules = loaderRules
    }

    /// The same on another of the server's addresses.
    package func on(server: IPv4Address, for client: IPv4Address? = nil) -> Self {
        var policy = self
        policy.server = advertisedAddress ?? server
        policy.clientNetwork = client
        return policy
    }

    /// `http://10.77.0.1` or, on another port, `http://10.77.0.1:8080`.
    package var httpBase: String { httpPort == 80 ? "http://\(server)" : "http://\(server):\(httpPort)" }
}

/// Directories on the server that nodes mount.
package struct NFSDirectories: Equatable, Sendable {
    /// Holds `IMAGE/DIGEST/root.squashfs`.
    package var images: String
    /// Holds `NODE/GENERATION`, a root each.
    package var trees: String

    package init(images: String, trees: String) {
        self.images = images
        self.trees = trees
    }
}

extension BootPolicy {
    /// The archive that a version boots with.
    package func nodeArchive(for version: ImageVersion) throws(NoNodeArchive) -> NodeArchive {
        let architecture = version.manifest.architecture
        guard let archive = nodeArchives[architecture] else {
            throw NoNodeArchive(architecture: architecture, hasNone: nodeArchives.isEmpty)
        }
        return archive
    }
}

/// No machine can boot such an image.
package struct NoNodeArchive: Error, CustomStringConvertible {
    package var architecture: String
    /// Whether there is none of any architecture.
    package var hasNone: Bool

    package var description: String {
        hasNone
            ? "the server has no initramfs archive (roost-node or busybox is missing)"
            : "the image is for \(architecture), and the server has no roost-node and busybox for that (node-program in roost.yaml)"
    }
}

/// The archive with `init`, busybox and `roost-node` that every image of its architecture boots with.
package struct NodeArchive: Equatable, Sendable {
    package var digest: Digest
    package var byteCount: Int

    package init(digest: Digest, byteCount: Int) {
        self.digest = digest
        self.byteCount = byteCount
    }
}
