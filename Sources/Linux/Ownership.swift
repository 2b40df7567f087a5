package import Glibc

/// Changes the owner of files.
package enum Ownership {
    /// The most links of root's that are followed in a row.
    private static let linkLimit = 8

    /// Makes a user and group the owner of the file or directory at `path`.
    ///
    /// It may lie where that user can replace it at any moment, so the object that is checked is the object that is changed. Links that
    /// root owns are followed, others are not; a file with further hard links is refused.
    package static func give(_ path: String, _ uid: uid_t, _ gid: gid_t) {
        var path = path
        for _ in 0..<linkLimit {
            guard let entry = try? FileDescriptor(opening: path, flags: openPath | O_NOFOLLOW) else {
                return
            }
            var status = stat()
            guard unsafe fstat(entry.number, &status) == 0 else { return }
            switch status.st_mode & S_IFMT {
            case S_IFLNK:
                guard status.st_uid == 0, let target = linkTarget(entry) else { return }
                let directory = path.lastIndex(of: "/").map { path[..<$0] } ?? "."
                path = target.hasPrefix("/") ? target : "\(directory)/\(target)"
                continue
            case S_IFREG where status.st_nlink != 1: return
            default: break
            }
            _ = unsafe fchownat(entry.number, "", uid, gid, emptyPath)
            return
        }
    }

    private static func linkTarget(_ link: borrowing FileDescriptor) -> String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = unsafe readlinkat(link.number, "", &bytes, bytes.count - 1)
        guard count > 0 else { return nil }
        return String(decoding: bytes[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// O_PATH and AT_EMPTY_PATH (open(2)), which the Glibc module does not export.
    private static let openPath: Int32 = 0o10000000
    private static let emptyPath: Int32 = 0x1000
}
