import CLinux
import Glibc

/// An open file or socket, closed exactly once, when its owner goes away.
package struct FileDescriptor: ~Copyable, Sendable {
    /// The kernel's number, for calls that do not close it.
    package let number: Int32

    /// Takes ownership of `number`.
    package init(owning number: Int32) { self.number = number }

    deinit { _ = Glibc.close(number) }

    /// Opens a file.
    package init(opening path: String, flags: Int32 = O_RDONLY, mode: UInt32 = 0o600) throws(SystemError) {
        let number = retrying { unsafe Glibc.open(path, flags | O_CLOEXEC, mode_t(mode)) }
        guard number >= 0 else { throw SystemError("open \(path)") }
        self.init(owning: number)
    }

    /// Bytes of the file.
    package func byteCount() throws(SystemError) -> Int {
        var status = stat()
        guard unsafe fstat(number, &status) == 0 else { throw SystemError("read the status of an open file") }
        return Int(status.st_size)
    }

    /// Allocated bytes on the disk; holes take none.
    package func allocatedByteCount() throws(SystemError) -> Int {
        var status = stat()
        guard unsafe fstat(number, &status) == 0 else { throw SystemError("read the status of an open file") }
        // st_blocks counts units of 512 bytes, whatever the block size (inode(7)).
        return Int(status.st_blocks) * 512
    }

    /// The offset of the first data at or after `offset`; nil when only a hole follows.
    package func data(from offset: Int) throws(SystemError) -> Range<Int>? {
        var end: Int64 = 0
        let start = unsafe roost_find_data(number, Int64(offset), &end)
        guard start >= 0 else {
            if errno == ENXIO { return nil }
            throw SystemError("find the data of a file")
        }
        return Int(start)..<Int(end)
    }

    /// Locks the file or directory until the descriptor closes; false when another process holds the lock (flock(2)).
    package func lock() -> Bool { retrying { flock(number, LOCK_EX | LOCK_NB) } == 0 }

    /// Writes contents and size to the disk.
    package func synchronise(at flush: Flush) throws(SystemError) {
        flush.pass(.sync)
        try synchroniseData()
        flush.pass(.done)
    }

    /// Writes the whole file system that holds the file to the disk.
    package func synchroniseFileSystem(at flush: Flush) throws(SystemError) {
        flush.pass(.sync)
        try synchroniseFileSystem()
        flush.pass(.done)
    }

    func synchroniseFileSystem() throws(SystemError) {
        guard roost_synchronise_file_system(number) == 0 else {
            throw SystemError("write a file system through to the disk")
        }
    }

    func synchronise() throws(SystemError) {
        guard retrying({ fsync(number) }) == 0 else { throw SystemError("write a file through to the disk") }
    }

    /// Starts writing to the disk in the background; ``synchronise(at:)`` then has less to wait for.
    package func beginSynchronising() { _ = roost_begin_synchronising(number) }

    func synchroniseData() throws(SystemError) {
        guard retrying({ fdatasync(number) }) == 0 else {
            throw SystemError("write data through to the disk")
        }
    }

    /// Writes all of `bytes`.
    package func write(_ bytes: [UInt8]) throws(SystemError) {
        var start = 0
        while start < bytes.count {
            let written = unsafe bytes.withUnsafeBytes { buffer in
                retrying {
                    unsafe Glibc.write(number, buffer.baseAddress?.advanced(by: start), buffer.count - start)
                }
            }
            guard written > 0 else { throw SystemError("write") }
            start += written
        }
    }

    /// Writes all of `bytes` at byte `offset` of the file.
    package func write(_ bytes: [UInt8], at offset: Int, as overwriting: Overwriting) throws(SystemError) {
        if overwriting.isEnding(at: .write) { try write(Array(bytes.prefix(bytes.count / 2)), at: offset) }
        overwriting.pass(.write)
        try write(bytes, at: offset)
    }

    /// Makes a range read as zeros; throws `EOPNOTSUPP` where the file system cannot.
    ///
    /// - Parameter keepsRoom: whether the range stays allocated on the disk.
    package func clear(_ byteCount: Int, at offset: Int, keepsRoom: Bool, as overwriting: Overwriting)
        throws(SystemError)
    {
        overwriting.pass(.write)
        let result = retrying {
            roost_clear_range(number, off_t(offset), off_t(byteCount), keepsRoom ? 1 : 0)
        }
        guard result == 0 else { throw SystemError("clear a part of a file") }
    }

    /// Writes `bytes` at byte `offset` of the file, and returns once they are on the disk.
    package func append(_ bytes: [UInt8], at offset: Int, as append: Append) throws(SystemError) {
        if append.isEnding(at: .write) { try write(Array(bytes.prefix(bytes.count / 2)), at: offset) }
        append.pass(.write)
        try write(bytes, at: offset)
        append.pass(.sync)
        try synchroniseData()
        append.pass(.done)
    }

    private func write(_ bytes: [UInt8], at offset: Int) throws(SystemError) {
        var start = 0
        while start < bytes.count {
            let written = unsafe bytes.withUnsafeBytes { buffer in
                retrying {
                    unsafe pwrite(
                        number, buffer.baseAddress?.advanced(by: start), buffer.count - start,
                        off_t(offset + start))
                }
            }
            guard written > 0 else { throw SystemError("write") }
            start += written
        }
    }

    /// Exactly `count` bytes at byte `offset` of the file.
    package func read(_ count: Int, at offset: Int) throws(SystemError) -> [UInt8] {
        var done = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialised in
            while done < count {
                let more = retrying {
                    unsafe pread(
                        number, buffer.baseAddress?.advanced(by: done), count - done, off_t(offset + done))
                }
                guard more > 0 else { break }
                done += more
            }
            initialised = done
        }
        guard done == count else { throw SystemError("read a file") }
        return bytes
    }

    /// Reads the next bytes into `buffer`.
    ///
    /// - Returns: how many bytes; 0 at the end.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        let count = retrying { unsafe Glibc.read(number, buffer.baseAddress, buffer.count) }
        guard count >= 0 else { throw SystemError("read") }
        return count
    }

    /// The next bytes, at most `limit`; empty at the end.
    package func read(atMost limit: Int) throws(SystemError) -> [UInt8] {
        var result = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            result = retrying { unsafe Glibc.read(number, buffer.baseAddress, limit) }
            count = max(0, result)
        }
        guard result >= 0 else { throw SystemError("read") }
        return bytes
    }

    /// Exactly `count` bytes; throws when the other side ends first.
    package func readExactly(_ count: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = try read(atMost: count - bytes.count)
            guard !more.isEmpty else { throw SystemError("read: the other side ended", number: ECONNRESET) }
            bytes += more
        }
        return bytes
    }

    package func setOption(_ level: Int32, _ name: Int32, _ value: Int32, _ attempt: String)
        throws(SystemError)
    {
        var value = value
        guard unsafe setsockopt(number, level, name, &value, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
            throw SystemError(attempt)
        }
    }
}

/// Reads and writes small files as a whole.
package enum WholeFile {
    package static func read(_ path: String, limit: Int = 64 << 20) throws(SystemError) -> [UInt8] {
        // Does not block if a pipe is in its place.
        try contents(of: FileDescriptor(opening: path, flags: O_RDONLY | O_NONBLOCK), path, limit)
    }

    /// The same for a place that others may change: a pipe or a device there is an error, not an empty file.
    ///
    /// - Parameter directories: real paths; a file that links lead to elsewhere is an error (`EXDEV`). Nil: it may be anywhere.
    package static func readPlain(_ path: String, within directories: [String]? = nil, limit: Int)
        throws(SystemError) -> [UInt8]
    {
        let file = try FileDescriptor(opening: path, flags: O_RDONLY | O_NONBLOCK)
        if let directories {
            // The open file tells it: between a look at the links and the reading, others could exchange them.
            let place = try place(of: file, path)
            guard directories.contains(where: { place.hasPrefix($0.hasSuffix("/") ? $0 : "\($0)/") }) else {
                throw SystemError("read \(path), where a link leads out of the directory", number: EXDEV)
            }
        }
        var status = stat()
        guard unsafe fstat(file.number, &status) == 0 else { throw SystemError("read the status of \(path)") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SystemError("read \(path), which is not a file", number: EINVAL)
        }
        return try contents(of: file, path, limit)
    }

    /// Where an open file is, behind all links.
    private static func place(of file: borrowing FileDescriptor, _ path: String) throws(SystemError) -> String
    {
        var name = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink("/proc/self/fd/\(file.number)", &name, name.count)
        guard count >= 0 else { throw SystemError("find out where \(path) is") }
        return String(decoding: name.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func contents(of file: borrowing FileDescriptor, _ path: String, _ limit: Int)
        throws(SystemError) -> [UInt8]
    {
        var bytes: [UInt8] = []
        while true {
            let more = try file.read(atMost: 1 << 16)
            if more.isEmpty { return bytes }
            bytes += more
            guard bytes.count <= limit else { throw SystemError("read \(path)", number: EFBIG) }
        }
    }

    /// Writes a temporary file, makes it durable, and renames it: after a crash there is the old file or the new one.
    package static func replace(
        _ path: String, with bytes: [UInt8], mode: UInt32 = 0o600, at replacement: Replacement
    ) throws(SystemError) {
        let temporary = path + ".new"
        do {
            // One that exists was left by a crash, and may have another mode.
            unsafe unlink(temporary)
            let file = try FileDescriptor(
                opening: temporary, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
            if replacement.isEnding(at: .write) { try file.write(Array(bytes.prefix(bytes.count / 2))) }
            replacement.pass(.write)
            try file.write(bytes)
            replacement.pass(.sync)
            try file.synchronise()
        }
        replacement.pass(.rename)
        try DurableFile.rename(temporary, path)
        replacement.pass(.directory)
        try DurableFile.synchroniseDirectory(of: path)
    }

    /// Writes a file that is made durable later, as part of something else, or that is not needed after a crash.
    package static func writeForNow(_ path: String, _ bytes: [UInt8]) throws(SystemError) {
        try FileDescriptor(opening: path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644).write(bytes)
    }
}
