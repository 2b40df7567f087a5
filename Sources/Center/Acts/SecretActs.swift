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
    func secret(_ name: SecretName) async throws -> SecretAnswer {
        try require(.read)
        let snapshot = fleet.snapshot
        guard let secret = snapshot.contents.secrets[name], caller.sees(secret.group) else {
            throw StoreError.notFound(Secret.missing(name))
        }
        let receipts = try await store.receipts(of: name, node: nil, limit: Self.receiptLimit).filter {
            caller.sees(snapshot.nodes[$0.node]?.group ?? .site)
        }
        return SecretAnswer(
            secret, isSpent: try await isSpent(secret), receipts: receipts.map { SecretReceiptAnswer($0) })
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

    func addSecret(_ wish: SecretRequest) async throws -> SecretAnswer {
        let group = wish.group ?? .site
        // Before anything else: the error must not reveal which groups exist.
        try require(.configure, in: group)
        guard let name = wish.name else {
            throw Problem(422, "Invalid secret", "a new secret needs a name")
        }
        let value = try Self.value(of: wish)
        guard (value == nil) != (wish.minted == nil) else {
            throw Problem(422, "Invalid secret", "a new secret has a value, or is minted: one of the two")
        }
        let minted = wish.minted.map {
            MintedPassword(
                length: $0.length ?? MintedPassword.usualLength,
                alphabet: $0.alphabet ?? MintedPassword.usualAlphabet)
        }
        let secret = Secret(
            name: name, group: group, path: wish.path, mode: try Self.mode(of: wish) ?? 0o600,
            owner: wish.owner ?? "root", minted: minted, arming: wish.arming ?? .off, changedAt: Clock.second)
        let edit = FleetEdit.secret(name, secret, value: value)
        _ = try await change { _ in
            [edit]
        } check: {
            try edit.requireNew(in: $0)
        }
        return try await self.secret(name)
    }

    /// Changes what the wish names; with a value it is the next version. One of another group is not found, like one that does not exist.
    func changeSecret(_ name: SecretName, _ wish: SecretRequest) async throws -> SecretAnswer {
        try require(.configure)
        _ = try await change { [caller] current in
            guard var secret = current.contents.secrets[name], caller.allows(.configure, in: secret.group)
            else { throw StoreError.notFound(Secret.missing(name)) }
            guard wish.name == nil || wish.name == name, wish.minted == nil else {
                throw Problem(
                    422, "Invalid secret", "name and minted stay as they are: remove it, and add another one")
            }
            if let group = wish.group { secret.group = group }
            if let path = wish.path { secret.path = path }
            if let mode = try Self.mode(of: wish) { secret.mode = mode }
            if let owner = wish.owner { secret.owner = owner }
            if let arming = wish.arming {
                // Armed anew, even if it is armed the same way.
                (secret.arming, secret.armedIn) = (arming, 0)
            }
            let value = try Self.value(of: wish)
            if value != nil { secret.changedAt = Clock.second }
            return [.secret(name, secret, value: value)]
        }
        return try await self.secret(name)
    }

    func removeSecret(_ name: SecretName) async throws {
        try require(.configure)
        _ = try await change { [caller] current in
            guard let secret = current.contents.secrets[name], caller.allows(.configure, in: secret.group)
            else { throw StoreError.notFound(Secret.missing(name)) }
            return [.secret(name, nil)]
        }
    }

    private func isSpent(_ secret: Secret) async throws -> Bool {
        guard secret.arming == .once else { return false }
        return try await store.receipts(of: secret.name, node: nil, limit: 1).first?.armedIn == secret.armedIn
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
            throw Problem(422, "Invalid value", "value and base64 exclude each other")
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
