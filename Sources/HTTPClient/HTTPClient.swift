import FoundationEssentials
package import NIOCore
package import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A request to a server (RFC 9110).
package struct HTTPClientRequest: Sendable {
    /// `http://…` or `https://…`
    package var url: String
    /// The socket of a server on this host, used instead of the URL's host.
    package var socketPath: String?
    package var method = HTTPMethod.GET
    package var headers = HTTPHeaders()
    package var body = ByteBuffer()

    package init(url: String, socketPath: String? = nil) {
        (self.url, self.socketPath) = (url, socketPath)
    }
}

/// How long to wait for an answer.
package struct HTTPClientLimits: Sendable {
    /// Until the request is on its way: name lookup, connection and TLS.
    package var connect = Duration.seconds(10)
    /// From the beginning to the last byte of the answer.
    package var whole: Duration
    /// The longest silence while waiting for data; nil: as long as the whole.
    package var pause: Duration?

    package init(whole: Duration, pause: Duration? = nil) { (self.whole, self.pause) = (whole, pause) }
}

/// A server's answer. The body arrives while it is read.
package struct HTTPClientResponse: Sendable {
    package let status: Int
    package let headers: HTTPHeaders
    package let body: HTTPClientBody

    /// The status, for people. The answer's own text comes from the server and is not included.
    package var statusText: String {
        (300..<400).contains(status)
            ? "\(status): it sends to another address, which has to be named here instead" : String(status)
    }
}

/// The bytes of an answer, for one reader. Unread data stays on the network: only a few reads are in memory. The connection is closed when
/// the reader goes away.
package struct HTTPClientBody: AsyncSequence, Sendable {
    typealias Base = NIOThrowingAsyncSequenceProducer<
        ByteBuffer, any Error, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark,
        HTTPExchange.Demand
    >
    let base: Base

    package struct AsyncIterator: AsyncIteratorProtocol {
        let base: Base.AsyncIterator

        /// - Throws: `HTTPClientError` when the answer is incomplete, `CancellationError`.
        @concurrent package mutating func next() async throws -> ByteBuffer? { try await base.next() }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: base.makeAsyncIterator()) }
}

/// Sends requests (HTTP/1.1, RFC 9112), each on its own connection: they are rare, or long. Those that come every few seconds to the same
/// server share one that stays open.
package final class HTTPClient: Sendable {
    private static let redirectLimit = 5

    private let trust: NIOSSLTrustRoots
    private let identity: HTTPClientIdentity?
    /// Nil: no connection stays open.
    private let kept: KeptConnection?
    /// Reading this host's certificate authorities takes a while; it is done once, for the first encrypted connection.
    private let context = Mutex<NIOSSLContext?>(nil)

    /// Trusts the authorities of this host.
    package init() { (trust, identity, kept) = (.default, nil, nil) }

    /// Trusts only what is in a PEM file.
    package init(trusting certificatePath: String) throws(HTTPClientError) {
        guard let certificates = try? NIOSSLCertificate.fromPEMFile(certificatePath), !certificates.isEmpty
        else {
            throw HTTPClientError(.certificateFile, at: certificatePath)
        }
        (trust, identity, kept) = (.certificates(certificates), nil, nil)
    }

    /// Trusts only what is in a text in PEM.
    ///
    /// - Parameters:
    ///   - place: where the text is, for the error.
    ///   - identity: what this client shows of itself.
    ///   - keepsConnection: whether a connection stays open for the next request; all of them go to one server then. A request whose
    ///     connection turns out to be closed is sent again, so it must do no harm when it comes twice.
    package init(
        trustingPEM text: String, at place: String, showing identity: HTTPClientIdentity? = nil,
        keepsConnection: Bool = false
    ) throws(HTTPClientError) {
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(Array(text.utf8)), !certificates.isEmpty
        else {
            throw HTTPClientError(.certificateFile, at: place)
        }
        (trust, self.identity) = (.certificates(certificates), identity)
        kept = keepsConnection ? KeptConnection() : nil
    }

    deinit { kept?.close() }

    /// Follows a redirect when the request is a GET without `Authorization`.
    ///
    /// - Throws: `HTTPClientError`, `CancellationError`.
    package func execute(_ request: HTTPClientRequest, within limits: HTTPClientLimits) async throws
        -> HTTPClientResponse
    {
        let deadline = NIODeadline.now() + TimeAmount(limits.whole)
        var request = request
        for _ in 0...Self.redirectLimit {
            let answer = try await exchange(request, within: limits, until: deadline)
            guard let next = request.redirected(by: answer) else { return answer }
            request = next
        }
        throw HTTPClientError(.redirects, at: request.url)
    }

    private func exchange(
        _ request: HTTPClientRequest, within limits: HTTPClientLimits, until deadline: NIODeadline
    ) async throws -> HTTPClientResponse {
        let destination = try HTTPDestination(request)
        let head = try destination.head(of: request, isLast: kept == nil)
        let tls = destination.isEncrypted ? try tlsContext() : nil
        let serverName = identity?.serverName ?? destination.serverName
        let loop = kept?.eventLoop ?? MultiThreadedEventLoopGroup.singleton.any()
        let promise = loop.makePromise(of: HTTPClientResponse.self)
        loop.execute { [kept] in
            HTTPExchange(
                destination, (head, request.body), tls: tls.map { ($0, serverName) }, limits: limits,
                deadline: deadline, kept: kept, promise: promise
            ).begin()
        }
        return try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            promise.fail(CancellationError())
        }
    }

    private func tlsContext() throws -> NIOSSLContext {
        try context.withLock { known in
            if let known { return known }
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = trust
            tls.minimumTLSVersion = .tlsv12
            tls.applicationProtocols = ["http/1.1"]
            if let identity {
                tls.certificateChain = identity.chain.map { .certificate($0) }
                tls.privateKey = .privateKey(identity.key)
            }
            let made = try NIOSSLContext(configuration: tls)
            known = made
            return made
        }
    }
}

extension HTTPClientRequest {
    /// The request to follow a redirect (RFC 9110 §15.4); nil when it points nowhere or must not be followed.
    ///
    /// Tokens and changes go to the given address only, and an encrypted request stays encrypted.
    fileprivate func redirected(by answer: HTTPClientResponse) -> HTTPClientRequest? {
        guard method == .GET, socketPath == nil, !headers.contains(name: "Authorization"),
            [301, 302, 303, 307, 308].contains(answer.status),
            let location = answer.headers.first(name: "Location"), let base = URL(string: url),
            let target = URL(string: location, relativeTo: base)?.absoluteURL,
            target.scheme?.lowercased() == "https" || base.scheme?.lowercased() == "http"
        else { return nil }
        var next = self
        next.url = target.absoluteString
        return next
    }
}

/// Where a request goes, and its target there.
struct HTTPDestination: Sendable {
    enum Address: Equatable { case host(String, port: Int), socket(String) }

    let address: Address
    let isEncrypted: Bool
    /// `Host` (RFC 9110 §7.2)
    private let authority: String
    /// Path and query (RFC 9112 §3.2.1)
    private let target: String

    init(_ request: HTTPClientRequest) throws(HTTPClientError) {
        guard let url = URLComponents(string: request.url), let scheme = url.scheme?.lowercased(),
            ["http", "https"].contains(scheme), let host = url.encodedHost, !host.isEmpty,
            url.percentEncodedPath.isEmpty || url.percentEncodedPath.hasPrefix("/")
        else { throw HTTPClientError(.address, at: request.url) }
        isEncrypted = scheme == "https" && request.socketPath == nil
        let defaultPort = scheme == "https" ? 443 : 80
        let port = url.port ?? defaultPort
        guard (1...65_535).contains(port) else { throw HTTPClientError(.address, at: request.url) }
        // An IPv6 address is in brackets (RFC 3986 §3.2.2). Its zone, after %25, matters only on this host (RFC 6874 §3).
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        let name = bare.replacing("%25", with: "%")
        address = request.socketPath.map(Address.socket) ?? .host(name, port: port)
        authority =
            (name.contains(":") ? "[\(name.prefix { $0 != "%" })]" : name)
            + (port == defaultPort ? "" : ":\(port)")
        target =
            (url.percentEncodedPath.isEmpty ? "/" : url.percentEncodedPath)
            + (url.percentEncodedQuery.map { "?\($0)" } ?? "")
    }

    /// `HOST:PORT`, or the path of a socket.
    var description: String {
        switch address {
        case .host(let name, let port): name.contains(":") ? "[\(name)]:\(port)" : "\(name):\(port)"
        case .socket(let path): path
        }
    }

    /// The name that the certificate must have, sent as SNI; nil: the connection's address. Only names are sent (RFC 6066 §3).
    var serverName: String? {
        guard case .host(let name, let port) = address, !name.contains(":"),
            (try? SocketAddress(ipAddress: name, port: port)) == nil
        else { return nil }
        return name
    }

    /// - Parameter isLast: whether the connection ends with the answer.
    /// - Throws: `HTTPClientError` when a header contains a line end.
    func head(of request: HTTPClientRequest, isLast: Bool) throws(HTTPClientError) -> HTTPRequestHead {
        var headers: HTTPHeaders = ["Host": authority]
        if isLast { headers.add(name: "Connection", value: "close") }
        for (name, value) in request.headers {
            guard value.utf8.allSatisfy({ $0 >= 32 && $0 != 127 || $0 == 9 }) else {
                throw HTTPClientError(.header(name), at: description)
            }
            headers.add(name: name, value: value)
        }
        // Without a length, a method that usually has a body would send it in chunks (RFC 9110 §8.6).
        if request.body.readableBytes > 0 || [.POST, .PUT, .PATCH].contains(request.method) {
            headers.add(name: "Content-Length", value: String(request.body.readableBytes))
        }
        return HTTPRequestHead(
            version: .http1_1, method: request.method, uri: target, headers: headers)
    }
}
