import Glibc
import NIOCore

/// An address that the pages cannot be served on, with the reason.
struct CannotListen: Error, CustomStringConvertible {
    let description: String

    /// Nil for errors that are not about binding.
    init?(at address: CenterAddress, _ error: any Error) {
        let reason: String
        switch error {
        case let error as IOError:
            switch error.errnoCode {
            case EADDRINUSE: reason = "another program listens there (ss -ltnp names it)"
            case EADDRNOTAVAIL: reason = "this machine does not have the address (ip address lists its own)"
            case EACCES, EPERM: reason = "this user may not listen there"
            default: return nil
            }
        case is SocketAddressError, is SocketAddressError.UnknownHost: reason = "this name has no address"
        default: return nil
        }
        description = "center: cannot listen on \(address.url): \(reason)"
    }
}
