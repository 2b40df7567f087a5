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

    private static func connected(to path: String, _ kind: __socket_type) -> FileDescriptor? {
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
        let number = socket(AF_UNIX, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard fits, number >= 0 else { return nil }
        let descriptor = FileDescriptor(owning: number)
        let head = MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: name.sun_path)
        let length = isAbstract ? head + bytes.count : MemoryLayout<sockaddr_un>.size
        let result = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(descriptor.number, $0, socklen_t(length))
            }
        }
        guard result == 0 else { return nil }
        return consume descriptor
    }
}
