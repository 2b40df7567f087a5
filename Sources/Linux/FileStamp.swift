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
        self.init(status)
    }

    /// Of an open file; nil when its status cannot be read.
    package init?(of file: borrowing FileDescriptor) {
        var status = Glibc.stat()
        guard unsafe fstat(file.number, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: Glibc.stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        byteCount = Int64(status.st_size)
        written = [
            status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
        ]
    }

    /// Seconds since 1970 of the last write.
    package var writtenAt: Int { written[0] }

    /// A text that changes with what is in the file: its size, and the times of the last write and of the last change of its status.
    package var text: String {
        ([Int(byteCount)] + written).map { String($0, radix: 16) }.joined(separator: "-")
    }
}
