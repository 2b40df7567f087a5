package import Fleet
import GRDB
import Linux
package import Wire

extension SQLiteStore {
    package func rollouts(before: Int?, limit: Int) async throws(StoreError) -> [Rollout] {
        try await read { database in
            try Self.rollouts(
                "number < ? ORDER BY number DESC LIMIT ?", [before ?? .max, limit], in: database)
        }
    }

    package func rollout(_ id: Int) async throws(StoreError) -> Rollout {
        let found = try await read { database in try Self.rollouts("number = ?", [id], in: database).first }
        guard let found else {
            throw StoreError.notFound("there is no roll-out \(id) (roost rollout list shows all)")
        }
        return found
    }

    package func save(_ rollouts: [Rollout], troubles: [MACAddress: BootTrouble?]) async throws(StoreError) {
        try await write(.rollouts) { database in
            for rollout in rollouts {
                // Another writer ended it first; that result stands.
                try database.execute(
                    sql: "UPDATE record SET record = ? WHERE kind = ? AND key = ? AND NOT is_closed",
                    arguments: [try Self.json(rollout), Rollout.kind, String(rollout.id)])
            }
            for (machine, trouble) in troubles {
                if let trouble {
                    try database.execute(
                        sql: "INSERT OR REPLACE INTO boot_trouble (mac, record) VALUES (?, ?)",
                        arguments: [machine.description, try Self.json(trouble)])
                } else {
                    try database.execute(
                        sql: "DELETE FROM boot_trouble WHERE mac = ?", arguments: [machine.description])
                }
            }
        }
    }

    private static func rollouts(
        _ clause: String, _ arguments: StatementArguments, in database: Database
    ) throws -> [Rollout] {
        try String.fetchAll(
            database,
            sql: """
                SELECT record FROM (SELECT record, CAST(key AS INTEGER) AS number FROM record WHERE kind = ?)
                WHERE \(clause)
                """, arguments: [Rollout.kind] + arguments
        ).map { try value(json: $0) }
    }
}
