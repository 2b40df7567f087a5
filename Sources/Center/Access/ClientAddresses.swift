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

    /// Who asks, as the trusted proxies before `peer` say.
    ///
    /// Where both kinds of fields are there and differ, a client may have written one of them, and nothing tells which: the proxy itself
    /// is counted.
    ///
    /// - Parameters:
    ///   - peer: who has made the connection.
    ///   - forwardedFor: the fields `X-Forwarded-For`, each a list in which every proxy has added its own client behind the others.
    ///   - forwarded: the fields `Forwarded` (RFC 7239), which are such lists as well.
    func client(peer: String, forwardedFor: [String], forwarded: [String] = []) -> String {
        guard let proxy = IPAddress(peer), isTrusted(proxy) else { return Self.spelled(peer) }
        let lists = [Self.hops(forwardedFor), forwarded.flatMap(ForwardedHop.read)].filter { !$0.isEmpty }
        let named = Set(lists.map { client(of: $0, to: proxy).address })
        return (named.count == 1 ? named.first ?? proxy : proxy).description
    }

    /// Whether the client has come by HTTPS: as the first of the trusted proxies says it (`X-Forwarded-Proto`), or the one that the client
    /// asked (`Forwarded`).
    func isSecure(peer: String, forwardedProto: [String], forwarded: [String] = []) -> Bool {
        guard let proxy = IPAddress(peer), isTrusted(proxy) else { return false }
        let first = forwardedProto.first?.split(separator: ",").first ?? ""
        let hops = forwarded.flatMap(ForwardedHop.read)
        return first.filter { $0 != " " && $0 != "\t" }.lowercased() == "https"
            || client(of: hops, to: proxy).scheme == "https"
    }

    /// The client that `proxy` had at the end of `hops`, and how it came.
    private func client(of hops: [ForwardedHop], to proxy: IPAddress) -> (
        address: IPAddress, scheme: String?
    ) {
        var (address, scheme) = (proxy, nil as String?)
        // From the end: what stands before the first address that is no trusted proxy's, that client has written itself.
        for hop in hops.suffix(Self.hopLimit).reversed() {
            scheme = hop.scheme
            guard let named = hop.client else { break }
            address = named
            guard isTrusted(address) else { break }
        }
        return (address, scheme)
    }

    private static func hops(_ forwardedFor: [String]) -> [ForwardedHop] {
        forwardedFor.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
            .map { ForwardedHop(client: address($0)) }
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
        let (fields, forwarded) = (request.headers, request.headers[values: .forwarded])
        context.address = addresses.client(
            peer: peer, forwardedFor: fields[values: .forwardedFor], forwarded: forwarded)
        context.isSecure =
            isTLS
            || addresses.isSecure(
                peer: peer, forwardedProto: fields[values: .forwardedProto], forwarded: forwarded)
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
    static let forwarded = HTTPField.Name("Forwarded") ?? .via
    static let forwardedProto = HTTPField.Name("X-Forwarded-Proto") ?? .via
    /// nginx hands each event on as it comes when this says «no».
    static let accelBuffering = HTTPField.Name("X-Accel-Buffering") ?? .via
}
