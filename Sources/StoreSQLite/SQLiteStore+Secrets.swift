package import Fleet
import GRDB
import Linux
import Wire

/// Secrets on their way to nodes, and the receipts.
extension SQLiteStore {
    /// Receipts of each secret that are kept for each node. The newest tells whether it is still armed.
    private static let receiptLimit = 20
    /// Receipts after which those of removed secrets go.
    private static let oldReceiptLimit = 200_000

    package func claim(_ claims: [SecretClaim]) async throws(StoreError) -> [SecretDelivery] {
        guard !claims.isEmpty else { return [] }
        return try await write(.secretReceipts) { database in
            let secrets = try String.fetchAll(
                database, sql: "SELECT record FROM record WHERE kind = ?", arguments: [Secret.kind]
            ).map { try coder.value(Secret.self, json: $0) }
            return try claims.map { try deliver(secrets, to: $0, in: database) }
        }
    }

    private func deliver(_ secrets: [Secret], to claim: SecretClaim, in database: Database) throws
        -> SecretDelivery
    {
        // Also after a restart that forgot the boot: the receipts know its key.
        let isSpent = try Bool.fetchOne(
            database,
            sql: "SELECT EXISTS (SELECT 1 FROM secret_receipt WHERE mac = ? AND boot = ? AND key <> ?)",
            arguments: [claim.machine.description, claim.boot, claim.key])
        guard isSpent == false else { return SecretDelivery(claim, files: nil) }
        var delivery = SecretDelivery(claim, files: [])
        var generator = SystemRandomNumberGenerator()
        // It may have been removed or moved since the data planes last heard.
        guard let group = try Self.group(of: claim.node, in: database) else { return delivery }
        for secret in Secret.armed(for: claim.node, in: group, fitting: claim.rules, of: secrets)
        where secret.isArmed(try Self.handed(secret, claim, in: database)) {
            let kept = try kept(beside: secret, in: database)
            guard let content = secret.content(kept: kept, using: &generator) else {
                delivery.unreadable.append(secret.name)
                delivery.files?.append(SecretFile(missing: secret))
                continue
            }
            try Self.note(secret, claim, in: database)
            delivery.names.append("\(secret.name) version \(secret.version)")
            switch content {
            case .value(let content): delivery.files?.append(SecretFile(secret, content: content))
            case .order:
                let mint = try Self.begin(secret, for: claim, in: database)
                delivery.orders.append(MintOrder(mint, of: secret, kept: kept))
            }
        }
        return delivery
    }

    /// Nil: there is no such node.
    private static func group(of node: NodeName, in database: Database) throws -> GroupPath? {
        let group = try String.fetchOne(
            database,
            sql: "SELECT ifnull(json_extract(record, '$.group'), '/') FROM record WHERE kind = ? AND key = ?",
            arguments: [Node.kind, node.text])
        return try group.map { try GroupPath($0) }
    }

    /// Nil: it is not there, or sealed with another key.
    func kept(beside secret: Secret, in database: Database) throws -> [UInt8]? {
        try secrets(of: Secret.self, secret.name.text, in: database)[Secret.value].flatMap {
            KeptBytes.bytes(of: $0)
        }
    }

    private static func handed(_ secret: Secret, _ claim: SecretClaim, in database: Database) throws
        -> Secret.Handed
    {
        func exists(_ condition: String, _ arguments: StatementArguments) throws -> Bool {
            try Bool.fetchOne(
                database,
                sql: """
                    SELECT EXISTS (
                        SELECT 1 FROM secret_receipt WHERE secret = ? AND armed_in = ? AND \(condition))
                    """, arguments: [secret.name.text, secret.armedIn] + arguments) ?? false
        }
        // Each boot gets it: what others had does not matter.
        guard secret.arming != .eachBoot else {
            return Secret.Handed(toThisBoot: false, toThisNode: false, toAnyNode: false)
        }
        return Secret.Handed(
            toThisBoot: try exists("mac = ? AND boot = ?", [claim.machine.description, claim.boot]),
            toThisNode: try exists("node = ?", [claim.node.text]), toAnyNode: try exists("1", []))
    }

    private static func note(_ secret: Secret, _ claim: SecretClaim, in database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO secret_receipt (secret, mac, boot, node, key, version, armed_in, at, count)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)
                ON CONFLICT DO UPDATE SET version = excluded.version, armed_in = excluded.armed_in,
                    at = excluded.at, count = count + 1
                """,
            arguments: [
                secret.name.text, claim.machine.description, claim.boot, claim.node.text, claim.key,
                secret.version, secret.armedIn, claim.at,
            ])
        try database.execute(
            sql: """
                DELETE FROM secret_receipt WHERE secret = ?1 AND node = ?2 AND rowid NOT IN (
                    SELECT rowid FROM secret_receipt WHERE secret = ?1 AND node = ?2
                    ORDER BY rowid DESC LIMIT ?3)
                """, arguments: [secret.name.text, claim.node.text, receiptLimit])
    }

    /// Those of secrets that are there decide what is armed, and stay.
    static func pruneReceipts(in database: Database) throws {
        try database.execute(
            sql: """
                DELETE FROM secret_receipt WHERE rowid <= (SELECT max(rowid) FROM secret_receipt) - ?
                AND secret NOT IN (SELECT key FROM record WHERE kind = ?)
                """, arguments: [oldReceiptLimit, Secret.kind])
    }

    package func receipts(of secret: SecretName?, node: NodeName?, limit: Int) async throws(StoreError)
        -> [SecretReceipt]
    {
        try await read { database in
            var (conditions, arguments) = (["1"], StatementArguments())
            if let secret {
                conditions.append("secret = ?")
                arguments += [secret.text]
            }
            if let node {
                conditions.append("node = ?")
                arguments += [node.text]
            }
            arguments += [limit]
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM secret_receipt WHERE \(conditions.joined(separator: " AND "))
                    ORDER BY at DESC, rowid DESC LIMIT ?
                    """, arguments: arguments)
            return try rows.compactMap { try Self.receipt($0) }.map { try Self.minted(for: $0, in: database) }
        }
    }

    static func receipt(_ row: Row) throws -> SecretReceipt? {
        guard let machine = MACAddress(row["mac"] as String) else { return nil }
        return SecretReceipt(
            secret: try SecretName(row["secret"] as String), version: row["version"],
            armedIn: row["armed_in"], node: try NodeName(row["node"] as String), machine: machine,
            boot: row["boot"], key: row["key"], at: row["at"], count: row["count"])
    }

    package func isDelivered(_ secret: SecretName, armedIn revision: Int) async throws(StoreError) -> Bool {
        try await read { database in
            try Bool.fetchOne(
                database,
                sql: "SELECT EXISTS (SELECT 1 FROM secret_receipt WHERE secret = ? AND armed_in = ?)",
                arguments: [secret.text, revision]) ?? false
        }
    }
}
