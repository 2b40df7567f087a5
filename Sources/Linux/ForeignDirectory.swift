import CLinux
import Glibc

/// A directory of a less privileged user, who may replace anything in it at any moment. What is opened here lies below it and was reached
/// without links (openat2(2)). Nothing is created in it but directories, and names for files made elsewhere.
package struct ForeignDirectory: ~Copyable, Sendable {
    private let path: String
    private let directory: FileDescriptor

    /// - Parameter path: only its last component is untrusted, and must not be a link.
    package init(_ path: String) throws(SystemError) {
        self.path = path
        directory = try FileDescriptor(opening: path, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    private init(_ path: String, owning directory: consuming FileDescriptor) {
        self.path = path
        self.directory = directory
    }

    /// Opens a file for reading. A pipe or device in its place is refused without blocking.
    package func file(_ name: String) throws(SystemError) -> FileDescriptor {
        let file = try open(name, O_RDONLY | O_NONBLOCK)
        var status = stat()
        guard unsafe fstat(file.number, &status) == 0 else {
            throw SystemError("read the status of \(path)/\(name)")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SystemError("open \(path)/\(name), which is not a file", number: EINVAL)
        }
        return file
    }

    /// Opens a subdirectory, creating it for a user and group when it is missing.
    package func directory(_ name: String, for user: UInt32, _ group: UInt32) throws(SystemError)
        -> ForeignDirectory
    {
        let isNew = unsafe mkdirat(directory.number, name, 0o755) == 0
        guard isNew || errno == EEXIST else { throw SystemError("create \(path)/\(name)") }
        let below = try open(name, O_RDONLY | O_DIRECTORY)
        if isNew, geteuid() == 0, fchown(below.number, user, group) != 0 {
            throw SystemError("give \(path)/\(name) to user \(user)")
        }
        return ForeignDirectory("\(path)/\(name)", owning: below)
    }

    /// Creates and locks a file that no other user can read.
    package func makeFile(_ name: String) throws(SystemError) -> FileDescriptor {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let number = unsafe openat(directory.number, name, flags, 0o600)
        guard number >= 0 else { throw SystemError("create \(path)/\(name)") }
        let file = FileDescriptor(owning: number)
        _ = file.lock()
        return file
    }

    /// Removes files from ``makeFile(_:)`` whose maker has ended.
    package func removeLeft(_ prefix: String) {
        for name in DirectoryListing.names(in: path, hidden: true) where name.hasPrefix(prefix) {
            guard let left = try? file(name), left.lock() else { continue }
            remove(name)
        }
    }

    /// Removes a file or a link, not the link's target.
    package func remove(_ name: String) { unsafe _ = unlinkat(directory.number, name, 0) }

    /// Whether that name exists, even as a dangling link.
    package func contains(_ name: String) -> Bool {
        var status = stat()
        return unsafe fstatat(directory.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0
    }

    /// Moves a file or directory from elsewhere to its place here.
    func take(_ source: String, as name: String) throws(SystemError) {
        guard unsafe renameat(AT_FDCWD, source, directory.number, name) == 0 else {
            throw SystemError("rename \(source) to \(path)/\(name)")
        }
    }

    /// Renames a file within this directory.
    func name(_ name: String, as other: String) throws(SystemError) {
        guard unsafe renameat(directory.number, name, directory.number, other) == 0 else {
            throw SystemError("rename \(path)/\(name) to \(other)")
        }
    }

    /// Makes the names in this directory durable.
    func synchronise() throws(SystemError) { try directory.synchronise() }

    private func open(_ name: String, _ flags: Int32) throws(SystemError) -> FileDescriptor {
        let number = retrying { unsafe roost_open_below(directory.number, name, UInt64(flags)) }
        guard number >= 0 else {
            switch errno {
            case ENOSYS:
                throw SystemError("open \(path)/\(name): this needs Linux 5.6 or newer (openat2)")
            case ELOOP, EXDEV:
                throw SystemError("open \(path)/\(name), because a link is in the way: remove it")
            default: throw SystemError("open \(path)/\(name)")
            }
        }
        return FileDescriptor(owning: number)
    }
}
