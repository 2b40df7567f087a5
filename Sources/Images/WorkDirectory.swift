import Foundation
import Linux

/// A working directory of one process. It is locked while that process lives, so that others recognise and remove what an interrupted
/// process left.
package final class WorkDirectory: Sendable {
    package let path: String
    private let lock: FileDescriptor

    /// Creates one in `base`, with a name that begins with `prefix`. Other users cannot enter it: it will contain setuid files that would
    /// give them their owners' rights.
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

    /// If another user can rename entries there, root could be made to write and delete anywhere.
    private static func requireOwn(_ base: String) throws {
        guard geteuid() == 0, let status = FileStatus(base, follows: true) else { return }
        guard status.user == 0, !status.isOpen else {
            throw ImageLacks(
                "other users can change \(base): choose a directory that belongs to root, or give it to root (chown root: \(base); chmod go-w \(base))"
            )
        }
    }

    /// Removes it and everything in it.
    package func remove() { Self.remove(path) }

    private static func remove(_ path: String) {
        // A program started by the interrupted process may still write there.
        for _ in 0..<3 where FileManager.default.fileExists(atPath: path) {
            try? FileManager.default.removeItem(atPath: path)
        }
    }
}
