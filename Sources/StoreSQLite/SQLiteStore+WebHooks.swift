package import Fleet
import GRDB

extension SQLiteStore {
    package func webHooks() async throws(StoreError) -> [WebHook] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT key, record FROM record WHERE kind = ? ORDER BY CAST(key AS INTEGER)",
                arguments: [WebHook.Record.kind])
            return try rows.compactMap { row in
                WebHook(
                    try Self.value(json: row["record"]),
                    secrets: try secrets(of: WebHook.Record.self, row["key"], in: database))
            }
        }
    }
}
