import API
import Fleet
import Foundation

/// Secrets of nodes. No act gives a value back.
extension Acts {
    /// Receipts that are shown of one secret or node.
    private static let receiptLimit = 500

    /// Ordered by name.
    func secrets() async throws -> [SecretAnswer] {
        try require(.read)
        let visible = fleet.snapshot.contents.secrets.values.filter { caller.sees($0.group) }
        var answers: [SecretAnswer] = []
        for secret in visible.sorted(by: { $0.name < $1.name }) {
            answers.append(SecretAnswer(secret, isSpent: try await isSpent(secret)))
        }
        return answers
    }

    /// A secret with its receipts, of nodes that the caller sees.
    func secret(_ name: SecretName) async throws -> Saved<SecretAnswer> {
        try require(.read)
        let snapshot = fleet.snapshot
        guard let secret = snapshot.contents.secrets[name], caller.sees(secret.group) else {
            throw StoreError.notFound(Secret.missing(name))
        }
        let receipts = try await store.receipts(of: name, node: nil, limit: Self.receiptLimit).filter {
            caller.sees(snapshot.nodes[$0.node]?.group ?? .site)
        }
        return Saved(
            record: SecretAnswer(
                secret, isSpent: try await isSpent(secret), receipts: receipts.map { SecretReceiptAnswer($0) }
            ),
            tag: try RecordTag.of(secret), revision: snapshot.revision)
    }

    /// The secrets that a node has had, newest first.
    func secretReceipts(of text: String) async throws -> [SecretReceiptAnswer] {
        try await secretReceipts(of: node(text))
    }

    /// - Parameter answer: what the caller may see of a node.
    func secretReceipts(of answer: NodeAnswer) async throws -> [SecretReceiptAnswer] {
        try await store.receipts(of: nil, node: answer.node.name, limit: Self.receiptLimit).map {
            SecretReceiptAnswer($0)
        }
    }

    func addSecret(_ wish: SecretRequest) async throws -> Saved<SecretAnswer> {
        let group = wish.group ?? .site
        // Before anything else: the error must not reveal which groups exist.
        try require(.configure, in: group)
        guard let name = wish.name else {
            throw Problem(422, "Invalid secret", "a new secret needs a name")
        }
        guard wish.rotate == nil else {
            throw Problem(422, "Invalid secret", "add the secret before it is rotated")
        }
        let (minted, value) = try Self.kept(for: wish.minted?.minting(), Self.value(of: wish), of: name)
        if wish.receiver != nil { try require(.administer, in: .site) }
        let secret = Secret(
            name: name, group: group, node: try Self.node(of: wish), rule: try Self.rule(of: wish),
            path: wish.path, mode: try Self.mode(of: wish), owner: wish.owner, minted: minted,
            arming: wish.arming ?? .off, receiver: wish.receiver?.lowercased(), changedAt: Clock.second)
        let edit = FleetEdit.secret(name, secret, value: value)
        _ = try await change { _ in
            [edit]
        } check: {
            try edit.requireNew(in: $0)
        }
        return try await self.secret(name)
    }

    /// What a new secret is made of: its value, or how it is minted and what that takes.
    private static func kept(for minting: Minting?, _ value: [UInt8]?, of name: SecretName) throws
        -> (minted: Minting?, value: [UInt8]?)
    {
        switch minting?.keeping {
        case nil:
            guard value != nil else {
                throw Problem(422, "Invalid secret", "give a new secret a value, or mint it: one of the two")
            }
        case .given(let isRequired)?:
            guard value != nil || !isRequired else {
                throw Problem(
                    422, "Invalid secret",
                    "the value is missing: the credential by which this server makes the tokens")
            }
        case .nothing?, .made?:
            guard value == nil else {
                throw Problem(422, "Invalid secret", "give a new secret a value, or mint it: one of the two")
            }
        }
        guard let minting, let made = try MintingKeys.make(for: minting, of: name) else {
            return (minting, value)
        }
        return (made.minting, made.kept)
    }

    /// Changes what the wish names; with a value it is the next version. One of another group is not found, like one that does not exist.
    func changeSecret(_ name: SecretName, _ wish: SecretRequest, if precondition: Precondition = .none)
        async throws -> Saved<SecretAnswer>
    {
        try require(.configure)
        _ = try await change { [caller] current in
            guard var secret = current.contents.secrets[name], caller.allows(.configure, in: secret.group)
            else { throw StoreError.notFound(Secret.missing(name)) }
            guard wish.name == nil || wish.name == name else {
                throw Problem(422, "Invalid secret", "a name stays as it is: remove it, and add another one")
            }
            if let group = wish.group { secret.group = group }
            if wish.node != nil { secret.node = try Self.node(of: wish) }
            if wish.rule != nil { secret.rule = try Self.rule(of: wish) }
            if let path = wish.path { secret.path = path }
            if let mode = try Self.mode(of: wish) { secret.mode = mode }
            if let owner = wish.owner { secret.owner = owner }
            if let arming = wish.arming {
                // Armed anew, even if it is armed the same way.
                (secret.arming, secret.armedIn) = (arming, 0)
            }
            if let receiver = wish.receiver {
                secret.receiver = receiver.isEmpty ? nil : receiver.lowercased()
            }
            if let minted = try wish.minted?.minting() { secret.minted = minted }
            let value = try Self.newValue(of: wish, for: &secret)
            if value != nil { secret.changedAt = Clock.second }
            return [.secret(name, secret, value: value)]
        } check: {
            try precondition.check($0.contents.secrets[name], at: name)
        }
        return try await self.secret(name)
    }

    /// Nil: it stays as it is.
    private static func newValue(of wish: SecretRequest, for secret: inout Secret) throws -> [UInt8]? {
        let value = try value(of: wish)
        let isMade = if case .made? = secret.minted?.keeping { true } else { false }
        guard wish.rotate == true else {
            guard value == nil || !isMade else {
                throw Problem(422, "Invalid value", "the server makes it itself: rotate makes another one")
            }
            return value
        }
        guard value == nil, isMade, let minting = secret.minted,
            let made = try MintingKeys.make(for: minting, of: secret.name)
        else {
            throw Problem(
                422, "Nothing to rotate",
                "only authorities and keys that the server keeps rotate; others are set, or made for each boot"
            )
        }
        secret.minted = made.minting
        return made.kept
    }

    func removeSecret(_ name: SecretName, if precondition: Precondition = .none) async throws {
        try require(.configure)
        _ = try await change { [caller] current in
            guard let secret = current.contents.secrets[name], caller.allows(.configure, in: secret.group)
            else { throw StoreError.notFound(Secret.missing(name)) }
            return [.secret(name, nil)]
        } check: {
            try precondition.check($0.contents.secrets[name], at: name)
        }
    }

    private func isSpent(_ secret: Secret) async throws -> Bool {
        guard secret.arming == .once else { return false }
        return try await store.isDelivered(secret.name, armedIn: secret.armedIn)
    }

    /// Nil: all of the group, as an empty text says.
    private static func node(of wish: SecretRequest) throws -> NodeName? {
        guard let text = wish.node, !text.isEmpty else { return nil }
        return try NodeName(text)
    }

    private static func rule(of wish: SecretRequest) throws -> RuleName? {
        guard let text = wish.rule, !text.isEmpty else { return nil }
        return try RuleName(text)
    }

    private static func mode(of wish: SecretRequest) throws -> UInt32? {
        guard let text = wish.mode else { return nil }
        guard let mode = UInt32(text, radix: 8), mode <= 0o7777 else {
            throw Problem(422, "Invalid mode", "‘\(text)’ is not a mode in octal digits, such as 600")
        }
        return mode
    }

    /// The value is in no error: it may be right all the same.
    private static func value(of wish: SecretRequest) throws -> [UInt8]? {
        guard wish.value == nil || wish.base64 == nil else {
            throw Problem(422, "Invalid value", "give value or base64, not both")
        }
        let bytes: [UInt8]?
        if let base64 = wish.base64 {
            guard let data = Data(base64Encoded: base64) else {
                throw Problem(422, "Invalid value", "base64 is not Base64")
            }
            bytes = [UInt8](data)
        } else {
            bytes = wish.value.map { Array($0.utf8) }
        }
        guard let bytes else { return nil }
        guard (1...Secret.byteLimit).contains(bytes.count) else {
            throw Problem(422, "Invalid value", "a value has 1 to \(Secret.byteLimit) bytes")
        }
        return bytes
    }
}
