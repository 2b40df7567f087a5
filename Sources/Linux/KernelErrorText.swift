import Glibc

/// Kernel errors, without the kernel's English where that says little.
package enum KernelErrorText {
    /// - Parameter number: errno.
    package static func of(_ number: Int32) -> String {
        switch number {
        case ENOSPC, EDQUOT: "no space is left on the disk; free some"
        case EACCES, EPERM: "permission denied (run as root?)"
        case EROFS: "the file system is read-only"
        case ECONNREFUSED: "nothing answers there"
        case ENOENT: "there is no such file or directory"
        default: unsafe String(cString: strerror(number))
        }
    }
}
