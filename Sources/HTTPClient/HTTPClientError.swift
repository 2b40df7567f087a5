import Glibc
import Linux
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Why there is no complete answer, as a sentence that names the place and what to do.
package struct HTTPClientError: Error, Equatable, CustomStringConvertible {
    package enum Cause: Equatable, Sendable {
        /// Before there is a connection.
        case address, header(String), certificateFile, noSuchHost, redirects
        /// A kernel error, by its number.
        case system(Int32)
        case noConnection(Duration), silence(Duration), noAnswer(Duration)
        case untrusted, expired, notYetValid, otherName, notEncrypted
        case closedEarly, notHTTP, longHeaders
    }

    package let cause: Cause
    /// `HOST:PORT`, the path of a socket or a file, or the invalid URL.
    package let place: String

    init(_ cause: Cause, at place: String) { (self.cause, self.place) = (cause, place) }

    /// Why there is no connection to `place`.
    package static func ofConnection(_ error: any Error, to place: String) -> Self {
        Self(meaning: error, at: place, certificate: nil)
    }

    /// The meaning of a SwiftNIO error.
    ///
    /// - Parameter certificate: what the server showed of itself.
    init(meaning error: any Error, at place: String, certificate: NIOSSLCertificate?) {
        self = error as? HTTPClientError ?? Self(Self.cause(of: error, certificate), at: place)
    }

    private static func cause(of error: any Error, _ certificate: NIOSSLCertificate?) -> Cause {
        switch error {
        case let error as NIOConnectionError:
            // IPv4 comes last: where a host has no IPv6, failing to reach it that way means nothing.
            return error.connectionErrors.last.map { cause(of: $0.error, certificate) } ?? .noSuchHost
        case let error as IOError:
            return [ECONNRESET, EPIPE].contains(error.errnoCode) ? .closedEarly : .system(error.errnoCode)
        case ChannelError.connectTimeout(let time): return .noConnection(.nanoseconds(time.nanoseconds))
        case HTTPParserError.headerOverflow: return .longHeaders
        case HTTPParserError.invalidEOFState: return .closedEarly
        case is HTTPParserError: return .notHTTP
        case let error as NIOSSLExtraError:
            let isName = [.failedToValidateHostname, .serverHostnameImpossibleToMatch].contains(error)
            return isName ? .otherName : .notEncrypted
        case NIOSSLError.handshakeFailed:
            // A server that sent its certificate speaks TLS: it is we who reject it.
            guard let certificate else { return .notEncrypted }
            let now = SystemClock.wall / 1_000
            if certificate.notValidAfter < now { return .expired }
            return certificate.notValidBefore > now ? .notYetValid : .untrusted
        case NIOSSLError.uncleanShutdown: return .closedEarly
        case is NIOSSLError, is BoringSSLError: return .notEncrypted
        default: return .closedEarly
        }
    }

    package var description: String {
        switch cause {
        case .address: "‘\(place)’ is not an address: write http://HOST:PORT or https://HOST:PORT"
        case .header(let name):
            "the header \(name) for \(place) has a line break or another control character in it: take it out"
        case .certificateFile: "there is no certificate in \(place): it has to be a PEM file"
        case .noSuchHost:
            "there is no address for \(place): is the name right, and does the name server answer?"
        case .redirects: "\(place) redirects too often: give the final address"
        case .system(let number): Self.text(of: number, at: place)
        case .noConnection(let time):
            "no connection to \(place) in \(Self.text(of: time)): is it running, and is there no firewall in between?"
        case .silence(let time): "nothing has come from \(place) for \(Self.text(of: time)); try again later"
        case .noAnswer(let time): "no whole answer from \(place) in \(Self.text(of: time)); try again later"
        case .untrusted:
            "the certificate of \(place) is not trusted: name its authority's certificate, or install it on this host"
        case .expired:
            "the certificate of \(place) has expired: renew it there, or set this host's clock if that is wrong"
        case .notYetValid: "the certificate of \(place) is not valid yet: is this host's clock right?"
        case .otherName: "the certificate of \(place) is for another name: use the one that it is for"
        case .notEncrypted:
            "no encrypted connection to \(place): does it speak TLS there, or is http:// right?"
        case .closedEarly:
            "\(place) closed the connection before its answer was whole: is http:// or https:// right, and what does its log say?"
        case .notHTTP: "\(place) does not answer in HTTP: is the port right, and http:// or https://?"
        case .longHeaders: "\(place) answers with headers that are too long: is it the right server?"
        }
    }

    private static func text(of number: Int32, at place: String) -> String {
        switch number {
        case ECONNREFUSED: "nothing answers on \(place): is the server running, and is the port right?"
        case EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL:
            "there is no route to \(place): is the address right, and is this host's network up?"
        default: "\(place): \(KernelErrorText.of(number))"
        }
    }

    private static func text(of time: Duration) -> String {
        time == .seconds(1) ? "one second" : "\(time.components.seconds) seconds"
    }
}
