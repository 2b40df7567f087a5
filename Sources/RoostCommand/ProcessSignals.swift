import CLinux
import Foundation
import Glibc

/// Signals to this process, as calls on a thread of their own.
///
/// Dispatch's signal sources would not do: they wait for signals that the first thread blocks, and it blocks none, so that Ctrl-C
/// ends a command.
enum ProcessSignals {
    /// From now on `action` is called for each of these signals instead of what they would have done.
    ///
    /// - Parameter once: the second signal of a kind ends the process, and what was ignored before stays ignored, as nohup(1) wants it.
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
