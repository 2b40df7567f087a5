package import Fleet
import Foundation
import GRDB
import Linux
import Sealing

/// What happens to a store that goes back to an earlier state, as by a restore: what was ended since, for a reason, does not begin again.
///
/// Only ends are taken over, and nothing that gives access: the later state may be the one that was taken over by others.
package struct StateReturn: Equatable, Sendable {
    /// What stays as it was last, a line for each kind.
    package var kept: [String] = []
    /// What is as it was before again, and is for people to judge.
    package var again: [String] = []

    package init() {}
}

/// A later state, as far as it says what has ended.
private struct LaterState: Sendable {
    var contents: FleetSnapshot.Contents
    var revision: Int
    /// Hashes by which log-ins, programs and boards are let in, by kind and key.
    var hashes: [String: [String: String]] = [:]
    var certificates: [TerminalName: AgentCertificates]
    var receipts: [[String: DatabaseValue]] = []
    var mints: [[String: DatabaseValue]] = []
}

extension SQLiteStore {
    /// Revisions by which it is known that one store is a later state of another.
    private static let knownRevisions = 20
    /// Revisions at most whose numbers are passed over.
    private static let passedLimit = 1_000_000
    private static let who = "roost restore"

    /// Ends what has ended in a later state of this store: nothing that was revoked, used up or counted up holds again.
    ///
    /// - Returns: nil when `later` is no later state of this store, so that nothing can be said.
    package func takeEnds(from later: SQLiteStore) async throws(StoreError) -> StateReturn? {
        let known = try await read { try Self.newestRevisions(in: $0) }
        let isLater = try await later.read { database in
            try known.allSatisfy { number, text in
                try String.fetchOne(
                    database, sql: "SELECT who || ' ' || at FROM revision WHERE number = ?",
                    arguments: [number]) == text
            }
        }
        guard isLater else { return nil }
        let before = try await snapshot()
        let state = try await later.laterState(upTo: before.revision)
        let certificates = try await agentCertificates()
        let own = try await read { try Self.hashes(in: $0) }
        var outcome = StateReturn()
        outcome.again = Self.returned(before.contents, since: state.contents)
        let (edits, ended) = Self.ends(of: before.contents, hashes: own, since: state)
        outcome.kept = ended
        let agents = before.contents.terminals.servers.keys.sorted().filter { server in
            certificates[server].map { $0 != $0.leaving(state.certificates[server]) } ?? false
        }
        let taken = try await write(.revision) { database in
            let changes = try edits.compactMap { try make($0, in: database) }
            // Numbers that were given out are not given again. A later state that others wrote does not use them up.
            let newest = min(state.revision, before.revision + Self.passedLimit)
            if !changes.isEmpty || newest > before.revision {
                try record(
                    changes, what: "what has ended since the backup", by: Self.who, in: database,
                    number: newest + 1)
            }
            for server in agents {
                let left = certificates[server]?.leaving(state.certificates[server]) ?? AgentCertificates()
                try save(
                    [TerminalServer.agent: left.text], besides: TerminalServer.self, server.text, in: database
                )
            }
            try database.execute(sql: "DELETE FROM login_session")
            return (
                passwords: try Self.endPasswords(
                    own[Administrator.kind] ?? [:], state.hashes[Administrator.kind] ?? [:], in: database),
                receipts: try Self.insert(state.receipts, into: "secret_receipt", in: database),
                mints: try Self.insert(state.mints, into: "secret_mint", in: database)
            )
        }
        if !agents.isEmpty {
            outcome.kept.append(
                "certificates of agents that were revoked or replaced open nothing: \(Self.list(agents.map(\.text))) (roost server token)"
            )
        }
        if !taken.passwords.isEmpty {
            outcome.kept.append(
                "passwords that were changed open nothing: \(Self.list(taken.passwords)) (roost admin password)"
            )
        }
        if taken.receipts > 0 {
            outcome.kept.append(
                "\(counted(taken.receipts, "receipt")) of secrets since: what went out does not go out again")
        }
        if taken.mints > 0 { outcome.kept.append("\(counted(taken.mints, "minted secret")) since") }
        return outcome
    }

    private static func newestRevisions(in database: Database) throws -> [(Int, String)] {
        try Row.fetchAll(
            database,
            sql: "SELECT number, who || ' ' || at AS text FROM revision ORDER BY number DESC LIMIT ?",
            arguments: [knownRevisions]
        ).map { ($0["number"], $0["text"]) }
    }

    /// - Parameter revision: the number of the newest one before the return. Receipts of what was armed later are of armings that are gone.
    private func laterState(upTo revision: Int) async throws(StoreError) -> LaterState {
        let (later, certificates) = (try await snapshot(), try await agentCertificates())
        return try await read { database in
            func rows(_ sql: String, _ arguments: StatementArguments = []) throws -> [[String: DatabaseValue]]
            {
                try Row.fetchAll(database, sql: sql, arguments: arguments).map { row in
                    Dictionary(row.map { ($0.0, $0.1) }) { first, _ in first }
                }
            }
            return LaterState(
                contents: later.contents, revision: later.revision, hashes: try Self.hashes(in: database),
                certificates: certificates,
                receipts: try rows("SELECT * FROM secret_receipt WHERE armed_in <= ?", [revision]),
                mints: try rows("SELECT * FROM secret_mint"))
        }
    }

    private static func hashes(in database: Database) throws -> [String: [String: String]] {
        let kinds = [
            (Administrator.kind, Administrator.password), (APIToken.kind, APIToken.hash),
            (BoardLink.kind, BoardLink.hash),
        ]
        var all: [String: [String: String]] = [:]
        for (kind, name) in kinds {
            for row in try Row.fetchAll(
                database, sql: "SELECT key, secret FROM record_secret WHERE kind = ? AND name = ?",
                arguments: [kind, name])
            {
                all[kind, default: [:]][row["key"]] = row["secret"]
            }
        }
        return all
    }

    // MARK: Records

    /// The edits that keep ended what has ended, with a line for each kind.
    private static func ends(
        of contents: FleetSnapshot.Contents, hashes: [String: [String: String]], since later: LaterState
    ) -> ([FleetEdit], [String]) {
        var (edits, lines): ([FleetEdit], [String]) = ([], [])
        func isGone(_ kind: String, _ number: Int) -> Bool {
            later.hashes[kind]?["\(number)"] != hashes[kind]?["\(number)"]
        }
        let tokens = contents.access.tokens.values.filter { isGone(APIToken.kind, $0.id) }
            .sorted { $0.id < $1.id }
        edits += tokens.map { .token($0.id, nil) }
        if !tokens.isEmpty {
            lines.append(
                "tokens that were revoked stay so: \(list(tokens.map { "\($0.name) (\($0.owner))" }))")
        }
        let links = contents.access.boardLinks.values.filter { isGone(BoardLink.kind, $0.id) }
            .sorted { $0.id < $1.id }
        edits += links.map { .boardLink($0.id, nil) }
        if !links.isEmpty {
            lines.append("links of wall boards that were revoked stay so: \(list(links.map(\.name)))")
        }
        let disabled = contents.access.administrators.values.filter {
            !$0.isDisabled && later.contents.access.administrators[$0.name]?.isDisabled == true
        }.sorted { $0.name < $1.name }
        edits += disabled.map { account in
            var account = account
            account.isDisabled = true
            return .administrator(account.name, account)
        }
        if !disabled.isEmpty {
            lines.append("accounts that were disabled stay so: \(list(disabled.map(\.name)))")
        }
        let moves = moves(of: contents, since: later.contents)
        edits += moves.map { .move($0.image, $0.move) }
        if !moves.isEmpty {
            let names = moves.map { "\($0.image)@\($0.move.channel)" }
            lines.append("older signed moves of channels stay refused: \(list(names))")
        }
        return (edits, lines)
    }

    /// Signed moves that came later than those that are here: their counters never fall.
    private static func moves(
        of contents: FleetSnapshot.Contents, since later: FleetSnapshot.Contents
    ) -> [(image: ImageName, move: ChannelMove)] {
        later.images.values.sorted { $0.name < $1.name }.flatMap { image in
            image.moves.values.sorted { $0.channel.text < $1.channel.text }.filter { move in
                guard let own = contents.images[image.name] else { return false }
                return move.isSigned(of: image.name)
                    && own.moves[move.channel].map { $0.counter < move.counter && $0.key == move.key } ?? true
            }.map { (image.name, $0) }
        }
    }

    /// What people did since for a reason that a program does not know.
    private static func returned(
        _ contents: FleetSnapshot.Contents, since later: FleetSnapshot.Contents
    ) -> [String] {
        var lines: [String] = []
        for account in contents.access.administrators.values.sorted(by: { $0.name < $1.name }) {
            guard let last = later.access.administrators[account.name] else {
                lines.append("account \(account.name), which was removed")
                continue
            }
            if last.source != account.source {
                lines.append("account \(account.name), which got another source")
            }
            if last.grants != account.grants {
                lines.append("roles of \(account.name): \(list(account.grants.map(\.description)))")
            }
        }
        for secret in contents.secrets.values.sorted(by: { $0.name.text < $1.name.text }) {
            guard let last = later.secrets[secret.name] else {
                lines.append("secret \(secret.name), which was removed")
                continue
            }
            if last.version > secret.version {
                lines.append("secret \(secret.name) version \(secret.version), in place of \(last.version)")
            }
        }
        for tpm in contents.tpms.values.sorted(by: { $0.node < $1.node })
        where later.tpms[tpm.node].map({ $0 != tpm }) ?? false {
            lines.append("node \(tpm.node) bound to its former TPM")
        }
        for image in contents.images.values.sorted(by: { $0.name < $1.name }) {
            for (channel, number) in image.channels.sorted(by: { $0.key.text < $1.key.text }) {
                guard let last = later.images[image.name]?.channels[channel], last > number else { continue }
                lines.append("\(image.name)@\(channel) at version \(number), in place of \(last)")
            }
        }
        return lines
    }

    // MARK: Beside records

    /// - Returns: the accounts that have no password any more, because theirs was changed.
    private static func endPasswords(
        _ hashes: [String: String], _ later: [String: String], in database: Database
    ) throws -> [String] {
        let names = hashes.filter { later[$0.key] != nil && later[$0.key] != $0.value }.keys.sorted()
        for name in names {
            try database.execute(
                sql: "DELETE FROM record_secret WHERE kind = ? AND key = ? AND name = ?",
                arguments: [Administrator.kind, name, Administrator.password])
        }
        return names
    }

    /// - Returns: how many of the rows are new or others now.
    private static func insert(
        _ rows: [[String: DatabaseValue]], into table: String, in database: Database
    ) throws -> Int {
        var count = 0
        for row in rows {
            let columns = row.keys.sorted()
            let conditions = columns.map { "\($0) IS ?" }.joined(separator: " AND ")
            let values = StatementArguments(columns.map { row[$0] })
            let isKnown = try Bool.fetchOne(
                database, sql: "SELECT EXISTS (SELECT 1 FROM \(table) WHERE \(conditions))", arguments: values
            )
            guard isKnown != true else { continue }
            let marks = columns.map { _ in "?" }.joined(separator: ", ")
            try database.execute(
                sql: "INSERT OR REPLACE INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(marks))",
                arguments: values)
            count += 1
        }
        return count
    }

    /// Names in a line for people.
    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(10).joined(separator: ", ")
        return names.count > 10 ? "\(shown) and \(names.count - 10) more" : shown
    }
}

extension AgentCertificates {
    /// Those that count later, too.
    fileprivate func leaving(_ later: AgentCertificates?) -> Self {
        Self(all.filter { later?.all.contains($0) == true })
    }
}

extension ChannelMove {
    /// Whether its key signed it: a later state that others wrote must not raise a counter.
    fileprivate func isSigned(of image: ImageName) -> Bool {
        guard let key = Data(base64Encoded: key), key.count == SigningKey.publicByteCount,
            let signature = Data(base64Encoded: signature)
        else { return false }
        let message = Self.message(moving: channel, of: image, to: digest, counter: counter)
        return SigningKey.hasSigned(Array(message.utf8), [UInt8](signature), by: [UInt8](key))
    }
}
