import CLinux
import Glibc
import Synchronization

/// Another program as a child of this process: in a process group of its own, with no signal blocked, and with no descriptor except those
/// that it is given.
///
/// Foundation's `Process` reads the names of all descriptors before it starts a program, and past the end of its buffer when there are more
/// than about 1,360 (Swift 6.3): peers of a server open that many connections.
package final class ChildProcess: Sendable {
    /// Its process ID, and that of its group.
    package let number: Int32
    /// Its exit status, or 128 plus the number of the signal that ended it; nil while it runs.
    private let status = Mutex<Int32?>(nil)

    /// Starts `words`; the first is a path.
    ///
    /// - Parameters:
    ///   - environment: `NAME=value`; nil: this process's.
    ///   - input: a descriptor that becomes its standard input; nil: it has nothing to read.
    ///   - output: becomes its standard output, and `errors` its standard error.
    package init(
        _ words: [String], environment: [String]? = nil, input: Int32? = nil,
        output: Int32 = STDOUT_FILENO, errors: Int32 = STDERR_FILENO
    ) throws(SystemError) {
        let path = words.first ?? ""
        var arguments = unsafe Self.pointers(words)
        var variables = unsafe Self.pointers(environment ?? [])
        defer { unsafe (arguments + variables).forEach { unsafe free($0) } }
        number =
            environment == nil
            ? unsafe roost_spawn(path, &arguments, nil, input ?? -1, output, errors)
            : unsafe roost_spawn(path, &arguments, &variables, input ?? -1, output, errors)
        guard number > 0 else { throw SystemError("run \(path)") }
    }

    private static func pointers(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        unsafe texts.map { unsafe strdup($0) } + [nil]
    }

    /// Whether it has not ended yet.
    package var isRunning: Bool { look() == nil }

    /// Waits until it has ended.
    ///
    /// - Returns: its exit status, or 128 plus the number of the signal that ended it.
    @discardableResult package func wait() -> Int32 {
        while true {
            // It stays there meanwhile, and with it its number: only ``look()`` takes it, on whichever thread.
            if let ended = look() { return ended }
            _ = roost_await_end(number)
        }
    }

    /// Asks it to end (SIGTERM).
    package func terminate() {
        status.withLock { if $0 == nil { _ = Glibc.kill(number, SIGTERM) } }
    }

    private func look() -> Int32? {
        status.withLock { status -> Int32? in
            guard status == nil else { return status }
            var word: Int32 = 0
            switch unsafe roost_take_ended(number, &word) {
            case 0: break
            case 1: status = word
            // It is not there any more: this process ignores SIGCHLD.
            default: status = Self.unknownStatus
            }
            return status
        }
    }

    private static let unknownStatus: Int32 = 255
}
