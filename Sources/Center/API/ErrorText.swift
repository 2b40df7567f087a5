import AsyncHTTPClient
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
        case let error as HTTPClientError: text(of: error)
        case is NIOSSLError, is BoringSSLError:
            "no encrypted connection: the certificate is not trusted, or not for this name"
        case is NIOTooManyBytesError: "more was sent than is taken"
        case _ where "\(type(of: error))" == "NIOConnectionError": "no connection, or no such host"
        default: FileErrorText.of(error)
        }
    }

    private static func text(of error: HTTPClientError) -> String {
        switch error {
        case .connectTimeout, .readTimeout, .writeTimeout, .deadlineExceeded, .getConnectionFromPoolTimeout,
            .tlsHandshakeTimeout:
            "no answer in time"
        case .remoteConnectionClosed, .uncleanShutdown: "the connection was closed before the answer"
        case .invalidURL, .emptyHost, .emptyScheme: "the address is none: https://HOST:PORT is wanted"
        case .redirectLimitReached, .redirectCycleDetected: "it sends from one address to another without end"
        case .cancelled, .requestStreamCancelled: "ended before it was done"
        default: "the other side does not speak HTTP as it should"
        }
    }
}
