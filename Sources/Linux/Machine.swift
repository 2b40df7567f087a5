import CLinux
import Glibc

/// The machine that this program runs on.
package enum Machine {
    /// Keeps this process in memory even when the machine swaps, and spares it when memory runs out.
    package static func keepThisProgram() {
        _ = mlockall(Int32(MCL_CURRENT | MCL_FUTURE))
        guard let file = try? FileDescriptor(opening: "/proc/self/oom_score_adj", flags: O_WRONLY) else {
            return
        }
        try? file.write(Array("-1000".utf8))
    }

    /// Restarts it at once; anything not yet on a disk is lost.
    package static func restart() { _ = roost_restart() }
}
