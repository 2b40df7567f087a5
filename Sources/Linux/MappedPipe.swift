import CLinux
import Glibc

/// A pipe that carries pages of mapped files into sockets. It does what `sendfile` does, which looks each page up in the file
/// instead, for a sixth less of the processor's time (measured: `Benchmarks/README.md`).
///
/// It is empty between calls, so that one is enough for a loop.
package final class MappedPipe {
    /// As much as a process without rights may ask for.
    private static let byteCount: Int32 = 1 << 20
    /// F_SETPIPE_SZ, which Glibc's module does not show.
    private static let setSize: Int32 = 1031

    private let input: FileDescriptor
    private let output: FileDescriptor
    private let discard: FileDescriptor

    package init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw SystemError("make a pipe") }
        output = FileDescriptor(owning: ends[0])
        input = FileDescriptor(owning: ends[1])
        discard = try FileDescriptor(opening: "/dev/null", flags: O_WRONLY)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // Not granted, it carries less at a time.
        _ = fcntl(input.number, Self.setSize, Self.byteCount)
    }

    /// Sends memory that is a mapped file's.
    ///
    /// - Returns: how many bytes the socket took, or -1 with `errno`.
    package func send(
        _ start: UnsafeRawPointer, byteCount: Int, to socket: borrowing FileDescriptor
    ) -> Int {
        retrying {
            unsafe roost_send_mapped(
                input.number, output.number, discard.number, socket.number, start, byteCount)
        }
    }
}
