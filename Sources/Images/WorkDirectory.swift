import Foundation
import Linux

/// A directory that one process works in. It is locked as long as that lives, so that others can tell it from what an interrupted one
/// has left, which they remove.
package final class WorkDirectory: Sendable {
    package let path: String
    private let lock: FileDescriptor

    /// Makes one in `base`, whose names begin with `prefix`. Other users do not get into it: what is unpacked there has files that
    /// would give them its owners' rights.
    package init(in base: String, prefix: String) throws {
        let files = FileManager.default
        try files.createDirectory(atPath: base, withIntermediateDirectories: true)
        try Self.requireOwn(base)
        for name in try files.contentsOfDirectory(atPath: base) where name.hasPrefix(prefix) {
            let left = "\(base)/\(name)"
            guard let lock = try? FileDescriptor(opening: left, flags: O_RDONLY | O_DIRECTORY), lock.lock()
            else { continue }
            Self.remove(left)
        }
        path = "\(base)/\(prefix)\(UUID().uuidString)"
        try files.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        lock = try FileDescriptor(opening: path, flags: O_RDONLY | O_DIRECTORY)
        guard lock.lock() else { throw ImageLacks("\(path) is in use by another program") }
    }

    /// Where another user can change names, root would write and remove wherever that user likes.
    private static func requireOwn(_ base: String) throws {
        guard geteuid() == 0, let status = FileStatus(base, follows: true) else { return }
        guard status.user == 0, !status.isOpen else {
            throw ImageLacks(
                "other users can change \(base): choose a directory of root's, or give it to root (chown root: \(base); chmod go-w \(base))"
            )
        }
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
