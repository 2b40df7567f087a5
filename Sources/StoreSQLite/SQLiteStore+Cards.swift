package import Fleet
import GRDB
import Linux
import Wire

/// The network cards that nodes were seen with.
extension SQLiteStore {
    package func save(_ changes: [LearnedCards.Change]) async throws(StoreError) {
        guard !changes.isEmpty else { return }
        try await write(.cards) { database in
            for change in changes {
                let (card, machine) = (change.card.description, change.machine?.description)
                let before = try String.fetchOne(
                    database, sql: "SELECT uuid FROM learned_card WHERE mac = ?", arguments: [card])
                if let before, before != machine {
                    // What was known about its previous machine says nothing about the present one.
                    for table in ["last_hardware", "boot_trouble"] {
                        try database.execute(sql: "DELETE FROM \(table) WHERE mac = ?", arguments: [card])
                    }
                }
                try database.execute(sql: "DELETE FROM learned_card WHERE mac = ?", arguments: [card])
                guard let machine else { continue }
                try database.execute(
                    sql: "INSERT INTO learned_card (mac, uuid) VALUES (?, ?)", arguments: [card, machine])
            }
        }
    }

    static func cards(in database: Database) throws -> LearnedCards {
        var cards = LearnedCards()
        for row in try Row.fetchAll(database, sql: "SELECT mac, uuid FROM learned_card ORDER BY number") {
            guard let card = MACAddress(row["mac"] as String),
                let machine = MachineUUID(row["uuid"] as String)
            else { continue }
            _ = cards.note(card, in: machine)
        }
        return cards
    }

    /// Forgets what `edits` make wrong: cards that a record now names, and all cards of UUIDs that no longer belong to a node.
    static func forgetCards(
        after edits: [FleetEdit], of snapshot: FleetSnapshot, in database: Database
    ) throws {
        let isEmpty = try Bool.fetchOne(database, sql: "SELECT NOT EXISTS (SELECT 1 FROM learned_card)")
        guard isEmpty == false else { return }
        var (gone, stays): (Set<MachineUUID>, Set<MachineUUID>) = ([], [])
        for change in edits.lazy.compactMap({ $0.of(Node.self) }) {
            if let uuid = snapshot.nodes[change.key]?.uuid { gone.insert(uuid) }
            if let uuid = change.after?.uuid { stays.insert(uuid) }
            for card in change.after?.macAddresses ?? [] {
                try database.execute(
                    sql: "DELETE FROM learned_card WHERE mac = ?", arguments: [card.description])
            }
        }
        for uuid in gone.subtracting(stays) {
            try database.execute(
                sql: "DELETE FROM learned_card WHERE uuid = ?", arguments: [uuid.description])
        }
    }
}
