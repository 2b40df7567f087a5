package import Fleet
import GRDB
import Linux
package import Wire

extension SQLiteStore {
    package func save(_ test: BootTest) async throws(StoreError) {
        try await write(.bootTest) { database in
            try database.execute(
                sql:
                    "INSERT OR REPLACE INTO boot_test (image, number, is_passed, record) VALUES (?, ?, ?, ?)",
                arguments: [test.image.text, test.version, test.isPassed, try Self.json(test)])
        }
    }

    package func bootTest(of image: ImageName, _ number: Int) async throws(StoreError) -> BootTest? {
        try await read { database in
            try String.fetchOne(
                database, sql: "SELECT record FROM boot_test WHERE image = ? AND number = ?",
                arguments: [image.text, number]
            ).map { try Self.value(json: $0) }
        }
    }

    package func bootTestVerdicts(of image: ImageName) async throws(StoreError) -> [Int: Bool] {
        try await read { database in
            try Row.fetchAll(
                database, sql: "SELECT number, is_passed FROM boot_test WHERE image = ?",
                arguments: [image.text]
            ).reduce(into: [:]) { $0[$1["number"] as Int] = $1["is_passed"] as Bool }
        }
    }

    package func forget(_ machines: [MACAddress]) async throws(StoreError) {
        try await write(.machineRemoval) { database in
            for machine in machines { try Self.forget(machine.description, in: database) }
        }
    }

    static func forget(_ machine: String, in database: Database) throws {
        for table in [
            "boot_event", "boot", "last_boot", "boot_steps", "hardware", "last_hardware", "boot_trouble",
            "refused_tpm",
        ] {
            try database.execute(sql: "DELETE FROM \(table) WHERE mac = ?", arguments: [machine])
        }
    }
}
