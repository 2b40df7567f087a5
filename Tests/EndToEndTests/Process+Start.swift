import Foundation
import Glibc

extension Process {
    /// Runs the program with no signal blocked. It would inherit the signal mask of the starting thread, and pool threads block nearly all
    /// signals: a time limit by SIGALRM, such as flock(1)'s, would never expire.
    func start() throws {
        var (none, before) = (sigset_t(), sigset_t())
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        try run()
    }
}
