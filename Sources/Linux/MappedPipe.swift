import CLinux
import Glibc

/// A pipe that moves pages of mapped files into sockets. It does the work of `sendfile`, which looks up each page in the file, with a sixth
/// less processor time (measured: `Benchmarks/README.md`).
///
/// It is empty between calls, so one is enough for a loop.
package final class MappedPipe {
    /// The most that an unprivileged process may ask for.
    private static let byteCount: Int32 = 1 << 20
    /// F_SETPIPE_SZ, which the Glibc module does not export.
    private static let setSize: Int32 = 1031

    private let input: FileDescriptor
    private let output: FileDescriptor
    private let discard: FileDescriptor

    package init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw SystemError("create a pipe") }
        output = FileDescriptor(owning: ends[0])
        input = FileDescriptor(owning: ends[1])
        discard = try FileDescriptor(opening: "/dev/null", flags: O_WRONLY)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // If refused, the pipe carries less at a time.
        _ = fcntl(input.number, Self.setSize, Self.byteCount)
    }

    /// Sends memory of a mapped file.
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
