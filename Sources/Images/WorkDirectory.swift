import Foundation
import Linux

/// A directory that one process works in. It is locked as long as that lives, so that others can tell it from what an interrupted one
/// has left, which they remove.
package final class WorkDirectory: Sendable {
    package let path: String
    private let lock: FileDescriptor

    /// Makes one in `base`, whose names begin with `prefix`.
    package init(in base: String, prefix: String, mode: Int = 0o755) throws {
        let files = FileManager.default
        try files.createDirectory(atPath: base, withIntermediateDirectories: true)
        for name in try files.contentsOfDirectory(atPath: base) where name.hasPrefix(prefix) {
            let left = "\(base)/\(name)"
            guard let lock = try? FileDescriptor(opening: left, flags: O_RDONLY | O_DIRECTORY), lock.lock()
            else { continue }
            Self.remove(left)
        }
        path = "\(base)/\(prefix)\(UUID().uuidString)"
        try files.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: mode])
        lock = try FileDescriptor(opening: path, flags: O_RDONLY | O_DIRECTORY)
        guard lock.lock() else { throw ImageLacks("\(path) is somebody else's") }
    }

    /// Removes it with all that is in it.
    package func remove() { Self.remove(path) }

    private static func remove(_ path: String) {
        // A program that somebody interrupted had started may still write there.
        for _ in 0..<3 where FileManager.default.fileExists(atPath: path) {
            try? FileManager.default.removeItem(atPath: path)
        }
    }
}
