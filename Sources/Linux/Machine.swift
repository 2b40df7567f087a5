import CLinux

/// The machine that this program runs on.
package enum Machine {
    /// Restarts it at once; what is not on a disk by now is lost.
    package static func restart() { _ = roost_restart() }
}
