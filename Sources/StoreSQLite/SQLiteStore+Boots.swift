package import Fleet
import GRDB
package import Wire

extension SQLiteStore {
    package func append(_ events: [BootEvent]) async throws(StoreError) {
        guard !events.isEmpty else { return }
        try await write { database in
            let statement = try database.cachedStatement(
                sql: "INSERT INTO boot_event (boot, mac, stage, at, detail) VALUES (?, ?, ?, ?, ?)")
            for event in events {
                try statement.execute(arguments: [
                    event.boot, event.macAddress.description, event.stage.rawValue, event.at, event.detail,
                ])
            }
        }
    }

    package func save(_ hardware: Hardware, of machine: MACAddress) async throws(StoreError) {
        let second = currentSecond
        try await write { database in
            let record = try Self.json(hardware)
            let known = try String.fetchOne(
                database, sql: "SELECT record FROM hardware WHERE mac = ? ORDER BY rowid DESC LIMIT 1",
                arguments: [machine.description])
            guard known != record else { return }
            try database.execute(
                sql: "INSERT INTO hardware (mac, at, record) VALUES (?, ?, ?)",
                arguments: [machine.description, second, record])
        }
    }

    package func hardware(of machine: MACAddress) async throws(StoreError) -> Hardware? {
        try await read { database in
            try String.fetchOne(
                database, sql: "SELECT record FROM hardware WHERE mac = ? ORDER BY rowid DESC LIMIT 1",
                arguments: [machine.description]
            ).map { try Self.value(json: $0) }
        }
    }

    package func boots(of machine: MACAddress?, limit: Int) async throws(StoreError) -> [BootTimeline] {
        try await read { database in
            let filter = machine == nil ? "" : "WHERE mac = ?"
            let keys = try Row.fetchAll(
                database,
                sql:
                    "SELECT boot, mac, max(at) AS last FROM boot_event \(filter) GROUP BY boot, mac ORDER BY last DESC LIMIT ?",
                arguments: machine.map { [$0.description, limit] } ?? [limit])
            return try keys.compactMap { key -> BootTimeline? in
                guard let address = MACAddress(key["mac"] as String) else { return nil }
                let rows = try Row.fetchAll(
                    database,
                    sql:
                        "SELECT stage, at, detail FROM boot_event WHERE mac = ? AND boot = ? ORDER BY at, rowid",
                    arguments: [key["mac"] as String, key["boot"] as String])
                let entries = rows.compactMap { row -> BootTimeline.Entry? in
                    guard let stage = BootStage(rawValue: row["stage"]) else { return nil }
                    return BootTimeline.Entry(stage: stage, at: row["at"], detail: row["detail"])
                }
                return BootTimeline(boot: key["boot"], macAddress: address, entries: entries)
            }
        }
    }
}
