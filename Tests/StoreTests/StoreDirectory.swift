import Foundation

/// A directory for the files of a test's stores, which goes with it.
final class StoreDirectory: Sendable {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID())")
        .path

    init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// Of the test's store.
    var path: String { "\(directory)/store" }
}
