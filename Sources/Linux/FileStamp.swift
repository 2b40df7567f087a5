import Glibc

/// What tells whether a file is another one than before, or was written to. Links are followed, so a link that is exchanged is another file.
package struct FileStamp: Equatable, Sendable {
    private let device: UInt64
    private let inode: UInt64
    private let byteCount: Int64
    /// Seconds and nanoseconds of the last write, and of the last change of the file's status.
    private let written: [Int]

    /// Nil when there is nothing, or it cannot be seen.
    package init?(_ path: String) {
        var status = Glibc.stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        byteCount = Int64(status.st_size)
        written = [
            status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
        ]
    }
}
