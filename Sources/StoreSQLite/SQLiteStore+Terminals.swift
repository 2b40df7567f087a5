package import Fleet
import GRDB

extension SQLiteStore {
    package func passwordHash(ofAccount name: LogInName) async throws(StoreError) -> String? {
        try await read { database in
            try secrets(of: DirectoryAccount.self, name.text, in: database)[DirectoryAccount.password]
        }
    }
}
