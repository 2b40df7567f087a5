package import Fleet
import GRDB
import Linux
package import Wire

extension SQLiteStore {
    /// What is kept of a machine's hardware.
    private static let hardwareLimit = 100

    /// Marks a boot in which the machine asks for orders, among its stages: earlier programs pass over it.
    private static let attended = "attends"

    package func append(_ events: [BootEvent], attended: [AttendedBoot]) async throws(StoreError) {
        guard !events.isEmpty || !attended.isEmpty else { return }
        let retention = retention
        try await write(.bootEvents) { database in
            var (begun, number): (Set<MACAddress>, Int) = ([], 0)
            let entry = try database.cachedStatement(
                sql:
                    "INSERT INTO boot_event (boot, mac, stage, at, detail, version, delivery) VALUES (?, ?, ?, ?, ?, ?, ?)"
            )
            let boot = try database.cachedStatement(
                sql: """
                    INSERT INTO boot (mac, boot, last_at) VALUES (?, ?, ?)
                    ON CONFLICT DO UPDATE SET last_at = max(last_at, excluded.last_at)
                    """)
            // The last boot is the one that began last; a late report of an earlier boot does not change that.
            let last = try database.cachedStatement(
                sql: """
                    INSERT INTO last_boot (mac, boot, at) VALUES (?, ?, ?)
                    ON CONFLICT DO UPDATE SET boot = excluded.boot, at = excluded.at
                    WHERE (SELECT rowid FROM boot WHERE mac = excluded.mac AND boot = excluded.boot) >= ifnull(
                        (SELECT rowid FROM boot WHERE mac = last_boot.mac AND boot = last_boot.boot), 0)
                    """)
            for event in events {
                let machine = event.macAddress.description
                try entry.execute(arguments: [
                    event.boot, machine, event.stage.rawValue, event.at, event.detail, event.version?.text,
                    try event.delivery.map { try Self.json($0) },
                ])
                number = Int(database.lastInsertedRowID)
                try boot.execute(arguments: [machine, event.boot, event.at])
                if event.stage == .dhcp { begun.insert(event.macAddress) }
                try last.execute(arguments: [machine, event.boot, event.at])
            }
            for boot in attended {
                try entry.execute(arguments: [
                    boot.boot, boot.macAddress.description, Self.attended, boot.at, "", nil, nil,
                ])
                number = Int(database.lastInsertedRowID)
            }
            for machine in begun { try Self.pruneBoots(of: machine, to: retention, in: database) }
            if number / retention.period != (number - events.count - attended.count) / retention.period {
                try Self.prune(to: retention, in: database)
            }
        }
    }

    // MARK: Retention

    /// Removes whatever is older than the retention for all machines.
    static func prune(to retention: Retention, in database: Database) throws {
        try database.execute(
            sql: "DELETE FROM boot_event WHERE rowid <= (SELECT max(rowid) FROM boot_event) - ?",
            arguments: [retention.events])
        try database.execute(sql: "DELETE FROM boot WHERE last_at < (SELECT min(at) FROM boot_event)")
        try pruneReceipts(in: database)
        let strangers = try String.fetchAll(
            database,
            sql: """
                SELECT mac FROM last_boot
                WHERE mac NOT IN (SELECT name FROM record_name) AND mac NOT IN (SELECT mac FROM learned_card)
                ORDER BY at DESC LIMIT -1 OFFSET ?
                """, arguments: [retention.strangers])
        for machine in strangers { try forget(machine, in: database) }
    }

    /// Removes a machine's oldest boots when it begins a new one.
    private static func pruneBoots(
        of machine: MACAddress, to retention: Retention, in database: Database
    ) throws {
        let mac = machine.description
        let isNode =
            try Bool.fetchOne(
                database,
                sql: """
                    SELECT EXISTS (SELECT 1 FROM record_name WHERE name = ?1)
                    OR EXISTS (SELECT 1 FROM learned_card WHERE mac = ?1)
                    """, arguments: [mac]) ?? false
        // In the order in which they began: the clock may have been set in between.
        let old = try String.fetchAll(
            database, sql: "SELECT boot FROM boot WHERE mac = ? ORDER BY rowid DESC LIMIT -1 OFFSET ?",
            arguments: [mac, isNode ? retention.boots : retention.strangersBoots])
        for boot in old {
            for table in ["boot_event", "boot"] {
                try database.execute(
                    sql: "DELETE FROM \(table) WHERE mac = ? AND boot = ?", arguments: [mac, boot])
            }
        }
    }

    package func save(_ hardware: Hardware, of machine: MACAddress) async throws(StoreError) -> Hardware? {
        let second = currentSecond
        return try await write(.hardware) { database in
            let known: Hardware? = try String.fetchOne(
                database, sql: "SELECT record FROM last_hardware WHERE mac = ?",
                arguments: [machine.description]
            ).map { try Self.value(json: $0) }
            let hardware = hardware.completed(by: known)
            guard known != hardware else { return nil }
            let record = try Self.json(hardware)
            try database.execute(
                sql: "INSERT INTO hardware (mac, at, record) VALUES (?, ?, ?)",
                arguments: [machine.description, second, record])
            try database.execute(
                sql: "INSERT OR REPLACE INTO last_hardware (mac, record) VALUES (?, ?)",
                arguments: [machine.description, record])
            try database.execute(
                sql: """
                    DELETE FROM hardware WHERE mac = ?1 AND rowid NOT IN
                    (SELECT rowid FROM hardware WHERE mac = ?1 ORDER BY rowid DESC LIMIT ?2)
                    """, arguments: [machine.description, Self.hardwareLimit])
            return hardware
        }
    }

    package func hardwareHistory(of machine: MACAddress) async throws(StoreError) -> [HardwareRecord] {
        try await read { database in
            try Row.fetchAll(
                database, sql: "SELECT at, record FROM hardware WHERE mac = ? ORDER BY rowid DESC LIMIT ?",
                arguments: [machine.description, Self.hardwareLimit]
            ).map {
                HardwareRecord(
                    macAddress: machine, at: $0["at"], hardware: try Self.value(json: $0["record"]))
            }
        }
    }

    package func boots(of machine: MACAddress?, hiding hidden: Set<MACAddress>, limit: Int)
        async throws(StoreError) -> [BootTimeline]
    {
        try await read { database in
            let others = hidden.isEmpty ? nil : try Self.json(hidden.map(\.description))
            let filters = [
                machine == nil ? nil : "mac = ?",
                others == nil ? nil : "mac NOT IN (SELECT value FROM json_each(?))",
            ].compactMap { $0 }
            let filter = filters.isEmpty ? "" : "WHERE " + filters.joined(separator: " AND ")
            let values = [machine?.description, others].compactMap { $0 }
            return Self.timelines(
                of: try Row.fetchAll(
                    database,
                    sql: """
                        WITH chosen AS (
                            SELECT rowid AS number, mac, boot FROM boot \(filter) ORDER BY rowid DESC LIMIT ?)
                        SELECT mac, boot, stage, at, detail, version, delivery
                        FROM chosen JOIN boot_event USING (mac, boot) ORDER BY number DESC, at, boot_event.rowid
                        """, arguments: StatementArguments(values) + [limit]))
        }
    }

    package func boots(at second: Int) async throws(StoreError) -> [BootTimeline] {
        try await read { database in
            // The last one is the one that had begun last.
            Self.timelines(
                of: try Row.fetchAll(
                    database,
                    sql: """
                        WITH begun AS (
                            SELECT max(boot.rowid) AS number FROM boot_event JOIN boot USING (mac, boot)
                            WHERE at < ?1 GROUP BY boot_event.mac)
                        SELECT mac, boot, stage, at, detail, version, delivery
                        FROM boot JOIN begun ON boot.rowid = begun.number JOIN boot_event USING (mac, boot)
                        WHERE at < ?1 ORDER BY mac, at, boot_event.rowid
                        """, arguments: [(second + 1) * 1_000]))
        }
    }

    package func lastBoots() async throws(StoreError) -> [BootTimeline] {
        try await read { database in
            Self.timelines(
                of: try Row.fetchAll(
                    database,
                    sql: """
                        SELECT mac, boot, stage, boot_event.at AS at, detail, version, delivery
                        FROM last_boot JOIN boot_event USING (mac, boot) ORDER BY mac, boot_event.at, boot_event.rowid
                        """))
        }
    }

    /// The boots of events that come boot by boot, each in order of time.
    private static func timelines(of rows: [Row]) -> [BootTimeline] {
        var timelines: [BootTimeline] = []
        for row in rows {
            guard let address = MACAddress(row["mac"] as String) else { continue }
            let boot: String = row["boot"]
            guard let stage = BootStage(rawValue: row["stage"]) else {
                let isSame = timelines.last.map { $0.boot == boot && $0.macAddress == address } ?? false
                if isSame, row["stage"] == Self.attended { timelines[timelines.count - 1].attends = true }
                continue
            }
            if timelines.last?.boot != boot || timelines.last?.macAddress != address {
                timelines.append(BootTimeline(boot: boot, macAddress: address, entries: []))
            }
            if let version: String = row["version"] {
                timelines[timelines.count - 1].version = Fleet.Digest(version)
            }
            let delivery = (row["delivery"] as String?).flatMap { json in
                try? Self.value(ConfigurationDelivery.self, json: json)
            }
            timelines[timelines.count - 1].entries.append(
                BootTimeline.Entry(stage: stage, at: row["at"], detail: row["detail"], delivery: delivery))
        }
        return timelines
    }
}
