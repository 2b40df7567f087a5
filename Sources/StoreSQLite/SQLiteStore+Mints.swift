package import Fleet
import GRDB
import Linux
import Wire

/// What was minted for boots of nodes, without its values.
extension SQLiteStore {
    /// Makings of each secret that are kept for each node, beside those that are still open.
    private static let mintLimit = 20

    /// Enters a making, so that a server that is killed from here on knows of it.
    static func begin(_ secret: Secret, for claim: SecretClaim, in database: Database) throws -> SecretMint {
        var generator = SystemRandomNumberGenerator()
        var mint = SecretMint(
            handle: "", secret: secret.name, node: claim.node, machine: claim.machine, boot: claim.boot,
            at: claim.at)
        repeat {
            mint.handle = SecretMint.newHandle(using: &generator)
        } while try Bool.fetchOne(
            database, sql: "SELECT EXISTS (SELECT 1 FROM secret_mint WHERE handle = ?)",
            arguments: [mint.handle]) == true
        try database.execute(
            sql: """
                INSERT INTO secret_mint (handle, secret, mac, boot, node, state, is_removed, at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                mint.handle, mint.secret.text, mint.machine.description, mint.boot, mint.node.text,
                mint.state.rawValue, secret.minted?.isRemoved ?? false, mint.at,
            ])
        try database.execute(
            sql: """
                DELETE FROM secret_mint WHERE secret = ?1 AND node = ?2
                AND (NOT is_removed OR state NOT IN (\(openStates(whileNodeIsThere: true)))) AND rowid NOT IN (
                    SELECT rowid FROM secret_mint WHERE secret = ?1 AND node = ?2
                    ORDER BY rowid DESC LIMIT ?3)
                """, arguments: [mint.secret.text, mint.node.text, mintLimit])
        return mint
    }

    package func save(_ mints: [SecretMint]) async throws(StoreError) {
        guard !mints.isEmpty else { return }
        try await write(.secretMints) { database in
            for mint in mints {
                try database.execute(
                    sql: """
                        UPDATE secret_mint SET state = ?, shown = ?, expires_at = ?, failure = ?
                        WHERE handle = ?
                        """,
                    arguments: [mint.state.rawValue, mint.shown, mint.expiresAt, mint.failure, mint.handle])
                if mint.isTakenBack { try Self.takeBack(mint, in: database) }
            }
        }
    }

    private static func takeBack(_ mint: SecretMint, in database: Database) throws {
        let key: StatementArguments = [mint.secret.text, mint.machine.description, mint.boot]
        let row = try Row.fetchOne(
            database, sql: "SELECT * FROM secret_receipt WHERE secret = ? AND mac = ? AND boot = ?",
            arguments: key)
        guard let receipt = try row.flatMap({ try receipt($0) })?.takenBack() else { return }
        try database.execute(
            sql: """
                UPDATE secret_receipt SET count = ?, armed_in = ? WHERE secret = ? AND mac = ? AND boot = ?
                """,
            arguments: [receipt.count, receipt.armedIn] + key)
    }

    /// The states of makings that are open, as a list in a statement.
    private static func openStates(whileNodeIsThere isThere: Bool) -> String {
        SecretMint.State.allCases.filter { $0.isOpen(whileNodeIsThere: isThere) }.map { "'\($0.rawValue)'" }
            .joined(separator: ", ")
    }

    package func noteSent(_ claims: [SecretClaim]) async throws(StoreError) {
        guard !claims.isEmpty else { return }
        try await write(.secretsSent) { database in
            for claim in claims {
                for state in SecretMint.State.allCases where state.afterAnswer != state {
                    try database.execute(
                        sql: "UPDATE secret_mint SET state = ? WHERE mac = ? AND boot = ? AND state = ?",
                        arguments: [
                            state.afterAnswer.rawValue, claim.machine.description, claim.boot, state.rawValue,
                        ])
                }
            }
        }
    }

    package func openMints() async throws(StoreError) -> [OpenMint] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM secret_mint WHERE is_removed
                    AND state IN (\(Self.openStates(whileNodeIsThere: false)))
                    AND (state IN (\(Self.openStates(whileNodeIsThere: true)))
                        OR node NOT IN (SELECT key FROM record WHERE kind = ?))
                    ORDER BY rowid
                    """, arguments: [Node.kind])
            return try rows.compactMap { row in
                guard let mint = try Self.mint(row) else { return nil }
                let record = try String.fetchOne(
                    database, sql: "SELECT record FROM record WHERE kind = ? AND key = ?",
                    arguments: [Secret.kind, mint.secret.text])
                guard let secret = try record.map({ try coder.value(Secret.self, json: $0) }) else {
                    return OpenMint(mint, of: nil, kept: nil)
                }
                return OpenMint(mint, of: secret, kept: try kept(beside: secret, in: database))
            }
        }
    }

    /// The receipt with the last making for it.
    static func minted(for receipt: SecretReceipt, in database: Database) throws -> SecretReceipt {
        let row = try Row.fetchOne(
            database,
            sql: """
                SELECT * FROM secret_mint WHERE secret = ? AND mac = ? AND boot = ? ORDER BY rowid DESC LIMIT 1
                """, arguments: [receipt.secret.text, receipt.machine.description, receipt.boot])
        var receipt = receipt
        receipt.mint = try row.flatMap { try mint($0) }
        return receipt
    }

    private static func mint(_ row: Row) throws -> SecretMint? {
        guard let machine = MACAddress(row["mac"] as String),
            let state = SecretMint.State(rawValue: row["state"])
        else { return nil }
        return SecretMint(
            handle: row["handle"], secret: try SecretName(row["secret"] as String),
            node: try NodeName(row["node"] as String), machine: machine, boot: row["boot"], state: state,
            shown: row["shown"], at: row["at"], expiresAt: row["expires_at"], failure: row["failure"])
    }
}
