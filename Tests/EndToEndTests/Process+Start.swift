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

    /// Waits until the program has ended. Foundation alone would wait for all that it left running, too: they hold the socket by which it is
    /// told.
    ///
    /// - Returns: how it ended: its status or the number of the signal, and whether that was a signal.
    @discardableResult
    func waitForEnd() -> (status: Int32, isSignal: Bool) {
        var information = unsafe siginfo_t()
        while unsafe waitid(P_PID, id_t(processIdentifier), &information, WEXITED | WNOWAIT) != 0 {
            guard errno == EINTR else {
                // Foundation was faster.
                waitUntilExit()
                return (terminationStatus, terminationReason == .uncaughtSignal)
            }
        }
        return unsafe (information._sifields._sigchld.si_status, information.si_code != Int32(CLD_EXITED))
    }
}
