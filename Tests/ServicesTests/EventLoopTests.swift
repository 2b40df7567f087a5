import Glibc
import Linux
import Testing

@Suite struct EventLoopTests {
    /// `sendfile` has no flag against the signal that ends programs when their reader has gone.
    @Test func `a reader that has gone gives an error, and does not end the program`() async throws {
        _ = signal(SIGPIPE, SIG_DFL)
        let mailbox = try EventLoop.start(name: "test-loop") { _ in }
        await withCheckedContinuation { running in mailbox.submit { _ in running.resume() } }
        var ends: [Int32] = [0, 0]
        #expect(unsafe pipe(&ends) == 0)
        close(ends[0])
        defer { close(ends[1]) }
        #expect(unsafe write(ends[1], "x", 1) == -1)
        #expect(errno == EPIPE)
        mailbox.submit { $0.stop() }
    }
}
