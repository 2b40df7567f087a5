package import Wire

/// A node asks for the secrets of one of its boots.
package struct SecretClaim: Hashable, Sendable {
    package var machine: MACAddress
    package var node: NodeName
    package var group: GroupPath
    package var boot: String
    /// The prefix of its key in that boot, as in ``ConfigurationDelivery/key``.
    package var key: String
    /// Seconds since 1970.
    package var at: Int

    package init(
        machine: MACAddress, node: NodeName, group: GroupPath, boot: String, key: String, at: Int
    ) {
        self.machine = machine
        self.node = node
        self.group = group
        self.boot = boot
        self.key = key
        self.at = at
    }
}

/// A secret as the file that a node writes.
package struct SecretFile: Equatable, Sendable {
    package var path: String
    package var mode: UInt32
    package var owner: String
    package var content: [UInt8]

    package init(_ secret: Secret, content: [UInt8]) {
        (path, mode, owner) = (secret.path, secret.mode, secret.owner)
        self.content = content
    }
}

/// The answer to a claim, once its receipts are stored.
package struct SecretDelivery: Equatable, Sendable {
    package var claim: SecretClaim
    /// Nil: another key has had secrets in this boot.
    package var files: [SecretFile]?
    /// For the log: what went out, as `join-token version 2`.
    package var names: [String]
    /// Secrets that are armed for it, but have no value that can be read.
    package var unreadable: [SecretName]

    package init(
        _ claim: SecretClaim, files: [SecretFile]?, names: [String] = [], unreadable: [SecretName] = []
    ) {
        self.claim = claim
        self.files = files
        self.names = names
        self.unreadable = unreadable
    }
}

/// Which node got which version of a secret in which boot. It is written before the secret goes out.
package struct SecretReceipt: Equatable, Sendable {
    package var secret: SecretName
    package var version: Int
    /// The revision that armed it.
    package var armedIn: Int
    package var node: NodeName
    package var machine: MACAddress
    package var boot: String
    package var key: String
    /// When it last went out, in seconds since 1970.
    package var at: Int
    /// How often it went out in that boot: more than once when an answer was lost.
    package var count: Int

    package init(
        secret: SecretName, version: Int, armedIn: Int, node: NodeName, machine: MACAddress, boot: String,
        key: String, at: Int, count: Int
    ) {
        self.secret = secret
        self.version = version
        self.armedIn = armedIn
        self.node = node
        self.machine = machine
        self.boot = boot
        self.key = key
        self.at = at
        self.count = count
    }
}

extension Secret {
    /// Who has had it since it was armed.
    package struct Handed: Equatable, Sendable {
        package var toThisBoot: Bool
        package var toThisNode: Bool
        package var toAnyNode: Bool

        package init(toThisBoot: Bool, toThisNode: Bool, toAnyNode: Bool) {
            (self.toThisBoot, self.toThisNode, self.toAnyNode) = (toThisBoot, toThisNode, toAnyNode)
        }
    }

    /// Whether a boot gets it. The same boot may ask again: its answer may have been lost.
    package func isArmed(_ handed: Handed) -> Bool {
        switch arming {
        case .off: false
        case .eachBoot: true
        case .nextBoot: handed.toThisBoot || !handed.toThisNode
        case .once: handed.toThisBoot || !handed.toAnyNode
        }
    }

    /// The secrets for nodes in `group` that are armed at all; of several for one file, that of the nearest group.
    package static func armed(in group: GroupPath, of all: some Sequence<Secret>) -> [Secret] {
        let near = all.filter { $0.arming != .off && $0.group.contains(group) }
            .sorted { ($0.group.parts.count, $0.name) < ($1.group.parts.count, $1.name) }
        let nearest = Dictionary(near.map { ($0.path, $0.name) }) { $1 }
        return near.filter { nearest[$0.path] == $0.name }
    }
}

extension SecretFile {
    /// What the node does for it.
    var acts: [StepAct] {
        let write = StepAct.write(path: path, mode: mode, content: content)
        return owner == "root" ? [write] : [write, .program(words: ["chown", owner, path])]
    }

    /// The step that writes them: before commands, which may need them, and behind users, who may own them.
    static func step(of files: [SecretFile]) -> StepWork {
        StepWork(
            name: "secrets", failure: .goOn, attempts: 1, secondLimit: NodeStep.usualSecondLimit,
            acts: files.flatMap(\.acts))
    }
}
