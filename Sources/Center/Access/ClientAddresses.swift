import HTTPTypes
import Hummingbird
import NIOCore
import Wire

/// Tells the address that a request comes from: behind a proxy that is trusted, the one that it names.
struct ClientAddresses: Sendable {
    /// Proxies of which a request may have passed.
    private static let hopLimit = 32

    /// Where proxies are that say the truth about their clients.
    let proxies: [IPv4Network]

    /// - Parameters:
    ///   - peer: who has made the connection.
    ///   - forwarded: the fields `X-Forwarded-For`, each a list in which every proxy has added its own client behind the others.
    func client(peer: String, forwarded: [String]) -> String {
        guard isTrusted(peer) else { return peer }
        var address = peer
        let hops = forwarded.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
        // From the end: what stands before the first address that is no trusted proxy's, that client has written itself.
        for hop in hops.suffix(Self.hopLimit).reversed() {
            guard let named = Self.address(hop) else { break }
            address = named
            guard isTrusted(address) else { break }
        }
        return address
    }

    private func isTrusted(_ address: String) -> Bool {
        guard let address = IPv4Address(address) else { return false }
        return proxies.contains { $0.contains(address) }
    }

    /// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`, as the one spelling of the address.
    private static func address(_ text: Substring) -> String? {
        var text = text.filter { $0 != " " && $0 != "\t" }[...]
        if text.first == "[" {
            text = text.dropFirst().prefix { $0 != "]" }
        } else if text.filter({ $0 == ":" }).count == 1 {
            text = text.prefix { $0 != ":" }
        }
        return try? SocketAddress(ipAddress: String(text), port: 0).ipAddress
    }
}

/// Says to all that follows whose address a request comes from.
struct ClientAddressMiddleware: RouterMiddleware {
    let addresses: ClientAddresses

    @concurrent func handle(
        _ request: Request, context: CenterContext,
        next: @concurrent (Request, CenterContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.address = addresses.client(
            peer: context.address, forwarded: request.headers[values: .forwardedFor])
        return try await next(request, context)
    }
}

extension HTTPField.Name {
    static let forwardedFor = HTTPField.Name("X-Forwarded-For") ?? .via
}
