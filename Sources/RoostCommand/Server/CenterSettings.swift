import Center
import ConfigurationFile
import Fleet
import Wire

extension ServerSettings {
    /// The addresses of the control center.
    struct Center: Equatable {
        static let port = 8_443

        /// `ADDRESS:PORT`, each with HTTPS; nil: port 8443 of every served interface. Empty: none.
        var https: [String]?
        /// `ADDRESS:PORT` on loopback, without TLS: for a proxy on this host.
        var http: String?
        /// Proxies whose `X-Forwarded-For` and `Forwarded` are trusted, beside those on this host before `http`; empty: none at all.
        var proxies: [IPNetwork]?
        /// Whether connections from `proxies` start with a PROXY protocol header.
        var readsProxyHeader = false
        /// PEM files of an external certificate; nil: the own authority signs one.
        var certificate: String?
        var key: String?
        /// Where the agents of terminal servers come to, at the addresses of `https`; 0: nowhere.
        var agentPort = 8_445
        /// Whether images can be built from the pages and through the API.
        var buildsImages = true
        /// Sources of authentication besides local passwords.
        var logInSources = LogInSources()
    }
}

extension ServerSettings.Center {
    init(_ section: inout YAMLSection) throws {
        https = try section.list(
            "https", "ADDRESS:PORT (IPv6: [fd00::1]:8443, link-local: [fe80::1%eth1]:8443)"
        ) { Self.parts($0) == nil ? nil : $0 }
        http = try section.value("http", "a loopback ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080") {
            text in
            Self.parts(text).flatMap { IPAddress($0.host)?.isLoopback == true ? text : nil }
        }
        proxies = try section.list("proxies", "an address or a network such as 10.0.0.0/24 or fd00::/64") {
            IPNetwork($0)
        }
        readsProxyHeader = try section.flag("proxy-protocol") ?? readsProxyHeader
        guard !readsProxyHeader || proxies?.isEmpty == false else {
            throw section.fail(
                "proxy-protocol needs the addresses of the proxies that use it: proxies: [10.0.0.5]")
        }
        certificate = try section.text("certificate")
        key = try section.text("key")
        guard (certificate == nil) == (key == nil) else {
            throw section.fail("set certificate and key together, or neither")
        }
        agentPort = try section.number("agent-port", 0...65_535) ?? agentPort
        buildsImages = try section.flag("image-builds") ?? buildsImages
        if var ldap = try section.section("ldap") { logInSources.ldap = try LDAPSettings(&ldap) }
        if var oidc = try section.section("oidc") { logInSources.openID = try OpenIDSettings(&oidc) }
        try section.finish(
            known:
                "https, http, proxies, proxy-protocol, certificate, key, agent-port, image-builds, ldap, oidc"
        )
    }

    /// Host and port of `ADDRESS:PORT`; an IPv6 address is in brackets, which are not part of it (`[fd00::1]:8443`).
    static func parts(_ text: String) -> (host: String, port: Int)? {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            let address = host.dropFirst().dropLast()
            guard let read = IPAddress(address), read.isIPv6 else { return nil }
            // A link-local address is another one on each interface.
            let hasZone = address.contains("%") && address.last != "%"
            return read.isLinkLocal == hasZone ? (String(address), port) : nil
        }
        let isHost =
            !host.isEmpty && host.utf8.allSatisfy { $0 < 0x80 }
            && !host.contains { ":[]/*%?#@ ".contains($0) }
        return isHost ? (String(host), port) : nil
    }

    /// `ADDRESS:PORT`, as in a URL.
    static func text(host: String, port: Int) -> String { "\(IPAddress(host)?.inURL ?? host):\(port)" }
}
