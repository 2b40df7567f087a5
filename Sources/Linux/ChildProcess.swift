import CLinux
import Glibc
import Synchronization

/// Another program, started by this one, in a process group of its own.
///
/// Foundation's `Process` is not used: before it starts a program it reads the names of all open descriptors, and with more than about
/// 1,360 of them it reads past the end of its buffer.
package final class ChildProcess: Sendable {
    /// Its process ID, also that of its group. It may be reused as soon as `wait` has returned; `signal` heeds that.
    package let number: Int32
    /// Whether all that it leaves behind ends with it: `number` is that of the process that sees to it.
    private let endsAll: Bool
    /// Its exit status, once it has ended and was waited for.
    private let ended = Mutex<Int32?>(nil)

    /// - Parameters:
    ///   - arguments: without the program's own name.
    ///   - environment: this process's own if nil.
    ///   - input: as the other two an open descriptor of this process, which stays open here. The program inherits no other one.
    ///   - endsAll: whether all that it leaves behind ends with it, whatever groups and sessions it makes, and with this thread, too: it
    ///     has to wait.
    /// - Throws: `SystemError` if it cannot be started, such as when there is no such program.
    package init(
        _ path: String, _ arguments: [String], environment: [String: String]? = nil, input: Int32,
        output: Int32,
        errors: Int32, endsAll: Bool = false
    ) throws(SystemError) {
        self.endsAll = endsAll
        let attempt = "start \(path)"
        var above: [Int32] = []
        defer { above.forEach { close($0) } }
        for descriptor in [input, output, errors] {
            // A descriptor below three, as a program has whose own input is closed, would be overwritten before it is passed on.
            let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
            guard copy >= 0 else { throw SystemError(attempt) }
            above.append(copy)
        }
        var words = unsafe Self.list([path] + arguments)
        defer { unsafe words.forEach { unsafe free($0) } }
        var number: Int32 = 0
        let failure: Int32
        let spawn = unsafe endsAll ? roost_spawn_supervised : roost_spawn
        if let environment {
            var variables = unsafe Self.list(environment.map { "\($0)=\($1)" })
            defer { unsafe variables.forEach { unsafe free($0) } }
            failure = unsafe spawn(path, &words, &variables, above, &number)
        } else {
            failure = unsafe spawn(path, &words, nil, above, &number)
        }
        guard failure == 0 else { throw SystemError(attempt, number: failure) }
        self.number = number
    }

    /// Waits until it has ended. Several threads may wait.
    ///
    /// - Returns: its exit status, or 128 plus the number of the signal that ended it.
    @discardableResult
    package func wait() -> Int32 {
        while true {
            if let status = ended.withLock(\.self) { return status }
            // It is reaped below, where no signal can be sent at the same time.
            _ = retrying { waitid(P_PID, id_t(number), nil, WEXITED | WNOWAIT) }
            reap()
        }
    }

    package var isRunning: Bool {
        reap()
        return ended.withLock { $0 == nil }
    }

    /// Sends a signal to it, or to its whole group. Does nothing if it has ended. One that leaves nothing behind gets SIGTERM and SIGKILL
    /// alone, its group with it.
    package func signal(_ signal: Int32, toGroup: Bool = false) {
        ended.withLock { status in
            guard status == nil else { return }
            guard !endsAll else {
                // SIGKILL would end the process that sees to it first.
                kill(number, signal == SIGKILL ? ROOST_END_ALL : signal)
                return
            }
            _ = kill(toGroup ? -number : number, signal)
        }
    }

    private func reap() {
        ended.withLock { ended in
            guard ended == nil else { return }
            var status: Int32 = 0
            let answer = retrying { unsafe waitpid(number, &status, WNOHANG) }
            // No such child: something else has waited for it.
            if answer < 0 { ended = 128 }
            guard answer == number else { return }
            let signal = status & 0x7F
            ended = signal == 0 ? (status >> 8) & 0xFF : 128 + signal
        }
    }

    private static func list(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        unsafe texts.map { unsafe strdup($0) } + [nil]
    }
}
