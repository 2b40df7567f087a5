package import Fleet
import Foundation

/// Compares the files in the roots of two versions. One comparison at a time: each keeps two processors busy for seconds, or for minutes
/// with large roots, while nodes boot.
package actor RootComparison {
    private let store: ImageStore
    private var last: Task<Void, Never>?

    package init(store: ImageStore) { self.store = store }

    /// Files, directories, links and devices that differ, sorted by path.
    package func changes(
        from before: ImageVersion, to after: ImageVersion
    ) async throws -> [ImageDifference.Change] {
        let (old, new) = (before.manifest.file("root.squashfs"), after.manifest.file("root.squashfs"))
        guard old?.sha256 != new?.sha256 else { return [] }
        let (earlier, paths) = (last, [before, after].map { "\(store.path(of: $0))/root.squashfs" })
        let task = Task {
            await earlier?.value
            return try await Self.changes(paths[0], paths[1])
        }
        // A failed comparison is not kept.
        last = Task { _ = await task.result }
        return try await task.value
    }

    private static func changes(_ before: String, _ after: String) async throws -> [ImageDifference.Change] {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                let old = ThreadWork { try RootContents(of: before) }
                let new = Result { try RootContents(of: after) }
                continuation.resume(with: Result { try old.value().changes(to: try new.get()) })
            }
        }
    }
}
