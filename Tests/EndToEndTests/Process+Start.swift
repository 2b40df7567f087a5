import Foundation
import Glibc

extension Process {
    /// Runs the program with no signal blocked. It would inherit what the thread blocks that starts it, and those of a pool block nearly
    /// all: a time limit by SIGALRM, flock(1)'s among them, would never end.
    func start() throws {
        var (none, before) = (sigset_t(), sigset_t())
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        try run()
    }
}
