import Synchronization

/// The contents of stored files, in memory: by digest, for configurations of nodes.
package final class StoredContents: Sendable {
    private let contents = Mutex<[Digest: [UInt8]]>([:])

    package init() {}

    package subscript(digest: Digest) -> [UInt8]? { contents.withLock { $0[digest] } }

    package func add(_ content: [UInt8], _ digest: Digest) { contents.withLock { $0[digest] = content } }

    /// Forgets others, once they take as much memory as all files may: one of them may belong to a change that is not in the configuration
    /// yet.
    package func keep(_ digests: Set<Digest>) {
        contents.withLock { contents in
            let others = contents.filter { !digests.contains($0.key) }
            guard others.values.reduce(0, { $0 + $1.count }) > StoredFile.wholeByteLimit else { return }
            for digest in others.keys { contents[digest] = nil }
        }
    }
}
