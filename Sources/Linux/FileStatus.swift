import CLinux
import Glibc

/// What is at a path: its kind, its owner, and who may change it.
package struct FileStatus: Sendable, Equatable {
    package var user: UInt32
    package var group: UInt32
    package var mode: UInt32
    /// The number of its names (hard links).
    package var linkCount: Int
    package var byteCount: Int

    /// Nil when there is nothing.
    ///
    /// - Parameter follows: whether a link is followed.
    package init?(_ path: String, follows: Bool = false) {
        var status = Glibc.stat()
        guard unsafe (follows ? stat(path, &status) : lstat(path, &status)) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: Glibc.stat) {
        user = status.st_uid
        group = status.st_gid
        mode = status.st_mode
        linkCount = Int(status.st_nlink)
        byteCount = Int(status.st_size)
    }

    /// Names of a file's extended attributes, without following links; empty when they cannot be read.
    package static func attributeNames(of path: String) -> [String] {
        let byteCount = unsafe llistxattr(path, nil, 0)
        guard byteCount > 0 else { return [] }
        var names = [UInt8](repeating: 0, count: byteCount)
        let count = unsafe names.withUnsafeMutableBytes { buffer in
            unsafe llistxattr(path, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        guard count > 0 else { return [] }
        return names.prefix(count).split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    package var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
    package var isSocket: Bool { mode & S_IFMT == S_IFSOCK }
    package var isFile: Bool { mode & S_IFMT == S_IFREG }
    package var isLink: Bool { mode & S_IFMT == S_IFLNK }
    /// Whether users other than the owner can rename or remove entries of a directory that are not their own.
    package var isOpen: Bool { mode & 0o022 != 0 && mode & 0o1000 == 0 }
}
