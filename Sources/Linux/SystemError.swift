import Glibc

/// A system call that failed: what was attempted, and the kernel's number.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    package let attempt: String
    /// `errno`
    package let number: Int32

    package init(_ attempt: String, number: Int32 = errno) {
        self.attempt = attempt
        self.number = number
    }

    package var description: String {
        let cause = unsafe String(cString: strerror(number))
        return "\(attempt): \(cause)\(hint)"
    }

    /// What to do about it, where that is always the same.
    private var hint: String {
        switch number {
        case EPERM, EACCES: " (run as root, or give this user the right)"
        case EADDRINUSE: " (‘ss -tulpn’ shows by which program)"
        case ENOSPC: " (free some space)"
        default: ""
        }
    }

    package static let isBusy = EADDRINUSE
    package static let isMissing = ENOENT
}

/// Repeats a call that a signal interrupted.
@inline(__always)
package func retrying<T: FixedWidthInteger & SignedInteger>(_ call: () -> T) -> T {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}
