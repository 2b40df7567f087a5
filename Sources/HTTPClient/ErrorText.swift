import Errors
import NIOCore
import NIOSSL

/// Errors as sentences for people: of our own modules as they are, of libraries by what they mean.
///
/// Wherever an error that may come from a library reaches a person, it goes through here.
package enum ErrorText {
    /// What `error` means, for people.
    package static func of(_ error: any Error) -> String {
        switch error {
        case let error as IOError: FileErrorText.text(ofNumber: error.errnoCode)
        case is NIOSSLError, is BoringSSLError:
            "no encrypted connection: the certificate is not trusted, or not for this name"
        case is NIOTooManyBytesError: "more was sent than is taken"
        default: FileErrorText.of(error)
        }
    }
}
