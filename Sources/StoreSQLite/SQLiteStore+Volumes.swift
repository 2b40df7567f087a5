package import Fleet
import GRDB
import Linux

extension SQLiteStore {
    package func save(_ volume: Volume) async throws(StoreError) {
        try await write(.volume) { database in
            _ = try make(.volume(volume.node, volume), in: database)
        }
    }
}
