package import Fleet
import GRDB
import Linux

/// What happens to a store that goes back to an earlier state, as by a restore: what was ended since, for a reason, does not begin again.
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
    /// Hashes by which log-ins, programs and boards are let in, by kind and key.
    var hashes: [String: [String: String]] = [:]
    var certificates: [TerminalName: AgentCertificates]
    var receipts: [[String: DatabaseValue]] = []
    var mints: [[String: DatabaseValue]] = []
}

extension SQLiteStore {
    /// Revisions by which it is known that one store is a later state of another.
    private static let knownRevisions = 20
    private static let who = "roost restore"

    /// Takes over from a later state of this store what has ended since. Nothing that was revoked, used up or counted up holds again.
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
        let agents = before.contents.terminals.servers.keys.sorted().filter {
            (certificates[$0] ?? AgentCertificates()) != (state.certificates[$0] ?? AgentCertificates())
        }
        if !agents.isEmpty {
            outcome.kept.append("agents are let in as they were last: \(Self.list(agents.map(\.text)))")
        }
        let taken = try await write(.revision) { database in
            let changes = try edits.compactMap { try make($0, in: database) }
            if !changes.isEmpty {
                try record(changes, what: "what has ended since the backup", by: Self.who, in: database)
            }
            for agent in agents {
                try save(
                    [TerminalServer.agent: (state.certificates[agent] ?? AgentCertificates()).text],
                    besides: TerminalServer.self, agent.text, in: database)
            }
            try database.execute(sql: "DELETE FROM login_session")
            return (
                passwords: try Self.takePasswords(state.hashes[Administrator.kind] ?? [:], in: database),
                receipts: try Self.insert(state.receipts, into: "secret_receipt", in: database),
                mints: try Self.insert(state.mints, into: "secret_mint", in: database)
            )
        }
        if !taken.passwords.isEmpty {
            outcome.kept.append("passwords are as they were last: \(Self.list(taken.passwords))")
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

    /// - Parameter revision: the number of the newest one before the return. Receipts of what was armed later are of armings that are gone, and
    ///   their numbers are given out again.
    private func laterState(upTo revision: Int) async throws(StoreError) -> LaterState {
        let (contents, certificates) = (try await snapshot().contents, try await agentCertificates())
        return try await read { database in
            func rows(_ sql: String, _ arguments: StatementArguments = []) throws -> [[String: DatabaseValue]]
            {
                try Row.fetchAll(database, sql: sql, arguments: arguments).map { row in
                    Dictionary(row.map { ($0.0, $0.1) }) { first, _ in first }
                }
            }
            return LaterState(
                contents: contents, hashes: try Self.hashes(in: database), certificates: certificates,
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
        let tpms = contents.tpms.values.filter { tpm in
            later.contents.tpms[tpm.node].map { $0 != tpm } ?? false
        }.sorted { $0.node < $1.node }
        edits += tpms.compactMap { tpm in later.contents.tpms[tpm.node].map { .tpm(tpm.node, $0) } }
        if !tpms.isEmpty {
            lines.append("nodes stay bound to the TPMs that they had last: \(list(tpms.map(\.node.text)))")
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
                return own.moves[move.channel].map { $0.counter < move.counter } ?? true
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
        for image in contents.images.values.sorted(by: { $0.name < $1.name }) {
            for (channel, number) in image.channels.sorted(by: { $0.key.text < $1.key.text }) {
                guard let last = later.images[image.name]?.channels[channel], last > number else { continue }
                lines.append("\(image.name)@\(channel) at version \(number), in place of \(last)")
            }
        }
        return lines
    }

    // MARK: Beside records

    /// - Returns: the accounts whose password is another one now.
    private static func takePasswords(_ hashes: [String: String], in database: Database) throws -> [String] {
        var names: [String] = []
        for (name, hash) in hashes.sorted(by: { $0.key < $1.key }) {
            try database.execute(
                sql:
                    "UPDATE record_secret SET secret = ? WHERE kind = ? AND key = ? AND name = ? AND secret <> ?",
                arguments: [hash, Administrator.kind, name, Administrator.password, hash])
            if database.changesCount > 0 { names.append(name) }
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
