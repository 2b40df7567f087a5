package import Fleet
import GRDB
import Linux

extension SQLiteStore {
    package func boardLinks() async throws(StoreError) -> [BoardLink] {
        try await read { database in
            try Self.used(BoardLink.self, in: database)
        }
    }

    package func boardLink(hash: String) async throws(StoreError) -> BoardLink? {
        try await read { database in
            try Self.used(BoardLink.self, with: hash, named: BoardLink.hash, in: database).first
        }
    }

    package func touchBoardLink(_ id: Int, at second: Int) async throws(StoreError) {
        try await write(.boardLinkUse) { database in
            try Self.note(BoardLink.self, String(id), usedAt: second, in: database)
        }
    }
}
