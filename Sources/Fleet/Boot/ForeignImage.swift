package import Wire

extension ClientArchitecture {
    /// The image architectures, in Debian's spelling, whose kernels start on such a machine; nil when unknown.
    private var imageArchitectures: Set<String>? {
        switch rawValue {
        case 0, 6, 7, 9, 15, 16, 20: ["amd64", "i386"]
        case 10, 18, 21, 23: ["armel", "armhf"]
        case 11, 19, 22, 24: ["arm64"]
        case 27, 28: ["riscv64"]
        default: nil
        }
    }

    /// Whether an image for `architecture` can boot there; true when unknown.
    package func bootsImages(for architecture: String) -> Bool {
        imageArchitectures?.contains(architecture) ?? true
    }
}

/// An image that the requesting machine cannot boot: its loader would fail with an unclear error, and ask for the same again.
struct ForeignImage {
    private let version: ImageVersion
    private let client: ClientArchitecture

    /// Nil when it boots there, as far as known.
    init?(_ version: ImageVersion, on client: ClientArchitecture?) {
        guard let client, !client.bootsImages(for: version.manifest.architecture) else { return nil }
        self.version = version
        self.client = client
    }

    var sentence: Sentence {
        let machine: Sentence =
            client.name.map { Sentence(plain: $0) } ?? "client architecture \(client.rawValue)"
        return
            "\(version.image) is for \(version.manifest.architecture), and this machine is \(machine): set another image for it"
    }
}

extension FleetSnapshot {
    /// The client that last asked for a node, among those known by card; nil when none of its cards has asked.
    package func client(of node: Node, in clients: [MACAddress: BootClient]) -> BootClient? {
        cards(of: node).lazy.compactMap { clients[$0] }.first
    }
}
