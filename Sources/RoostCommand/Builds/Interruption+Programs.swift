import Commands
import Foundation
import Glibc
import Images
import Synchronization

/// While programs work for a command: those lead process groups of their own, which Ctrl-C does not reach. They are killed, and what
/// waits for them fails and clears away what it has made, as after any failure.
extension Interruption {
    /// After that many seconds a person is told that it goes on.
    private static let patience: UInt32 = 3
    /// Removing the files of a large root from a busy disk takes minutes; more than this is no clearing away.
    private static let graceSeconds: UInt32 = 600
    private static let isHeeded = Atomic(false)

    /// From now on the first SIGINT, SIGTERM or SIGHUP ends what this process has started, and then itself; the second ends it at once.
    static func heed() {
        guard !isHeeded.exchange(true, ordering: .relaxed) else { return }
        ProcessSignals.note([SIGINT, SIGTERM, SIGHUP], once: true) { number in
            note(number)
            Program.refuseMore()
            ProcessTree.killDescendants(of: getpid())
            sleep(patience)
            // One that was being started while the others were killed.
            ProcessTree.killDescendants(of: getpid())
            printError("roost: interrupted: still clearing away (Ctrl-C again ends that at once)")
            sleep(graceSeconds)
            _exit(exitCode)
        }
    }
}
