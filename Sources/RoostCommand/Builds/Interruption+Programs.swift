import Commands
import Foundation
import Glibc
import Images
import Synchronization

/// While programs run for a command: they lead process groups of their own, which Ctrl-C does not reach. They are killed; the code that
/// waits for them fails and cleans up, as after any failure.
extension Interruption {
    /// Seconds after which a person is told that it continues.
    private static let patience: UInt32 = 3
    /// Removing the files of a large root from a busy disk takes minutes; longer than this is not cleanup.
    private static let graceSeconds: UInt32 = 600
    private static let isHeeded = Atomic(false)

    /// From now on the first SIGINT, SIGTERM or SIGHUP kills this process's children and then ends it; the second ends it at once.
    static func heed() {
        guard !isHeeded.exchange(true, ordering: .relaxed) else { return }
        ProcessSignals.note([SIGINT, SIGTERM, SIGHUP], once: true) { number in
            note(number)
            Program.refuseMore()
            ProcessTree.killDescendants(of: getpid())
            sleep(patience)
            // A program may have been starting while the others were killed.
            ProcessTree.killDescendants(of: getpid())
            printError("roost: interrupted: cleaning up (Ctrl-C again stops at once)")
            sleep(graceSeconds)
            _exit(exitCode)
        }
    }
}
