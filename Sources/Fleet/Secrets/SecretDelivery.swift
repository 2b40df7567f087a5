package import Wire

/// A node asks for the secrets of one of its boots.
package struct SecretClaim: Hashable, Sendable {
    package var machine: MACAddress
    package var node: NodeName
    package var group: GroupPath
    /// The rules that fit the node, as far as secrets name them.
    package var rules: Set<RuleName>
    package var boot: String
    /// The prefix of its key in that boot, as in ``ConfigurationDelivery/key``.
    package var key: String
    /// Seconds since 1970.
    package var at: Int

    package init(
        machine: MACAddress, node: NodeName, group: GroupPath, rules: Set<RuleName> = [], boot: String,
        key: String, at: Int
    ) {
        self.machine = machine
        self.node = node
        self.group = group
        self.rules = rules
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
    /// The secret that could not be had. Then it is no file: a step of its own fails, so that people see it at the node.
    package var missing: SecretName?

    package init(_ secret: Secret, content: [UInt8]) {
        (path, mode, owner) = (secret.path, secret.mode, secret.owner)
        self.content = content
    }

    /// Another file of the same secret.
    ///
    /// - Parameters:
    ///   - end: of its path, behind that of the secret.
    ///   - isPublic: whether all users of the node may read it.
    package init(_ secret: Secret, end: String, isPublic: Bool, content: [UInt8]) {
        self.init(secret, content: content)
        path += end
        if isPublic { mode = 0o644 }
    }

    /// A public file at a path of its own.
    package init(path: String, content: [UInt8]) {
        (self.path, self.content) = (path, content)
        (mode, owner) = (0o644, "root")
    }

    package init(missing secret: Secret) {
        self.init(secret, content: [])
        missing = secret.name
    }
}

/// The answer to a claim, once its receipts are stored.
package struct SecretDelivery: Equatable, Sendable {
    package var claim: SecretClaim
    /// Nil: another key has had secrets in this boot.
    package var files: [SecretFile]?
    /// For the log: what went out, as `join-token version 2`.
    package var names: [String]
    /// Secrets that are armed for it, but have no value that can be read. Among the files they are missing.
    package var unreadable: [SecretName]
    /// What is still to be minted; its files come behind the others.
    package var orders: [MintOrder]

    package init(
        _ claim: SecretClaim, files: [SecretFile]?, names: [String] = [], unreadable: [SecretName] = [],
        orders: [MintOrder] = []
    ) {
        self.claim = claim
        self.files = files
        self.names = names
        self.unreadable = unreadable
        self.orders = orders
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
    /// How often it went out in that boot: more than once when an answer was lost, and not at all when it could not be minted.
    package var count: Int
    /// What was last minted for it.
    package var mint: SecretMint?

    package init(
        secret: SecretName, version: Int, armedIn: Int, node: NodeName, machine: MACAddress, boot: String,
        key: String, at: Int, count: Int, mint: SecretMint? = nil
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
        self.mint = mint
    }

    /// The receipt once it is known that what it last counted did not go out. One that counts nothing belongs to no arming: its secret is as
    /// armed as before.
    package func takenBack() -> Self {
        var receipt = self
        receipt.count = max(count - 1, 0)
        if receipt.count == 0 { receipt.armedIn = Self.noArming }
        return receipt
    }

    /// Of a receipt of what did not go out: no revision has this number.
    package static let noArming = 0
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

    /// Whether it is for a node at all.
    package func isFor(_ node: NodeName, in group: GroupPath, fitting rules: Set<RuleName>) -> Bool {
        self.group.contains(group) && (self.node ?? node) == node && rule.map(rules.contains) != false
    }

    /// Of several for one file the nearest counts: that of the node, then that of a rule, then that of the nearest group.
    private var nearness: (Int, Int, Int, SecretName) {
        (node == nil ? 0 : 1, rule == nil ? 0 : 1, group.parts.count, name)
    }

    /// The secrets for a node that are armed at all; of several for one file, the nearest.
    package static func armed(
        for node: NodeName, in group: GroupPath, fitting rules: Set<RuleName>, of all: some Sequence<Secret>
    ) -> [Secret] {
        let near = all.filter { $0.arming != .off && $0.isFor(node, in: group, fitting: rules) }
            .sorted { $0.nearness < $1.nearness }
        let nearest = Dictionary(near.map { ($0.path, $0.name) }) { $1 }
        return near.filter { nearest[$0.path] == $0.name }
    }
}

extension FleetSnapshot {
    /// The secrets that are armed for a node at all, and those of the rules that they name which fit it.
    package func armedSecrets(for node: Node) -> (secrets: [Secret], rules: Set<RuleName>) {
        let all = contents.secrets.values
        if all.isEmpty { return ([], []) }
        // Rules are looked at only where a secret names one: each takes the node's hardware.
        let named = Set(all.compactMap(\.rule))
        let rules = named.isEmpty ? [] : named.intersection(fittingRules(of: node))
        return (Secret.armed(for: node.name, in: node.group, fitting: rules, of: all), rules)
    }
}

extension SecretFile {
    /// What the node does for it.
    var acts: [StepAct] {
        if let missing {
            let text = "the server could not give it: roost secret show \(missing) says why"
            return [.program(words: ["sh", "-c", "echo \"$1\"; exit 1", "sh", text])]
        }
        let write = StepAct.write(path: path, mode: mode, content: content)
        // Not of what a link there leads to.
        return owner == "root" ? [write] : [write, .program(words: ["chown", "-h", owner, path])]
    }

    /// The steps that write them: before commands, which may need them, and behind users, who may own them.
    static func steps(of files: [SecretFile]) -> [StepWork] {
        func step(_ name: String, _ files: [SecretFile]) -> StepWork {
            StepWork(
                name: name, failure: .goOn, attempts: 1, secondLimit: NodeStep.usualSecondLimit,
                acts: files.flatMap(\.acts))
        }
        let whole = files.filter { $0.missing == nil }
        return (whole.isEmpty ? [] : [step("secrets", whole)])
            + files.filter { $0.missing != nil }.map { step("secret \($0.missing?.text ?? "")", [$0]) }
    }
}
