import CLinux
import Glibc
import RoostCommand

/// The product `roost`. It is apart from its commands because what it is linked with (`Package.swift`) must not reach the tests.
///
/// Its first thread waits until the work of the others ends the process. An asynchronous `main` would have it end: Linux keeps a
/// process's first thread as it was then, and when the server becomes its user, glibc passes over threads that are ending. It would
/// stay root. Nothing may want the main actor or the main queue, which have no thread here.
@main
enum RoostProgram {
    static func main() {
        // It holds for each thread apart: now there is one.
        if CommandLine.arguments.dropFirst().first == "serve" { _ = roost_refuse_new_privileges() }
        // Dispatch complains on standard error when a process without rights may not raise a thread's priority, which does no harm. It
        // asks for this once, when its first thread starts.
        unsafe setenv("LIBDISPATCH_LOG", "NO", 0)
        Task.detached {
            await runRoost()
            exit(EXIT_SUCCESS)
        }
        while true { pause() }
    }
}
