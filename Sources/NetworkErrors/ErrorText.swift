import Errors
import Linux
import NIOCore
import NIOSSL

/// Errors as sentences for people: those of our modules as they are, those of libraries by their meaning.
///
/// Every error that may come from a library and reaches a person goes through here.
package enum ErrorText {
    /// What `error` means, for people.
    package static func of(_ error: any Error) -> String {
        switch error {
        case let error as IOError: KernelErrorText.of(error.errnoCode)
        case is NIOSSLError, is BoringSSLError:
            "no encrypted connection: the certificate is not trusted, or not for this name"
        case is NIOTooManyBytesError: "more was sent than is accepted"
        default: FileErrorText.of(error)
        }
    }
}
