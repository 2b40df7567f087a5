import CLinux
import Glibc

/// Unix domain sockets (unix(7)).
package enum LocalSocket {
    /// Whether a program listens at `path`.
    package static func isAnswered(_ path: String) -> Bool { connected(to: path, SOCK_STREAM) != nil }

    /// Sends one datagram to `path`; a leading `@` means an abstract name.
    ///
    /// - Returns: whether it was accepted.
    package static func send(_ text: String, to path: String) -> Bool {
        guard let descriptor = connected(to: path, SOCK_DGRAM) else { return false }
        let bytes = Array(text.utf8)
        return unsafe Glibc.send(descriptor.number, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            == bytes.count
    }

    /// A connection to the program that listens at `path`; nil when none does.
    ///
    /// - Parameter isPatient: whether to wait for a place in its queue; otherwise reads and writes do not wait either.
    package static func connect(to path: String, isPatient: Bool = true) -> FileDescriptor? {
        connected(to: path, SOCK_STREAM, isPatient ? 0 : Int32(SOCK_NONBLOCK.rawValue))
    }

    /// Listens at `path`, in the place of whatever is there.
    ///
    /// - Parameter mode: who may connect.
    package static func listen(at path: String, mode: UInt32) throws(SystemError) -> FileDescriptor {
        unsafe unlink(path)
        guard let (name, length) = named(path) else {
            throw SystemError("listen on \(path)", number: ENAMETOOLONG)
        }
        var address = name
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw SystemError("make a local socket") }
        let descriptor = FileDescriptor(owning: number)
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.bind(descriptor.number, $0, length)
            }
        }
        guard result == 0, unsafe chmod(path, mode) == 0, Glibc.listen(number, 128) == 0 else {
            throw SystemError("listen on \(path)")
        }
        return descriptor
    }

    /// Waits for a connection.
    package static func accept(_ listener: borrowing FileDescriptor) throws(SystemError) -> FileDescriptor {
        let number = retrying { Glibc.accept(listener.number, nil, nil) }
        guard number >= 0 else { throw SystemError("accept a connection") }
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        return FileDescriptor(owning: number)
    }

    /// User and process at the other end, as they were when it connected; nil when there is none any more.
    package static func peer(of connection: borrowing FileDescriptor) -> (user: UInt32, process: Int32)? {
        var (user, process): (UInt32, Int32) = (0, 0)
        guard unsafe roost_local_peer(connection.number, &user, &process) == 0 else { return nil }
        return (user, process)
    }

    private static func connected(to path: String, _ kind: __socket_type, _ flags: Int32 = 0)
        -> FileDescriptor?
    {
        guard let (given, length) = named(path) else { return nil }
        var name = given
        let number = socket(AF_UNIX, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | flags, 0)
        guard number >= 0 else { return nil }
        let descriptor = FileDescriptor(owning: number)
        let result = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(descriptor.number, $0, length)
            }
        }
        guard result == 0 else { return nil }
        return consume descriptor
    }

    /// Nil when the path is too long.
    private static func named(_ path: String) -> (sockaddr_un, socklen_t)? {
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        // Abstract: the name begins with a zero, and its length is explicit (unix(7)).
        let isAbstract = bytes.first == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 }
        let fits = unsafe withUnsafeMutableBytes(of: &name.sun_path) { field in
            // The last byte stays zero.
            guard bytes.count < field.count else { return false }
            unsafe field.copyBytes(from: bytes)
            return true
        }
        guard fits else { return nil }
        let head = MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: name.sun_path)
        return (name, socklen_t(isAbstract ? head + bytes.count : MemoryLayout<sockaddr_un>.size))
    }
}
