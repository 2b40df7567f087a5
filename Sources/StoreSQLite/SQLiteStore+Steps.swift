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
