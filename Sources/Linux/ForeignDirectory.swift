import CLinux
import Glibc

/// A directory of a lesser user, who may put anything in another's place in it at any moment. What is opened here lies below it and
/// was reached over no link (openat2(2)); nothing is made in it but directories, and names for what was made elsewhere.
package struct ForeignDirectory: ~Copyable, Sendable {
    private let path: String
    private let directory: FileDescriptor

    /// - Parameter path: of which only the last part is not trusted: it may be no link.
    package init(_ path: String) throws(SystemError) {
        self.path = path
        directory = try FileDescriptor(opening: path, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    private init(_ path: String, owning directory: consuming FileDescriptor) {
        self.path = path
        self.directory = directory
    }

    /// Opens a file to read it. A pipe or device in its place is refused, and not waited for.
    package func file(_ name: String) throws(SystemError) -> FileDescriptor {
        let file = try open(name, O_RDONLY | O_NONBLOCK)
        var status = stat()
        guard unsafe fstat(file.number, &status) == 0 else { throw SystemError("look at \(path)/\(name)") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SystemError("open \(path)/\(name), which is not a file", number: EINVAL)
        }
        return file
    }

    /// Opens a directory below; it is made, for a user and group, when there is none.
    package func directory(_ name: String, for user: UInt32, _ group: UInt32) throws(SystemError)
        -> ForeignDirectory
    {
        let isNew = unsafe mkdirat(directory.number, name, 0o755) == 0
        guard isNew || errno == EEXIST else { throw SystemError("make \(path)/\(name)") }
        let below = try open(name, O_RDONLY | O_DIRECTORY)
        if isNew, geteuid() == 0, fchown(below.number, user, group) != 0 {
            throw SystemError("give \(path)/\(name) to user \(user)")
        }
        return ForeignDirectory("\(path)/\(name)", owning: below)
    }

    /// Makes a file that no one else reads, and locks it.
    package func makeFile(_ name: String) throws(SystemError) -> FileDescriptor {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let number = unsafe openat(directory.number, name, flags, 0o600)
        guard number >= 0 else { throw SystemError("make \(path)/\(name)") }
        let file = FileDescriptor(owning: number)
        _ = file.lock()
        return file
    }

    /// Removes files that ``makeFile(_:)`` has made and whose maker has ended.
    package func removeLeft(_ prefix: String) {
        for name in DirectoryListing.names(in: path, hidden: true) where name.hasPrefix(prefix) {
            guard let left = try? file(name), left.lock() else { continue }
            remove(name)
        }
    }

    /// Removes a file, or a link, and not what it leads to.
    package func remove(_ name: String) { unsafe _ = unlinkat(directory.number, name, 0) }

    /// Whether there is something of that name, be it a link that leads nowhere.
    package func contains(_ name: String) -> Bool {
        var status = stat()
        return unsafe fstatat(directory.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0
    }

    /// Gives a file or directory from elsewhere its place here.
    func take(_ source: String, as name: String) throws(SystemError) {
        guard unsafe renameat(AT_FDCWD, source, directory.number, name) == 0 else {
            throw SystemError("rename \(source) to \(path)/\(name)")
        }
    }

    /// Gives a file of this directory another name in it.
    func name(_ name: String, as other: String) throws(SystemError) {
        guard unsafe renameat(directory.number, name, directory.number, other) == 0 else {
            throw SystemError("rename \(path)/\(name) to \(other)")
        }
    }

    /// Makes the names in it durable.
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
