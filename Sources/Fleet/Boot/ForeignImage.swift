package import Wire

extension ClientArchitecture {
    /// The architectures of images, as Debian calls them, whose kernels start on such a machine; nil where that is not known.
    private var imageArchitectures: Set<String>? {
        switch rawValue {
        case 0, 6, 7, 9, 15, 16, 20: ["amd64", "i386"]
        case 10, 18, 21, 23: ["armel", "armhf"]
        case 11, 19, 22, 24: ["arm64"]
        case 27, 28: ["riscv64"]
        default: nil
        }
    }

    /// Whether an image for `architecture` may boot there; what is not known may.
    package func bootsImages(for architecture: String) -> Bool {
        imageArchitectures?.contains(architecture) ?? true
    }
}

/// An image that the machine that asks cannot boot: its loader would end with words of its own, and ask for the same again.
struct ForeignImage: CustomStringConvertible {
    private let version: ImageVersion
    private let client: ClientArchitecture

    /// Nil when it boots there, as far as is known.
    init?(_ version: ImageVersion, on client: ClientArchitecture?) {
        guard let client, !client.bootsImages(for: version.manifest.architecture) else { return nil }
        self.version = version
        self.client = client
    }

    var description: String {
        let machine = client.name ?? "client architecture \(client.rawValue)"
        return
            "\(version.image) is for \(version.manifest.architecture), and this machine is \(machine): set another image for it"
    }
}

extension FleetSnapshot {
    /// What asks for a node, of what is known by cards; nil when none of its own has asked.
    package func client(of node: Node, in clients: [MACAddress: BootClient]) -> BootClient? {
        cards(of: node).lazy.compactMap { clients[$0] }.first
    }
}
