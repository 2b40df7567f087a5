import Dispatch
import Glibc
import Testing

/// The threads that run tasks, when the process has no descriptor left.
@Suite struct WorkerThreadTests {
    @Test func `without a free descriptor tasks run on, and nothing else opens`() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit()
            unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = 0
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            guard open("/etc/passwd", O_RDONLY) == -1, errno == EMFILE else { exit(1) }
            // More than run at once, so that some wait when the threads are looked at, which is once a second.
            for _ in 0..<400 { DispatchQueue.global().async { usleep(100_000) } }
            sleep(2)
        }
    }
}
