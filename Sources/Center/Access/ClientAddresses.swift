import HTTPTypes
import Hummingbird
import NIOCore
import Wire

/// Determines the client address of a request: behind a trusted proxy, the one that the proxy names.
struct ClientAddresses: Sendable {
    /// Proxies that a request may have passed through.
    private static let hopLimit = 32

    /// Addresses of trusted proxies.
    let proxies: [IPNetwork]
    /// Those whose connections start with a PROXY protocol header.
    var senders: [IPNetwork] = []

    /// The client's address according to the trusted proxies before `peer`.
    ///
    /// When both header fields are present and differ, a client may have written one of them, and we cannot tell which: use the proxy's
    /// address.
    ///
    /// - Parameters:
    ///   - peer: the other end of the connection.
    ///   - forwardedFor: the fields `X-Forwarded-For`, each a list to which every proxy appends its client.
    ///   - forwarded: the fields `Forwarded` (RFC 7239), which are lists as well.
    func client(peer: String, forwardedFor: [String], forwarded: [String] = []) -> String {
        guard let proxy = IPAddress(peer), isTrusted(proxy) else { return Self.spelled(peer) }
        let lists = [Self.hops(forwardedFor), forwarded.flatMap(ForwardedHop.read)].filter { !$0.isEmpty }
        let named = Set(lists.map { client(of: $0, to: proxy).address })
        return (named.count == 1 ? named.first ?? proxy : proxy).description
    }

    /// Whether the client used HTTPS, according to the first trusted proxy (`X-Forwarded-Proto`) or the one that the client connected to
    /// (`Forwarded`).
    func isSecure(peer: String, forwardedProto: [String], forwarded: [String] = []) -> Bool {
        guard let proxy = IPAddress(peer), isTrusted(proxy) else { return false }
        let first = forwardedProto.first?.split(separator: ",").first ?? ""
        let hops = forwarded.flatMap(ForwardedHop.read)
        return first.filter { $0 != " " && $0 != "\t" }.lowercased() == "https"
            || client(of: hops, to: proxy).scheme == "https"
    }

    /// The client of `proxy` at the end of `hops`, and its protocol.
    private func client(of hops: [ForwardedHop], to proxy: IPAddress) -> (
        address: IPAddress, scheme: String?
    ) {
        var (address, scheme) = (proxy, nil as String?)
        // From the end: everything before the first address that is not a trusted proxy's was written by that client.
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

    /// Whether a connection from `peer` starts with a PROXY protocol header.
    func sendsHeader(_ peer: String) -> Bool {
        IPAddress(peer).map { address in senders.contains { $0.contains(address) } } ?? false
    }

    func isTrusted(_ peer: String) -> Bool { IPAddress(peer).map(isTrusted) ?? false }

    private func isTrusted(_ address: IPAddress) -> Bool { proxies.contains { $0.contains(address) } }

    /// The canonical spelling of an address; other text stays unchanged.
    private static func spelled(_ text: String) -> String { IPAddress(text)?.description ?? text }

    /// The address that wrong passwords and requests are counted for.
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

extension ClientAddresses {
    /// A proxy on this host stays trusted on the listener without TLS when others are named elsewhere.
    ///
    /// - Parameters:
    ///   - named: the configuration's proxies; an empty list trusts none.
    ///   - readsHeader: whether the connections of these start with a PROXY protocol header.
    init(named: [IPNetwork]?, isTLS: Bool, readsHeader: Bool) {
        let own = isTLS || named?.isEmpty == true ? [] : ["127.0.0.0/8", "::1"].compactMap { IPNetwork($0) }
        proxies = (named ?? []) + own
        senders = readsHeader ? named ?? [] : []
    }
}

/// Sets the request's client address, and whether it used HTTPS, for everything that follows.
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

    /// The other end of the connection: ours, or the one that a proxy named in its header.
    private func peer(_ context: CenterContext) async throws -> String {
        guard addresses.sendsHeader(context.address) else { return context.address }
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
    /// «no» makes nginx pass on each event at once; `no-transform` keeps other proxies from compressing them, which holds them back.
    static let accelBuffering = HTTPField.Name("X-Accel-Buffering") ?? .via
}
