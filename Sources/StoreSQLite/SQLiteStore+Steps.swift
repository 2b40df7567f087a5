package import Fleet
import GRDB
import Linux
package import Wire

extension SQLiteStore {
    /// Boots of a machine whose steps are kept.
    private static let stepBootLimit = 10

    package func save(_ results: [PhaseResults]) async throws(StoreError) {
        guard !results.isEmpty else { return }
        try await write(.steps) { database in
            for phase in results {
                let machine = phase.machine.description
                let phase = try Self.whole(phase, in: database)
                try database.execute(
                    sql: """
                        INSERT OR REPLACE INTO boot_steps (mac, boot, phase, failed, record)
                        VALUES (?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        machine, phase.boot, phase.phase.rawValue, phase.failures.count,
                        try Self.json(phase.results),
                    ])
                try database.execute(
                    sql: """
                        DELETE FROM boot_steps WHERE mac = ?1 AND boot NOT IN (
                            SELECT boot FROM boot_steps WHERE mac = ?1
                            GROUP BY boot ORDER BY max(rowid) DESC LIMIT ?2)
                        """, arguments: [machine, Self.stepBootLimit])
            }
        }
    }

    /// A phase with the results that are stored of it, if it is an addition to them.
    private static func whole(_ phase: PhaseResults, in database: Database) throws -> PhaseResults {
        guard phase.isAddition else { return phase }
        let record = try String.fetchOne(
            database, sql: "SELECT record FROM boot_steps WHERE mac = ? AND boot = ? AND phase = ?",
            arguments: [phase.machine.description, phase.boot, phase.phase.rawValue])
        return phase.added(to: try record.map { try Self.value(json: $0) } ?? [])
    }

    package func stepDurations(of machines: [MACAddress]) async throws(StoreError) -> [String: [Int]] {
        guard !machines.isEmpty else { return [:] }
        let places = machines.map { _ in "?" }.joined(separator: ",")
        return try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT json_extract(value, '$.name') AS name, json_extract(value, '$.milliseconds') AS took
                    FROM boot_steps JOIN last_boot USING (mac, boot), json_each(boot_steps.record)
                    WHERE mac IN (\(places)) AND json_extract(value, '$.outcome') = 'done'
                    """, arguments: StatementArguments(machines.map(\.description))
            ).reduce(into: [:]) { all, row in all[row["name"] as String, default: []].append(row["took"]) }
        }
    }

    package func steps(of machine: MACAddress, in boot: String) async throws(StoreError) -> [PhaseResults] {
        let phases = try await phases("WHERE mac = ? AND boot = ?", [machine.description, boot])
        return StepPhase.allCases.flatMap { phase in phases.filter { $0.phase == phase } }
    }

    package func failedSteps() async throws(StoreError) -> [PhaseResults] {
        try await phases("JOIN last_boot USING (mac, boot) WHERE failed > 0", [])
    }

    private func phases(_ filter: String, _ arguments: StatementArguments) async throws(StoreError)
        -> [PhaseResults]
    {
        try await read { database in
            try Row.fetchAll(
                database, sql: "SELECT mac, boot, phase, record FROM boot_steps \(filter)",
                arguments: arguments
            ).compactMap { row in
                guard let machine = MACAddress(row["mac"] as String),
                    let phase = StepPhase(rawValue: row["phase"])
                else { return nil }
                return PhaseResults(
                    machine: machine, boot: row["boot"], phase: phase,
                    told: try Self.value(json: row["record"]))
            }
        }
    }
}
