package import Wire

/// A value that becomes a file on nodes and that people cannot read back. It travels sealed, in the boots that it is armed for.
///
/// The value is kept beside the record: no history, plan, undo or export has it.
package struct Secret: Equatable, Sendable, Codable {
    package var name: SecretName
    /// The nodes in this group and below get it.
    package var group: GroupPath
    /// Of them this one only; nil: all.
    package var node: NodeName?
    /// Of them those that this rule fits; nil: all.
    package var rule: RuleName?
    /// Of the file on the node, absolute.
    package var path: String
    package var mode: UInt32
    /// A user of the node, or `user:group`.
    package var owner: String
    /// Nil: people set the value.
    package var minted: Minting?
    package var arming: Arming
    /// Where web hooks may send it: `https://chat.example`. Such a secret is for no node. Nil: it is for nodes alone.
    package var receiver: String?
    /// The revision that armed it: who got it since then tells whether it is still armed.
    package var armedIn: Int
    /// Of the value: one more each time that it is set.
    package var version: Int
    /// When the value was last set, in seconds since 1970.
    @SecondTimestamp package var changedAt: Int

    /// The boots that get it.
    package enum Arming: String, Sendable, Codable, CaseIterable {
        case off
        case eachBoot = "each-boot"
        /// The next boot of each node.
        case nextBoot = "next-boot"
        /// One boot of one node: of the first that asks.
        case once
    }

    package init(
        name: SecretName, group: GroupPath, node: NodeName? = nil, rule: RuleName? = nil,
        path: String? = nil, mode: UInt32? = nil, owner: String? = nil, minted: Minting? = nil,
        arming: Arming = .off, receiver: String? = nil, changedAt: Int
    ) {
        let place = minted?.usualPlace
        self.name = name
        self.group = group
        self.node = node
        self.rule = rule
        self.path = path ?? place?.path ?? "\(Self.directory)/\(name)"
        self.mode = mode ?? place?.mode ?? 0o600
        self.owner = owner ?? place?.owner ?? "root"
        self.minted = minted
        self.arming = arming
        self.receiver = receiver
        self.changedAt = changedAt
        (armedIn, version) = (0, 0)
    }

    /// Where its file is unless people say otherwise: in the node's memory.
    package static let directory = "/run/secrets"
}

/// The name of a secret: 1 to 63 lower-case letters, digits and hyphens.
package struct SecretName: Hashable, Sendable, Comparable, CheckedName, CustomStringConvertible {
    package let text: String

    package init(_ text: some StringProtocol) throws(InvalidName) {
        self.text = try RuleName(text).text
    }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
    package var description: String { text }
}

extension FleetEdit {
    /// - Parameters:
    ///   - secret: nil removes it.
    ///   - value: nil leaves it unchanged.
    package static func secret(_ name: SecretName, _ secret: Secret?, value: [UInt8]? = nil) -> Self {
        Self(name, secret, secrets: value.map { [Secret.value: KeptBytes.text(of: $0)] } ?? [:])
    }
}

extension Secret: GroupedRecord {
    package static let kind = "secret"
    package static var declaredForm: (any DeclaredForm.Type)? { DeclaredSecret.self }
    /// The name of the value among those kept beside the record; see ``KeptBytes``.
    package static let value = "value"
    package static let sealedSecrets: Set<String> = [value]
    package static let countLimit = 200
    /// Bytes of a value.
    package static let byteLimit = 32 << 10

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [SecretName: Self]> { \.secrets }

    package static func missing(_ key: SecretName) -> Sentence {
        "there is no secret \(key) (roost secret list shows all)"
    }

    package static func checked(
        _ change: RecordChange<Secret>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> Secret? {
        try change.requireSomething(in: draft)
        guard var secret = change.after else { return nil }
        let known = draft.secrets[change.key]
        secret.name = change.key
        try secret.requirePlace()
        try secret.minted?.requireUsable()
        try secret.requireReceiver()
        if let known, known.minted?.kind != secret.minted?.kind {
            guard let minted = known.minted else {
                throw InvalidSetting(
                    "secret \(secret.name) is set by people, and stays so: remove it, and add another one")
            }
            throw InvalidSetting(
                "secret \(secret.name) is minted (\(minted.kind.rawValue)), and stays so: remove it, and add another one"
            )
        }
        // What is kept is a credential for what it was given for: it must not be sent to another server or program.
        if let known, known.minted != secret.minted, change.secrets.isEmpty {
            throw InvalidSetting(
                "how secret \(secret.name) is minted changes only with a new credential or key")
        }
        if let known, known.receiver != secret.receiver, change.secrets.isEmpty {
            throw InvalidSetting(
                "who receives secret \(secret.name) changes only with a new value")
        }
        if case .nothing? = secret.minted?.keeping, !change.secrets.isEmpty {
            throw InvalidSetting(
                "secret \(secret.name) is minted for each node and boot: it has no value to set")
        }
        secret.version = known?.version ?? 0
        if known == nil || !change.secrets.isEmpty { secret.version += 1 }
        // Armed anew in a revision of its own, so that what was handed out before no longer counts. A former arming that returns is the
        // former one: who had it then, has had it.
        if secret.armedIn == 0 { secret.armedIn = before.revision + 1 }
        return secret
    }

    private func requireReceiver() throws {
        guard let receiver else { return }
        guard receiver == WebHook.place(of: receiver).lowercased(), !receiver.hasSuffix("/") else {
            throw InvalidSetting(
                "‘\(receiver)’ is not scheme, host and port of web hooks, such as https://chat.example")
        }
        guard minted == nil, arming == .off, node == nil, rule == nil, group == .site else {
            throw InvalidSetting(
                "secret \(name) is for web hooks to \(receiver): it is of the site, set by people, and armed for no node"
            )
        }
    }

    private func requirePlace() throws {
        // As for files of settings.
        let file = try ConfiguredFile(reading: "\(path):\(String(mode, radix: 8))", "")
        if let flaw = file.flaw { throw InvalidSetting(flaw) }
        guard path.utf8.count <= 1_024, !path.contains(":"), !path.contains("\n") else {
            throw InvalidSetting("‘\(path)’ is not a plain path: at most 1,024 bytes, without colons")
        }
        guard owner.utf8.count <= 65,
            owner.wholeMatch(of: /[a-z0-9_][a-z0-9_.-]*(:[a-z0-9_][a-z0-9_.-]*)?/) != nil
        else { throw InvalidSetting("‘\(owner)’ is not a user of a node, or user:group") }
    }

    package static func check(_ key: SecretName, in contents: FleetSnapshot.Contents) throws {
        guard let secret = contents.secrets[key] else { return }
        try contents.require(secret.group)
    }

    /// Only for what a change names: a node or rule that goes later leaves a secret that nothing gets.
    private func requireReceivers(in snapshot: FleetSnapshot, since before: Secret?) throws {
        if let node, before?.node != node || before?.group != group {
            guard let known = snapshot.nodes[node], group.contains(known.group) else {
                throw StoreError.notFound("there is no node \(node) in \(group)")
            }
        }
        if let rule, before?.rule != rule, snapshot.rules[rule] == nil {
            throw StoreError.notFound(MatchRule.missing(rule))
        }
    }

    package static func check(
        all changed: [SecretName], in snapshot: FleetSnapshot, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws {
        let secrets = snapshot.contents.secrets
        guard secrets.count <= max(countLimit, before.contents.secrets.count) else {
            throw StoreError.conflict("there are \(countLimit) secrets; remove some first")
        }
        for secret in changed.compactMap({ secrets[$0] }) {
            try secret.requireReceivers(in: snapshot, since: before.contents.secrets[secret.name])
            let other = secrets.values.first {
                $0.name != secret.name && $0.group == secret.group && $0.path == secret.path
                    && $0.node == secret.node && $0.rule == secret.rule
            }
            guard let other else { continue }
            throw StoreError.conflict(
                "secret \(other.name) of group \(other.group) is the file \(other.path)")
        }
    }

    package static func summary(of change: RecordChange<Secret>, in snapshot: FleetSnapshot) -> String {
        let before = snapshot.contents.secrets[change.key]
        let act =
            switch (before, change.after) {
            case (_, nil): "removed"
            case (nil, _?): "added"
            case (_?, _?) where !change.secrets.isEmpty: "given another value"
            case (let before?, let after?)
            where before.armedIn != after.armedIn || before.arming != after.arming:
                "armed: \(after.arming.rawValue)"
            default: "changed"
            }
        return "secret \(change.key) \(act)"
    }

    /// One for web hooks is of those who may administer these.
    package static func permission(for change: RecordChange<Secret>, in snapshot: FleetSnapshot)
        -> Permission
    {
        let both = [snapshot.contents.secrets[change.key], change.after]
        return both.contains { $0?.receiver != nil } ? .administer : .configure
    }

    package static func undoProblem(from before: Secret?, to after: Secret?) -> Sentence? {
        guard let before else { return nil }
        guard let after else { return "was removed with its value: add it again" }
        return before.version == after.version ? nil : "was given another value: set it again"
    }

    package func restored(over present: Secret?) -> Secret {
        var secret = self
        if let present { (secret.version, secret.changedAt) = (present.version, present.changedAt) }
        return secret
    }

    /// When it was armed and set is no part of what people want of it.
    package func means(_ other: Secret) -> Bool {
        var same = other
        (same.armedIn, same.version, same.changedAt) = (armedIn, version, changedAt)
        return self == same
    }
}
