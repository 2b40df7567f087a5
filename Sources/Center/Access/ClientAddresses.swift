import HTTPTypes
import Hummingbird
import NIOCore
import Wire

/// Tells the address that a request comes from: behind a proxy that is trusted, the one that it names.
struct ClientAddresses: Sendable {
    /// Proxies of which a request may have passed.
    private static let hopLimit = 32

    /// Where proxies are that say the truth about their clients.
    let proxies: [IPNetwork]
    /// Whether connections of those begin with a header of the PROXY protocol.
    var readsHeader = false

    /// - Parameters:
    ///   - peer: who has made the connection.
    ///   - forwarded: the fields `X-Forwarded-For`, each a list in which every proxy has added its own client behind the others.
    func client(peer: String, forwarded: [String]) -> String {
        guard var address = IPAddress(peer), isTrusted(address) else { return Self.spelled(peer) }
        let hops = forwarded.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
        // From the end: what stands before the first address that is no trusted proxy's, that client has written itself.
        for hop in hops.suffix(Self.hopLimit).reversed() {
            guard let named = Self.address(hop) else { break }
            address = named
            guard isTrusted(address) else { break }
        }
        return address.description
    }

    /// Whether the client has come by HTTPS, as the first of the trusted proxies says it (`X-Forwarded-Proto`).
    func isSecure(peer: String, forwarded: [String]) -> Bool {
        guard isTrusted(peer), let first = forwarded.first?.split(separator: ",").first else { return false }
        return first.filter { $0 != " " && $0 != "\t" }.lowercased() == "https"
    }

    func isTrusted(_ peer: String) -> Bool { IPAddress(peer).map(isTrusted) ?? false }

    private func isTrusted(_ address: IPAddress) -> Bool { proxies.contains { $0.contains(address) } }

    /// The one spelling of an address; what is none stays as it is.
    private static func spelled(_ text: String) -> String { IPAddress(text)?.description ?? text }

    /// Whom wrong passwords and requests of an address are counted for.
    static func subscriber(_ text: String) -> String { IPAddress(text)?.subscriber.description ?? text }

    /// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`.
    private static func address(_ text: Substring) -> IPAddress? {
        var text = text.filter { $0 != " " && $0 != "\t" }[...]
        if text.first == "[" {
            text = text.dropFirst().prefix { $0 != "]" }
        } else if text.filter({ $0 == ":" }).count == 1 {
            text = text.prefix { $0 != ":" }
        }
        return IPAddress(text)
    }
}

/// Says to all that follows whose address a request comes from, and whether it has come by HTTPS.
struct ClientAddressMiddleware: RouterMiddleware {
    let addresses: ClientAddresses
    let isTLS: Bool

    @concurrent func handle(
        _ request: Request, context: CenterContext,
        next: @concurrent (Request, CenterContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        let peer = try await peer(context)
        context.address = addresses.client(peer: peer, forwarded: request.headers[values: .forwardedFor])
        context.isSecure =
            isTLS || addresses.isSecure(peer: peer, forwarded: request.headers[values: .forwardedProto])
        return try await next(request, context)
    }

    /// Who has made the connection: to us, or to a proxy that said so at its beginning.
    private func peer(_ context: CenterContext) async throws -> String {
        guard addresses.readsHeader, addresses.isTrusted(context.address) else { return context.address }
        let channel = context.channel
        let client = try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.handler(type: ProxyHeaderHandler.self).client
        }.get()
        return client?.description ?? context.address
    }
}

extension HTTPField.Name {
    static let forwardedFor = HTTPField.Name("X-Forwarded-For") ?? .via
    static let forwardedProto = HTTPField.Name("X-Forwarded-Proto") ?? .via
    /// nginx hands each event on as it comes when this says «no».
    static let accelBuffering = HTTPField.Name("X-Accel-Buffering") ?? .via
}
