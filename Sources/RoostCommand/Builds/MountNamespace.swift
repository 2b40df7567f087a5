import Foundation
import Glibc

/// A mount namespace for this program alone: what is mounted in it goes with it, also when it is killed.
enum MountNamespace {
    private static let mark = "ROOST_MOUNT_NAMESPACE"

    /// Begins this program anew inside; returns in the one that is inside, or when it is not root.
    static func enter() throws {
        guard getuid() == 0, ProcessInfo.processInfo.environment[mark] == nil else { return }
        unsafe setenv(mark, "1", 1)
        let words =
            ["/usr/bin/unshare", "--mount", "--propagation=private", "--"]
            + [try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")]
            + CommandLine.arguments.dropFirst()
        // A pool's thread blocks nearly all signals, and what it executes inherits that.
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigprocmask(SIG_SETMASK, &none, nil)
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
        unsafe execv(words[0], &pointers)
        throw Failure(text: "\(words[0]) cannot be run (errno \(errno))", code: 1)
    }
}
