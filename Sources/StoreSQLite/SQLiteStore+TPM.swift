package import Fleet
import GRDB
import Linux
package import Wire

extension SQLiteStore {
    package func bind(_ tpms: [BoundTPM]) async throws(StoreError) -> [BoundTPM] {
        guard !tpms.isEmpty else { return [] }
        return try await write(.tpms) { database in
            try tpms.filter { tpm in
                // What people have decided meanwhile counts, and a node that is gone is bound to nothing.
                guard try Self.record(Node.kind, tpm.node.text, in: database) != nil,
                    try Self.record(BoundTPM.kind, tpm.node.text, in: database) == nil
                else { return false }
                return try make(.tpm(tpm.node, tpm), in: database) != nil
            }
        }
    }

    package func save(refusals: [MACAddress: NodeAlarm?]) async throws(StoreError) {
        guard !refusals.isEmpty else { return }
        try await write(.refusedTPMs) { database in
            for (machine, alarm) in refusals {
                guard let alarm else {
                    try database.execute(
                        sql: "DELETE FROM refused_tpm WHERE mac = ?", arguments: [machine.description])
                    continue
                }
                try database.execute(
                    sql: "INSERT OR REPLACE INTO refused_tpm (mac, record) VALUES (?, ?)",
                    arguments: [machine.description, try coder.json(alarm)])
            }
        }
    }

    package func refusedTPMs() async throws(StoreError) -> [MACAddress: NodeAlarm] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT mac, record FROM refused_tpm").reduce(into: [:]) {
                all, row in
                guard let machine = MACAddress(row["mac"] as String) else { return }
                all[machine] = try coder.value(json: row["record"])
            }
        }
    }
}
