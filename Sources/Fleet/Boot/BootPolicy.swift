package import Wire

/// What the server offers to booting machines: constant while it runs.
package struct BootPolicy: Equatable, Sendable {
    /// Our address on the client's network.
    package var server: IPv4Address
    /// The server's address as machines know it, if they reach it by one that is not its own (NAT); nil: the address that they asked.
    package var advertisedAddress: IPv4Address?
    package var httpPort: UInt16
    package var nbdPort: UInt16
    /// The client's address, or one in its network before it has any, for the enrolment rules; nil: the server's.
    package var clientNetwork: IPv4Address?
    /// Whether another server gives the client its address (ProxyDHCP).
    package var isProxy = false
    /// The port for kernel messages; nil when the server does not listen.
    package var netconsolePort: UInt16?
    /// The NFS exports; nil when there are none.
    package var nfs: NFSDirectories?
    /// The control center's URL, for the screens of waiting machines; empty without one.
    package var centerURL: String
    /// Loader files that exist.
    package var loaders: Set<String>
    /// The first match counts.
    package var loaderRules: [LoaderRule]
    /// The Roost part of the initramfs, by image architecture in Debian's spelling.
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

    /// The same policy on another of the server's addresses.
    package func on(server: IPv4Address, for client: IPv4Address? = nil) -> Self {
        var policy = self
        policy.server = advertisedAddress ?? server
        policy.clientNetwork = client
        return policy
    }

    /// `http://10.77.0.1` or, on another port, `http://10.77.0.1:8080`.
    package var httpBase: String { httpPort == 80 ? "http://\(server)" : "http://\(server):\(httpPort)" }
}

/// Directories of the server that nodes mount.
package struct NFSDirectories: Equatable, Sendable {
    /// Holds `IMAGE/DIGEST/root.squashfs`.
    package var images: String
    /// Holds `NODE/GENERATION`, one root each.
    package var trees: String

    package init(images: String, trees: String) {
        self.images = images
        self.trees = trees
    }
}

extension BootPolicy {
    /// The archive for booting a version.
    package func nodeArchive(for version: ImageVersion) throws(NoNodeArchive) -> NodeArchive {
        let architecture = version.manifest.architecture
        guard let archive = nodeArchives[architecture] else {
            throw NoNodeArchive(architecture: architecture, hasNone: nodeArchives.isEmpty)
        }
        return archive
    }
}

/// No machine can boot an image of this architecture.
package struct NoNodeArchive: Error, CustomStringConvertible {
    package var architecture: String
    /// Whether there is none for any architecture.
    package var hasNone: Bool

    package var description: String { sentence.english }

    package var sentence: Sentence {
        hasNone
            ? "the server has no initramfs archive (roost-node or busybox is missing)"
            : "the image is for \(architecture), and the server has no roost-node and busybox for this architecture (node-program in roost.yaml)"
    }
}

/// The archive with `init`, busybox and `roost-node` for all images of its architecture.
package struct NodeArchive: Equatable, Sendable {
    package var digest: Digest
    package var byteCount: Int

    package init(digest: Digest, byteCount: Int) {
        self.digest = digest
        self.byteCount = byteCount
    }
}
