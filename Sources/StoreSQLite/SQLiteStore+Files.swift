package import Fleet

extension SQLiteStore {
    package func content(of file: StoredFileName) async throws(StoreError) -> [UInt8]? {
        try await read { database in
            try secrets(of: StoredFile.self, file.text, in: database)[StoredFile.content]
                .flatMap(KeptBytes.bytes)
        }
    }
}
