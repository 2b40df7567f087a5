import CLinux
import Glibc

/// A program that owns this terminal until it ends: it reads what is typed, and only it gets Ctrl-C.
package enum ForegroundProgram {
    /// Runs `words`; the first is a path.
    ///
    /// - Returns: its exit status, or 128 plus the number of the signal that ended it.
    package static func run(_ words: [String]) throws(SystemError) -> Int32 {
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { unsafe pointers.forEach { unsafe free($0) } }
        let status = unsafe roost_run_in_foreground(&pointers)
        guard status >= 0 else { throw SystemError("run \(words.first ?? "nothing")") }
        return status
    }
}
