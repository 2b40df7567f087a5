import Fleet

extension LiveFleet {
    /// Brings the contents of its files into memory, before nodes can ask for them.
    func loadFiles(of next: FleetSnapshot) async throws {
        let files = next.contents.storedFiles.values
        for file in files where storedContents[file.digest] == nil {
            // What is sealed with another key stays away, and the node's step says so.
            guard let content = try await store.content(of: file.name) else { continue }
            storedContents.add(content, file.digest)
        }
        // Another change may have been made meanwhile.
        let others = snapshot.contents.storedFiles.values
        storedContents.keep(Set(files.map(\.digest) + others.map(\.digest)))
    }
}
