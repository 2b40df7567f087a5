import Dispatch
import Foundation
import Glibc
import Testing

/// The threads that run tasks, when the process has no descriptor left.
@Suite struct WorkerThreadTests {
    /// In the environment of the process that is left without.
    private static let mark = "ROOST_TEST_WITHOUT_DESCRIPTORS"

    @Test func `without a free descriptor tasks run on, and nothing else opens`() async throws {
        if ProcessInfo.processInfo.environment[Self.mark] != nil { return Self.workWithoutDescriptors() }
        // Another process: all other tests of this one need descriptors.
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [
            "--testing-library", "swift-testing", "--filter", "ServicesTests.WorkerThreadTests/",
        ]
        process.environment = ProcessInfo.processInfo.environment.merging([Self.mark: "yes"]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let (ends, end) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = { end.yield($0.terminationReason == .exit ? $0.terminationStatus : -1) }
        try process.run()
        var iterator = ends.makeAsyncIterator()
        #expect(await iterator.next() == 0)
    }

    private static func workWithoutDescriptors() {
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let usual = limit.rlim_cur
        limit.rlim_cur = 0
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let isRefused = unsafe open("/etc/passwd", O_RDONLY) == -1 && errno == EMFILE
        #expect(isRefused)
        // More than run at once, so that some wait when the threads are looked at, which is once a second.
        for _ in 0..<400 { DispatchQueue.global().async { usleep(100_000) } }
        sleep(2)
        limit.rlim_cur = usual
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
