import CLinux
import Foundation
import Glibc

/// Calls a closure on its own thread for signals to this process.
///
/// Dispatch's signal sources would not work: they need signals that the first thread blocks, and it blocks none, so that Ctrl-C ends a
/// command.
enum ProcessSignals {
    /// From now on `action` is called for each of these signals, instead of their default effect.
    ///
    /// - Parameter once: the second signal of a kind ends the process, and signals that were ignored stay ignored, as nohup(1) needs.
    static func note(_ numbers: [Int32], once: Bool = false, _ action: @escaping @Sendable (Int32) -> Void) {
        let pipe = unsafe roost_note_signals(numbers, numbers.count, once ? 1 : 0)
        guard pipe >= 0 else { return }
        Thread.detachNewThread {
            var byte: UInt8 = 0
            while true {
                let count = unsafe read(pipe, &byte, 1)
                if count == 1 { action(Int32(byte)) } else if count == 0 || errno != EINTR { return }
            }
        }
    }
}
