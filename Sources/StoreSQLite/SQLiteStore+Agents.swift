package import Fleet
import GRDB

extension SQLiteStore {
    package func agentCertificates() async throws(StoreError) -> [TerminalName: AgentCertificates] {
        try await read { database in
            let rows = try Row.fetchAll(
                database, sql: "SELECT key, secret FROM record_secret WHERE kind = ? AND name = ?",
                arguments: [TerminalServer.kind, TerminalServer.agent])
            return rows.reduce(into: [:]) { all, row in
                let (key, text): (String, String) = (row["key"], row["secret"])
                let certificates = AgentCertificates(parsing: text)
                guard let name = try? TerminalName(key), !certificates.all.isEmpty else { return }
                all[name] = certificates
            }
        }
    }
}
