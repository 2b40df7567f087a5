import Foundation
import Wire

/// The address of another server, as the configuration or that server names it: `SCHEME://HOST[:PORT][/PATH]`, without a query.
///
/// How its text begins does not say which host it is: `http://localhost.example`, `http://127.0.0.1@example`.
package struct RemoteAddress {
    package let scheme: String
    /// An IPv6 address without its brackets.
    package let host: String
    /// As it is written.
    package let path: String

    /// Nil for anything else, such as an address with a user's name in it.
    package init?(_ text: String) {
        guard text.allSatisfy({ $0.isASCII && $0 > " " && $0 != "\u{7F}" && $0 != "\\" }),
            let url = URLComponents(string: text), let scheme = url.scheme?.lowercased(),
            let host = url.encodedHost?.lowercased(), url.percentEncodedUser == nil,
            url.percentEncodedQuery == nil, url.percentEncodedFragment == nil,
            url.port.map({ (1...65_535).contains($0) }) ?? true
        else { return nil }
        self.scheme = scheme
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        path = url.percentEncodedPath
        if self.host.isEmpty { return nil }
    }

    /// Whether nothing follows host and port.
    package var isBare: Bool { path.isEmpty || path == "/" }

    /// `localhost` (RFC 6761 §6.3) or a loopback address: what is sent there stays on this host.
    package var isThisHost: Bool {
        host == "localhost" || host == "localhost." || IPAddress(host)?.isLoopback == true
    }
}
